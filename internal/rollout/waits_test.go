package rollout_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

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

// TestRetriesAreLoggedSparsely: a topo that never answers does not fill the log.
func TestRetriesAreLoggedSparsely(t *testing.T) {
	c := newClockwork(t)
	c.feed(rollout.Start{At: c.at()})
	for range rollout.RetryBudget {
		c.feed(rollout.Admitted{At: c.at(), Verdict: rollout.Wait, Code: rollout.CodeWait, Reason: "silent", Transient: true})
		c.feed(rollout.Tick{At: c.at()})
	}
	if c.rec.Retries != rollout.RetryBudget || len(c.rec.Log) > 12 {
		t.Errorf("%d retries, %d lines in the log", c.rec.Retries, len(c.rec.Log))
	}
	c.feed(rollout.Admitted{At: c.at(), Verdict: rollout.Wait, Code: rollout.CodeWait, Reason: "silent", Transient: true})
	if c.rec.State != rollout.Canceled || c.rec.Code != rollout.CodeBudget {
		t.Errorf("%s (%s) after the budget is spent", c.rec.State, c.rec.Code)
	}
}
