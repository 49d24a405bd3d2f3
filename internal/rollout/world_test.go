package rollout_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"pgregory.net/rapid"

	"github.com/vtsync/vtsync/internal/planes"
)

// topoRecord is one record of a simulated topo server: every revision is kept,
// and a write lands only on the version that it names.
type topoRecord struct {
	name      string
	revisions []revision // by version; version 0 is the absent record
}

type revision struct {
	values map[string]string // entry -> value
	by     string
}

func (r *topoRecord) version() int              { return len(r.revisions) - 1 }
func (r *topoRecord) values() map[string]string { return r.revisions[r.version()].values }

func (r *topoRecord) token() planes.Token {
	if r.version() == 0 {
		return planes.Absent()
	}
	return planes.Token{Version: strconv.Itoa(r.version()), Hash: "h"}
}

func versionOf(t planes.Token) int {
	if t.IsAbsent() {
		return 0
	}
	v, err := strconv.Atoi(t.Version)
	if err != nil {
		panic(fmt.Sprintf("token %+v was never read", t))
	}
	return v
}

// write is a compare-and-swap on its way to a record.
type write struct {
	rec    *topoRecord
	at     int // the version that it was decided on
	values map[string]string
	by     string
}

func (w write) dead() bool { return w.rec.version() != w.at }

// The writers whose revisions the tests tell apart.
const (
	byOther   = "other"
	byForward = "forward" // with the phase behind it
	byBack    = "back"
	byFence   = "fence"
	byCells   = "cells"
)

// change is what the plan does to one entry of one keyspace.
type change struct{ keyspace, entry, before, after string }

// world is a simulated cluster with other writers in it.
type world struct {
	t       *rapid.T
	phases  [][]change // a phase without changes only heals cells
	globals map[string]*topoRecord
	cells   map[string]*topoRecord
	silent  map[string]bool
	broken  bool // vtgates break on the change
	noisy   bool // faults and other writers happen
	flight  []write
	theirs  map[string]string // what others wrote last, by keyspace.entry
	counter int
	before  map[string]map[string]string // the cells' values before the rollout
	onLand  func(write)
}

var (
	keyspaceNames = []string{"commerce", "customer"}
	cellNames     = []string{"zone1", "zone2"}
)

var sevenBits = rapid.SliceOfN(rapid.Bool(), 7, 7)

func newWorld(t *rapid.T) *world {
	w := &world{
		t: t, globals: map[string]*topoRecord{}, cells: map[string]*topoRecord{},
		silent: map[string]bool{}, theirs: map[string]string{}, before: map[string]map[string]string{},
	}
	for p := range rapid.IntRange(1, 3).Draw(t, "phases") {
		var changes []change
		for _, ks := range keyspaceNames {
			if rapid.IntRange(0, 3).Draw(t, "unchanged") != 3 {
				changes = append(changes, change{ks, fmt.Sprintf("ours%d", p), "old", "new"})
			}
		}
		w.phases = append(w.phases, changes)
	}
	for _, ks := range keyspaceNames {
		values := map[string]string{"foreign": "0"}
		for p := range w.phases {
			values[fmt.Sprintf("ours%d", p)] = "old"
		}
		w.globals[ks] = &topoRecord{name: ks, revisions: []revision{{}, {values, byOther}}}
	}
	for _, cell := range cellNames {
		w.cells[cell] = &topoRecord{name: cell, revisions: []revision{{}, {w.built(), byOther}}}
		w.before[cell] = w.cells[cell].values()
	}
	return w
}

func cellKey(keyspace, entry string) string { return keyspace + "." + entry }

// built is the SrvVSchema that a rebuild would make now.
func (w *world) built() map[string]string {
	out := map[string]string{}
	for ks, rec := range w.globals {
		for entry, value := range rec.values() {
			out[cellKey(ks, entry)] = value
		}
	}
	return out
}

// changes lists those of all phases up to one.
func (w *world) changes(phase int) []change {
	var out []change
	for _, cs := range w.phases[:min(phase+1, len(w.phases))] {
		out = append(out, cs...)
	}
	return out
}

// chance is true in about so many of a hundred cases, while there is noise.
// The draw is of single bits, as rapid favours small numbers; it shrinks to
// false.
func (w *world) chance(percent int, label string) bool {
	return w.noisy && w.roll(label) >= 100-percent
}

// roll draws a number below 100, evenly.
func (w *world) roll(label string) int {
	n := 0
	for _, bit := range sevenBits.Draw(w.t, label) {
		n <<= 1
		if bit {
			n++
		}
	}
	return n * 100 / 128
}

// land applies a write where its version still stands.
func (w *world) land(x write) bool {
	if x.dead() {
		return false
	}
	x.rec.revisions = append(x.rec.revisions, revision{maps.Clone(x.values), x.by})
	w.onLand(x)
	return true
}

// send sends a write through a network that loses requests and replies, and
// delays requests past their deadline. Unanswered means that nothing is known.
func (w *world) send(x write) (landed, answered bool) {
	switch {
	case w.chance(10, "request dropped"):
		return false, false
	case w.chance(10, "request delayed"):
		w.flight = append(w.flight, x)
		return false, false
	}
	landed = w.land(x)
	return landed, !w.chance(10, "reply dropped")
}

// arrive lets a delayed write reach its record.
func (w *world) arrive() {
	if len(w.flight) == 0 {
		return
	}
	i := rapid.IntRange(0, len(w.flight)-1).Draw(w.t, "delayed write")
	x := w.flight[i]
	w.flight = slices.Delete(w.flight, i, i+1)
	w.land(x)
}

// otherWrites changes an entry as another careful writer does: what it read,
// with one entry changed.
func (w *world) otherWrites(entry string) {
	rec := w.globals[rapid.SampledFrom(keyspaceNames).Draw(w.t, "keyspace")]
	w.counter++
	value := fmt.Sprintf("theirs%d", w.counter)
	values := maps.Clone(rec.values())
	values[entry] = value
	w.theirs[cellKey(rec.name, entry)] = value
	w.land(write{rec, rec.version(), values, byOther})
}

// otherRebuilds writes a cell blindly, as Vitess does: from global as it is,
// or from a snapshot taken before the rollout.
func (w *world) otherRebuilds() {
	cell := rapid.SampledFrom(cellNames).Draw(w.t, "cell")
	values := w.built()
	if rapid.IntRange(0, 3).Draw(w.t, "snapshot") == 0 {
		values = w.before[cell]
	}
	rec := w.cells[cell]
	w.land(write{rec, rec.version(), values, byOther})
}

// happen lets one thing happen that is not ours.
func (w *world) happen() {
	switch n := w.roll("happens"); {
	case n >= 97:
		w.otherWrites(fmt.Sprintf("ours%d", rapid.IntRange(0, len(w.phases)-1).Draw(w.t, "phase")))
	case n >= 93:
		w.otherWrites("foreign")
	case n >= 83:
		w.otherRebuilds()
	case n >= 78:
		cell := rapid.SampledFrom(cellNames).Draw(w.t, "cell")
		w.silent[cell] = !w.silent[cell]
	case n >= 76:
		w.broken = !w.broken
	case n >= 60:
		w.arrive()
	}
}

// calm ends the noise. What is in flight stays there.
func (w *world) calm() {
	w.noisy, w.broken = false, false
	clear(w.silent)
}
