package app

import (
	"context"
	"fmt"

	"github.com/vtsync/vtsync/internal/config"
	"github.com/vtsync/vtsync/internal/runner"
	"github.com/vtsync/vtsync/internal/store"
	"github.com/vtsync/vtsync/internal/topo"
	"github.com/vtsync/vtsync/internal/vtctld"
)

// backend is how the cluster is read and written, and where vtsync's own records
// are.
type backend struct {
	kind config.Backend
	// url tells this cluster from others, beside the files that follow it.
	url string
	// plane and advice are how doctor names it, and what to look at first where
	// it does not answer; records is the place of vtsync's own records.
	plane, advice, records string
	// open connects it. Close gives back what was opened.
	open func(context.Context) (live runner.Topo, kv store.KV, closeAll func(), err error)
}

// label is what every plan and status of a weaker backend says.
func (b backend) label() string {
	if b.kind != config.BackendVTCtld {
		return ""
	}
	return "through vtctld, check-then-write: what another writes in the same moment may be lost, a write without an answer cannot be given up, " +
		"and a cell is written by a rebuild that ships all of the global topo (docs/backends.md)"
}

// newBackend checks what the config says of the cluster's backend. Nothing is
// dialled.
func (a *App) newBackend() (backend, error) {
	if a.cluster.Backend == config.BackendVTCtld {
		return a.throughVTCtld(), nil
	}
	o, err := topoOptions(a.cluster)
	return backend{
		kind: config.BackendTopo, url: o.URL(), plane: "topo " + o.URL(), records: "topo " + o.URL(),
		advice: "check the address, the root and TLS; vtctldclient GetKeyspaces works by the same",
		open: func(ctx context.Context) (runner.Topo, store.KV, func(), error) {
			server, err := topo.Open(ctx, o)
			if err != nil {
				return nil, nil, nil, err
			}
			return server, server, server.Close, nil
		},
	}, err
}

// throughVTCtld is for a cluster whose topo is out of reach.
func (a *App) throughVTCtld() backend {
	file := store.NewBolt(a.cluster.State.Value)
	return backend{
		kind: config.BackendVTCtld, url: "vtctld://" + a.vtctld.Address(), plane: "vtctld " + a.vtctld.Address(), records: file.String(),
		advice: "check the address of vtctld and its grpc-vtctld service, and the state file",
		open: func(ctx context.Context) (runner.Topo, store.KV, func(), error) {
			live := vtctld.NewBackend(a.vtctld, vtctld.BackendOptions{
				State: file, Log: a.log, Timeout: callTimeout(a.cluster.Policy),
			})
			if err := live.Bound(ctx); err != nil {
				return nil, nil, nil, fmt.Errorf("%s: %w", file, err)
			}
			return live, file, func() {}, nil
		},
	}
}

// notes are what a plan on this backend says of it.
func (b backend) notes() []string {
	if b.label() == "" {
		return nil
	}
	return []string{"written " + b.label() + "; vtsync's records are in a file of this host, and a rollout goes on from this host only"}
}
