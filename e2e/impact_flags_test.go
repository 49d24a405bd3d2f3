package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/lab/cluster"
)

// TestImpactNoScatter: vtgates with --no-scatter refuse what becomes a scatter, though
// their VEXPLAIN shows a plan; vtsync calls it broken. Of two vtgates one that is
// frozen is left out, and told.
func TestImpactNoScatter(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{Cells: []string{"zone1"}, VTGatesPerCell: 2, VTGateFlags: []string{"--no-scatter"}})
	const refused = "plan includes scatter, which is disallowed using the `no-scatter` command line argument"
	gate := e.VTGates()[0]
	if _, err := gate.Query(t.Context(), "customer", "select name from customer"); err == nil || !strings.Contains(err.Error(), refused) {
		t.Errorf("the vtgate says %v", err)
	}
	if _, err := gate.Query(t.Context(), "customer", "select /*vt+ ALLOW_SCATTER */ name from customer"); err == nil || strings.Contains(err.Error(), refused) {
		t.Errorf("with its directive the vtgate says %v", err)
	}
	if _, err := gate.Query(t.Context(), "customer", "vexplain plan select name from customer"); err != nil {
		t.Errorf("VEXPLAIN: %v", err)
	}

	file := filepath.Join(t.TempDir(), "known.sql")
	known := "select name from customer;\nselect /*vt+ ALLOW_SCATTER */ name from customer;\nselect name from customer where email = 'a';\n"
	if err := os.WriteFile(file, []byte(known), 0o644); err != nil {
		t.Fatal(err)
	}
	vschema := filepath.Join(e.dir, "keyspaces", "customer", "vschema.json")
	raw, err := os.ReadFile(vschema)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.ReplaceAll(string(raw), `"column": "email"`, `"column": "other"`)
	if changed == string(raw) {
		t.Fatalf("the vindex of email is not found in\n%s", raw)
	}
	if err := os.WriteFile(vschema, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, planner := range []string{"vtsync", "vtgate"} {
		r := e.ok("impact", e.dir, "--queries", file, "--all", "--planner", planner)
		if !strings.Contains(r.stdout, "breaks          1") || strings.Count(r.stdout, "not plannable: "+refused) != 3 || strings.Contains(r.stdout, ": 1 of 3 differ") {
			t.Errorf("--planner %s:\n%s", planner, r)
		}
	}

	e.Process(gate.Name).Freeze()
	r := e.exits(4, "impact", e.dir, "--queries", file, "--planner", "vtgate")
	if !strings.Contains(r.stderr, "the plans of vtgate "+gate.HTTP+": ") || !strings.Contains(r.stdout, "breaks          1") {
		t.Errorf("with a frozen vtgate:\n%s", r)
	}
}
