package plan

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/vschema/vschematest"
)

// drawCluster draws up to three keyspaces, some without a VSchema.
func drawCluster(t *rapid.T) planes.Global {
	g := planes.Global{
		Keyspaces: make(map[string]planes.Keyspace),
		Rules: planes.Rules{
			Table: &vschema.RoutingRules{}, Shard: &vschema.ShardRoutingRules{},
			Keyspace: &vschema.KeyspaceRoutingRules{}, Mirror: &vschema.MirrorRules{},
		},
		Cells: []string{"z1", "z2"},
	}
	for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"ks1", "ks2", "lookup"}), rapid.ID).Draw(t, "keyspaces") {
		rec := planes.Keyspace{Token: planes.Absent(), HasRecord: true}
		if rapid.Bool().Draw(t, "present") {
			rec.Token = planes.Token{Version: "1", Hash: "h"}
			rec.VSchema = vschematest.Keyspaces().Draw(t, "live "+name)
		}
		g.Keyspaces[name] = rec
	}
	return g
}

// reordered gives the same snapshot with every map built in another order.
func reordered(t *rapid.T, s *planes.Snapshot) *planes.Snapshot {
	g := s.Global
	names := slices.Sorted(maps.Keys(g.Keyspaces))
	g.Keyspaces = make(map[string]planes.Keyspace)
	for _, name := range rapid.Permutation(names).Draw(t, "order") {
		rec := s.Global.Keyspaces[name]
		if rec.VSchema != nil {
			rec.VSchema = rec.VSchema.CloneVT()
		}
		g.Keyspaces[name] = rec
	}
	return &planes.Snapshot{Global: g, Cells: s.Cells, VTGates: s.VTGates}
}

// TestAnyPlanHolds: for any live, desired and last the plan verifies (Build
// does that itself), leads to desired but for what is foreign or in conflict,
// leaves nothing more to do, survives its file, and its undo leads back.
func TestAnyPlanHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		snap := served(drawCluster(t))
		in := Input{Snapshot: snap, Desired: keyspaces{}, Last: keyspaces{}, Allow: []string{"outage", "write_loss"}}
		for _, name := range sortedKeys(snap.Global.Keyspaces) {
			if rapid.Bool().Draw(t, "has a file") {
				in.Desired[name] = vschematest.Keyspaces().Draw(t, "file "+name)
			}
			if rapid.Bool().Draw(t, "has a base") {
				in.Last[name] = vschematest.Keyspaces().Draw(t, "base "+name)
			}
		}
		p := build(t, in)

		reIn := in
		reIn.Snapshot = reordered(t, snap)
		first := encode(t, p)
		if again := encode(t, build(t, reIn)); again != first {
			t.Fatalf("another order of maps gives another plan:\n%s\n%s", first, again)
		}
		decoded, err := Decode([]byte(first))
		if err != nil {
			t.Fatal(err)
		}
		if encode(t, decoded) != first {
			t.Fatal("the plan does not survive its file")
		}

		done := applied(t, snap, decoded)
		onlyOthersDiffer(t, in, p, done)
		next := in
		next.Snapshot = done
		if more := build(t, next); !more.Empty() {
			t.Fatalf("the plan leaves something to do: %s", encode(t, more))
		}
		undo, err := Undo(decoded, Input{Snapshot: done})
		if err != nil {
			t.Fatal(err)
		}
		if len(undo.Conflicts) > 0 {
			t.Fatalf("the undo conflicts: %s", diff.Text(undo.Conflicts))
		}
		back := applied(t, done, undo)
		for name, rec := range snap.Global.Keyspaces {
			if left := diff.Between(name, rec.VSchema, back.Global.Keyspaces[name].VSchema); len(left) > 0 {
				t.Fatalf("the undo does not lead back: %s", diff.Text(left))
			}
		}
	})
}

// onlyOthersDiffer holds what was applied against the files: an entry may
// differ from its file only if the plan listed it as kept or in conflict.
func onlyOthersDiffer(t *rapid.T, in Input, p *Plan, done *planes.Snapshot) {
	t.Helper()
	excused := make(map[vschema.Entry]bool)
	for _, c := range slices.Concat(p.Kept, p.Conflicts) {
		excused[c.Entry] = true
	}
	for name, desired := range in.Desired {
		for _, c := range diff.Between(name, done.Global.Keyspaces[name].VSchema, desired) {
			if !excused[c.Entry] {
				t.Fatalf("after the plan %s differs from its file, and the plan did not say so", c.Entry)
			}
		}
	}
	for name, rec := range in.Snapshot.Global.Keyspaces {
		if _, managed := in.Desired[name]; !managed && !vschema.Equal(rec.VSchema, done.Global.Keyspaces[name].VSchema) {
			t.Fatalf("the plan wrote keyspace %s, which has no file", name)
		}
	}
}
