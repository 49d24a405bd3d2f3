package topo

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	vtopo "vitess.io/vitess/go/vt/topo"
	"vitess.io/vitess/go/vt/topo/etcd2topo"

	"github.com/vtsync/vtsync/internal/planes"
)

// etcd2 is Vitess's name of its etcd implementation.
const etcd2 = "etcd2"

// ErrCompacted says that the server has forgotten the past that was asked for.
var ErrCompacted = errors.New("the history was compacted")

// etcdBackend talks to etcd through Vitess's own client, and reads the past
// through a client of its own, since Vitess's hands out no revisions of it.
func etcdBackend(o Options) (Backend, error) {
	cfg, err := o.TLS.config()
	if err != nil {
		return Backend{}, err
	}
	return Backend{
		Factory:      etcdFactory{tls: o.TLS},
		ParseVersion: parseEtcdVersion,
		OpenHistory: func(address, root string) (History, error) {
			return openEtcdHistory(address, root, cfg)
		},
	}, nil
}

func parseEtcdVersion(s string) (vtopo.Version, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return nil, fmt.Errorf("%q is not an etcd revision", s)
	}
	return etcd2topo.EtcdVersion(n), nil
}

// etcdFactory opens Vitess's etcd client with this setup's TLS; Vitess's own
// factory knows only process-wide flags.
type etcdFactory struct {
	tls TLS
}

// HasGlobalReadOnlyCell is part of the factory's interface: etcd has none.
func (etcdFactory) HasGlobalReadOnlyCell(string, string) bool { return false }

// Create dials for up to 5 s and ignores contexts.
func (f etcdFactory) Create(_, address, root string) (vtopo.Conn, error) {
	quietEtcd()
	conn, err := etcd2topo.NewServerWithOpts(address, root, f.tls.Cert, f.tls.Key, f.tls.CA)
	if err != nil {
		return nil, err // a nil *etcd2topo.Server must not become a non-nil Conn
	}
	return conn, nil
}

// quietEtcd keeps etcd's client from writing its retries to stderr, between
// the lines of our own output: every failure reaches us as an error as well.
// Vitess's constructor takes no logger, the variable is the only handle.
var quietEtcd = sync.OnceFunc(func() {
	const name = "ETCD_CLIENT_DEBUG"
	if _, set := os.LookupEnv(name); !set {
		_ = os.Setenv(name, "fatal") // fails for a malformed name only
	}
})

// etcdHistory reads the past of keys and writes nothing.
type etcdHistory struct {
	cli  *clientv3.Client
	root string
}

func openEtcdHistory(address, root string, cfg *tls.Config) (History, error) {
	quietEtcd()
	cli, err := clientv3.New(clientv3.Config{
		Endpoints:   strings.Split(address, ","),
		DialTimeout: 5 * time.Second,
		TLS:         cfg,
	})
	if err != nil {
		return nil, err
	}
	return &etcdHistory{cli: cli, root: root}, nil
}

// After implements History. A version is the revision of the key's last write,
// so a watch from the next revision on starts with the write that is wanted.
func (h *etcdHistory) After(ctx context.Context, filePath, version string) (Event, error) {
	key := path.Join(h.root, filePath)
	if version == planes.AbsentVersion {
		return h.creation(ctx, key)
	}
	rev, err := strconv.ParseInt(version, 10, 64)
	if err != nil {
		return Event{}, fmt.Errorf("%q is not an etcd revision", version)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for resp := range h.cli.Watch(ctx, key, clientv3.WithRev(rev+1)) {
		if resp.CompactRevision != 0 {
			return Event{}, ErrCompacted
		}
		if err := resp.Err(); err != nil {
			return Event{}, err
		}
		if len(resp.Events) > 0 {
			first := resp.Events[0]
			return Event{Value: first.Kv.Value, Deleted: first.Type == clientv3.EventTypeDelete}, nil
		}
	}
	return Event{}, fmt.Errorf("watch %s from revision %d ended without an event: %w", key, rev+1, context.Cause(ctx))
}

// creation gives the write that created the key as it stands.
func (h *etcdHistory) creation(ctx context.Context, key string) (Event, error) {
	now, err := h.cli.Get(ctx, key)
	if err != nil {
		return Event{}, err
	}
	if len(now.Kvs) == 0 {
		return Event{Deleted: true}, nil
	}
	rev := now.Kvs[0].CreateRevision
	then, err := h.cli.Get(ctx, key, clientv3.WithRev(rev))
	switch {
	case errors.Is(err, rpctypes.ErrCompacted):
		return Event{}, ErrCompacted
	case err != nil:
		return Event{}, err
	case len(then.Kvs) == 0:
		return Event{}, fmt.Errorf("key %s is missing at its create revision %d", key, rev)
	}
	return Event{Value: then.Kvs[0].Value}, nil
}

func (h *etcdHistory) Close() error { return h.cli.Close() }
