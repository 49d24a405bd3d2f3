package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/lab/cluster"
	"github.com/vtsync/vtsync/lab/proxy"
)

const (
	// crowd is how long all of them write.
	crowd = 30 * time.Second
	// enough is how many changes of vtsync's must be among them. On a machine
	// that is too busy for so many they go on until patience ends.
	enough   = 100
	patience = 3 * time.Minute
	// pace is the time between two changes of a writer other than vtsync. One
	// that never rests would leave nobody else a moment between read and CAS.
	pace = time.Second
)

// Many write one keyspace at the same time: several vtsyncs, people with ALTER
// VSCHEMA at both vtgates, and vtctldclient. Every change that anybody was told
// has been made is in the global VSchema in the end and, after a heal, in every
// cell and vtgate.
func TestNoLostUpdate(t *testing.T) {
	e := newEnv(t, cluster.Options{})
	var acknowledged atomic.Int64
	began := time.Now()
	done := func() bool {
		spent := time.Since(began)
		return spent > crowd && acknowledged.Load() >= enough || spent > patience
	}
	var group errgroup.Group

	writers := make([]*writer, 2)
	for i := range writers {
		writers[i] = &writer{env: e.folder(), table: fmt.Sprintf("mine_%d", i)}
		group.Go(func() error {
			for !done() {
				changed, err := writers[i].change()
				if err != nil {
					return err
				}
				if changed {
					acknowledged.Add(1)
				}
			}
			return nil
		})
	}
	writers[0].impatient()
	people := make([]*person, 0, 3)
	for i, gate := range e.VTGates() {
		people = append(people, &person{name: fmt.Sprintf("alter_%d", i), change: func(statement string) error {
			return e.AlterVSchema(t.Context(), gate, statement)
		}})
	}
	people = append(people, &person{name: "vtctld", change: func(statement string) error {
		_, err := e.VTCtldClient(t.Context(), "ApplyVSchema", "--sql", statement, "commerce")
		return err
	}})
	for _, p := range people {
		group.Go(func() error { p.work(done); return nil })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}

	e.ok("pull", e.dir)
	e.ok("apply", "--yes", e.dir) // heals what the blind writers left in the cells
	global := e.global("commerce")
	if writers[0].resumed == 0 {
		t.Error("no rollout had to be resumed")
	}
	for _, w := range writers {
		t.Logf("%s: %d changes, %d refused, %d resumed", w.table, w.done, w.refused, w.resumed)
		var got []string
		for _, c := range global.Tables[w.table].GetColumns() {
			got = append(got, c.Name)
		}
		if want := columns(w.done); !slices.Equal(got, want) {
			t.Errorf("%s: %d changes were acknowledged, global has columns %v", w.table, w.done, got)
		}
	}
	t.Logf("%d changes of vtsync's in %s", acknowledged.Load(), time.Since(began))
	if n := acknowledged.Load(); n < enough {
		t.Errorf("%d changes of vtsync's, want at least %d", n, enough)
	}
	for _, p := range people {
		t.Logf("%s: %d changes, %d refused", p.name, len(p.done), p.refused)
		if len(p.done) == 0 {
			t.Errorf("%s made no change at all", p.name)
		}
		for _, table := range p.done {
			if global.Tables[table] == nil {
				t.Errorf("%s: table %s was acknowledged and is lost", p.name, table)
			}
		}
	}
	for _, cell := range e.Cells() {
		if !proto.Equal(e.srv(cell).Keyspaces["commerce"], global) {
			t.Errorf("cell %s does not hold what global holds", cell)
		}
	}
	for _, gate := range e.VTGates() {
		for table := range global.Tables {
			if err := e.ServesTable(t.Context(), gate, "commerce", table); err != nil {
				t.Error(err)
			}
		}
	}
	e.ok("status", e.dir)
}

// writer is one vtsync after the other, from a folder of its own. Each change
// adds a column to its table, so that any change lost is missed in the end.
type writer struct {
	*env
	table                  string
	done, refused, resumed int
	applying               atomic.Pointer[os.Process]
	landed                 atomic.Int64 // columns in global
}

// impatient makes the writer press Ctrl-C whenever a change of its own has just
// landed, so that each of its rollouts parks.
func (w *writer) impatient() {
	w.OnWrite(cluster.Vtsync, func(ev proxy.WriteEvent) proxy.Verdict {
		if ev.Stage != proxy.BeforeReply || !ev.Landed {
			return proxy.Pass
		}
		for _, op := range ev.Ops {
			v := &vschemapb.Keyspace{}
			if op.Key != commerceKey || proto.Unmarshal(op.Value, v) != nil {
				continue
			}
			now := int64(len(v.Tables[w.table].GetColumns()))
			if p := w.applying.Load(); now > w.landed.Swap(now) && p != nil {
				_ = p.Signal(os.Interrupt)
			}
		}
		return proxy.Pass
	})
}

func columns(n int) []string {
	names := make([]string, 0, n)
	for i := range n {
		names = append(names, fmt.Sprintf("c%03d", i))
	}
	return names
}

// change makes one change, or finds that others were faster.
func (w *writer) change() (bool, error) {
	r, err := w.apply()
	switch {
	case err != nil:
		return false, err
	case r.code == 3:
		w.refused++
		return false, nil
	case r.code == 4:
		if err := w.resume(r); err != nil {
			return false, err
		}
	}
	w.done++
	return true, nil
}

// apply tries to give the table one more column than there are changes.
func (w *writer) apply() (result, error) {
	// What the last try could not apply is given up.
	if _, err := w.try([]int{0}, "pull", "--force", "--keyspace", "commerce", w.dir); err != nil {
		return result{}, err
	}
	if err := w.tryEdit("commerce", func(v map[string]any) {
		var cols []any
		for _, name := range columns(w.done + 1) {
			cols = append(cols, map[string]any{"name": name})
		}
		table(v, w.table)["columns"] = cols
	}); err != nil {
		return result{}, err
	}
	if r, err := w.try([]int{0, 3}, "plan", w.dir); err != nil || r.code == 3 {
		return r, err // others have changed the same table
	}
	p := w.prepare("apply", "--yes", "--format", "json", w.dir)
	if err := p.cmd.Start(); err != nil {
		return result{}, err
	}
	w.applying.Store(p.cmd.Process)
	defer w.applying.Store(nil)
	r, err := p.end()
	if err == nil && r.code != 0 && r.code != 3 && r.code != 4 {
		err = fmt.Errorf("apply: exit %d\n%s", r.code, r)
	}
	return r, err
}

// resume goes on with a rollout that has parked, until it is committed.
func (w *writer) resume(r result) error {
	deadline := time.Now().Add(patience)
	for r.code == 4 {
		var rec rollout.Record
		if err := json.Unmarshal([]byte(r.stdout), &rec); err != nil || rec.ID == "" {
			return fmt.Errorf("exit 4 without a record: %w\n%s", err, r)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("rollout %s still parks: %s", rec.ID, r)
		}
		w.resumed++
		var err error
		if r, err = w.try([]int{0, 4}, "resume", rec.ID, "--format", "json"); err != nil {
			return err
		}
	}
	return nil
}

// person makes changes by a statement that Vitess runs as a read, a change and
// a CAS, and so is told when another was faster.
type person struct {
	name    string
	change  func(statement string) error
	done    []string // tables that were acknowledged
	refused int
}

func (p *person) work(done func() bool) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for n := 0; !done(); n++ {
		table := fmt.Sprintf("%s_%03d", p.name, n)
		if p.change("alter vschema add table commerce."+table) == nil {
			p.done = append(p.done, table)
		} else {
			p.refused++
		}
		<-tick.C
	}
}
