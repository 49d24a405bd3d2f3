package runner_test

import (
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/runner"
)

// TestLongWait: the longer a phase waits the less it asks, its record tells
// that a process is there, and whoever started it sees what each look found.
func TestLongWait(t *testing.T) {
	bubble(t, "an hour", func(t *testing.T, w *world) {
		physicalWorld(w)
		w.migrate(addRegion, planes.MigrationRunning, "-80", "80-")
		p := w.planAfter(t.Context(), addRegion)
		var looks, saves []time.Time
		var seen [][]ddl.Answer
		one := w.limited("one", func(d *runner.Deps) {
			d.Physical, d.Limits = w.Process("vtctld"), runner.Limits{Wait: time.Hour}
			d.Looked = func(answers []ddl.Answer) { seen = append(seen, answers) }
			seq := int64(0)
			d.Progress = func(rec rollout.Record) {
				if rec.Seq > seq {
					seq, saves = rec.Seq, append(saves, time.Now())
				}
			}
		})
		one.OnSnapshot(func() { looks = append(looks, time.Now()) })
		began := time.Now()
		rec := start(t, w, one, p)
		w.state(t, rec, rollout.Canceled, rollout.CodeWait)
		in := func(at []time.Time, from, to time.Duration) (n int) {
			for _, a := range at {
				if d := a.Sub(began); d >= from && d < to {
					n++
				}
			}
			return n
		}
		for _, tt := range []struct {
			from, to    time.Duration
			least, most int
		}{{0, time.Minute, 35, 130}, {time.Minute, 10 * time.Minute, 60, 220}, {10 * time.Minute, time.Hour, 110, 400}} {
			if n := in(looks, tt.from, tt.to); n < tt.least || n > tt.most {
				t.Errorf("%d looks from %s to %s", n, tt.from, tt.to)
			}
		}
		for i := 1; i < len(saves); i++ {
			if gap := saves[i].Sub(saves[i-1]); gap > 2*time.Minute {
				t.Errorf("nobody touched the record for %s", gap)
			}
		}
		if n := in(saves, time.Minute, time.Hour); n > 65 {
			t.Errorf("%d saves in an hour in which nothing happened", n)
		}
		if len(seen) != len(looks) || len(seen[0]) != 2 || seen[0][1].Need.Migration != addRegion {
			t.Errorf("%d looks, and %d were told of: %+v", len(looks), len(seen), seen[:1])
		}
	})
}
