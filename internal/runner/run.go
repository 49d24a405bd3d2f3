package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/vschema"
)

var tracer = otel.Tracer("github.com/vtsync/vtsync/internal/runner")

// run is one rollout in the hands of this process. One goroutine owns it.
type run struct {
	*Runner
	rec     rollout.Record
	saved   rollout.Record // as it stands in the store, where rec is not newer
	savedAt time.Time
	token   planes.Token // of the record as saved
	plan    *plan.Plan
	shape   *shape

	// admitted is when the admission checks last allowed the phase in hand, in
	// this process.
	admitted time.Time

	unlocks []func(context.Context) error
	cells   map[string]planes.Cell // as last read, for the writes decided on them
	pauses  *backoff.ExponentialBackOff
	paused  time.Time // what the pauses belong to: Record.Began
}

// Resume continues a rollout from its record, from any host.
func (r *Runner) Resume(ctx context.Context, id string, by rollout.Who) (rollout.Record, error) {
	x, err := r.open(ctx, id)
	if err != nil {
		return rollout.Record{}, err
	}
	if !x.rec.State.Final() {
		if err := x.takeHeads(context.WithoutCancel(ctx)); err != nil {
			return x.rec, err
		}
	}
	return x.loop(ctx, rollout.Resume{At: x.at(), By: by})
}

// Rollback takes an open rollout back. One that is pending has written nothing,
// and may never have got its keyspaces: it ends without them.
func (r *Runner) Rollback(ctx context.Context, id string, by rollout.Who) (rollout.Record, error) {
	x, err := r.open(ctx, id)
	if err != nil {
		return rollout.Record{}, err
	}
	if x.rec.State.Final() {
		return x.rec, fmt.Errorf("rollout %s has ended as %s: it is taken back by a plan", id, x.rec.State)
	}
	if x.rec.State != rollout.Pending {
		if err := x.takeHeads(context.WithoutCancel(ctx)); err != nil {
			return x.rec, err
		}
	}
	return x.loop(ctx, rollout.Rollback{At: x.at(), By: by})
}

func (r *Runner) open(ctx context.Context, id string) (*run, error) {
	rec, tok, err := r.record(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("reading rollout %s: %w", id, err)
	}
	raw, err := again(ctx, r.Limits, func() ([]byte, error) { return r.Store.Blob(ctx, rec.Plan) })
	if err != nil {
		return nil, fmt.Errorf("reading the plan of rollout %s: %w", id, err)
	}
	p, err := plan.Decode(raw)
	if err != nil {
		return nil, fmt.Errorf("reading the plan of rollout %s: %w", id, err)
	}
	x, err := r.newRun(p)
	if err != nil {
		return nil, err
	}
	x.rec, x.saved, x.token = rec, rec, tok
	return x, nil
}

// record reads a rollout's record with its token.
func (r *Runner) record(ctx context.Context, id string) (rec rollout.Record, tok planes.Token, err error) {
	rec, err = again(ctx, r.Limits, func() (rollout.Record, error) {
		var err error
		rec, tok, err = r.Store.Rollout(ctx, id)
		return rec, err
	})
	return rec, tok, err
}

func (r *Runner) newRun(p *plan.Plan) (*run, error) {
	s, err := newShape(p)
	if err != nil {
		return nil, err
	}
	return &run{Runner: r, plan: p, shape: s, cells: map[string]planes.Cell{}}, nil
}

func (x *run) at() rollout.At { return rollout.At{Time: x.Now()} }

// loop is the whole life of a rollout in this process: event, record, action.
func (x *run) loop(ctx context.Context, ev rollout.Event) (rollout.Record, error) {
	// Actions are not cut off by a stop: each has a deadline of its own, and
	// an action without an outcome is what a stop is to avoid.
	work, span := tracer.Start(context.WithoutCancel(ctx), "rollout", trace.WithAttributes(
		attribute.String("rollout.id", x.rec.ID), attribute.StringSlice("vitess.keyspaces", x.rec.Keyspaces)))
	defer span.End()
	defer func() { x.unlock(work) }()
	phase := newPhaseSpan(work)
	defer phase.end()
	stopped := false
	for {
		rec, actions, err := rollout.Advance(x.rec, ev)
		if err != nil {
			// What was written so far stands, and the record says what.
			return x.rec, &errs.Unknown{Msg: "this rollout cannot go on", Next: "look at it: vtsync show " + x.rec.ID, Err: err}
		}
		traceRetry(phase.in(rec), x.rec, rec)
		if err := x.save(work, rec); err != nil {
			return x.rec, err
		}
		if len(actions) == 0 {
			return x.rec, nil
		}
		if _, last := actions[0].(rollout.Finish); last {
			return x.rec, x.finish(work)
		}
		if ctx.Err() != nil && !stopped {
			stopped = true
			ev = rollout.Cancel{At: x.at()}
			continue
		}
		ev = x.step(ctx, phase.in(x.rec), actions[0])
	}
}

// step does one action under a span of its own.
func (x *run) step(stop, work context.Context, a rollout.Action) rollout.Event {
	work, span := tracer.Start(work, "rollout.step", trace.WithAttributes(
		attribute.String("rollout.id", x.rec.ID),
		attribute.String("rollout.state", string(x.rec.State)),
		attribute.String("rollout.action", a.String()),
		attribute.Int("rollout.attempt", x.attempt(a))))
	defer span.End()
	x.Log.DebugContext(work, "step", "rollout", x.rec.ID, "state", x.rec.State, "action", a.String())
	ev := x.act(stop, work, a)
	span.SetAttributes(attribute.String("rollout.event", string(ev.Kind())))
	if w, ok := ev.(rollout.Wrote); ok && w.Outcome != rollout.Landed {
		span.SetStatus(codes.Error, string(w.Outcome))
	}
	return ev
}

func (x *run) act(stop, work context.Context, a rollout.Action) rollout.Event {
	switch a := a.(type) {
	case rollout.PauseFor:
		if x.rec.State == rollout.Waiting {
			x.unlock(work) // others must not wait for what we wait for
		}
		return x.wait(stop)
	case rollout.Admit:
		return x.admit(work, a)
	case rollout.Lock:
		return x.lock(work, a)
	case rollout.Unlock:
		x.unlock(work)
		return rollout.Unlocked{At: x.at()}
	case rollout.ReadGlobals:
		return x.readGlobals(work, a)
	case rollout.SaveGlobal:
		if x.rec.Globals[a.Index].Attempts > 1 {
			x.rest(stop) // a server that answers nothing may say so at once
		}
		return x.saveGlobal(work, a)
	case rollout.Fence:
		return x.fence(work, a)
	case rollout.Inspect:
		return x.inspect(work)
	case rollout.ReadCells:
		return x.readCells(work)
	case rollout.WriteCells:
		return x.writeCells(work, a)
	default:
		return x.judge(work)
	}
}

// save writes the record where it says something new. The record in hand only
// changes once it is saved, so memory never runs ahead of the store.
func (x *run) save(ctx context.Context, rec rollout.Record) error {
	if rec.Seq > 0 && x.saysNothingNew(rec) {
		x.rec = rec
		return nil
	}
	rec.Seq++
	rec.Writer = x.writer
	tok, err := x.Store.SaveRollout(ctx, &rec, x.token)
	if err != nil {
		return notSaved(rec, err)
	}
	x.rec, x.saved, x.token, x.savedAt = rec, rec, tok, x.Now()
	x.Progress(x.rec)
	return nil
}

// wordsEvery is how often a record is saved for words alone: a migration that
// runs for hours says something else at each look.
const wordsEvery = 15 * time.Second

// beatEvery is how often a record is saved for its time alone: it tells whoever
// watches that a process is there.
const beatEvery = time.Minute

// saysNothingNew tells whether a record need not be saved.
func (x *run) saysNothingNew(rec rollout.Record) bool {
	switch since := x.Now().Sub(x.savedAt); {
	case sameButTime(rec, x.saved):
		return since < beatEvery
	default:
		return since < wordsEvery && sameButTime(wordless(rec), wordless(x.saved))
	}
}

// wordless is a record without what it says of the things that it waits for.
func wordless(rec rollout.Record) rollout.Record {
	if rec.State != rollout.Waiting {
		return rec
	}
	rec.Reason, rec.Waits = "", slices.Clone(rec.Waits)
	for i := range rec.Waits {
		rec.Waits[i].Text = ""
	}
	return rec
}

// notSaved is the error of a record that was not saved. Before the first save
// nothing was written anywhere, so its error keeps its kind.
func notSaved(rec rollout.Record, err error) error {
	switch {
	case rec.Seq == 1:
		return fmt.Errorf("recording rollout %s: %w", rec.ID, err)
	case isConflict(err):
		return &errs.Unknown{Msg: fmt.Sprintf("rollout %s is in the hands of another process", rec.ID), Next: "look at it: vtsync show " + rec.ID, Err: err}
	default:
		return &errs.Unknown{Msg: fmt.Sprintf("rollout %s: its record could not be saved", rec.ID), Next: "when topo answers again: vtsync resume " + rec.ID, Err: err}
	}
}

func sameButTime(a, b rollout.Record) bool {
	a.Updated, b.Updated = time.Time{}, time.Time{}
	return reflect.DeepEqual(a, b)
}

// phaseSpan keeps one span per phase of the plan.
type phaseSpan struct {
	root  context.Context
	ctx   context.Context
	span  trace.Span
	phase int
}

func newPhaseSpan(root context.Context) *phaseSpan { return &phaseSpan{root: root, phase: -1} }

func (p *phaseSpan) in(rec rollout.Record) context.Context {
	if rec.Phase != p.phase {
		p.end()
		p.phase = rec.Phase
		p.ctx, p.span = tracer.Start(p.root, "rollout.phase", trace.WithAttributes(
			attribute.String("rollout.id", rec.ID), attribute.Int("rollout.phase", rec.Phase)))
	}
	return p.ctx
}

func (p *phaseSpan) end() {
	if p.span != nil {
		p.span.End()
	}
}

// shape is the plan as the runner uses it: values decoded once.
type shape struct {
	// writes holds, per phase and keyspace, what is written.
	writes []map[string]write
}

type write struct {
	before, after *vschema.Keyspace
	changes       []diff.EntryChange
}

func newShape(p *plan.Plan) (*shape, error) {
	s := &shape{}
	for _, ph := range p.Phases {
		writes := map[string]write{}
		for _, w := range ph.Writes {
			before, err := decode(w.Before)
			if err != nil {
				return nil, fmt.Errorf("plan %s, keyspace %s: %w", p.ID, w.Keyspace, err)
			}
			after, err := decode(w.After)
			if err != nil {
				return nil, fmt.Errorf("plan %s, keyspace %s: %w", p.ID, w.Keyspace, err)
			}
			writes[w.Keyspace] = write{before, after, w.Changes}
		}
		s.writes = append(s.writes, writes)
	}
	return s, nil
}

func decode(raw json.RawMessage) (*vschema.Keyspace, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	return vschema.DecodeJSON(raw)
}
