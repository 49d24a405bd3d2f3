package rollout_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
)

// TestWaitsAreBounded: however much is waited for, a record keeps its room, and
// what is still waited for stays longer than what is not any more.
func TestWaitsAreBounded(t *testing.T) {
	c := newClockwork(t)
	c.feed(rollout.Start{At: c.at()})
	wait := func(waits ...rollout.Blocker) {
		if c.rec.State == rollout.Waiting {
			c.feed(rollout.Tick{At: c.at()})
		}
		c.feed(rollout.Admitted{At: c.at(), Verdict: rollout.Wait, Code: rollout.CodeWait, Reason: "r", Waits: waits})
	}
	kept := rollout.Blocker{Kind: rollout.WaitMigration, Keyspace: "customer", Name: "kept", Text: "running"}
	for i := range 100 {
		wait(kept, rollout.Blocker{Kind: rollout.WaitMigration, Keyspace: "customer", Name: fmt.Sprint("u", i), Text: "running"})
	}
	if n := len(c.rec.Waits); n != 64 || c.rec.Waits[0].Name != "kept" || c.rec.Waits[63].Name != "u99" {
		t.Errorf("%d are kept, from %s to %s", n, c.rec.Waits[0].Name, c.rec.Waits[n-1].Name)
	}
	var many []rollout.Blocker
	for i := range 500 {
		many = append(many, rollout.Blocker{Kind: rollout.WaitColumns, Keyspace: "<<<<", Name: fmt.Sprint("t", i), Text: strings.Repeat("\xff<é>\x00", 500)})
	}
	wait(many...)
	if n := len(encode(t, c.rec)); n > rollout.MaxRecordBytes/2 {
		t.Errorf("%d bytes with what is waited for", n)
	}
	if n := len(c.rec.Waits); n < 10 {
		t.Errorf("%d of 500 are kept", n)
	}
	before := encode(t, c.rec)
	c.rec.Updated = time.Time{}
	wait(many...)
	if after := encode(t, c.rec); len(after) != len(before) {
		t.Errorf("the same again changes the record from %d bytes to %d", len(before), len(after))
	}
}

// TestNotesOfAnAllowance: what was not looked at is in the log of the rollout.
func TestNotesOfAnAllowance(t *testing.T) {
	c := newClockwork(t)
	c.feed(rollout.Start{At: c.at()})
	c.feed(rollout.Admitted{
		At: c.at(), Verdict: rollout.Allow, Notes: []string{"not asked: blind:1"},
		Tokens: map[string]planes.Token{"commerce": token("7"), "customer": token("4")},
	})
	if got := encode(t, c.rec); !strings.Contains(got, "not asked: blind:1") {
		t.Errorf("the record says nothing of it: %s", got)
	}
}

// TestNeedsOutliveTheirWords: whatever a phase has begun to wait for stays known
// by its name.
func TestNeedsOutliveTheirWords(t *testing.T) {
	c := newClockwork(t)
	c.feed(rollout.Start{At: c.at()})
	wait := func(waits ...rollout.Blocker) {
		if c.rec.State == rollout.Waiting {
			c.feed(rollout.Tick{At: c.at()})
		}
		c.feed(rollout.Admitted{At: c.at(), Verdict: rollout.Wait, Code: rollout.CodeWait, Reason: "r", Waits: waits})
	}
	want := map[string]bool{}
	var waits []rollout.Blocker
	for i := range 200 {
		b := rollout.Blocker{Kind: rollout.WaitMigration, Keyspace: "customer", Name: fmt.Sprintf("%08d_3976_11ed_9442_0a43f95f28a3", i), Text: strings.Repeat("running ", 30)}
		want[b.Name], waits = true, append(waits, b)
	}
	check := func(when string) {
		t.Helper()
		got := map[string]bool{}
		for _, w := range c.rec.AllWaits() {
			if w.Phase == c.rec.Phase {
				got[w.Name] = true
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d of %d are known", when, len(got), len(want))
		}
		if n := len(c.rec.Waits); n < 50 {
			t.Errorf("%s: %d are kept with their times", when, n)
		}
		if n := len(encode(t, c.rec)); n > rollout.MaxRecordBytes*3/4 {
			t.Errorf("%s: %d bytes", when, n)
		}
	}
	wait(waits...)
	check("all at once")
	wait(waits[0])
	check("all but one complete, or lost")
	for _, b := range waits {
		wait(b)
	}
	check("one after the other")
}

// TestSilenceWhileItWaits: what does not answer before a phase begins spends no
// budget, however often it is asked; each attempt is kept, up to a bound.
func TestSilenceWhileItWaits(t *testing.T) {
	c := newClockwork(t)
	c.feed(rollout.Start{At: c.at()})
	tries := 2 * rollout.RetryBudget
	for i := range tries {
		c.feed(rollout.Admitted{At: c.at(), Verdict: rollout.Wait, Code: rollout.CodeWait, Reason: fmt.Sprint("silence ", i), Transient: true})
		if c.rec.State != rollout.Waiting || c.rec.Parked != nil {
			t.Fatalf("%s, parked %+v, after %d tries", c.rec.State, c.rec.Parked, i+1)
		}
		c.feed(rollout.Tick{At: c.at()})
	}
	if c.rec.Retries != 0 || c.rec.Attempted() != tries || len(c.rec.Log) > 13 {
		t.Errorf("%d retries, %d attempts, %d lines in the log", c.rec.Retries, c.rec.Attempted(), len(c.rec.Log))
	}
	kept := c.rec.Attempts
	last := kept[len(kept)-1]
	if len(kept) < 80 || len(kept) > 100 || last.What != "the admission checks" || last.Text != fmt.Sprint("silence ", tries-1) || !last.At.After(kept[0].At) {
		t.Errorf("%d kept, the last %+v", len(kept), last)
	}
	long := strings.Repeat("\xff<é>\x00", 500)
	for range 100 {
		c.feed(rollout.Admitted{At: c.at(), Verdict: rollout.Wait, Code: rollout.CodeWait, Reason: long, Transient: true})
		c.feed(rollout.Tick{At: c.at()})
	}
	raw, err := json.Marshal(c.rec.Attempts)
	if err != nil || len(raw) > 12<<10 || c.rec.Attempted() != tries+100 {
		t.Errorf("%d bytes of %d attempts (%v)", len(raw), c.rec.Attempted(), err)
	}
	c.feed(rollout.Tick{At: c.at(), Expired: true})
	if c.rec.State != rollout.Canceled {
		t.Errorf("%s at the end of the wait", c.rec.State)
	}
}
