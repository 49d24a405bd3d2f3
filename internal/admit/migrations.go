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
	answers := Answers(in)
	if trips := ddl.Open(answers, in.Policy.breakerPercent()); len(trips) > 0 {
		return Verdict{
			Verdict: rollout.Wait, Code: rollout.CodeBreaker, Person: true,
			Reason: tripped(trips, in.HalfOpen), Remedy: firstRemedy(answers, ddl.Failed), Waits: blockers(answers),
		}
	}
	waits := blockers(answers)
	if len(waits) == 0 {
		return Verdict{}
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
// After a written phase that is no reason to go back: somebody resumed it where
// the config lacks one.
func unwatched(in Input) Verdict {
	needs := in.Plan.Phases[in.Phase].Needs
	if len(needs) == 0 {
		return Verdict{}
	}
	v := Verdict{
		Verdict: rollout.Deny, Code: rollout.CodeDenied,
		Reason: fmt.Sprintf("plan %s waits for MySQL (%s), and no vtctld is named that could be asked", in.Plan.ID, needs[0].Text()),
		Remedy: "--vtctld HOST:PORT, or vtctld in vtsync.yaml",
	}
	if in.Phase > 0 {
		v.Verdict, v.Code, v.Person = rollout.Wait, rollout.CodeWait, true
	}
	return v
}

// Needs are what a phase waits for now: what its plan names, what it has begun to
// wait for, and what has been found pending since.
func Needs(in Input) []ddl.Need {
	needs := slices.Clone(in.Plan.Phases[in.Phase].Needs)
	for _, w := range in.Waits {
		if w.Phase == in.Phase && w.Kind == rollout.WaitMigration {
			needs = append(needs, ddl.Need{Keyspace: w.Keyspace, Migration: w.Name, From: ddl.FromPending})
		}
	}
	if in.Physical != nil {
		needs = append(needs, ddl.Pending(Touched(in.Plan, in.Phase, in.Global), in.Global, *in.Physical)...)
	}
	needs = slices.DeleteFunc(needs, func(n ddl.Need) bool { return n.Migration != "" && in.Plan.Ignores(n.Migration) })
	return ddl.Sort(needs)
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

// silent tells that vtctld did not say what is pending or how far it is.
func (in Input) silent() bool {
	if in.Physical.Err != "" {
		return true
	}
	for _, ks := range in.Physical.Keyspaces {
		if ks.MigrationsErr != "" {
			return true
		}
	}
	return false
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
