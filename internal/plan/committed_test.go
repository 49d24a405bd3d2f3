package plan

import (
	"reflect"
	"testing"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

const (
	withMine   = `"product":{},"mine":{}`
	withTheirs = `"product":{},"theirs":{}`
	product    = `"product":{}`
)

func recorded(t testing.TB, p *Plan, ks string) *vschema.Keyspace {
	t.Helper()
	vs, err := vschema.DecodeJSON(p.Recorded(ks))
	if err != nil {
		t.Fatal(err)
	}
	return vs
}

// TestRecordedKeepsWhatOthersCommitted: files that are older than a colleague's
// commit keep it, and do not make it foreign to the colleague.
func TestRecordedKeepsWhatOthersCommitted(t *testing.T) {
	s := store(t)
	setGlobal(s, "commerce", func(k *planes.Keyspace) { k.VSchema.Tables["theirs"] = &vschema.Table{} })
	in := input(served(s.Global), keyspaces{"commerce": edited(t, commerceJSON, product, withMine)})
	in.Last = keyspaces{"commerce": keyspace(t, commerceJSON)}
	in.Commit = "c2"

	p := build(t, in)
	if got := recorded(t, p, "commerce"); got.Tables["theirs"] != nil || got.Tables["mine"] == nil {
		t.Errorf("nobody committed it, and it is recorded: %v", got)
	}
	in.Committed = keyspaces{"commerce": edited(t, commerceJSON, product, withTheirs)}
	in.Beside = map[string][]string{"commerce": {"c1"}}
	p = build(t, in)
	if got := recorded(t, p, "commerce"); got.Tables["theirs"] == nil || got.Tables["mine"] == nil {
		t.Errorf("recorded: %v", got)
	}
	if !reflect.DeepEqual(p.Base.Beside, in.Beside) {
		t.Errorf("beside: %v", p.Base.Beside)
	}
	if again, err := Decode([]byte(encode(t, p))); err != nil || !reflect.DeepEqual(again, p) {
		t.Errorf("read back: %v", err)
	}

	in.Desired["commerce"].Tables["theirs"] = &vschema.Table{} // merged
	if p = build(t, in); len(p.Committed) > 0 || len(p.Base.Beside) > 0 {
		t.Errorf("a file that holds everything is recorded as it is: %s beside %v", p.Committed, p.Base.Beside)
	}
}

// TestUndoKeepsNewerCommits: taking an older rollout back takes nothing out of
// what was committed since.
func TestUndoKeepsNewerCommits(t *testing.T) {
	before := store(t)
	in := input(before, keyspaces{"commerce": edited(t, commerceJSON, product, withMine)})
	in.Last = keyspaces{"commerce": keyspace(t, commerceJSON)}
	p := build(t, in)
	now := applied(t, before, p)
	setGlobal(now, "commerce", func(k *planes.Keyspace) { k.VSchema.Tables["newer"] = &vschema.Table{} })

	u, err := Undo(p, input(served(now.Global), nil))
	if err != nil {
		t.Fatal(err)
	}
	if got := recorded(t, u, "commerce"); got != nil {
		t.Errorf("what was committed last is not known, and yet recorded: %v", got)
	}
	in = input(served(now.Global), nil)
	in.Committed = keyspaces{"commerce": edited(t, commerceJSON, product, withMine+`,"newer":{}`)}
	if u, err = Undo(p, in); err != nil {
		t.Fatal(err)
	}
	if got := recorded(t, u, "commerce"); got.Tables["newer"] == nil || got.Tables["mine"] != nil {
		t.Errorf("recorded: %v", got)
	}
}

// TestWithout: what was foreign before a plan is foreign again without it, and
// an entry that was changed since stays.
func TestWithout(t *testing.T) {
	s := snapshot(t, map[string]string{"commerce": commerceJSON})
	setGlobal(s, "commerce", func(k *planes.Keyspace) { k.VSchema.Tables["theirs"] = &vschema.Table{} })
	in := input(served(s.Global), keyspaces{"commerce": edited(t, commerceJSON, product, `"product":{"pinned":"aa"},"mine":{}`)})
	in.Allow = []string{"foreign=commerce.theirs", "outage"}
	for name, last := range map[string]keyspaces{"not known": nil, "known": {"commerce": keyspace(t, commerceJSON)}} {
		in.Last = last
		p := build(t, in)
		got, err := Without(p, "commerce", edited(t, commerceJSON, product, `"product":{"pinned":"bb"},"mine":{}`))
		if err != nil {
			t.Fatal(err)
		}
		want := edited(t, commerceJSON, product, `"product":{"pinned":"bb"}`)
		if !vschema.Equal(got, want) {
			t.Errorf("%s:\n%s", name, diff.Text(diff.Between("commerce", want, got)))
		}
	}
}

// TestNothingToDoIsBound: a plan with nothing to do is stale once a keyspace
// that it would be recorded for has changed.
func TestNothingToDoIsBound(t *testing.T) {
	s := store(t)
	p := build(t, input(s, keyspaces{"commerce": keyspace(t, commerceJSON)}))
	if !p.Empty() {
		t.Fatal("there is something to do")
	}
	if _, stale := Stale(p, s.Global); stale {
		t.Error("stale by itself")
	}
	setGlobal(s, "customer", func(k *planes.Keyspace) { k.VSchema = nil })
	if _, stale := Stale(p, s.Global); stale {
		t.Error("stale by a keyspace that it is not for")
	}
	setGlobal(s, "commerce", func(k *planes.Keyspace) { k.VSchema.Tables["theirs"] = &vschema.Table{} })
	changes, stale := Stale(p, s.Global)
	if !stale || diff.Text(changes) == "" {
		t.Errorf("stale: %v, %v", stale, changes)
	}
}
