package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/view"
	"github.com/vtsync/vtsync/internal/vtctld"
)

// vtctld looks at what vtctld answers: the shards of every keyspace, and which
// Vitess the tablets run.
func (d *doctor) vtctld(ctx context.Context) {
	c := d.app.vtctld
	if c == nil {
		d.add("vtctld", "named", view.CheckWarning, "none: migrations and workflows are not checked", "add --vtctld HOST:PORT, or vtctld to the config")
		return
	}
	plane := "vtctld " + c.Address()
	keyspaces, err := c.Keyspaces(ctx)
	if err != nil {
		d.add(plane, "answer", view.CheckFailed, err.Error(), nextOf(err, "check the address: it is that of vtctld's --grpc-port"))
		return
	}
	d.ok(plane, "answer", count(len(keyspaces), "keyspace"))
	if cfg := d.app.cluster.VTCtld; cfg.User != "" && cfg.TLS.IsZero() {
		d.add(plane, "password", view.CheckWarning, "it is sent in plain text", "give `tls` below `vtctld` in the config")
	}
	d.shards(plane, keyspaces, c.Physical(ctx, planes.Ask{Workflows: keyspaces}))
	d.tablets(ctx, plane, c)
}

// shards tells of which keyspaces every shard answers. Listing workflows asks
// the primary of each.
func (d *doctor) shards(plane string, keyspaces []string, got planes.Physical) {
	answered, shards := 0, 0
	for _, name := range keyspaces {
		if text, unread := got.Unread[name]; unread {
			d.add(plane, "keyspace "+name, view.CheckWarning, text, "rollouts wait while this is not known: vtctldclient GetWorkflows "+name)
			continue
		}
		answered++
		if d.snap != nil {
			shards += len(d.snap.Global.Keyspaces[name].Shards)
		}
	}
	if answered > 0 {
		d.ok(plane, "workflows", fmt.Sprintf("%d, in %s with %s", len(got.Workflows), count(answered, "keyspace"), count(shards, "shard")))
	}
}

// tablets tells which Vitess the tablets run.
func (d *doctor) tablets(ctx context.Context, plane string, c *vtctld.Client) {
	tablets, err := c.Tablets(ctx)
	if err != nil {
		d.add(plane, "tablets", view.CheckWarning, err.Error(), nextOf(err, ""))
		return
	}
	versions := map[string]int{}
	for _, t := range tablets {
		if t.Err != "" {
			d.add(plane, "tablet "+t.Alias+" of "+t.Keyspace+"/"+t.Shard, view.CheckWarning, t.Err, "")
			continue
		}
		versions[t.Version]++
	}
	var parts []string
	for _, v := range sortedKeys(versions) {
		parts = append(parts, fmt.Sprintf("Vitess %s: %s", v, count(versions[v], "tablet")))
	}
	switch text := strings.Join(parts, ", "); {
	case len(tablets) == 0:
		d.ok(plane, "tablets", "none")
	case len(versions) > 1:
		d.add(plane, "tablets", view.CheckWarning, text, "finish the upgrade: they may build routing and run migrations differently")
	case len(versions) == 1:
		d.ok(plane, "tablets", text)
	}
}

// nextOf is what an error says to do, or else the given.
func nextOf(err error, otherwise string) string {
	if invalid, ok := errors.AsType[*errs.Invalid](err); ok && invalid.Next != "" {
		return invalid.Next
	}
	return otherwise
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
