package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/lab/cluster"
)

// A field that a newer Vitess wrote would be lost by a write of ours. Where the
// live VSchema or a cell holds one, nothing is written there, and the field
// stays; keyspaces that are not affected can still be changed.
func TestFieldsOfANewerVitessAreNotLost(t *testing.T) {
	t.Parallel()
	newer := string(protowire.AppendString(protowire.AppendTag(nil, 1234, protowire.BytesType), "from the future"))
	const remedy = "use a vtsync that was built for this cluster's version of Vitess"
	places := []struct {
		name   string
		server string
		key    func(e *env) string
		says   []string
	}{
		{"global", "global", func(*env) string { return globalKey("customer") },
			[]string{"the VSchema of keyspace customer holds fields that this build does not know", "field 1234"}},
		{"cell", "zone1", func(e *env) string { return e.srvKey("zone1") },
			[]string{"the SrvVSchema of cell zone1 holds fields that this build does not know", "field 1234"}},
	}
	for _, place := range places {
		t.Run(place.name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t, cluster.Options{})
			saved := filepath.Join(t.TempDir(), "plan.json")
			e.edit("customer", func(v map[string]any) { hashed(v, "ours", "id") })
			e.ok("plan", "--out", saved, e.dir)
			value := e.raw(place.server, place.key(e)) + newer
			e.put(place.server, place.key(e), value)

			e.untouched(func() {
				e.exits(3, "plan", e.dir).wants(t, append(place.says, remedy)...)
				e.exits(3, "apply", "--yes", e.dir).wants(t, place.says...)
			})
			// A plan from before it came is not carried out either; that it was
			// denied is all that is written, into the history.
			global, zone1, zone2 := e.writes("global", globalKey("customer")), e.writes("zone1", e.srvKey("zone1")), e.writes("zone2", e.srvKey("zone2"))
			e.exits(3, "apply", "--yes", saved).wants(t, "denied", "field 1234", "use a vtsync built for the Vitess that wrote it")
			for _, c := range []*counter{global, zone1, zone2} {
				if n := len(c.events()); n > 0 {
					t.Errorf("%s: %d writes, want none", c.key, n)
				}
			}
			if rec := e.history()[0]; rec.State != rollout.DeniedState {
				t.Errorf("state = %s, want %s", rec.State, rollout.DeniedState)
			}
			if e.raw(place.server, place.key(e)) != value {
				t.Error("the bytes are not those that were put")
			}
		})
	}
}

// A file cannot hold such a field either, so pull refuses to write one that
// would lack it.
func TestPullRefusesFieldsOfANewerVitess(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	live := e.raw("global", globalKey("commerce"))
	e.put("global", globalKey("commerce"), live+string(protowire.AppendVarint(protowire.AppendTag(nil, 77, protowire.VarintType), 1)))
	other := e.folder()
	other.exits(3, "pull", other.dir).wants(t, "fields that this vtsync does not know", "field 77")
	if _, err := os.Stat(other.file("customer")); !os.IsNotExist(err) {
		t.Errorf("a file of another keyspace was written: %v", err)
	}
}

// Vitess stops at the first bad table of a broken keyspace, in no fixed order.
// vtsync names every one, and fifty plans over it are the same to the byte.
func TestPlansOverABrokenKeyspaceAreTheSame(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	live := e.global("customer")
	const bad = 6
	for i := range bad {
		table := &vschemapb.Table{}
		switch i % 3 {
		case 1:
			table.ColumnVindexes = []*vschemapb.ColumnVindex{{Column: "id", Name: "hsah"}}
		case 2:
			table.ColumnVindexes = []*vschemapb.ColumnVindex{{Name: "hash"}}
		}
		live.Tables[fmt.Sprintf("bad%d", i)] = table
	}
	live.Vindexes["odd"] = &vschemapb.Vindex{Type: "hsah"}
	value, err := proto.Marshal(live)
	if err != nil {
		t.Fatal(err)
	}
	e.put("global", globalKey("customer"), string(value))
	if err := e.RebuildVSchemaGraph(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.ok("pull", e.dir)
	e.edit("customer", func(v map[string]any) { hashed(v, "good", "id") })
	e.edit("commerce", func(v map[string]any) { table(v, "fine") })

	// The first saved plan gives the cluster its id, which plans carry.
	saved := filepath.Join(t.TempDir(), "plan.json")
	e.exits(1, "plan", "--out", saved, e.dir)
	var text, document, file string
	same := func(what string, first *string, got string) {
		t.Helper()
		if *first == "" {
			*first = got
		}
		if got != *first {
			t.Fatalf("%s differs from the first:\n%s\nfirst:\n%s", what, got, *first)
		}
	}
	for range 25 {
		same("text", &text, e.exits(1, "plan", e.dir).stdout)
		same("JSON", &document, e.exits(1, "plan", "--format", "json", "--out", saved, e.dir).stdout)
		raw, err := os.ReadFile(saved)
		if err != nil {
			t.Fatal(err)
		}
		same("plan file", &file, string(raw))
	}
	if document != file {
		t.Error("the saved plan is not the one that was shown")
	}
	for i := range bad {
		want := []string{
			"table bad%d of sharded keyspace customer has no column vindex",
			"table bad%d names vindex hsah",
			"column vindex hash of table bad%d names no column",
		}[i%3]
		if want = fmt.Sprintf(want, i); strings.Count(text, want) != 1 {
			t.Errorf("%q does not stand once in:\n%s", want, text)
		}
	}
	result{stdout: text}.wants(t, `did you mean "hash"?`, "vindex odd cannot be built")
	e.untouched(func() { e.exits(3, "apply", "--yes", e.dir) })

	// What was broken before in another keyspace stops nobody's change.
	e.ok("apply", "--yes", "--keyspace", "commerce", e.dir).wants(t, "(already so)", "committed")
}
