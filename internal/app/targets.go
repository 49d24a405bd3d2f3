package app

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"time"

	"github.com/vtsync/vtsync/internal/config"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/topo"
	"github.com/vtsync/vtsync/internal/vtctld"
	"github.com/vtsync/vtsync/internal/vtgate"
)

// topoOptions reads the cluster's topo address.
func topoOptions(c config.Cluster) (topo.Options, error) {
	o, err := topo.ParseURL(c.Topo.Value)
	if err != nil {
		return o, at(c.Topo.Pos, err)
	}
	o.CallTimeout = callTimeout(c.Policy)
	o.TLS = topo.TLS{Cert: c.TopoTLS.Cert, Key: c.TopoTLS.Key, CA: c.TopoTLS.CA}
	return o, nil
}

// callTimeout bounds one call to a server of the cluster's: several of them fit
// in the time that a change may take.
func callTimeout(p config.Policy) time.Duration { return min(topo.DefaultCallTimeout, p.Timeout/3) }

// vtgateReaders gives a reader per vtgate; nothing is dialled yet.
func vtgateReaders(vtgates []config.VTGate, getenv func(string) string) ([]*vtgate.Reader, error) {
	var (
		readers []*vtgate.Reader
		failed  []error
	)
	seen := map[string]bool{}
	for _, v := range vtgates {
		r, err := vtgateReader(v, getenv)
		switch {
		case err != nil:
			failed = append(failed, at(v.Pos, err))
		case seen[r.Target()]:
			failed = append(failed, &errs.Invalid{Pos: v.Pos, Msg: "vtgate " + r.Target() + " is given twice"})
		default:
			seen[r.Target()] = true
			readers = append(readers, r)
		}
	}
	return readers, errors.Join(failed...)
}

func vtgateReader(v config.VTGate, getenv func(string) string) (*vtgate.Reader, error) {
	target, err := vtgate.ParseTarget(v.Spec)
	if err != nil {
		return nil, err
	}
	if v.User != "" {
		target.User = v.User
	}
	if v.PasswordEnv != "" {
		if target.Password, err = password(v.PasswordEnv, getenv); err != nil {
			return nil, err
		}
	}
	if !v.TLS.IsZero() {
		cfg, err := clientTLS("a vtgate", v.TLS)
		if err != nil {
			return nil, err
		}
		target.MySQLTLS, target.GRPCTLS = cfg, cfg
	}
	return vtgate.New(target)
}

// vtctldClient gives the client of the cluster's vtctld, nil where none is named;
// nothing is dialled yet.
func vtctldClient(v config.VTCtld, getenv func(string) string) (*vtctld.Client, error) {
	if v.Address.Value == "" {
		return nil, nil
	}
	o := vtctld.Options{Address: v.Address.Value, User: v.User}
	if (v.User == "") != (v.PasswordEnv == "") {
		return nil, &errs.Invalid{Pos: v.Address.Pos, Msg: "vtctld: user and password_env go together", Next: "give both, or neither"}
	}
	var err error
	if v.PasswordEnv != "" {
		if o.Password, err = password(v.PasswordEnv, getenv); err != nil {
			return nil, at(v.Address.Pos, err)
		}
	}
	if !v.TLS.IsZero() {
		if o.TLS, err = clientTLS("vtctld", v.TLS); err != nil {
			return nil, at(v.Address.Pos, err)
		}
	}
	c, err := vtctld.New(o)
	return c, at(v.Address.Pos, err)
}

func password(env string, getenv func(string) string) (string, error) {
	p := getenv(env)
	if p == "" {
		return "", &errs.Invalid{Msg: "the environment variable " + env + " (password_env) is not set"}
	}
	return p, nil
}

// clientTLS loads the files of a client's TLS set-up; whose says of what.
func clientTLS(whose string, t config.TLS) (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, &errs.Invalid{Msg: "load the client certificate of " + whose, Err: err}
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, &errs.Invalid{Msg: "load the certificate authority of " + whose, Err: err}
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &errs.Invalid{Msg: t.CA + " holds no PEM certificate"}
		}
	}
	return cfg, nil
}

// at gives bad input the place in the config where it was written.
func at(pos errs.Position, err error) error {
	var invalid *errs.Invalid
	if !errors.As(err, &invalid) || invalid.Pos != (errs.Position{}) {
		return err
	}
	placed := *invalid
	placed.Pos = pos
	return &placed
}
