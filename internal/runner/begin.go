package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vtsync/vtsync/internal/admit"
	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
)

// Start records a new rollout of the plan, takes its keyspaces' heads and runs
// it to its end or to a park. The record is returned in either case; the error
// tells why there was no rollout, or why it could not go on. When ctx ends the
// rollout parks after the action in hand.
func (r *Runner) Start(ctx context.Context, p *plan.Plan, by rollout.Who, undoes string) (rollout.Record, error) {
	raw, err := plan.Encode(p)
	if err != nil {
		return rollout.Record{}, err
	}
	x, err := r.newRun(p)
	if err != nil {
		return rollout.Record{}, err
	}
	// A stop cuts off no save: nobody could tell what became of it. The loop
	// heeds it before anything of Vitess's is written.
	work := context.WithoutCancel(ctx)
	hash, err := r.Store.PutBlob(work, raw)
	if err != nil {
		return rollout.Record{}, fmt.Errorf("storing plan %s: %w", p.ID, err)
	}
	x.rec = newRecord(p, hash, r.NewID(), by, undoes, r.Now())
	x.token = planes.Absent()
	if err := x.create(work); err != nil {
		return x.rec, err
	}
	if err := x.takeHeads(work); err != nil {
		return x.rec, x.discard(work, err)
	}
	return x.loop(ctx, rollout.Start{At: x.at()})
}

func newRecord(p *plan.Plan, hash, id string, by rollout.Who, undoes string, now time.Time) rollout.Record {
	rec := rollout.Record{
		Format: rollout.Format, ID: id, PlanID: p.ID, Plan: hash, Undoes: undoes,
		Keyspaces: admit.Keyspaces(p), By: by,
		State: rollout.Pending, Created: now, Updated: now, Began: now,
		Approvals: rollout.Approved(nil, by, now),
	}
	rec.By.Approves = false // kept as an approval
	hazard := plan.UndoHazard(p)
	rec.UndoHazard = string(hazard)
	rec.AutoUndo = !hazard.Worse(diff.Scatter)
	for _, ph := range p.Phases {
		names := make([]string, 0, len(ph.Writes))
		for _, w := range ph.Writes {
			names = append(names, w.Keyspace)
		}
		rec.Phases = append(rec.Phases, names)
	}
	for _, c := range p.Cells {
		rec.Cells = append(rec.Cells, rollout.CellWrite{Cell: c, Status: rollout.WritePlanned})
	}
	return rec
}

// create saves the first record. One without an answer may still land, with
// nobody to run it: a record that has ended is then created in its place, on
// the same absent token. Only one of the two can ever stand.
func (x *run) create(ctx context.Context) error {
	unanswered := x.save(ctx, x.rec)
	if !isUnknown(unanswered) {
		return unanswered
	}
	ended, err := x.denied(unanswered)
	if err != nil {
		return err
	}
	switch err := x.save(ctx, ended); {
	case err == nil:
		return x.notBegun(unanswered)
	case isConflict(err):
		rec, tok, err := x.Store.Rollout(ctx, x.rec.ID)
		if err != nil || rec.Writer != x.writer {
			return x.doubtful(unanswered)
		}
		x.rec, x.token = rec, tok // ours has landed after all
		return nil
	default:
		return x.doubtful(unanswered)
	}
}

// discard ends a rollout that did not get its keyspaces, and lets those go that
// it has. Once its record says that it has ended, a head that names it all the
// same, by a save that lands late, is settled by whoever comes next.
func (x *run) discard(ctx context.Context, why error) error {
	ended, err := x.denied(why)
	if err != nil {
		return err
	}
	if err := x.save(ctx, ended); err != nil {
		return x.doubtful(fmt.Errorf("%w; %w", why, err))
	}
	x.releaseHeads(ctx)
	if isUnknown(why) {
		return x.notBegun(why)
	}
	return why
}

// denied gives the record of a rollout that ends before it began.
func (x *run) denied(why error) (rollout.Record, error) {
	rec, _, err := rollout.Advance(x.rec, rollout.Admitted{At: x.at(), Verdict: rollout.Deny, Code: rollout.CodeDenied, Reason: why.Error()})
	return rec, err
}

// notBegun is the error of a rollout that surely never runs. Why it was given
// up is told as text only: silence is no doubt any more.
func (x *run) notBegun(why error) error {
	return &errs.Denied{
		Msg:  fmt.Sprintf("rollout %s was not begun, nothing was changed: %v", x.rec.ID, why),
		Next: "vtsync doctor shows which planes answer; then try again",
	}
}

// doubtful is the error of a rollout of which nobody can tell whether it is
// recorded as one to be run. By itself it never goes on.
func (x *run) doubtful(why error) error {
	return &errs.Unknown{
		Msg:  fmt.Sprintf("rollout %s was not begun, and may still be recorded and hold its keyspaces", x.rec.ID),
		Next: "when topo answers again: vtsync rollback " + x.rec.ID,
		Err:  why,
	}
}

func isConflict(err error) bool {
	_, ok := errors.AsType[*errs.Conflict](err)
	return ok
}

func isUnknown(err error) bool {
	_, ok := errors.AsType[*errs.Unknown](err)
	return ok
}
