package rollout_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/vtsync/vtsync/internal/rollout"
)

// TestModel drives the machine through a cluster in which requests and replies
// are lost, writes land late, others write, cells fall silent, processes die
// and people interfere; then lets the cluster calm down and checks what is
// left.
func TestModel(t *testing.T) {
	const rounds = 4 // of rapid's usual hundred each
	for i := range rounds {
		t.Run(strconv.Itoa(i), func(t *testing.T) { rapid.Check(t, hostileCluster) })
	}
}

func hostileCluster(t *rapid.T) {
	d := newDriver(t)
	d.noisy = true
	d.feed(rollout.Start{At: d.at()})
	for range rapid.SampledFrom([]int{80, 40, 20, 10, 5, 0}).Draw(t, "noisy steps") {
		if d.rec.State.Final() {
			break
		}
		d.happen()
		d.turn()
	}
	d.calm()
	d.settle()
}

func newDriver(t *rapid.T) *driver {
	d := &driver{world: newWorld(t), now: time.Unix(1_700_000_000, 0).UTC()}
	d.rec = rollout.Record{
		Format: rollout.Format, ID: "r1", Keyspaces: keyspaceNames, State: rollout.Pending,
		Created: d.now, Updated: d.now, Began: d.now,
		UndoHazard: "write_loss", AutoUndo: rapid.Bool().Draw(t, "auto undo"),
	}
	for _, cs := range d.phases {
		names := []string{}
		for _, c := range cs {
			names = append(names, c.keyspace)
		}
		d.rec.Phases = append(d.rec.Phases, names)
	}
	for _, cell := range cellNames {
		d.rec.Cells = append(d.rec.Cells, rollout.CellWrite{Cell: cell, Status: rollout.WritePlanned})
	}
	d.onLand = d.checkLanding
	return d
}

// turn does one thing: the next action, or what a person or a crash does
// instead of it.
func (d *driver) turn() {
	by := rollout.Who{User: "eve", Host: "h2"}
	if d.action == nil {
		if d.chance(20, "rollback of a parked rollout") {
			d.feed(rollout.Rollback{At: d.at(), By: by})
		} else {
			d.feed(rollout.Resume{At: d.at(), By: by})
		}
		return
	}
	switch {
	case d.chance(5, "crash before the action"):
		d.feed(rollout.Resume{At: d.at(), By: by})
	case d.chance(5, "crash after the action"):
		d.perform(d.action)
		d.feed(rollout.Resume{At: d.at(), By: by})
	case d.chance(1, "rollback"):
		d.feed(rollout.Rollback{At: d.at(), By: by})
	case d.chance(1, "cancel"):
		d.feed(rollout.Cancel{At: d.at()})
	default:
		d.feed(d.perform(d.action))
	}
}

// feed gives an event to the machine and saves the record, as a store would.
func (d *driver) feed(ev rollout.Event) {
	rec, actions, err := rollout.Advance(d.rec, ev)
	if err != nil {
		d.t.Fatalf("%v", err)
	}
	switch {
	case len(actions) > 1:
		d.t.Fatalf("%d actions: %v", len(actions), actions)
	case (len(actions) == 0) != (rec.Parked != nil):
		d.t.Fatalf("actions %v while parked is %v", actions, rec.Parked)
	case rec.Then != "" && rec.State != rollout.Applying:
		d.t.Fatalf("%s while a phase is being unwound", rec.State)
	case rec.Retries > rollout.RetryBudget:
		d.t.Fatalf("%d retries", rec.Retries)
	case rec.HalfOpen && rec.Parked != nil && rec.Parked.Code == rollout.CodeBreaker:
		d.t.Fatalf("the breaker is open and half open")
	}
	d.checkWaits(rec)
	d.rec = stored(d.t, rec)
	d.action = nil
	if len(actions) == 1 {
		d.action = actions[0]
	}
	text := ""
	if d.rec.Parked != nil {
		text = "parked: " + d.rec.Parked.Text
	}
	d.t.Logf("%s %+v => %s/%s %v %s", ev.Kind(), ev, d.rec.State, d.rec.Step, actions, text)
	if d.rec.State.Final() {
		d.checkFinal()
	}
}

// checkWaits refuses a thing waited for twice, or still waited for by a phase
// that was admitted.
func (d *driver) checkWaits(rec rollout.Record) {
	seen := map[string]bool{}
	for _, w := range rec.Waits {
		key := fmt.Sprint(w.Phase, w.Kind, w.Keyspace, w.Name)
		if seen[key] {
			d.t.Fatalf("waited for twice: %+v", rec.Waits)
		}
		seen[key] = true
		admitted := w.Phase < rec.Phase || rec.State == rollout.Validating || rec.State == rollout.Committed
		if admitted && w.Met.IsZero() && rec.State != rollout.RollingBack && !rec.State.Final() {
			d.t.Fatalf("%s, phase %d, and still waits: %+v", rec.State, rec.Phase, w)
		}
	}
}

// stored is the record as it reads back from a store.
func stored(t interface{ Fatalf(string, ...any) }, rec rollout.Record) rollout.Record {
	raw, err := json.Marshal(rec)
	if err != nil {
		t.Fatalf("%v", err)
	}
	var back rollout.Record
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatalf("%v", err)
	}
	again, err := json.Marshal(back)
	if err != nil || string(again) != string(raw) {
		t.Fatalf("record reads back as\n%s\nand was\n%s (%v)", again, raw, err)
	}
	return back
}

// settle lets a calm world come to its end: by itself, else by a person who
// resumes, else by one who rolls back.
func (d *driver) settle() {
	for round := range 5 {
		for steps := 0; d.action != nil && !d.rec.State.Final(); steps++ {
			if steps > 200 {
				d.t.Fatalf("still %s/%s, next %s, after %d calm steps", d.rec.State, d.rec.Step, d.action, steps)
			}
			if d.roll("arrives") >= 80 {
				d.arrive()
			}
			d.turn()
		}
		if d.rec.State.Final() {
			return
		}
		if round == 0 {
			d.feed(rollout.Resume{At: d.at()})
		} else {
			d.feed(rollout.Rollback{At: d.at()})
		}
	}
	d.t.Fatalf("parked for good in %s/%s: %+v", d.rec.State, d.rec.Step, d.rec.Parked)
}

// checkLanding refuses a write of ours that lands twice, or lands after it was
// given up.
func (d *driver) checkLanding(x write) {
	if !strings.HasPrefix(x.by, byForward) {
		return
	}
	if d.rec.State != rollout.Applying || (d.rec.Then != "" && d.rec.Then != rollout.RollingBack) {
		d.t.Fatalf("our write of %s landed in %s/%s, then %q", x.rec.name, d.rec.State, d.rec.Step, d.rec.Then)
	}
	landings := 0
	for _, r := range x.rec.revisions {
		if r.by == x.by {
			landings++
		}
	}
	if landings > 1 {
		d.t.Fatalf("our write of %s landed %d times", x.rec.name, landings)
	}
}

// checkFinal holds the end of a rollout against what it says.
func (d *driver) checkFinal() {
	all := d.changes(len(d.phases))
	switch d.rec.State {
	case rollout.Committed, rollout.Skipped:
		for _, c := range all {
			d.checkEntry(c, c.after, true)
		}
	case rollout.Failed:
		if len(d.rec.Kept) == 0 && len(all) > 0 && len(d.changes(d.rec.Phase)) > 0 {
			d.t.Fatalf("failed without a cause: %s", d.rec.Reason)
		}
		d.checkGone(all)
	case rollout.RolledBack:
		if len(d.rec.Kept) > 0 {
			d.t.Fatalf("rolled back, and others changed our entries in %v", d.rec.Kept)
		}
		d.checkGone(all)
	default:
		d.checkGone(all)
	}
	for key, value := range d.theirs {
		ks, entry, _ := strings.Cut(key, ".")
		if got := d.globals[ks].values()[entry]; got != value {
			d.t.Fatalf("%s: %s of another writer is lost, global has %s", key, value, got)
		}
	}
	d.checkFlight()
}

// checkGone refuses an end that leaves something of ours.
func (d *driver) checkGone(all []change) {
	for _, c := range all {
		d.checkEntry(c, c.after, false)
	}
}

func (d *driver) checkEntry(c change, value string, want bool) {
	if got := d.globals[c.keyspace].values()[c.entry]; (got == value) != want {
		d.t.Fatalf("%s, and global %s.%s is %s", d.rec.State, c.keyspace, c.entry, got)
	}
	for _, cell := range cellNames {
		if got := d.cells[cell].values()[cellKey(c.keyspace, c.entry)]; (got == value) != want {
			d.t.Fatalf("%s, and cell %s serves %s for %s.%s", d.rec.State, cell, got, c.keyspace, c.entry)
		}
	}
}

// checkFlight refuses an end while a write of ours could still change what
// the cluster holds of our entries.
func (d *driver) checkFlight() {
	for _, x := range d.flight {
		if x.dead() || x.by == byFence || reflect.DeepEqual(x.values, x.rec.values()) {
			continue
		}
		d.t.Fatalf("%s, and a write (%s) of %s can still land", d.rec.State, x.by, x.rec.name)
	}
}
