package plan

import (
	"reflect"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

func TestUndo(t *testing.T) {
	before := store(t)
	p := build(t, input(before, keyspaces{"commerce": edited(t, commerceJSON, `"product":{}`, `"product":{"pinned":"aa"},"invoice":{}`)}))

	t.Run("leads back", func(t *testing.T) {
		now := applied(t, before, p)
		u, err := Undo(p, input(now, nil))
		if err != nil {
			t.Fatal(err)
		}
		if u.Undoes != p.ID || len(u.Denials) > 0 {
			t.Errorf("undoes %q, denials %+v", u.Undoes, u.Denials)
		}
		got := applied(t, now, u).Global.Keyspaces["commerce"].VSchema
		if !vschema.Equal(got, before.Global.Keyspaces["commerce"].VSchema) {
			t.Errorf("after the undo: %s", vschema.EncodeJSON(got))
		}
	})
	t.Run("keeps what others did to another table", func(t *testing.T) {
		now := applied(t, before, p)
		setGlobal(now, "commerce", func(k *planes.Keyspace) { k.VSchema.Tables["theirs"] = &vschema.Table{} })
		u, err := Undo(p, input(served(now.Global), nil))
		if err != nil {
			t.Fatal(err)
		}
		if got := applied(t, now, u).Global.Keyspaces["commerce"].VSchema; got.Tables["theirs"] == nil || got.Tables["invoice"] != nil {
			t.Errorf("after the undo: %s", vschema.EncodeJSON(got))
		}
	})
	t.Run("conflicts with what others did to the same table", func(t *testing.T) {
		now := applied(t, before, p)
		setGlobal(now, "commerce", func(k *planes.Keyspace) { k.VSchema.Tables["product"].Pinned = "bb" })
		u, err := Undo(p, input(served(now.Global), nil))
		if err != nil {
			t.Fatal(err)
		}
		if got := codes(u); !reflect.DeepEqual(got, []DenialCode{DeniedConflict}) || !strings.Contains(u.Denials[0].Text, "product") {
			t.Errorf("denials: %+v", u.Denials)
		}
	})
}

// TestUndoHazard: a person may take a lookup vindex back, vtsync by itself not.
func TestUndoHazard(t *testing.T) {
	live := strings.Replace(backfillJSON, `,"write_only":"true"`, ``, 1)
	s := snapshot(t, map[string]string{"commerce": commerceJSON, "customer": live})
	in := input(s, keyspaces{"customer": keyspace(t, customerJSON)})
	in.Last = keyspaces{"customer": keyspace(t, live)}
	in.Allow = []string{"write_loss", "outage"}
	p := build(t, in)
	if p.Empty() {
		t.Fatal("dropping an owned lookup vindex is no change")
	}
	if h := UndoHazard(p); h != diff.WriteLoss {
		t.Errorf("taking back a dropped owned lookup: %s", h)
	}
	u, err := Undo(p, input(applied(t, s, p), nil))
	if err != nil {
		t.Fatal(err)
	}
	if len(u.Denials) > 0 || !strings.Contains(strings.Join(u.Notes, ""), "write_loss") {
		t.Errorf("denials %+v, notes %q", u.Denials, u.Notes)
	}
	added := build(t, input(store(t), keyspaces{"commerce": edited(t, commerceJSON, `"product":{}`, `"product":{},"invoice":{}`)}))
	if h := UndoHazard(added); h.Worse(diff.Replan) {
		t.Errorf("taking back a new table of an unsharded keyspace: %s", h)
	}
}

// TestUndoNeverTakesABackfill: between the commit and the undo a workflow
// started to use what was committed.
func TestUndoNeverTakesABackfill(t *testing.T) {
	s := store(t)
	p := build(t, input(s, keyspaces{"commerce": edited(t, commerceJSON, `"product":{}`, `"product":{},"name_lookup":{}`)}))
	now := applied(t, s, p)
	setGlobal(now, "customer", func(k *planes.Keyspace) {
		k.VSchema = keyspace(t, strings.Replace(backfillJSON, "commerce.email_lookup", "commerce.name_lookup", 1))
	})
	u, err := Undo(p, input(served(now.Global), nil))
	if err != nil {
		t.Fatal(err)
	}
	if got := codes(u); !reflect.DeepEqual(got, []DenialCode{DeniedWorkflow}) {
		t.Errorf("denials: %+v", u.Denials)
	}
}
