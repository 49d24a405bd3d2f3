package view

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
)

// Rollout is one rollout with all that is kept of it.
type Rollout struct {
	Record rollout.Record `json:"record"`
	Plan   *plan.Plan     `json:"plan,omitempty"`
	// PlanErr says why the plan could not be read back.
	PlanErr string `json:"plan_error,omitempty"`
	// Untouched says, of one that is open, that no process seems to run it.
	Untouched string `json:"untouched,omitempty"`
	// ByHand are the commands that take the rollout back without vtsync.
	ByHand []string `json:"by_hand,omitempty"`
}

// NewRollout joins a record and its plan.
func NewRollout(rec rollout.Record, p *plan.Plan) Rollout {
	return Rollout{Record: rec, Plan: p, ByHand: byHand(p)}
}

// byHand gives the vtctldclient commands that put back, latest phase first,
// what each written keyspace held before.
func byHand(p *plan.Plan) []string {
	if p == nil {
		return nil
	}
	var commands []string
	for i := len(p.Phases) - 1; i >= 0; i-- {
		writes := p.Phases[i].Writes
		for j := len(writes) - 1; j >= 0; j-- {
			before := string(writes[j].Before)
			if before == "" || before == "null" {
				before = "{}"
			}
			commands = append(commands, fmt.Sprintf("vtctldclient ApplyVSchema --vschema %s %s",
				errs.Word(before), errs.Word(writes[j].Keyspace)))
		}
	}
	return commands
}

// Rollouts is a list of rollouts as programs read it.
type Rollouts struct {
	Format   int              `json:"format"`
	Rollouts []rollout.Record `json:"rollouts"`
}

// NewRollouts gives records as programs read them.
func NewRollouts(records []rollout.Record) Rollouts {
	return Rollouts{Format: Format, Rollouts: records}
}

// Skipped is an apply that had nothing to do, as programs read it: there is no
// rollout to name.
type Skipped struct {
	Format    int           `json:"format"`
	State     rollout.State `json:"state"`
	PlanID    string        `json:"plan_id"`
	Keyspaces []string      `json:"keyspaces"`
	Reason    string        `json:"reason,omitempty"`
	// Kept lists what others made and the plan keeps.
	Kept []diff.EntryChange `json:"kept,omitempty"`
}

// NewSkipped gives what is to say of a plan with nothing to do; the record is
// what applying it gave.
func NewSkipped(r rollout.Record, p *plan.Plan) Skipped {
	return Skipped{Format: Format, State: r.State, PlanID: p.ID, Keyspaces: r.Keyspaces, Reason: r.Reason, Kept: p.Kept}
}

// History writes rollouts as a table, in the order given.
func History(w io.Writer, records []rollout.Record, _ Style) error {
	if len(records) == 0 {
		_, err := io.WriteString(w, "no rollout yet\n")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ROLLOUT\tSTATE\tKEYSPACES\tBEGAN\tBY\tREASON")
	for _, r := range records {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, stateText(r), strings.Join(r.Keyspaces, ","),
			stamp(r.Created), byAndApproved(r), r.Reason)
	}
	return t.Flush()
}

// Record writes where a rollout is and how it came there.
func Record(w io.Writer, r rollout.Record, style Style) error {
	p := page{style: style}
	p.record(r)
	return p.writeTo(w)
}

// Rests writes where a rollout came to rest, and what to run next.
func Rests(w io.Writer, r rollout.Record, style Style) error {
	p := page{style: style}
	p.heading(fmt.Sprintf("rollout %s: %s", r.ID, stateText(r)))
	if r.Reason != "" {
		p.line("  %s", r.Reason)
	}
	p.parked(r)
	return p.writeTo(w)
}

// untouchedAfter is how old the record of an open rollout is when no process
// runs it any more: one that does saves it each minute or so.
const untouchedAfter = 3 * time.Minute

// Untouched says that no process seems to run a rollout that has neither ended
// nor parked; empty where one does.
func Untouched(r rollout.Record, now time.Time) string {
	age := now.Sub(r.Updated)
	if r.State.Final() || r.Parked != nil || age < untouchedAfter {
		return ""
	}
	return fmt.Sprintf("no process has touched it for %d min; to go on with it: vtsync resume %s", int(age.Minutes()), r.ID)
}

// RolloutText writes a rollout with its plan and how to undo it by hand.
func RolloutText(w io.Writer, r Rollout, style Style) error {
	p := page{style: style}
	p.record(r.Record)
	if r.Untouched != "" {
		p.line("%s", p.style.paint(yellow, r.Untouched))
	}
	if r.PlanErr != "" {
		p.line("the plan cannot be shown: %s", r.PlanErr)
	}
	if r.Plan != nil {
		p.line("")
		if err := Plan(&p, r.Plan, style); err != nil {
			return err
		}
	}
	if len(r.ByHand) > 0 {
		p.line("")
		p.heading("to undo it by hand, without vtsync (this also takes back what others changed since)")
		for _, command := range r.ByHand {
			p.line("%s", command)
		}
	}
	return p.writeTo(w)
}

func (p *page) record(r rollout.Record) {
	p.heading(fmt.Sprintf("rollout %s: %s", r.ID, stateText(r)))
	if r.Reason != "" {
		p.line("  %s", r.Reason)
	}
	p.block("  ", p.style.paintDiff(r.Diff))
	p.line("  keyspaces: %s", strings.Join(r.Keyspaces, ", "))
	if by := r.By.String(); by != "" {
		p.line("  by: %s", by)
	}
	if r.By.Commit != "" {
		p.line("  commit: %s", r.By.Commit)
	}
	if r.By.CI != "" {
		p.line("  run: %s", r.By.CI)
	}
	if r.By.OverPause {
		p.line("  over a pause, which they confirmed")
	}
	for _, a := range r.Approvals {
		p.line("  approved: %s %s%s", stamp(a.At), a.By, detail(a.By.CI))
	}
	if r.Undoes != "" {
		p.line("  undoes: %s", r.Undoes)
	}
	for _, g := range r.Globals {
		p.line("  global topo, keyspace %s: %s", g.Keyspace, g.Status)
	}
	for _, c := range r.Cells {
		p.line("  cell %s: %s%s", c.Cell, c.Status, detail(c.Detail))
	}
	if r.ForeignRebuild {
		p.line("  somebody else's rebuild shipped a part of it: half of the phase may have been served")
	}
	p.attempts(r)
	for _, w := range r.Waits {
		p.line("  %s", waitedText(r, w))
	}
	for _, l := range r.Log {
		p.line("  %s %s", stamp(l.At), l.Text)
	}
	p.parked(r)
}

// attemptsShown is how many attempts people are shown; programs get all.
const attemptsShown = 5

// attempts writes what did not answer and was asked again.
func (p *page) attempts(r rollout.Record) {
	n := r.Attempted()
	if n == 0 {
		return
	}
	latest := r.Attempts[max(0, len(r.Attempts)-attemptsShown):]
	text := "  asked again " + count(n, "time") + ", as there was no answer"
	if n > len(latest) {
		text += fmt.Sprintf("; the last %d", len(latest))
	}
	p.line("%s:", text)
	for _, a := range latest {
		p.line("    %s %s: %s", stamp(a.At), a.What, a.Text)
	}
}

func (p *page) parked(r rollout.Record) {
	if r.Parked != nil {
		p.line("%s %s", p.style.paint(yellow, "parked:"), r.Parked.Text)
		p.line("next: %s", r.Parked.Next)
	}
}

// waitedText says what a phase waited for, and for how long.
func waitedText(r rollout.Record, w rollout.Waited) string {
	phase := fmt.Sprintf("phase %d of %d", w.Phase+1, len(r.Phases))
	switch {
	case !w.Met.IsZero():
		return fmt.Sprintf("%s waited %s, %s to %s, for %s", phase, w.Met.Sub(w.Since).Round(time.Second), stamp(w.Since), stamp(w.Met), subjectOf(w.Blocker))
	case r.State == rollout.Waiting && w.Phase == r.Phase:
		return fmt.Sprintf("%s waits since %s for %s: %s", phase, stamp(w.Since), subjectOf(w.Blocker), w.Text)
	default:
		return fmt.Sprintf("%s waited from %s on in vain for %s: %s", phase, stamp(w.Since), subjectOf(w.Blocker), w.Text)
	}
}

func detail(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

func stateText(r rollout.Record) string {
	if r.Parked != nil {
		return string(r.State) + ", parked"
	}
	return string(r.State)
}

// byAndApproved names who started a rollout, and who else approved of it.
func byAndApproved(r rollout.Record) string {
	text := r.By.String()
	for _, a := range r.Approvals {
		if a.By.User != r.By.User {
			text += " +" + a.By.String()
		}
	}
	return text
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}
