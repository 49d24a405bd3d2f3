package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vtctld"
	"github.com/vtsync/vtsync/internal/workflow"
)

// physical reads the workflows of all keyspaces as vtsync does.
func (f *full) physical() planes.Physical {
	f.t.Helper()
	c, err := vtctld.New(vtctld.Options{Address: f.VTCtld()})
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	return c.Physical(f.t.Context(), planes.Ask{Workflows: f.Keyspaces()})
}

// stage is what a workflow has to look like after a command, and what follows
// from it.
type stage struct {
	// workflows are all that are listed.
	workflows []planes.Workflow
	// claims are all that they own, one line each.
	claims []string
	// holds is a text of the only reason why every write waits; empty where
	// there is none.
	holds string
}

// stands waits until the workflows are as the stage says, and holds what vtsync
// makes of them against it.
func (f *full) stands(after string, want stage) {
	f.t.Helper()
	var found planes.Physical
	f.until(after, func() error {
		found = f.physical()
		if d := cmp.Diff(want.workflows, found.Workflows); d != "" || found.Err != "" || len(found.Unread) > 0 {
			return fmt.Errorf("workflows (-want +got):\n%s\n%s %v", d, found.Err, found.Unread)
		}
		return nil
	})
	g := planes.Global{Keyspaces: map[string]planes.Keyspace{}}
	for _, ks := range f.Keyspaces() {
		g.Keyspaces[ks] = planes.Keyspace{HasRecord: true, VSchema: f.global(ks)}
	}
	var claims []string
	for _, c := range workflow.Claims(found.Workflows, g) {
		part := strings.TrimSpace(string(c.Part) + " " + c.Vindex)
		claims = append(claims, fmt.Sprintf("%s: %s %s %s, %s", c.Workflow.Name, c.Entry.Keyspace, c.Entry.Kind, c.Entry.Name, part))
	}
	if d := cmp.Diff(want.claims, claims); d != "" {
		f.t.Errorf("%s: what the workflows own (-want +got):\n%s", after, d)
	}
	holds := workflow.Holds(found, g)
	if want.holds == "" && len(holds) > 0 {
		f.t.Errorf("%s: every write waits: %+v", after, holds)
	}
	if want.holds != "" && (len(holds) != 1 || !strings.Contains(holds[0].Text, want.holds)) {
		f.t.Errorf("%s: held by %+v, want %q", after, holds, want.holds)
	}
}

// frozenWhereStopped gives a workflow the message that its end has.
func frozenWhereStopped(w planes.Workflow) planes.Workflow {
	if w.State == "Stopped" {
		w.Message, w.Frozen, w.AnyFrozen = "FROZEN", true, true
	}
	return w
}

// beside is a person who applies changes to other tables of both keyspaces, one
// after the other, whatever else goes on.
type beside struct {
	f    *full
	env  *env
	stop context.CancelFunc
	done chan struct{}
	turn sync.Mutex // held while an apply runs

	mu      sync.Mutex // guards the rest
	tables  []string   // in the files
	applied int        // rollouts that were committed
	refused []string   // what those said that changed nothing
	err     error
}

// beside begins to apply, from a folder of its own.
func (f *full) beside() *beside {
	f.t.Helper()
	ctx, stop := context.WithCancel(f.t.Context())
	b := &beside{f: f, env: f.folder(), stop: stop, done: make(chan struct{})}
	b.env.ok("pull", b.env.dir)
	go func() {
		defer close(b.done)
		for ctx.Err() == nil && b.apply() {
			continue
		}
	}()
	f.t.Cleanup(func() { b.stop(); <-b.done })
	return b
}

// apply adds a table to both keyspaces. Where a workflow's command came in
// between it is refused, which is safe to try again: the next one does.
func (b *beside) apply() bool {
	b.turn.Lock()
	defer b.turn.Unlock()
	b.mu.Lock()
	name := fmt.Sprintf("beside_%d", len(b.tables))
	b.tables = append(b.tables, name)
	b.mu.Unlock()
	err := errors.Join(
		b.env.tryEdit("commerce", func(v map[string]any) { table(v, name) }),
		b.env.tryEdit("customer", func(v map[string]any) { hashed(v, name, "id") }),
	)
	var r result
	if err == nil {
		r, err = b.env.try([]int{0, 3}, "apply", "--yes", b.env.dir)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
	switch {
	case err != nil:
	case r.code == 0:
		b.applied++
	default:
		b.refused = append(b.refused, r.String())
	}
	return err == nil
}

// alone runs do while no apply runs.
func (b *beside) alone(do func()) {
	b.turn.Lock()
	defer b.turn.Unlock()
	do()
}

// goes waits until one more apply is committed that began after now.
func (b *beside) goes() {
	b.f.t.Helper()
	b.mu.Lock()
	want := b.applied + 2 // one may be under way
	b.mu.Unlock()
	b.f.until("changes beside", func() error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.err != nil {
			b.f.t.Fatal(b.err)
		}
		if b.applied < want {
			return fmt.Errorf("%d rollouts, want %d; refused: %q", b.applied, want, b.refused)
		}
		return nil
	})
}

// ends stops it and fails the test unless all that it applied is there.
func (b *beside) ends() {
	b.f.t.Helper()
	b.stop()
	<-b.done
	if b.err != nil {
		b.f.t.Fatal(b.err)
	}
	b.env.ok("apply", "--yes", b.env.dir)
	b.f.t.Logf("%d rollouts beside, %d refused", b.applied, len(b.refused))
	for _, ks := range []string{"commerce", "customer"} {
		for _, name := range b.tables {
			b.env.holdsEverywhere("beside", ks, name, true)
		}
	}
}

// isBeside tells of the tables that beside makes.
func isBeside(table string) bool { return strings.HasPrefix(table, "beside_") }

// again is a person who applies the same files again and again.
type again struct {
	f    *full
	stop context.CancelFunc
	done chan struct{}

	mu  sync.Mutex // guards the rest
	n   int
	err error
}

// again begins to apply files that are to be denied with these texts each time,
// whatever is allowed.
func (f *full) again(of *env, allow []string, texts ...string) *again {
	ctx, stop := context.WithCancel(f.t.Context())
	a := &again{f: f, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(a.done)
		for ctx.Err() == nil && a.err == nil {
			r, err := of.try([]int{3}, slices.Concat([]string{"apply", "--yes", of.dir}, allow)...)
			if i := slices.IndexFunc(texts, func(text string) bool { return !strings.Contains(r.String(), text) }); err == nil && i >= 0 {
				err = fmt.Errorf("no %q in:\n%s", texts[i], r)
			}
			a.mu.Lock()
			a.n++
			a.err = err
			a.mu.Unlock()
		}
	}()
	f.t.Cleanup(func() { a.stop(); <-a.done })
	return a
}

// ends stops it and fails the test unless it was denied some times, and each
// time.
func (a *again) ends() {
	a.f.t.Helper()
	a.f.until("attempts", func() error {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.n < 3 && a.err == nil {
			return fmt.Errorf("%d attempts", a.n)
		}
		return nil
	})
	a.stop()
	<-a.done
	if a.err != nil {
		a.f.t.Error(a.err)
	}
}
