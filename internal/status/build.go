package status

import (
	"maps"
	"slices"

	"github.com/vtsync/vtsync/internal/converge"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Input is what is known of the cluster and its files.
type Input struct {
	Snapshot *planes.Snapshot
	// Backend is how the cluster is written.
	Backend string
	// Desired holds the keyspaces that have a file, Files where it is.
	Desired map[string]*vschema.Keyspace
	Files   map[string]string
	// Last is what each file was derived from, as far as known.
	Last  map[string]*vschema.Keyspace
	Heads []rollout.Head
	// Open holds the records of the open rollouts that the heads name.
	Open           map[string]rollout.Record
	IgnoredCells   []string
	OpaqueVindexes []string
	// Only restricts the judgement to some keyspaces; empty means all.
	Only []string
}

// Build judges each plane against its neighbour.
func Build(in Input) Status {
	s := Status{
		Format:       Format,
		Backend:      in.Backend,
		Cluster:      in.Snapshot.Global.ClusterID,
		Keyspaces:    []Keyspace{},
		IgnoredCells: slices.Sorted(slices.Values(in.IgnoredCells)),
	}
	heads := make(map[string]rollout.Head, len(in.Heads))
	for _, h := range in.Heads {
		heads[h.Keyspace] = h
	}
	drifts := in.cellDrifts()
	for _, d := range drifts {
		_, managed := in.Desired[d.Keyspace]
		switch {
		case d.Rules != "" && len(in.Only) == 0:
			s.Rules = append(s.Rules, d)
		case d.Keyspace != "" && !managed && in.chosen(d.Keyspace):
			s.Others = append(s.Others, d)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(in.Desired)) {
		if in.chosen(name) {
			s.Keyspaces = append(s.Keyspaces, in.keyspace(name, heads[name], drifts))
		}
	}
	s.Unmanaged, s.Removed = in.fileless(heads)
	s.Held = in.held(heads)
	s.Unread = in.unread()
	return s
}

func (in Input) chosen(keyspace string) bool {
	return len(in.Only) == 0 || slices.Contains(in.Only, keyspace)
}

func (in Input) cellDrifts() []plan.CellDrift {
	var out []plan.CellDrift
	for _, c := range in.Snapshot.Cells {
		out = append(out, plan.CellDrifts(in.Snapshot.Global, c)...)
	}
	return out
}

func (in Input) keyspace(name string, head rollout.Head, drifts []plan.CellDrift) Keyspace {
	k := Keyspace{Name: name, File: in.Files[name], Paused: head.Paused, Rollout: in.open(head)}
	live := in.Snapshot.Global.Keyspaces[name]
	if live.Err != "" {
		k.Err = live.Err
		return k
	}
	k.Missing = !live.HasRecord
	k.Changes = plan.Ground(live).Compare(name, live.VSchema, in.Desired[name], in.Last[name])
	for _, d := range drifts {
		whole := d.Keyspace == "" && d.Rules == ""
		if d.Keyspace == name || whole {
			k.Cells = append(k.Cells, d)
		}
	}
	k.VTGates = in.behind(name, live.VSchema)
	return k
}

// open gives the open rollout that a head names.
func (in Input) open(head rollout.Head) *Rollout {
	rec, ok := in.Open[head.Open]
	if !ok || head.Open == "" || rec.State.Final() {
		return nil
	}
	return &Rollout{ID: rec.ID, State: rec.State, Parked: rec.Parked}
}

// held lists the keyspaces without a file, whether they still exist or not, in
// which a rollout is open or which are paused.
func (in Input) held(heads map[string]rollout.Head) []Held {
	var out []Held
	for _, name := range slices.Sorted(maps.Keys(heads)) {
		h := Held{Name: name, Rollout: in.open(heads[name]), Paused: heads[name].Paused}
		if _, managed := in.Desired[name]; !managed && in.chosen(name) && (h.Rollout != nil || h.Paused != nil) {
			out = append(out, h)
		}
	}
	return out
}

// behind lists the vtgates that answer and serve something else than global
// has. A keyspace without a VSchema is served as an empty one.
func (in Input) behind(name string, live *vschema.Keyspace) []converge.Verdict {
	if len(in.Snapshot.VTGates) == 0 || !in.Snapshot.Global.Keyspaces[name].HasRecord {
		return nil
	}
	if live == nil {
		live = &vschema.Keyspace{}
	}
	report := converge.Judge(converge.Want{
		Keyspaces:      map[string]*vschema.Keyspace{name: live},
		OpaqueVindexes: in.OpaqueVindexes,
	}, in.Snapshot)
	var out []converge.Verdict
	for _, v := range report.VTGates {
		if v.Status == converge.Stale || v.Status == converge.Broken {
			out = append(out, v)
		}
	}
	return out
}

// fileless names the live keyspaces without a file: those that were never
// managed, and those that once were.
func (in Input) fileless(heads map[string]rollout.Head) (unmanaged, removed []string) {
	for _, name := range slices.Sorted(maps.Keys(in.Snapshot.Global.Keyspaces)) {
		_, managed := in.Desired[name]
		switch {
		case managed || !in.chosen(name):
		case heads[name].Committed != "":
			removed = append(removed, name)
		default:
			unmanaged = append(unmanaged, name)
		}
	}
	return unmanaged, removed
}

// unread lists the planes that did not say what they serve.
func (in Input) unread() []converge.Verdict {
	var out []converge.Verdict
	for _, c := range in.Snapshot.Cells {
		if c.Err != "" {
			out = append(out, converge.Verdict{Name: c.Name, Cell: c.Name, Status: converge.Silent, Detail: c.Err})
		}
	}
	for _, g := range in.Snapshot.VTGates {
		v := converge.Verdict{Name: g.Target, Cell: g.Cell}
		switch {
		case g.Silent != "":
			v.Status, v.Detail = converge.Silent, g.Silent
		case g.Unreadable != "":
			v.Status, v.Detail = converge.Unreadable, g.Unreadable
		default:
			continue
		}
		out = append(out, v)
	}
	return out
}
