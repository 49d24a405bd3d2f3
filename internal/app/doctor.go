package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/view"
)

// idPath is the key that doctor writes over itself, to see whether it may.
const idPath = "vtsync/id"

// Doctor looks at everything that the other verbs need.
func (a *App) Doctor(ctx context.Context) (view.Doctor, error) {
	ctx, span := tracer.Start(ctx, "vtsync.doctor")
	defer span.End()
	d := &doctor{app: a, found: view.Doctor{Format: view.Format}}
	if d.global(ctx) {
		d.right(ctx)
		d.records(ctx)
	}
	d.vtctld(ctx)
	if len(a.vtgates) == 0 {
		d.add("vtgates", "named", view.CheckWarning, "none: changes can be planned and not applied", "add --vtgate HOST:PORT, or vtgates to the config")
	}
	// Without the global topo the vtgates still have something to say.
	if d.snap != nil {
		for _, c := range d.snap.Cells {
			d.cell(c)
		}
		for _, g := range d.snap.VTGates {
			d.vtgate(g)
		}
	} else {
		for _, r := range a.vtgates {
			d.vtgate(r.Read(ctx))
		}
	}
	return d.found, nil
}

// doctor gathers what is found, in order.
type doctor struct {
	app   *App
	snap  *planes.Snapshot // nil where the global topo does not answer
	found view.Doctor
}

func (d *doctor) add(plane, what string, result view.CheckResult, detail, next string) {
	d.found.Checks = append(d.found.Checks, view.Check{Plane: plane, What: what, Result: result, Detail: detail, Next: next})
}

func (d *doctor) ok(plane, what, detail string) { d.add(plane, what, view.CheckOK, detail, "") }

// global reads the global topo, and with it all other planes.
func (d *doctor) global(ctx context.Context) bool {
	plane := d.app.backend.plane
	err := d.app.connect(ctx)
	if err == nil {
		d.snap, err = d.app.observe.Snapshot(ctx)
	}
	if err != nil {
		d.add(plane, "read", view.CheckFailed, err.Error(), d.app.backend.advice)
		return false
	}
	if label := d.app.backend.label(); label != "" {
		d.add(plane, "backend", view.CheckWarning, "it is written "+label, "name `topo` in the config where it can be reached: it is written by compare-and-swap")
	}
	g := d.snap.Global
	d.ok(plane, "read", fmt.Sprintf("%d keyspaces, %d cells", len(g.Keyspaces), len(g.Cells)))
	if len(g.Keyspaces) == 0 {
		d.add(plane, "keyspaces", view.CheckWarning, "there is none below this root", "check the root: vtctld's --topo-global-root")
	}
	for _, name := range sortedKeys(g.Keyspaces) {
		ks := g.Keyspaces[name]
		switch {
		case ks.Err != "":
			d.add(plane, "keyspace "+name, view.CheckFailed, ks.Err, "vtctldclient GetVSchema "+name)
		case len(ks.Unknown) > 0:
			d.add(plane, "keyspace "+name, view.CheckWarning,
				"it has fields that this vtsync does not know, and is not written: "+strings.Join(ks.Unknown, ", "),
				"use a vtsync built for the Vitess that wrote it")
		}
	}
	return true
}

// right makes the cluster's id, or writes it over itself: both need the right
// that rollouts need, and change nothing for anybody.
func (d *doctor) right(ctx context.Context) {
	plane := d.app.backend.records
	id, err := d.app.store.ClusterID(ctx, true)
	if err == nil {
		var (
			value []byte
			tok   planes.Token
		)
		if value, tok, err = d.app.kv.Get(ctx, idPath); err == nil {
			_, err = d.app.kv.Put(ctx, idPath, value, tok)
		}
	}
	if err != nil {
		d.add(plane, "write below vtsync/", view.CheckFailed, err.Error(), "give this client the right to write: apply, resume, rollback and unpause need it")
		return
	}
	d.ok(plane, "write below vtsync/", "cluster "+id)
}

// records reads vtsync's own records.
func (d *doctor) records(ctx context.Context) {
	const plane = "store"
	heads, err := d.app.store.Heads(ctx)
	if err == nil {
		_, err = d.app.store.Rollouts(ctx)
	}
	if err != nil {
		d.add(plane, "records", view.CheckFailed, err.Error(), "")
		return
	}
	d.ok(plane, "records", fmt.Sprintf("%d keyspaces with a history", len(heads)))
	for _, h := range heads {
		if h.Open != "" {
			d.add(plane, "keyspace "+h.Keyspace, view.CheckWarning, "rollout "+h.Open+" is open", "vtsync show "+h.Open)
		}
		if h.Paused != nil {
			d.add(plane, "keyspace "+h.Keyspace, view.CheckWarning, "paused: "+h.Paused.Reason, "vtsync unpause "+h.Keyspace)
		}
	}
}

func (d *doctor) cell(c planes.Cell) {
	plane := "cell " + c.Name
	switch {
	case c.Err != "":
		d.add(plane, "read", view.CheckFailed, c.Err, "bring its topo server back, or name it in cells.ignore if it is gone for good")
	case c.Srv == nil:
		d.add(plane, "read", view.CheckWarning, "it has no SrvVSchema: the next apply gives it one", "")
	case len(c.Unknown) > 0:
		d.add(plane, "read", view.CheckWarning,
			"its SrvVSchema has fields that this vtsync does not know, and is not written: "+strings.Join(c.Unknown, ", "),
			"use a vtsync built for the Vitess that wrote it")
	default:
		d.ok(plane, "read", fmt.Sprintf("SrvVSchema of %d bytes", c.Size))
	}
}

func (d *doctor) vtgate(g planes.VTGate) {
	plane := "vtgate " + g.Target
	if g.Silent != "" {
		d.add(plane, "web pages", view.CheckFailed, g.Silent, "check the address: it is that of vtgate's --port")
		return
	}
	d.version(plane, g)
	if g.Unreadable != "" {
		d.add(plane, "/debug/vschema", view.CheckFailed, g.Unreadable, "give this client the role DEBUGGING (--security-policy)")
	} else {
		d.ok(plane, "/debug/vschema", fmt.Sprintf("%d keyspaces", len(g.View.Keyspaces)))
	}
	switch {
	case g.SQL:
		d.ok(plane, "SQL", "shows types, params and owners of vindexes")
	case g.SQLErr != "":
		d.add(plane, "SQL", view.CheckWarning, g.SQLErr, "changes of vindexes are denied without it: name its port with mysql=PORT, and its user")
	default:
		d.add(plane, "SQL", view.CheckWarning, "no port is known: changes of vindexes are denied", "name it with mysql=PORT or grpc=PORT")
	}
	switch g.Health {
	case "SERVING":
		d.ok(plane, "gRPC health", g.Health)
	case "":
		d.add(plane, "gRPC health", view.CheckWarning, "no port is known", "name it with grpc=PORT")
	default:
		d.add(plane, "gRPC health", view.CheckWarning, g.Health, "")
	}
	d.place(plane, g)
}

// version compares the vtgate's Vitess with ours: routing is planned and
// judged the way that ours builds it.
func (d *doctor) version(plane string, g planes.VTGate) {
	ours := vitessMajor(Version().Vitess)
	switch theirs, _, _ := strings.Cut(g.Version, "."); {
	case g.VarsErr != "":
		d.add(plane, "/debug/vars", view.CheckWarning, g.VarsErr, "")
	case ours != "" && theirs != ours:
		d.add(plane, "version", view.CheckWarning, fmt.Sprintf("Vitess %s, and this vtsync is built with %s", g.Version, ours),
			"use a vtsync built for that version where they build routing differently")
	default:
		d.ok(plane, "version", "Vitess "+g.Version)
	}
}

// place tells where the vtgate takes its SrvVSchema from.
func (d *doctor) place(plane string, g planes.VTGate) {
	switch {
	case g.Cell == "":
		d.add(plane, "cell", view.CheckWarning, "not known: it is judged against every cell", "name it with cell=NAME")
	case d.snap != nil && !slices.Contains(d.snap.Global.Cells, g.Cell):
		d.add(plane, "cell", view.CheckFailed, "the cluster has no cell "+g.Cell, "is it a vtgate of this cluster?")
	default:
		d.ok(plane, "cell", g.Cell)
	}
	if g.Untracked {
		d.add(plane, "schema tracker", view.CheckWarning, "it is off (--schema-change-signal=false): whether it knows what a migration added is not checked", "")
	}
	if len(g.Watches) > 0 {
		d.add(plane, "keyspaces", view.CheckWarning, "it watches only "+strings.Join(g.Watches, ", ")+": it proves nothing of others", "")
	}
}

// vitessMajor gives Vitess's own version of its Go module's: v0.24.1 is 24.
func vitessMajor(module string) string {
	parts := strings.Split(module, ".")
	if len(parts) != 3 || parts[0] != "v0" {
		return ""
	}
	return parts[1]
}
