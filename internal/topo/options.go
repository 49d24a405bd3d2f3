package topo

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/near"
)

// DefaultCallTimeout bounds one call to a topo server.
const DefaultCallTimeout = 5 * time.Second

// urlForm is shown wherever an address is refused.
const urlForm = "give it as etcd2://HOST:PORT[,HOST:PORT]/GLOBAL/ROOT, such as etcd2://127.0.0.1:2379/vitess/global"

// Options say which topo server to talk to, and how.
type Options struct {
	// Implementation is Vitess's name of the kind of server: etcd2.
	Implementation string
	// Address is the global server's, as Vitess takes it: HOST:PORT, several
	// joined with commas.
	Address string
	// Root is the global root, such as /vitess/global.
	Root string
	TLS  TLS
	// CallTimeout bounds each call; zero means DefaultCallTimeout.
	CallTimeout time.Duration
}

// TLS names the files of a TLS setup; all empty means plaintext. CA may be
// empty, for the system's roots.
type TLS struct {
	Cert, Key, CA string
}

// URL gives the address as ParseURL takes it.
func (o Options) URL() string { return o.Implementation + "://" + o.Address + o.Root }

// ParseURL reads an address such as etcd2://h1:2379,h2:2379/vitess/global.
func ParseURL(s string) (Options, error) {
	impl, rest, ok := strings.Cut(s, "://")
	if !ok {
		return Options{}, &errs.Invalid{Msg: fmt.Sprintf("topo address %q has no scheme", s), Next: urlForm}
	}
	if strings.ContainsAny(rest, "?#@") {
		return Options{}, &errs.Invalid{Msg: fmt.Sprintf("topo address %q: user, query and fragment have no meaning here", s), Next: urlForm}
	}
	address, root, _ := strings.Cut(rest, "/")
	root, err := url.PathUnescape(strings.TrimRight(root, "/"))
	if err != nil {
		return Options{}, &errs.Invalid{Msg: fmt.Sprintf("topo address %q", s), Next: urlForm, Err: err}
	}
	o := Options{Implementation: impl, Address: address, Root: "/" + root}
	return o, o.validate()
}

// validate refuses what cannot work, before anything is dialled.
func (o Options) validate() error {
	if o.Implementation != etcd2 {
		return &errs.Invalid{
			Msg:  fmt.Sprintf("topo implementation %q is not supported", o.Implementation),
			Near: near.Name(o.Implementation, []string{etcd2}),
			Next: urlForm,
		}
	}
	for addr := range strings.SplitSeq(o.Address, ",") {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return &errs.Invalid{Msg: fmt.Sprintf("topo server address %q", o.Address), Next: urlForm, Err: err}
		}
	}
	if strings.Trim(o.Root, "/") == "" {
		return &errs.Invalid{Msg: fmt.Sprintf("topo address %q has no global root", o.URL()), Next: urlForm}
	}
	if o.CallTimeout < 0 {
		return &errs.Invalid{Msg: fmt.Sprintf("topo call timeout %v is negative", o.CallTimeout)}
	}
	return o.TLS.validate()
}

// validate refuses half a TLS setup. Vitess's etcd client speaks plaintext
// when it is given a CA and no client certificate, without a word.
func (t TLS) validate() error {
	if (t.Cert == "") != (t.Key == "") {
		return &errs.Invalid{Msg: "topo TLS needs a certificate and its key, one was given without the other"}
	}
	if t.CA != "" && t.Cert == "" {
		return &errs.Invalid{
			Msg:  "topo TLS with a CA alone: Vitess speaks TLS to etcd only with a client certificate, and plaintext without one",
			Next: "give the certificate and key that the cluster's vtctld uses (--topo-etcd-tls-cert, --topo-etcd-tls-key); where etcd checks no client certificate, any pair does",
		}
	}
	return nil
}

// config loads the files; nil means plaintext.
func (t TLS) config() (*tls.Config, error) {
	if t.Cert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, &errs.Invalid{Msg: fmt.Sprintf("topo TLS certificate %s with key %s", t.Cert, t.Key), Err: err}
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	if t.CA == "" {
		return cfg, nil
	}
	pem, err := os.ReadFile(t.CA)
	if err != nil {
		return nil, &errs.Invalid{Msg: "topo TLS CA", Err: err}
	}
	cfg.RootCAs = x509.NewCertPool()
	if !cfg.RootCAs.AppendCertsFromPEM(pem) {
		return nil, &errs.Invalid{Msg: fmt.Sprintf("topo TLS CA %s holds no PEM certificate", t.CA)}
	}
	return cfg, nil
}
