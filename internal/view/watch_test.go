package view

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/rollout"
)

var ten = time.Date(2026, 11, 22, 22, 0, 0, 0, time.UTC)

func after(seconds int) time.Time { return ten.Add(time.Duration(seconds) * time.Second) }

func waited(name string, done int, met time.Time) rollout.Waited {
	return rollout.Waited{
		Blocker: rollout.Blocker{Kind: rollout.WaitMigration, Keyspace: "customer", Name: name, Text: "1 of 2 shards complete", Done: done, Total: 2},
		Since:   after(2), Met: met,
	}
}

// TestChanges: each thing is told once, in the order in which a person wants to
// read it; words that change at every look are no news.
func TestChanges(t *testing.T) {
	first := rollout.Record{
		ID: "r1", State: rollout.Waiting, Code: rollout.CodeWait, Reason: "running", Updated: after(2),
		Log:   []rollout.LogLine{{At: after(1), Text: "began"}, {At: after(2), Text: "waiting: running"}},
		Waits: []rollout.Waited{waited("u1", 0, time.Time{})},
	}
	words := first
	words.Reason, words.Updated = "running, 50 %", after(3)
	words.Waits = []rollout.Waited{waited("u1", 0, time.Time{})}
	words.Waits[0].Text = "50 %"
	nearer := words
	nearer.Updated, nearer.Waits = after(4), []rollout.Waited{waited("u1", 1, time.Time{})}
	met := nearer
	met.Updated, met.Waits, met.State, met.Code = after(725), []rollout.Waited{waited("u1", 1, after(725))}, rollout.Applying, ""
	met.Log = []rollout.LogLine{{At: after(2), Text: "waiting: running"}, {At: after(725), Text: "waiting -> applying"}} // the oldest was dropped
	parked := met
	parked.Updated, parked.Parked = after(800), &rollout.Park{Code: rollout.CodeLocked, Text: "held", Next: "vtsync resume r1"}
	var told []string
	old := rollout.Record{}
	for _, now := range []rollout.Record{first, first, words, nearer, met, parked} {
		told = append(told, "--")
		for _, c := range Changes(old, now) {
			line := ChangeLine(c)
			if c.Type == ChangeState {
				line = stamp(c.Time) + " state " + string(c.State)
			}
			told = append(told, strings.TrimPrefix(line, "2026-11-22 "))
		}
		old = now
	}
	want(t, strings.Join(told, "\n")+"\n", `
--
22:00:01Z began
22:00:02Z waiting: running
22:00:02Z waits for migration u1 on customer, ready on 0 of 2 shards
22:00:02Z state waiting
--
--
--
22:00:04Z waits for migration u1 on customer, ready on 1 of 2 shards
--
22:12:05Z waiting -> applying
22:12:05Z no longer waits for migration u1 on customer, after 12m3s
22:12:05Z state applying
--
22:13:20Z state applying
`)
}

func answer(first ddl.Shard) []ddl.Answer {
	first.Name = "-80"
	return []ddl.Answer{
		{Need: ddl.Need{Keyspace: "customer", Table: "orders", Columns: []string{"c"}}, Status: ddl.Waiting},
		{Need: ddl.Need{Keyspace: "customer", Migration: "u1"}, Status: ddl.Waiting, Shards: []ddl.Shard{
			first, {Name: "80-", Status: ddl.Done, Text: "complete"},
		}, VTGates: []ddl.VTGate{{Target: "h:1", Status: ddl.Waiting, Text: "does not show column c yet"}}},
		{Need: ddl.Need{Keyspace: "customer", Migration: "u2"}, Status: ddl.Done, Shards: []ddl.Shard{{Name: "0", Status: ddl.Done}}},
	}
}

func TestBars(t *testing.T) {
	got := Bars(answer(ddl.Shard{Status: ddl.Waiting, Text: "running, 41 % copied, about 3 min left", Progress: 41, RowsCopied: 410, TableRows: 1000, Stage: "copying"}), 0)
	want(t, strings.Join(got, "\n")+"\n", `
migration u1 on customer
  -80 [########------------] running, 41 % copied, about 3 min left, 410 of about 1000 rows, copying
  80- [####################] complete
  vtgate h:1: does not show column c yet
`)
	got = Bars(answer(ddl.Shard{Status: ddl.Unknown, Text: "it has no primary to ask", Progress: 400}), 0)
	if !strings.Contains(got[1], "[####################] it has no primary") {
		t.Errorf("%q", got[1])
	}
}

// TestBarsOfManyShards: however many shards and migrations there are, the bars
// have so many rows, and what is not shown is counted.
func TestBarsOfManyShards(t *testing.T) {
	var shards []ddl.Shard
	for i := range 256 {
		s := ddl.Shard{Name: fmt.Sprintf("%02x-", i), Status: ddl.Done, Progress: 100, Text: "complete"}
		switch {
		case i == 200:
			s.Status, s.Text, s.Progress = ddl.Failed, "failed", 80
		case i%4 == 0:
			s.Status, s.Text, s.Progress = ddl.Waiting, "running", float64(100-i/4)
		}
		shards = append(shards, s)
	}
	named := func(name string) ddl.Answer {
		return ddl.Answer{Need: ddl.Need{Keyspace: "customer", Migration: name}, Status: ddl.Waiting, Shards: shards}
	}
	want(t, strings.Join(Bars([]ddl.Answer{named("u1")}, 6), "\n")+"\n", `
migration u1 on customer
  c8- [################----] failed
  fc- [#######-------------] running
  f8- [#######-------------] running
  f4- [#######-------------] running
  and 252 more shards, 192 done
`)
	small := ddl.Answer{
		Need: ddl.Need{Keyspace: "customer", Migration: "u1"}, Status: ddl.Waiting,
		Shards:  []ddl.Shard{{Name: "80-", Status: ddl.Done}, {Name: "-80", Status: ddl.Waiting, Text: "running"}},
		VTGates: []ddl.VTGate{{Target: "h:1", Status: ddl.Waiting, Text: "does not show column c yet"}},
	}
	want(t, strings.Join(Bars([]ddl.Answer{small, named("u2"), named("u3")}, 10), "\n")+"\n", `
migration u1 on customer
  -80 [--------------------] running
  and 1 more shard, 1 done, 1 vtgate
migration u2 on customer
  c8- [################----] failed
  and 255 more shards, 192 done
migration u3 on customer
  c8- [################----] failed
  fc- [#######-------------] running
  and 254 more shards, 192 done
`)
	many := []ddl.Answer{named("u1"), named("u2"), named("u3"), named("u4"), small}
	for rows := 1; rows < 40; rows++ {
		for n := range many {
			if got := len(Bars(many[:n+1], rows)); got > rows {
				t.Errorf("%d migrations have %d lines, in %d rows", n+1, got, rows)
			}
		}
	}
	if got := Bars(many, 8); got[len(got)-1] != "and 3 more migrations" {
		t.Errorf("%q", got)
	}
	if got := len(Bars(many, 0)); got < 1024 {
		t.Errorf("%d lines where nothing bounds them", got)
	}
}

// TestUntouched: an open rollout that no process saves is told of.
func TestUntouched(t *testing.T) {
	open := rollout.Record{ID: "r1", State: rollout.Waiting, Updated: ten}
	parked, ended := open, open
	parked.Parked = &rollout.Park{}
	ended.State = rollout.Committed
	for _, tt := range []struct {
		rec  rollout.Record
		age  int
		want string
	}{
		{open, 179, ""},
		{open, 600, "no process has touched it for 10 min; to go on with it: vtsync resume r1"},
		{open, -600, ""}, // another host's clock
		{parked, 600, ""},
		{ended, 600, ""},
	} {
		if got := Untouched(tt.rec, after(tt.age)); got != tt.want {
			t.Errorf("%s, %d s: %q, want %q", tt.rec.State, tt.age, got, tt.want)
		}
	}
	var b strings.Builder
	if err := RolloutText(&b, Rollout{Record: open, Untouched: Untouched(open, after(600))}, Style{}); err != nil || !strings.HasSuffix(b.String(), "\nno process has touched it for 10 min; to go on with it: vtsync resume r1\n") {
		t.Errorf("%v: %s", err, b.String())
	}
}

// TestProgressNews: a shard is told of when it has gone on by a step, or when
// something else than its numbers changes.
func TestProgressNews(t *testing.T) {
	p := Progress{Step: 10}
	var told []string
	for i, s := range []ddl.Shard{
		{Status: ddl.Waiting, Text: "41 %", Progress: 41},
		{Status: ddl.Waiting, Text: "49 %", Progress: 49, ETA: 3},
		{Status: ddl.Waiting, Text: "50 %", Progress: 50},
		{Status: ddl.Waiting, Text: "51 %, throttled", Progress: 51, Throttled: "lag"},
		{Status: ddl.Waiting, Text: "52 %, throttled", Progress: 52, Throttled: "more lag"},
		{Status: ddl.Failed, Text: "failed: no space", Progress: 52, Throttled: "lag"},
	} {
		for _, c := range p.Changes("r1", answer(s), after(i)) {
			told = append(told, strings.TrimPrefix(ChangeLine(c), "2026-11-22 "))
		}
	}
	want(t, strings.Join(told, "\n")+"\n", `
22:00:00Z migration u1 on customer/-80: 41 %
22:00:00Z migration u1 on customer/80-: complete
22:00:00Z migration u2 on customer/0: done
22:00:02Z migration u1 on customer/-80: 50 %
22:00:03Z migration u1 on customer/-80: 51 %, throttled
22:00:05Z migration u1 on customer/-80: failed: no space
`)
}

func TestWaitedText(t *testing.T) {
	rec := rollout.Record{ID: "r1", State: rollout.Waiting, Phase: 1, Phases: [][]string{{"a"}, {"b"}}, Reason: "r"}
	rec.AttemptsDropped = 2
	for i := range 6 {
		rec.Attempts = append(rec.Attempts, rollout.Attempt{At: after(i), What: "reading the cells", Text: "cell zone1: no answer"})
	}
	freeze := rollout.Waited{Blocker: rollout.Blocker{Kind: rollout.WaitFreeze, Name: "weekend", Text: "until Monday"}, Phase: 1, Since: after(5)}
	rec.Waits = []rollout.Waited{waited("u1", 2, after(725)), waited("u2", 1, time.Time{}), freeze}
	rec.Parked = &rollout.Park{Text: "held", Next: "vtsync resume r1"}
	var b strings.Builder
	if err := Record(&b, rec, Style{}); err != nil {
		t.Fatal(err)
	}
	want(t, b.String(), `
rollout r1: waiting, parked
  r
  keyspaces: 
  asked again 8 times, as there was no answer; the last 5:
    2026-11-22 22:00:01Z reading the cells: cell zone1: no answer
    2026-11-22 22:00:02Z reading the cells: cell zone1: no answer
    2026-11-22 22:00:03Z reading the cells: cell zone1: no answer
    2026-11-22 22:00:04Z reading the cells: cell zone1: no answer
    2026-11-22 22:00:05Z reading the cells: cell zone1: no answer
  phase 1 of 2 waited 12m3s, 2026-11-22 22:00:02Z to 2026-11-22 22:12:05Z, for migration u1 on customer
  phase 1 of 2 waited from 2026-11-22 22:00:02Z on in vain for migration u2 on customer: 1 of 2 shards complete
  phase 2 of 2 waits since 2026-11-22 22:00:05Z for the end of freeze window weekend: until Monday
parked: held
next: vtsync resume r1
`)
}
