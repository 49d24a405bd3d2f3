package rollout_test

import (
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
)

// clockwork feeds events to a record, a second apart.
type clockwork struct {
	t   *testing.T
	rec rollout.Record
	now time.Time
}

func newClockwork(t *testing.T) *clockwork {
	return &clockwork{t: t, now: noon.Time, rec: rollout.Record{
		ID: "r1", State: rollout.Pending, Began: noon.Time,
		Phases: [][]string{{"commerce", "customer"}},
		Cells:  []rollout.CellWrite{{Cell: "zone1", Status: rollout.WritePlanned}},
	}}
}

func (c *clockwork) at() rollout.At {
	c.now = c.now.Add(time.Second)
	return rollout.At{Time: c.now}
}

func (c *clockwork) feed(ev rollout.Event) {
	c.t.Helper()
	rec, _, err := rollout.Advance(c.rec, ev)
	if err != nil {
		c.t.Fatal(err)
	}
	c.rec = rec
}

// fresh fails unless the deadline in hand began with the last event.
func (c *clockwork) fresh(why string) {
	c.t.Helper()
	if !c.rec.Began.Equal(c.now) {
		c.t.Errorf("%s: the deadline began %s ago", why, c.now.Sub(c.rec.Began))
	}
}

// TestOneDeadlineForWaiting: a lock that stays held is tried again and again,
// and none of it puts off the time at which the rollout gives up.
func TestOneDeadlineForWaiting(t *testing.T) {
	c := newClockwork(t)
	allow := rollout.Admitted{Verdict: rollout.Allow, Tokens: map[string]planes.Token{"commerce": token("7"), "customer": token("4")}}
	c.feed(rollout.Start{At: c.at()})
	c.feed(rollout.Admitted{At: c.at(), Verdict: rollout.Wait, Code: rollout.CodeWait, Reason: "a workflow is in flight"})
	began := c.rec.Began
	c.fresh("waiting begins")
	for range 100 {
		c.feed(rollout.Tick{At: c.at()})
		allow.At = c.at()
		c.feed(allow)
		c.feed(rollout.LockHeld{At: c.at(), By: "MoveTables"})
		if !c.rec.Began.Equal(began) {
			t.Fatalf("the deadline was put off by %s", c.rec.Began.Sub(began))
		}
	}
	if n := len(c.rec.Log); n > 4 {
		t.Errorf("%d lines in the log for one wait: %v", n, c.rec.Log)
	}
}

// TestEachWriteHasItsTime: the time that one write took is not taken from the
// next, from its undoing, or from the cells.
func TestEachWriteHasItsTime(t *testing.T) {
	c := newClockwork(t)
	c.feed(rollout.Start{At: c.at()})
	c.feed(rollout.Admitted{At: c.at(), Verdict: rollout.Allow, Tokens: map[string]planes.Token{"commerce": token("7"), "customer": token("4")}})
	c.feed(rollout.Locked{At: c.at()})
	c.fresh("first write")
	c.feed(rollout.Wrote{At: c.at(), Outcome: rollout.OutcomeUnknown})
	if c.rec.Began.Equal(c.now) {
		t.Error("repeating a write has put off its deadline")
	}
	c.feed(rollout.Wrote{At: c.at(), Outcome: rollout.Landed, Token: token("8")})
	c.fresh("second write")
	c.feed(rollout.Wrote{At: c.at(), Index: 1, Outcome: rollout.OutcomeUnknown, Expired: true})
	c.feed(rollout.Fenced{At: c.at(), Index: 1, Outcome: rollout.FencedOff, Token: token("5")})
	c.fresh("unwinding")
	c.feed(rollout.Resume{At: c.at()})
	c.fresh("resume")
}

// TestKeptBackHasItsTime: a vtctld that keeps a repeat back takes no time from what
// comes after that write: the next, or the way back.
func TestKeptBackHasItsTime(t *testing.T) {
	keptBack := func(t *testing.T) *clockwork {
		c := newClockwork(t)
		c.feed(rollout.Start{At: c.at()})
		c.feed(rollout.Admitted{At: c.at(), Verdict: rollout.Allow, Tokens: map[string]planes.Token{"commerce": token("7"), "customer": token("4")}})
		c.feed(rollout.Locked{At: c.at()})
		began := c.now
		c.feed(rollout.Wrote{At: c.at(), Outcome: rollout.OutcomeUnknown})
		for range 3 {
			c.feed(rollout.Wrote{At: c.at(), Outcome: rollout.NotSent, Silent: true})
			c.feed(rollout.Tick{At: c.at()})
			c.feed(rollout.Locked{At: c.at()})
		}
		if !c.rec.Began.Equal(began) {
			t.Error("asking again has put off the deadline")
		}
		return c
	}
	t.Run("it lands", func(t *testing.T) {
		c := keptBack(t)
		c.feed(rollout.Wrote{At: c.at(), Outcome: rollout.Landed, Token: token("8")})
		c.fresh("second write")
	})
	t.Run("its fence finds it landed", func(t *testing.T) {
		c := keptBack(t)
		c.feed(rollout.Wrote{At: c.at(), Outcome: rollout.OutcomeUnknown, Expired: true})
		c.feed(rollout.Fenced{At: c.at(), Outcome: rollout.Landed, Token: token("8")})
		c.fresh("second write")
	})
	t.Run("a person takes it back", func(t *testing.T) {
		c := keptBack(t)
		c.feed(rollout.Wrote{At: c.at(), Outcome: rollout.NotSent, Silent: true, Expired: true})
		c.feed(rollout.Rollback{At: c.at()})
		c.feed(rollout.Fenced{At: c.at(), Outcome: rollout.Landed, Token: token("8")})
		c.feed(rollout.Locked{At: c.at()})
		c.fresh("the way back")
	})
	t.Run("a person takes the write before it back", func(t *testing.T) {
		c := keptBack(t)
		c.feed(rollout.Wrote{At: c.at(), Outcome: rollout.Landed, Token: token("8")})
		c.feed(rollout.Wrote{At: c.at(), Index: 1, Outcome: rollout.NotSent, Silent: true})
		c.feed(rollout.Tick{At: c.at()})
		c.feed(rollout.Locked{At: c.at()})
		c.feed(rollout.Wrote{At: c.at(), Index: 1, Outcome: rollout.NotSent, Silent: true, Expired: true})
		c.feed(rollout.Rollback{At: c.at()})
		c.feed(rollout.Locked{At: c.at()})
		c.fresh("the way back")
	})
}

// TestRepeatsAreLoggedSparsely: a write that is sent again and again leaves the
// log its room; how often that was is in the write.
func TestRepeatsAreLoggedSparsely(t *testing.T) {
	c := newClockwork(t)
	c.feed(rollout.Start{At: c.at()})
	c.feed(rollout.Admitted{At: c.at(), Verdict: rollout.Allow, Tokens: map[string]planes.Token{"commerce": token("7"), "customer": token("4")}})
	c.feed(rollout.Locked{At: c.at()})
	before := len(c.rec.Log)
	for range 40 {
		c.feed(rollout.Wrote{At: c.at(), Outcome: rollout.OutcomeUnknown, Text: "silence"})
	}
	if lines := len(c.rec.Log) - before; lines != 6 || c.rec.Globals[0].Attempts != 41 {
		t.Errorf("%d lines for %d attempts, want 6 for 41", lines, c.rec.Globals[0].Attempts)
	}
}

// TestCellsHaveTheirTime: the way back proves the cells in a time of its own.
func TestCellsHaveTheirTime(t *testing.T) {
	c := newClockwork(t)
	c.rec.State, c.rec.Step = rollout.RollingBack, rollout.StepUnlock
	c.feed(rollout.Unlocked{At: c.at()})
	c.fresh("cells")
	c.feed(rollout.CellsRead{At: c.at()})
	if c.rec.Began.Equal(c.now) {
		t.Error("reading the cells has put off their deadline")
	}
}
