package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/lab/cluster"
)

// What somebody did to another table after our rollout survives the rollback
// of it.
func TestRollbackKeepsWhatOthersDid(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	e.edit("customer", func(v map[string]any) { hashed(v, "ours", "id") })
	e.ok("apply", "--yes", e.dir)
	e.byVTGate("alter vschema on customer.theirs add vindex hash (id) using hash")

	e.ok("rollback", "--yes").wants(t, "committed", "undoes: ")
	e.wantTables("theirs", "!ours", "customer", "cart")
	for _, cell := range e.Cells() {
		if !proto.Equal(e.srv(cell).Keyspaces["customer"], e.global("customer")) {
			t.Errorf("cell %s differs from the global topo", cell)
		}
	}
	for _, gate := range e.VTGates() {
		if err := e.ServesTable(t.Context(), gate, "customer", "theirs"); err != nil {
			t.Error(err)
		}
		if e.ServesTable(t.Context(), gate, "customer", "ours") == nil {
			t.Errorf("%s still serves the table that was taken back", gate.Name)
		}
	}
}

// What somebody did to the very table that our rollout changed is not taken
// back with it: the rollback stops, shows what they did, and writes nothing.
func TestRollbackOfATableThatOthersChangedIsAConflict(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	e.edit("customer", func(v map[string]any) { hashed(v, "ours", "id") })
	e.ok("apply", "--yes", e.dir)
	e.byVTGate("alter vschema on customer.ours add vindex xxhash (name) using xxhash")

	e.untouched(func() {
		r := e.exits(3, "rollback", "--yes")
		r.wants(t, "others changed the same entries since", "~ table ours", "found by xxhash(name) too", "next: vtsync pull --force --keyspace customer")
	})
	if got := len(e.history()); got != 1 {
		t.Errorf("%d rollouts in the history, want the one that stays committed", got)
	}
}

// Dropping an owned lookup vindex cannot be undone without a person: lookup
// rows were not written meanwhile. So when a vtgate breaks on such a change the
// rollout stops where it is and names why; a person's rollback takes it back.
func TestUndoOfADroppedLookupNeedsAPerson(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	before := e.global("customer")
	for _, gate := range e.VTGates()[1:] {
		path := filepath.Join(e.Process(gate.Name).Dir, "regions.json")
		if err := os.WriteFile(path, []byte(`{"1": 1}`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e.edit("customer", func(v map[string]any) {
		vindexes := v["vindexes"].(map[string]any)
		delete(vindexes, "customer_email")
		hashed(v, "customer", "customer_id")
		// The first vtgate lacks the file, and cannot build the keyspace.
		vindexes["regions"] = map[string]any{"type": "numeric_static_map", "params": map[string]any{"json_path": "regions.json"}}
	})

	r := e.exits(4, "apply", "--yes", "--allow", "write_loss", e.dir)
	r.wants(t, "parked: ", "regions.json", "not taken back by itself, as that is write_loss", "vtsync rollback")
	rec := e.history()[0]
	if rec.Parked == nil || rec.Parked.Code != rollout.CodeUndoHazard {
		t.Fatalf("parked = %+v, want %s", rec.Parked, rollout.CodeUndoHazard)
	}
	if vschema.Equal(before, e.global("customer")) {
		t.Error("the change was taken back without a person")
	}

	e.ok("rollback", "--yes", rec.ID)
	if now := e.global("customer"); !vschema.Equal(before, now) {
		t.Errorf("after the rollback: %v, want %v", now, before)
	}
	if rec = e.history()[0]; rec.State != rollout.RolledBack {
		t.Errorf("state = %s, want %s", rec.State, rollout.RolledBack)
	}
}

// A lookup vindex that is live with write_only is being backfilled. A file
// without it, from before the backfill began, must not end it: whether it is
// known what the file was derived from or not, vtgate keeps write_only.
func TestStaleFileLeavesABackfillAlone(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	settled := e.global("customer")
	backfilling := proto.CloneOf(settled)
	backfilling.Vindexes["customer_email"].Params["write_only"] = "true"
	e.applyVSchema("customer", backfilling)

	// Only this vindex was changed, and by others: it is kept. A saved plan
	// names the cluster, so from here on nothing at all is to be written.
	saved := filepath.Join(t.TempDir(), "plan.json")
	e.ok("plan", "--out", saved, e.dir).wants(t, "made by others and kept", "vindex customer_email becomes write_only", "nothing to do")

	denied := func(args ...string) result {
		t.Helper()
		var r result
		e.untouched(func() { r = e.exits(3, append(args, e.dir)...) })
		r.wants(t,
			"customer.customer_email is live with write_only",
			"vtctldclient LookupVindex --name customer_email --table-keyspace commerce externalize --keyspace customer",
			"alter vschema drop vindex `customer`.`customer_email`")
		return r
	}
	// Nothing that a person can allow reaches it.
	allow := []string{"--allow", "foreign=customer.customer_email", "--allow", "write_loss", "--allow", "outage"}
	denied(append([]string{"apply", "--yes"}, allow...)...)
	// The file comes from another checkout: what it was derived from is not known.
	e.forgetBases()
	denied("plan", "--allow", "write_loss")
	r := denied("apply", "--yes", "--allow", "write_loss")

	if now := e.global("customer"); !proto.Equal(backfilling, now) {
		t.Errorf("global: %v, want %v", now, backfilling)
	}
	// The statements that the denial names do clear it.
	statements := regexp.MustCompile("alter vschema [^;\n]*").FindAllString(r.stderr, -1)
	if len(statements) != 3 {
		t.Fatalf("statements in the denial: %q, want 3", statements)
	}
	for _, statement := range statements {
		e.byVTGate(statement)
	}
	if now := e.global("customer"); !vschema.Equal(settled, now) {
		t.Errorf("after the statements: %v, want %v", now, settled)
	}
	e.ok("apply", "--yes", e.dir)
}

// Two people pull; the first applies. The second, whose files are older than
// that, does not revert it: neither by a change of another table nor, which is
// a conflict, by one of the same table.
func TestFilesOlderThanACommitDoNotRevertIt(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	second := e.folder()
	second.ok("pull", second.dir)

	e.edit("customer", func(v map[string]any) {
		hashed(v, "first", "id")
		hashed(v, "cart", "cart_id")
	})
	e.ok("apply", "--yes", "--allow", "write_loss", e.dir)

	second.edit("customer", func(v map[string]any) { hashed(v, "second", "id") })
	second.ok("apply", "--yes", second.dir).wants(t, "made by others and kept", "table first", "table cart")
	e.wantTables("first", "second")
	if got := e.global("customer").Tables["cart"].ColumnVindexes[0].Name; got != "hash" {
		t.Errorf("primary vindex of cart = %s, want the first person's hash", got)
	}

	second.edit("customer", func(v map[string]any) { hashed(v, "cart", "owner_id") })
	e.untouched(func() {
		second.exits(3, "apply", "--yes", "--allow", "write_loss", second.dir).
			wants(t, "changed in the cluster and in the file since", "~ table cart", "vtsync pull --force --keyspace customer")
	})
}

// A fresh clone knows no base, but git knows what the files are derived from:
// a checkout that lacks the commit that was applied last is stale.
func TestCheckoutOfAnOldCommitIsStale(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	e.git("init", "-q", "-b", "main")
	e.commit("pulled")
	e.edit("customer", func(v map[string]any) { hashed(v, "added", "id") })
	e.commit("table added")
	e.ok("apply", "--yes", e.dir)
	if rec := e.history()[0]; rec.By.Commit != e.git("rev-parse", "HEAD") {
		t.Errorf("commit of the rollout = %q, want HEAD", rec.By.Commit)
	}

	clone := e.folder()
	clone.git("clone", "-q", e.dir, ".")
	clone.ok("apply", "--yes", clone.dir).wants(t, "nothing to do")
	clone.forgetBases()

	clone.git("checkout", "-q", "HEAD~1")
	e.untouched(func() {
		for _, verb := range [][]string{{"plan"}, {"apply", "--yes", "--allow", "outage"}} {
			clone.exits(3, append(verb, clone.dir)...).
				wants(t, "the file of keyspace customer may be older than the cluster", "is not in the history of the files", "next: git pull")
		}
	})
	e.wantTables("added")

	// A later commit of the same line may take it out again.
	clone.git("checkout", "-q", "main")
	clone.edit("customer", func(v map[string]any) { delete(v["tables"].(map[string]any), "added") })
	clone.commit("table removed")
	clone.ok("apply", "--yes", "--allow", "outage", clone.dir)
	e.wantTables("!added")
}

// byVTGate runs an ALTER VSCHEMA through the first vtgate, and waits until every cell
// has what it wrote.
func (e *env) byVTGate(statement string) {
	e.t.Helper()
	if err := e.AlterVSchema(e.t.Context(), e.VTGates()[0], statement); err != nil {
		e.t.Fatal(err)
	}
	e.settled("customer")
}

// applyVSchema writes a VSchema by vtctldclient, as people do by hand.
func (e *env) applyVSchema(ks string, v *vschemapb.Keyspace) {
	e.t.Helper()
	text, err := protojson.Marshal(v)
	if err != nil {
		e.t.Fatal(err)
	}
	if err := e.ApplyVSchema(e.t.Context(), ks, string(text)); err != nil {
		e.t.Fatal(err)
	}
	e.settled(ks)
}

// settled waits until nothing is on its way any more: the cells hold what global
// holds.
func (e *env) settled(ks string) {
	e.t.Helper()
	want := e.global(ks)
	e.eventually("the cells follow", func() error {
		for _, cell := range e.Cells() {
			if !proto.Equal(e.srv(cell).Keyspaces[ks], want) {
				return fmt.Errorf("cell %s does not hold the global VSchema of %s", cell, ks)
			}
		}
		return nil
	})
}

// wantTables fails the test unless the live customer keyspace has the tables;
// one with a ! is not to be there.
func (e *env) wantTables(names ...string) {
	e.t.Helper()
	live := e.global("customer").Tables
	for _, name := range names {
		name, absent := strings.CutPrefix(name, "!")
		if _, ok := live[name]; ok == absent {
			e.t.Errorf("table %s in the live VSchema: %v, want %v", name, ok, !absent)
		}
	}
}

// forgetBases makes the files those of a fresh clone.
func (e *env) forgetBases() {
	e.t.Helper()
	if err := os.RemoveAll(filepath.Join(e.dir, ".vtsync")); err != nil {
		e.t.Fatal(err)
	}
}

func (e *env) commit(message string) {
	e.t.Helper()
	e.git("add", "keyspaces")
	e.git("commit", "-q", "-m", message)
}

// git runs git in the folder of files.
func (e *env) git(args ...string) string {
	e.t.Helper()
	cmd := exec.CommandContext(e.t.Context(), "git", append([]string{
		"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false", "-c", "advice.detachedHead=false",
	}, args...)...)
	cmd.Dir = e.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		e.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}
