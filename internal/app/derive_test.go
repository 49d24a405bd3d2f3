package app

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/store"
	"github.com/vtsync/vtsync/internal/store/storetest"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/worktree"
)

// derivation is a folder of files in git and what was committed from it.
type derivation struct {
	*testing.T
	app  *App
	head rollout.Head
	live *vschema.Keyspace
}

func newDerivation(t *testing.T) *derivation {
	d := &derivation{T: t, head: rollout.Head{Keyspace: "ks"}}
	d.app = &App{files: worktree.At(t.TempDir()), store: store.New(storetest.NewMemory(), store.Options{})}
	return d
}

func tables(names ...string) *vschema.Keyspace {
	ks := &vschema.Keyspace{Tables: map[string]*vschema.Table{}}
	for _, name := range names {
		ks.Tables[name] = &vschema.Table{}
	}
	return ks
}

func (d *derivation) git(args ...string) string {
	d.Helper()
	cmd := exec.CommandContext(d.Context(), "git", append([]string{
		"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false",
	}, args...)...)
	cmd.Dir = d.app.files.Dir()
	out, err := cmd.CombinedOutput()
	if err != nil {
		d.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// write writes the file.
func (d *derivation) write(names ...string) {
	d.Helper()
	if err := d.app.files.Write(worktree.KeyspaceFile("ks"), vschema.EncodeJSON(tables(names...))); err != nil {
		d.Fatal(err)
	}
}

// commit writes the file and commits it.
func (d *derivation) commit(names ...string) string {
	d.Helper()
	d.write(names...)
	d.git("add", "keyspaces")
	d.git("commit", "-q", "--allow-empty", "-m", strings.Join(names, " "))
	return d.git("rev-parse", "HEAD")
}

// keep keeps a base for the file as it lies there.
func (d *derivation) keep(names ...string) {
	d.Helper()
	base, err := d.app.files.BaseOf(d.Context(), d.look().rev, worktree.KeyspaceFile("ks"), tables(names...))
	if err == nil {
		err = d.app.files.SaveBase("ks", d.app.origin(&planes.Snapshot{}), base)
	}
	if err != nil {
		d.Fatal(err)
	}
}

// applied notes what was committed last, and serves it.
func (d *derivation) applied(commit string, names ...string) {
	d.Helper()
	hash, err := d.app.store.PutBlob(d.Context(), vschema.EncodeJSON(vschema.Canonical(tables(names...))))
	if err != nil {
		d.Fatal(err)
	}
	d.head.Record(hash, "", commit, nil)
	d.live = tables(names...)
}

// look derives what is there.
func (d *derivation) look() look {
	d.Helper()
	rev, err := d.app.files.Revision(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	l := look{rev: rev, heads: []rollout.Head{d.head}, snap: &planes.Snapshot{Global: planes.Global{
		Keyspaces: map[string]planes.Keyspace{"ks": {VSchema: d.live}},
	}}}
	tree, err := d.app.files.LoadIfAny()
	if err == nil {
		err = d.app.derive(d.Context(), tree, &l)
	}
	if err != nil {
		d.Fatal(err)
	}
	return l
}

// planned is what a plan of the files is built from.
func (d *derivation) planned() plan.Input {
	d.Helper()
	tree, err := d.app.files.Load()
	if err != nil {
		d.Fatal(err)
	}
	l := d.look()
	live := l.snap.Global.Keyspaces["ks"]
	live.HasRecord = true
	l.snap.Global.Keyspaces["ks"] = live
	in := d.app.planInput(l)
	in.Desired, in.Last, in.Denials = values(tree), l.last, l.stale
	return in
}

// from wants the file to be derived from a value.
func (d *derivation) from(names ...string) {
	d.Helper()
	l := d.look()
	if len(l.stale) > 0 || !vschema.Equal(l.last["ks"], tables(names...)) {
		d.Errorf("derived from %v, denials %+v; want %v", l.last["ks"], l.stale, names)
	}
}

// denied wants the file to be denied, and the reasons to hold the texts.
func (d *derivation) denied(text, remedy string) {
	d.Helper()
	l := d.look()
	if len(l.stale) != 1 || l.stale[0].Code != plan.DeniedStale || !strings.Contains(l.stale[0].Text, text) || !strings.Contains(l.stale[0].Remedy, remedy) {
		d.Errorf("denials %+v, want %q and %q", l.stale, text, remedy)
	}
}

const elsewhere = "1111111111111111111111111111111111111111"

func TestDeriveOutsideOfGit(t *testing.T) {
	d := newDerivation(t)
	d.write("a", "mine")
	if l := d.look(); l.last["ks"] != nil || len(l.stale) > 0 {
		t.Errorf("never committed: derived from %v, denials %+v", l.last["ks"], l.stale)
	}
	d.applied("", "a", "theirs")
	d.from("a", "theirs")
	d.keep("a")
	d.from("a")
	d.head.Committed = strings.Repeat("0", 64)
	d.from("a")
}

func TestDeriveOutsideOfGitButAppliedFromIt(t *testing.T) {
	d := newDerivation(t)
	d.write("a")
	d.applied(elsewhere, "a", "theirs")
	d.denied("it was applied last from commit 111111111111, and the file is not in git", "vtsync pull --force --keyspace ks")
	d.keep("a")
	d.from("a")
	if l := d.look(); len(l.beside["ks"]) != 1 || !vschema.Equal(l.committed["ks"], tables("a", "theirs")) {
		t.Errorf("beside %v, committed %v", l.beside, l.committed)
	}
}

// TestDeriveAfterAnothersApply: a colleague's commit was applied and pulled by
// git; the next edit of the same entry is no conflict.
func TestDeriveAfterAnothersApply(t *testing.T) {
	d := newDerivation(t)
	d.git("init", "-q", "-b", "main")
	d.commit("a")
	d.keep("a")
	theirs := d.commit("a", "theirs")
	d.applied(theirs, "a", "theirs")
	d.write("a")
	d.from("a", "theirs")
	d.keep("a", "theirs", "pulled since")
	d.from("a", "theirs", "pulled since")
}

// TestDeriveAfterAnOlderClone: an apply from older files, which keeps what a
// newer commit did, does not make the head look old.
func TestDeriveAfterAnOlderClone(t *testing.T) {
	d := newDerivation(t)
	d.git("init", "-q", "-b", "main")
	older := d.commit("a")
	between := d.commit("a", "mine")
	d.keep("a", "mine")
	theirs := d.commit("a", "mine", "theirs")
	d.applied(older, "a", "mine", "theirs")
	d.head.Beside = []string{theirs}
	d.from("a", "mine", "theirs")
	d.head.Beside = []string{between}
	d.from("a", "mine", "theirs")
}

// TestDeriveOnAnotherBranch: what was pulled or applied on a branch is not what
// the files of another were derived from.
func TestDeriveOnAnotherBranch(t *testing.T) {
	d := newDerivation(t)
	d.git("init", "-q", "-b", "main")
	d.commit("a")
	d.git("checkout", "-q", "-b", "feature")
	feature := d.commit("a", "mine")
	d.keep("a", "mine")
	d.applied(feature, "a", "mine")
	d.from("a", "mine")
	d.git("checkout", "-q", "main")
	d.denied("is not in the history of the files", "git pull; or, if commit "+feature[:12]+" was rewritten")
	d.git("merge", "-q", "feature")
	d.from("a", "mine")

	d.head = rollout.Head{Keyspace: "ks"}
	d.git("checkout", "-q", "-B", "fix", "HEAD~1")
	d.denied("what was pulled or applied here last was at commit "+feature[:12], "git pull")
}

// TestDeriveFromEdits: what was applied before it was committed reverts nothing
// from a clone that lacks it, and holds the one who did it up in nothing.
func TestDeriveFromEdits(t *testing.T) {
	d := newDerivation(t)
	d.git("init", "-q", "-b", "main")
	first := d.commit("a")
	d.write("a", "mine")
	if got := d.look().commit(); got != first+"-dirty" {
		t.Errorf("edits are recorded as commit %q", got)
	}
	d.applied(first+"-dirty", "a", "mine")
	d.keep("a", "mine")
	d.from("a", "mine")
	d.git("stash", "-q")
	d.denied("applied last with edits that are in no commit", "commit what was applied and run vtsync apply once")
	d.git("stash", "pop", "-q")
	second := d.commit("a", "mine")
	d.from("a", "mine")

	clone := *d
	clone.app = &App{files: worktree.At(t.TempDir()), store: d.app.store}
	clone.git("clone", "-q", d.app.files.Dir(), ".")
	if l := clone.look(); len(l.stale) > 0 {
		t.Errorf("a clone that equals the cluster reverts nothing: %+v", l.stale)
	}
	clone.write("a", "edited")
	clone.denied("applied last with edits that are in no commit", "commit what was applied and run vtsync apply once")
	clone.applied(second, "a", "mine")
	clone.from("a", "mine")
}

// TestChosenFiles: an edit of a keyspace that was not asked for does not mark
// the others as edited.
func TestChosenFiles(t *testing.T) {
	d := newDerivation(t)
	d.git("init", "-q", "-b", "main")
	head := d.commit("a")
	if err := d.app.files.Write(worktree.KeyspaceFile("other"), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		chosen []string
		dirty  bool
	}{{nil, true}, {[]string{"ks"}, false}, {[]string{"other"}, true}, {[]string{"ks", "other"}, true}} {
		d.app.keyspaces = tt.chosen
		tree, err := d.app.load()
		if err != nil {
			t.Fatal(err)
		}
		rev, err := d.app.files.Revision(t.Context(), d.app.chosenFiles(tree)...)
		if want := (worktree.Revision{Commit: head, Dirty: tt.dirty}); err != nil || rev != want {
			t.Errorf("chosen %v: %+v, %v, want %+v", tt.chosen, rev, err, want)
		}
	}
}

// TestDeriveAfterAmend: a commit that was rewritten after its apply is in no
// history any more; the way on that the denial names leads on, here and in a
// clone, and also where others changed the cluster since.
func TestDeriveAfterAmend(t *testing.T) {
	d := newDerivation(t)
	d.git("init", "-q", "-b", "main")
	d.commit("a")
	applied := d.commit("a", "mine")
	d.applied(applied, "a", "mine")
	d.keep("a", "mine")
	d.live = tables("a", "mine", "foreign")
	d.git("commit", "-q", "--amend", "-m", "reworded")
	d.write("a", "mine", "edit")
	d.denied("is not in the history of the files", "if commit "+applied[:12]+" was rewritten (amend, rebase): commit the file as it was applied, run vtsync apply once")

	d.write("a", "mine")
	d.from("a", "mine")
	p, err := plan.Build(d.planned())
	if err != nil {
		t.Fatal(err)
	}
	if !p.Empty() || len(p.Denials) > 0 || len(p.Base.Beside) > 0 {
		t.Fatalf("the plan of what was applied: %+v", p)
	}
	d.applied(p.Base.Commit, "a", "mine")
	d.live = tables("a", "mine", "foreign")
	d.keep("a", "mine")
	clone := *d
	clone.app = &App{files: worktree.At(t.TempDir()), store: d.app.store}
	clone.git("clone", "-q", d.app.files.Dir(), ".")
	for _, files := range []*derivation{d, &clone} {
		files.write("a", "mine", "edit")
		files.from("a", "mine")
	}
}

// TestDeriveNotTold: where git cannot tell, nothing is applied.
func TestDeriveNotTold(t *testing.T) {
	d := newDerivation(t)
	d.git("init", "-q", "-b", "main")
	d.commit("a")
	d.applied(elsewhere, "a", "theirs")
	d.denied("cannot be found", "git pull")
	d.head.Commit = ""
	d.from("a", "theirs")
	d.head.Commit, d.head.Beside = d.git("rev-parse", "HEAD"), []string{elsewhere}
	d.denied("cannot be found", "git pull")
}
