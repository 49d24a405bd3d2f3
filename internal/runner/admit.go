package runner

import (
	"context"
	"errors"

	"github.com/vtsync/vtsync/internal/admit"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/vschema"
)

// admit runs the admission checks on what global holds now. A global plane
// that does not answer has not refused: wait. Before the first phase all
// planes are looked at, as what is broken already is no evidence against us;
// before a later one only where MySQL is asked, as vtgates track its schema.
func (x *run) admit(ctx context.Context, a rollout.Admit) rollout.Event {
	snap, err := x.lookBefore(ctx, a.Phase)
	if _, damaged := errors.AsType[*errs.Invalid](err); damaged {
		return rollout.Admitted{At: x.at(), Verdict: rollout.Deny, Code: rollout.CodeDenied, Reason: err.Error()}
	}
	if err != nil {
		return rollout.Admitted{At: x.at(), Verdict: rollout.Wait, Code: rollout.CodeWait, Transient: true, Reason: "the global topo does not answer: " + err.Error()}
	}
	if a.Phase == 0 && x.nothingToDo(snap) {
		return rollout.Admitted{At: x.at(), Nothing: true}
	}
	in := admit.Input{
		Plan: x.plan, Phase: a.Phase, Global: snap.Global, VTGates: snap.VTGates,
		OpaqueVindexes: x.OpaqueVindexes, Policy: x.Policy,
		Now: x.Now(), Deadline: x.rec.Began.Add(x.Limits.Wait),
		Waits: x.rec.AllWaits(), Approvals: x.rec.Approvals, HalfOpen: x.rec.HalfOpen,
	}
	if a.Phase == 0 || x.plan.Backend == plan.BackendVTCtld {
		in.Cells = snap.Cells
	}
	if x.Physical != nil {
		found := LookPhysical(ctx, x.Physical, in)
		in.Physical = &found
		if x.plan.Undoes == "" {
			x.Looked(admit.Answers(in))
		}
	}
	v := admit.Judge(in)
	if v.Verdict == rollout.Allow {
		x.admitted = x.Now()
	}
	reason := v.Reason
	if v.Remedy != "" {
		reason += "; " + v.Remedy
	}
	return rollout.Admitted{
		At: x.at(), Verdict: v.Verdict, Code: v.Code, Reason: reason, Diff: v.Diff,
		Waits: v.Waits, Person: v.Person, Transient: v.Transient, Notes: v.Notes,
		Tokens:   admittedTokens(snap.Global, x.rec.Phases[a.Phase]),
		Baseline: x.baseline(snap),
	}
}

func (x *run) lookBefore(ctx context.Context, phase int) (*planes.Snapshot, error) {
	if phase == 0 || x.Physical != nil || x.plan.Backend == plan.BackendVTCtld {
		return x.Observe.Snapshot(ctx)
	}
	g, err := x.Topo.ReadGlobal(ctx)
	return &planes.Snapshot{Global: g}, err
}

// nothingToDo tells whether the last phase's values are in global already and
// every plane serves them: the same plan was applied before.
func (x *run) nothingToDo(snap *planes.Snapshot) bool {
	if snap.Global.ClusterID != x.plan.Cluster {
		return false
	}
	last := x.wanted(len(x.shape.writes) - 1)
	if len(last) == 0 {
		return false
	}
	for ks, want := range last {
		if vschema.Fingerprint(snap.Global.Keyspaces[ks].VSchema) != vschema.Fingerprint(want) {
			return false
		}
	}
	served := x.judgeSnapshot(snap, len(x.shape.writes)-1, true)
	return served.All() && len(served.VTGates) > 0
}
