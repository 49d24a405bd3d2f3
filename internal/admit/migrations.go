package admit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
)

// migrations waits until MySQL is ready for the phase, and calls a person where
// too many shards have failed. What takes a plan back is not kept waiting: the
// VSchema before the change did without the migration.
func migrations(in Input) Verdict {
	if in.Plan.Undoes != "" {
		return Verdict{}
	}
	if in.Physical == nil {
		return unwatched(in)
	}
	_, takings := found(in)
	for _, t := range takings {
		if t.Order.Denies() {
			return Verdict{Verdict: rollout.Deny, Code: rollout.CodeDenied, Reason: t.Text, Remedy: t.Remedy}
		}
	}
	answers := Answers(in)
	if trips := ddl.Open(answers, in.Policy.breakerPercent()); len(trips) > 0 {
		return Verdict{
			Verdict: rollout.Wait, Code: rollout.CodeBreaker, Person: true,
			Reason: tripped(trips, in.HalfOpen), Remedy: firstRemedy(answers, ddl.Failed), Waits: blockers(answers),
		}
	}
	waits := blockers(answers)
	if len(waits) == 0 {
		return Verdict{Notes: skipped(answers)}
	}
	reason := saying(answers)
	if more := len(waits) - 1; more > 0 {
		reason += fmt.Sprintf("; and %d more to wait for", more)
	}
	return Verdict{
		Verdict: rollout.Wait, Code: rollout.CodeWait, Reason: reason,
		Remedy: firstRemedy(answers, ddl.Failed, ddl.Unknown, ddl.Waiting), Waits: waits, Transient: in.silent(),
	}
}

// unwatched judges a plan that waits for migrations where no vtctld is named.
// What the record says that it waits for is still open, as nobody can say
// otherwise; so is the breaker. After a written phase that is no reason to go
// back: somebody resumed it where the config lacks a vtctld.
func unwatched(in Input) Verdict {
	open := in.open(rollout.WaitMigration, rollout.WaitColumns)
	if len(open) > 0 || in.HalfOpen {
		what := "the circuit breaker was open"
		if len(open) > 0 {
			what = "it waits for " + nameOf(open[0])
		}
		return resumedBlind(what, open)
	}
	needs := in.Plan.Phases[in.Phase].Needs
	if len(needs) == 0 {
		return Verdict{}
	}
	what := fmt.Sprintf("plan %s waits for MySQL (%s)", in.Plan.ID, needs[0].Text())
	if in.Phase > 0 {
		return resumedBlind(what, nil)
	}
	return Verdict{
		Verdict: rollout.Deny, Code: rollout.CodeDenied,
		Reason: what + ", and " + noVTCtld,
		Remedy: "--vtctld HOST:PORT, or vtctld in vtsync.yaml",
	}
}

const noVTCtld = "no vtctld is named that could be asked"

// resumedBlind calls a person to resume a rollout where a vtctld is named.
func resumedBlind(what string, waits []rollout.Blocker) Verdict {
	return Verdict{
		Verdict: rollout.Wait, Code: rollout.CodeWait, Person: true,
		Reason: what + ", and " + noVTCtld,
		Remedy: "resume it where a vtctld is named: --vtctld HOST:PORT",
		Waits:  waits,
	}
}

func nameOf(b rollout.Blocker) string {
	switch {
	case b.Kind == rollout.WaitMigration && b.Text == "": // the record had no room for it
		return fmt.Sprintf("migration %s of %s", b.Name, b.Keyspace)
	case b.Name == "":
		return b.Text
	case b.Kind == rollout.WaitColumns:
		return fmt.Sprintf("columns of table %s.%s: %s", b.Keyspace, b.Name, b.Text)
	case b.Kind == rollout.WaitMigration:
		return fmt.Sprintf("migration %s of %s: %s", b.Name, b.Keyspace, b.Text)
	default:
		return b.Text
	}
}

// open gives what the record says that the phase still waits for, of these kinds.
func (in Input) open(kinds ...rollout.WaitKind) []rollout.Blocker {
	var out []rollout.Blocker
	for _, w := range in.Waits {
		if w.Phase == in.Phase && w.Met.IsZero() && slices.Contains(kinds, w.Kind) {
			out = append(out, w.Blocker)
		}
	}
	return out
}

// Needs are what a phase waits for now: what its plan names, what it has begun to
// wait for, and what has been found pending since.
func Needs(in Input) []ddl.Need {
	needs, _ := found(in)
	return needs
}

// found gives what a phase waits for, and the pending migrations that it does not
// wait for, as they take away what routing names. What a person named or allowed
// is not among those.
func found(in Input) ([]ddl.Need, []ddl.Taking) {
	needs := slices.Clone(in.Plan.Phases[in.Phase].Needs)
	for _, w := range in.Waits {
		if w.Phase == in.Phase && w.Kind == rollout.WaitMigration {
			needs = append(needs, ddl.Need{Keyspace: w.Keyspace, Migration: w.Name, From: ddl.FromPending})
		}
	}
	var takings []ddl.Taking
	if in.Physical != nil {
		var pending []ddl.Need
		pending, takings = ddl.Pending(plan.ScopeOf(in.Plan.Phases[in.Phase], in.Global), in.Global, *in.Physical)
		needs = append(needs, pending...)
	}
	takings = slices.DeleteFunc(takings, func(t ddl.Taking) bool {
		return in.Plan.Ignores(t.Migration) || slices.ContainsFunc(in.Plan.Phases[in.Phase].Needs, func(n ddl.Need) bool {
			return n.Keyspace == t.Keyspace && n.Migration == t.Migration && n.From != ddl.FromPending
		})
	})
	needs = slices.DeleteFunc(needs, func(n ddl.Need) bool {
		return n.Migration != "" && (in.Plan.Ignores(n.Migration) || slices.ContainsFunc(takings, func(t ddl.Taking) bool {
			return t.Keyspace == n.Keyspace && t.Migration == n.Migration
		}))
	})
	return ddl.Sort(needs), takings
}

// Touched are the tables whose routing a phase changes.
func Touched(p *plan.Plan, phase int, g planes.Global) ddl.Touched {
	return plan.TouchedBy(p.Phases[phase], g)
}

// Answers says of each need of the phase how far it is met.
func Answers(in Input) []ddl.Answer {
	return ddl.Judge(ddl.Input{
		Needs: Needs(in), Global: in.Global, Physical: *in.Physical,
		VTGates: in.VTGates, IgnoredCells: in.Plan.IgnoredCells,
	})
}

func (p Policy) breakerPercent() float64 {
	if p.BreakerPercent == 0 {
		return DefaultBreakerPercent
	}
	return p.BreakerPercent
}

// silent tells that vtctld did not answer. That the MySQL of a keyspace cannot
// be read is an answer.
func (in Input) silent() bool { return in.Physical.Err != "" }

// skipped tells once what was not looked at, and of which need.
func skipped(answers []ddl.Answer) []string {
	var out []string
	seen := make(map[string]bool)
	for _, a := range answers {
		if a.Skipped != "" && !seen[a.Skipped] {
			seen[a.Skipped] = true
			out = append(out, a.Need.Text()+": "+a.Skipped)
		}
	}
	return out
}

func tripped(trips []ddl.Trip, again bool) string {
	var parts []string
	for _, t := range trips {
		parts = append(parts, t.Text)
	}
	text := "the circuit breaker is open: "
	if again {
		text = "the circuit breaker is still open: "
	}
	return text + strings.Join(parts, "; ")
}

// holds tells that an answer keeps the phase from running: it is not met, and does
// not only wait until others are, to be looked at then.
func holds(a ddl.Answer) bool {
	if a.Status != ddl.Waiting {
		return a.Status != ddl.Done
	}
	return len(a.VTGates) > 0 || slices.ContainsFunc(a.Shards, func(s ddl.Shard) bool { return s.Status != ddl.Done })
}

// saying says what the first of what is not done yet lacks.
func saying(answers []ddl.Answer) string {
	for _, a := range answers {
		if holds(a) {
			return a.Need.Text() + ": " + a.Brief
		}
	}
	return ""
}

// blockers gives what is not done yet.
func blockers(answers []ddl.Answer) []rollout.Blocker {
	var out []rollout.Blocker
	for _, a := range answers {
		if !holds(a) {
			continue
		}
		b := rollout.Blocker{Keyspace: a.Need.Keyspace, Text: a.Brief, Total: len(a.Shards)}
		switch {
		case a.Need.Migration != "":
			b.Kind, b.Name = rollout.WaitMigration, a.Need.Migration
		case a.Need.Table != "":
			b.Kind, b.Name = rollout.WaitColumns, a.Need.Table
		default:
			b.Kind, b.Text = rollout.WaitOther, a.Need.Text()+": "+a.Brief
		}
		for _, s := range a.Shards {
			if s.Status == ddl.Done {
				b.Done++
			}
		}
		out = append(out, b)
	}
	return out
}

// firstRemedy gives the remedy of the first answer with the first of the
// statuses that has one.
func firstRemedy(answers []ddl.Answer, statuses ...ddl.Status) string {
	for _, status := range statuses {
		for _, a := range answers {
			if a.Status == status && a.Remedy != "" {
				return a.Remedy
			}
		}
	}
	return ""
}
