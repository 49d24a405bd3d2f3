package view

import (
	"fmt"
	"slices"
	"time"

	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/rollout"
)

// The types of a Change.
const (
	ChangeState    = "state"
	ChangeLog      = "log"
	ChangeWait     = "wait"
	ChangeProgress = "progress"
	// ChangeUntouched is that no process seems to run it any more.
	ChangeUntouched = "untouched"
)

// Change is one thing that changed in a rollout that is watched: one line of
// JSON for programs. The fields of the other types are empty.
type Change struct {
	Time    time.Time `json:"time"`
	Type    string    `json:"type"`
	Rollout string    `json:"rollout"`

	// Of a state: where it is now.
	State  rollout.State `json:"state,omitempty"`
	Phase  int           `json:"phase,omitempty"`
	Code   rollout.Code  `json:"code,omitempty"`
	Reason string        `json:"reason,omitempty"`
	Parked *rollout.Park `json:"parked,omitempty"`

	// Of a log: the line; of untouched what to do.
	Text string `json:"text,omitempty"`

	// Of a wait: what it waits for, or has met.
	Wait *rollout.Waited `json:"wait,omitempty"`

	// Of a progress: the migration, and how far one shard is.
	Keyspace  string     `json:"keyspace,omitempty"`
	Migration string     `json:"migration,omitempty"`
	Shard     *ddl.Shard `json:"shard,omitempty"`
}

// Changes gives what changed in a record since it was looked at before, in the
// order in which it is to be told. Of the zero record everything is new.
func Changes(old, now rollout.Record) []Change {
	var out []Change
	for _, l := range newLines(old.Log, now.Log) {
		out = append(out, Change{Time: l.At, Type: ChangeLog, Rollout: now.ID, Text: l.Text})
	}
	for _, w := range now.Waits {
		if c, is := waitChange(old.Waits, w, now); is {
			out = append(out, c)
		}
	}
	if old.State != now.State || old.Phase != now.Phase || old.Code != now.Code || (old.Parked == nil) != (now.Parked == nil) {
		out = append(out, Change{
			Time: now.Updated, Type: ChangeState, Rollout: now.ID,
			State: now.State, Phase: now.Phase, Code: now.Code, Reason: now.Reason, Parked: now.Parked,
		})
	}
	return out
}

// newLines gives the lines of a log behind those that were there before. The
// oldest may have been dropped meanwhile.
func newLines(old, now []rollout.LogLine) []rollout.LogLine {
	if len(old) == 0 {
		return now
	}
	last := old[len(old)-1]
	for i, l := range slices.Backward(now) {
		if l.Text == last.Text && l.At.Equal(last.At) {
			return now[i+1:]
		}
	}
	return now
}

// waitChange tells whether one thing waited for is new, nearer or met. What it
// says in words may change at every look.
func waitChange(old []rollout.Waited, w rollout.Waited, now rollout.Record) (Change, bool) {
	at := slices.IndexFunc(old, func(o rollout.Waited) bool {
		return o.Phase == w.Phase && o.Kind == w.Kind && o.Keyspace == w.Keyspace && o.Name == w.Name
	})
	c := Change{Time: now.Updated, Type: ChangeWait, Rollout: now.ID, Wait: &w}
	switch {
	case at < 0 && w.Met.IsZero():
		c.Time = w.Since
	case !w.Met.IsZero() && (at < 0 || old[at].Met.IsZero()):
		c.Time = w.Met
	case at >= 0 && old[at].Done == w.Done && old[at].Total == w.Total && old[at].Met.Equal(w.Met):
		return Change{}, false
	}
	return c, true
}

// Progress tells how far migrations are, and what of it is news.
type Progress struct {
	// Step is by how many percent a shard must have gone on to be news.
	Step int
	told map[string]shardNews
}

// shardNews is what was told of one shard.
type shardNews struct {
	status       ddl.Status
	stage        string
	ready, slow  bool
	percentSteps int
}

// Changes gives the shards of which there is news.
func (p *Progress) Changes(id string, answers []ddl.Answer, at time.Time) []Change {
	if p.told == nil {
		p.told = map[string]shardNews{}
	}
	var out []Change
	for _, a := range answers {
		if a.Need.Migration == "" {
			continue
		}
		for _, s := range a.Shards {
			key := a.Need.Keyspace + "/" + a.Need.Migration + "/" + s.Name
			news := shardNews{s.Status, s.Stage, s.Ready, s.Throttled != "", int(s.Progress) / max(p.Step, 1)}
			if told, known := p.told[key]; known && told == news {
				continue
			}
			p.told[key] = news
			out = append(out, Change{
				Time: at, Type: ChangeProgress, Rollout: id,
				Keyspace: a.Need.Keyspace, Migration: a.Need.Migration, Shard: &s,
			})
		}
	}
	return out
}

// ChangeLine gives a change as one line for people; empty for a state, which
// the log tells as well.
func ChangeLine(c Change) string {
	switch c.Type {
	case ChangeLog, ChangeUntouched:
		return stamp(c.Time) + " " + c.Text
	case ChangeWait:
		return stamp(c.Time) + " " + waitLine(*c.Wait)
	case ChangeProgress:
		return fmt.Sprintf("%s migration %s on %s/%s: %s", stamp(c.Time), c.Migration, c.Keyspace, c.Shard.Name, shardText(*c.Shard))
	}
	return ""
}

func waitLine(w rollout.Waited) string {
	if !w.Met.IsZero() {
		return fmt.Sprintf("no longer waits for %s, after %s", subjectOf(w.Blocker), w.Met.Sub(w.Since).Round(time.Second))
	}
	text := "waits for " + subjectOf(w.Blocker)
	if w.Total > 0 {
		text += fmt.Sprintf(", ready on %d of %d shards", w.Done, w.Total)
	}
	return text
}

// subjectOf names what is waited for.
func subjectOf(b rollout.Blocker) string {
	switch b.Kind {
	case rollout.WaitMigration:
		return fmt.Sprintf("migration %s on %s", b.Name, b.Keyspace)
	case rollout.WaitColumns:
		return fmt.Sprintf("columns of %s.%s", b.Keyspace, b.Name)
	case rollout.WaitWorkflow:
		return named("workflow", b)
	case rollout.WaitFreeze:
		return named("the end of freeze window", b)
	case rollout.WaitApproval:
		return "approval"
	case rollout.WaitOther:
	}
	return b.Text
}

// named gives a thing by its name, or in its own words where it has none.
func named(noun string, b rollout.Blocker) string {
	switch {
	case b.Name == "":
		return b.Text
	case b.Keyspace == "":
		return noun + " " + b.Name
	default:
		return fmt.Sprintf("%s %s on %s", noun, b.Name, b.Keyspace)
	}
}
