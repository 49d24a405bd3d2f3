// Package admit says whether a phase of a plan may run now: one visible,
// ordered list of pure checks, each with a reason and a remedy. It must import
// no adapter, no clock, no logger and no context.
package admit

import (
	"fmt"
	"slices"
	"time"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/freeze"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Input is what the checks look at.
type Input struct {
	Plan   *plan.Plan
	Phase  int
	Global planes.Global
	// Cells are the cells as they were read beside Global; none where only
	// Global was.
	Cells []planes.Cell
	// Physical is what MySQL and the workflows were seen to hold; nil where no
	// vtctld is named, and nothing is checked of it then.
	Physical *planes.Physical
	// VTGates are the vtgates, for what their schema trackers show.
	VTGates []planes.VTGate
	// Waits are those of the record: what it has begun to wait for stays a need.
	Waits []rollout.Waited
	// Approvals are those recorded.
	Approvals []rollout.Approval
	// HalfOpen is that of the record.
	HalfOpen bool
	// Now is when the checks run, Deadline when the rollout gives up waiting.
	Now, Deadline time.Time
	// Policy bounds when and how the cluster may be changed.
	Policy Policy
	// OpaqueVindexes are the vindex types that stand in as opaque ones.
	OpaqueVindexes []string
}

// Policy is what the config says of admission. The zero value asks for nothing
// of the moment, and denies what breaks the known queries or makes them scatter.
type Policy struct {
	// BreakerPercent is how many of a keyspace's serving shards may report a
	// failed migration, in percent; zero means DefaultBreakerPercent.
	BreakerPercent float64
	// Freeze are the windows in which nothing is begun.
	Freeze []freeze.Window
	// Approvals are what a plan needs of people.
	Approvals Approvals
	// Impact bounds what a plan may do to the known queries.
	Impact impact.Policy
}

// DefaultBreakerPercent is used where the policy names none.
const DefaultBreakerPercent = 15

// Verdict is what a check says. The zero value allows.
type Verdict struct {
	Verdict rollout.Verdict
	Code    rollout.Code
	Reason  string
	Remedy  string
	Diff    string
	// Waits are what it waits for, one by one; empty where Reason says it all.
	Waits []rollout.Blocker
	// Person tells that waiting does not help: only a person can lift it.
	Person bool
	// Transient tells that something did not answer.
	Transient bool
	// Notes are what to tell beside an allowance.
	Notes []string
}

// Check is one admission check.
type Check struct {
	Name string
	// Moment tells that it judges the moment and not the plan: those come last,
	// and all of them are asked even where one waits.
	Moment bool
	Judge  func(Input) Verdict
}

// Checks are run in this order, so the same cause is always reported first: the
// first that denies decides, then the first that waits for a person, then the
// first that waits.
var Checks = []Check{
	{Name: "cluster", Judge: cluster},
	{Name: "plan", Judge: denials},
	{Name: "impact", Judge: impacts},
	{Name: "record", Judge: records},
	{Name: "cell", Judge: cells},
	{Name: "base", Judge: base},
	{Name: "whole", Judge: whole},
	{Name: "rebuild", Judge: rebuild},
	{Name: "workflows", Moment: true, Judge: workflows},
	{Name: "migrations", Moment: true, Judge: migrations},
	{Name: "approvals", Moment: true, Judge: approvals},
	{Name: "freeze", Moment: true, Judge: frozen},
}

const remedyUnknown = "use a vtsync built for the Vitess that wrote it"

// Judge runs the checks. A verdict to wait carries what every check of the moment
// waits for, so that a person sees all of it.
func Judge(in Input) Verdict {
	out := Verdict{Verdict: rollout.Allow}
	var waits []rollout.Blocker
	for _, c := range Checks {
		v := c.Judge(in)
		switch v.Verdict {
		case rollout.Deny:
			return v
		case rollout.Wait:
			waits = append(waits, v.waits()...)
			if !c.Moment {
				v.Waits = waits
				return v
			}
			if out.Verdict == rollout.Allow || v.Person && !out.Person {
				out = v
			}
		case rollout.Allow, "":
			out.Notes = append(out.Notes, v.Notes...)
		}
	}
	out.Waits = waits
	return out
}

// waits gives what a verdict waits for; its reason where it names nothing.
func (v Verdict) waits() []rollout.Blocker {
	if len(v.Waits) > 0 {
		return v.Waits
	}
	return []rollout.Blocker{{Kind: rollout.WaitOther, Text: v.Reason}}
}

// cluster refuses a plan that was made for another cluster.
func cluster(in Input) Verdict {
	if in.Plan.Cluster == in.Global.ClusterID {
		return Verdict{}
	}
	return Verdict{
		Verdict: rollout.Deny, Code: rollout.CodeDenied,
		Reason: fmt.Sprintf("plan %s was made for cluster %q, this is cluster %q", in.Plan.ID, in.Plan.Cluster, in.Global.ClusterID),
		Remedy: "plan again against this cluster: vtsync plan",
	}
}

// denials refuses a plan that was denied when it was made.
func denials(in Input) Verdict {
	if len(in.Plan.Denials) == 0 {
		return Verdict{}
	}
	d := in.Plan.Denials[0]
	return Verdict{Verdict: rollout.Deny, Code: rollout.CodeDenied, Reason: d.Text, Remedy: d.Remedy}
}

// records refuses to write what this build cannot read in full, and waits for
// what it could not read at all.
func records(in Input) Verdict {
	for _, w := range in.Plan.Phases[in.Phase].Writes {
		ks, ok := in.Global.Keyspaces[w.Keyspace]
		switch {
		case !ok || !ks.HasRecord:
			return Verdict{
				Verdict: rollout.Deny, Code: rollout.CodeDenied,
				Reason: fmt.Sprintf("keyspace %s has no Keyspace record any more", w.Keyspace),
				Remedy: "vtctldclient CreateKeyspace " + w.Keyspace,
			}
		case ks.Err != "":
			return Verdict{
				Verdict: rollout.Wait, Code: rollout.CodeWait,
				Reason: fmt.Sprintf("keyspace %s cannot be read: %s", w.Keyspace, ks.Err),
			}
		case len(ks.Unknown) > 0:
			return Verdict{
				Verdict: rollout.Deny, Code: rollout.CodeDenied,
				Reason: fmt.Sprintf("keyspace %s has fields that this build of vtsync does not know (%s): writing it would lose them", w.Keyspace, ks.Unknown[0]),
				Remedy: remedyUnknown,
			}
		}
	}
	return Verdict{}
}

// cells refuses to begin what a cell could not be given: the write of it would
// lose fields. One that has appeared since the plan was made gets the change
// too. A cell that does not answer is for the rollout to wait for.
func cells(in Input) Verdict {
	for _, c := range in.Cells {
		if len(c.Unknown) > 0 && !slices.Contains(in.Plan.IgnoredCells, c.Name) {
			return Verdict{
				Verdict: rollout.Deny, Code: rollout.CodeDenied,
				Reason: fmt.Sprintf("cell %s has fields that this build of vtsync does not know (%s): writing it would lose them", c.Name, c.Unknown[0]),
				Remedy: remedyUnknown,
			}
		}
	}
	return Verdict{}
}

// base refuses a plan whose ground has moved. The same content under a new
// version is no difference: the write just takes the new token.
func base(in Input) Verdict {
	if in.Phase == 0 {
		if changes, stale := plan.Stale(in.Plan, in.Global); stale {
			return staleVerdict(in.Plan.ID, changes)
		}
		return Verdict{}
	}
	for _, w := range in.Plan.Phases[in.Phase].Writes {
		before, err := vschema.DecodeJSON(w.Before)
		if err != nil {
			return Verdict{Verdict: rollout.Deny, Code: rollout.CodeDenied, Reason: fmt.Sprintf("plan %s: %v", in.Plan.ID, err)}
		}
		live := in.Global.Keyspaces[w.Keyspace].VSchema
		if vschema.Fingerprint(live) != vschema.Fingerprint(before) {
			return staleVerdict(in.Plan.ID, diff.Between(w.Keyspace, before, live))
		}
	}
	return Verdict{}
}

// whole builds the whole routing once more: rules and keyspaces that the plan
// does not write may have changed since it was made, and then only a mistake
// that comes of it matters.
func whole(in Input) Verdict {
	found, err := plan.Recheck(in.Plan, &planes.Snapshot{Global: in.Global}, in.OpaqueVindexes)
	if err != nil {
		return Verdict{Verdict: rollout.Deny, Code: rollout.CodeDenied, Reason: err.Error()}
	}
	if len(found) == 0 {
		return Verdict{}
	}
	return Verdict{
		Verdict: rollout.Deny, Code: rollout.CodeStale,
		Reason: fmt.Sprintf("plan %s would break routing as it is now: %s: %s", in.Plan.ID, found[0].Code, found[0].Message),
		Remedy: "plan again: vtsync plan",
	}
}

func staleVerdict(id string, changes []diff.EntryChange) Verdict {
	return Verdict{
		Verdict: rollout.Deny, Code: rollout.CodeStale,
		Reason: fmt.Sprintf("plan %s is stale: what it was made from has changed since", id),
		Remedy: "look at what changed, then plan again: vtsync plan",
		Diff:   diff.Text(changes),
	}
}

// Keyspaces names the keyspaces that a plan holds while it runs: those that it
// writes or heals, or every managed one where a whole cell is rebuilt.
func Keyspaces(p *plan.Plan) []string {
	var names []string
	for _, ph := range p.Phases {
		for _, w := range ph.Writes {
			names = append(names, w.Keyspace)
		}
		for _, h := range ph.Heals {
			if h.Keyspace != "" {
				names = append(names, h.Keyspace)
			}
		}
	}
	if len(names) == 0 {
		for ks := range p.Desired {
			names = append(names, ks)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
