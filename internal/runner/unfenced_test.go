package runner_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/runner"
	"github.com/vtsync/vtsync/internal/runner/runnertest"
	"github.com/vtsync/vtsync/internal/store"
	"github.com/vtsync/vtsync/internal/vschema"
)

// unfenced is a backend that cannot kill what is in flight, as writing through
// vtctld has it: it tells so for as long as the record has not moved.
type unfenced struct{ *runnertest.Process }

func (u unfenced) FenceKeyspace(ctx context.Context, ks string, tok planes.Token, _ []byte) (planes.Token, error) {
	now, err := u.ReadKeyspace(ctx, ks)
	if err != nil {
		return planes.Token{}, err
	}
	if now.Token != tok {
		return planes.Token{}, &errs.Conflict{Msg: "the record has moved on"}
	}
	return planes.Token{}, &errs.Unknown{Msg: "it cannot be fenced off"}
}

func (w *world) unfenced(name string) *process {
	p := w.Process(name)
	s := store.New(p, store.Options{})
	return &process{Process: p, store: s, Runner: runner.New(runner.Deps{
		Store: s, Topo: unfenced{p}, Observe: p, Now: time.Now,
		NewID: func() string { w.ids++; return fmt.Sprintf("r%d", w.ids) },
		Log:   slog.New(slog.DiscardHandler),
	})}
}

// TestUnfenced: where nothing can kill a write, a rollout that got no answer
// parks, holds its keyspaces and says why. It never claims to have changed
// nothing.
func TestUnfenced(t *testing.T) {
	lost := func(t *testing.T, w *world) rollout.Record {
		w.addTable("customer", "orders")
		one := w.unfenced("one")
		one.Fail(func(x runnertest.Write) runnertest.Fault {
			if writesOrders(x) {
				return runnertest.LandsLate(1 << 20)
			}
			return runnertest.Fault{}
		})
		rec := start(t, w, one, w.plan())
		w.parked(t, rec, rollout.Applying, rollout.CodeUnknown)
		if !strings.Contains(rec.Parked.Text, "cannot be fenced off") {
			t.Errorf("parked with %q, want why", rec.Parked.Text)
		}
		if h := w.head(t, "customer"); h.Open != rec.ID {
			t.Errorf("keyspace customer is held by %q", h.Open)
		}
		return rec
	}
	bubble(t, "a person goes on", func(t *testing.T, w *world) {
		rec := lost(t, w)
		w.state(t, resume(t, w.unfenced("two"), rec.ID), rollout.Committed, "")
		w.everywhere("customer", "orders", true)
	})
	bubble(t, "it landed meanwhile", func(t *testing.T, w *world) {
		rec := lost(t, w)
		w.Arrive()
		w.state(t, resume(t, w.unfenced("two"), rec.ID), rollout.Committed, "")
		w.everywhere("customer", "orders", true)
		if n := w.gained("customer", "orders"); n != 1 {
			t.Errorf("written %d times", n)
		}
	})
	bubble(t, "a person gives it up, and has to move the record first", func(t *testing.T, w *world) {
		rec := lost(t, w)
		rec = rollback(t, w.unfenced("two"), rec.ID)
		w.parked(t, rec, rollout.Applying, rollout.CodeUnknown)
		w.Edit("customer", func(*vschema.Keyspace) {}) // written over itself
		w.state(t, rollback(t, w.unfenced("three"), rec.ID), rollout.Canceled, rollout.CodeAsked)
		w.everywhere("customer", "orders", false)
		w.free(t)
	})
}
