package admit

import (
	"fmt"
	"strings"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/workflow"
)

// workflows refuses to change what a workflow in flight owns, and waits while
// one would fail on any write of a keyspace that the phase writes, or while
// nobody can tell which run. An undo is held to it as well. A phase that only
// heals cells writes no record, so nothing holds it.
func workflows(in Input) Verdict {
	writes := in.Plan.Phases[in.Phase].Writes
	if len(writes) == 0 {
		return Verdict{}
	}
	if in.Physical == nil {
		if open := in.open(rollout.WaitWorkflow); len(open) > 0 {
			return resumedBlind("it waits for "+nameOf(open[0]), open)
		}
		return Verdict{}
	}
	claims := workflow.Claims(in.Physical.Workflows, in.Global)
	var broken []workflow.Break
	for _, w := range writes {
		after, err := vschema.DecodeJSON(w.After)
		if err != nil {
			return Verdict{Verdict: rollout.Deny, Code: rollout.CodeDenied, Reason: fmt.Sprintf("plan %s: %v", in.Plan.ID, err)}
		}
		broken = append(broken, workflow.Broken(claims, w.Keyspace, in.Global.Keyspaces[w.Keyspace].VSchema, after)...)
	}
	if refusals := workflow.Refusals(broken); len(refusals) > 0 {
		return Verdict{
			Verdict: rollout.Deny, Code: rollout.CodeWorkflow,
			Reason: refusals[0].Text, Remedy: refusals[0].Remedy + "; then plan again: vtsync plan",
		}
	}
	return held(in)
}

// held waits for what makes every write of a record wait.
func held(in Input) Verdict {
	var waits []rollout.Blocker
	var remedy string
	for _, h := range workflow.Holds(*in.Physical, in.Global) {
		var names []string
		for _, w := range in.Plan.Phases[in.Phase].Writes {
			if h.On(w.Keyspace) {
				names = append(names, w.Keyspace)
			}
		}
		if len(names) == 0 {
			continue
		}
		if len(waits) == 0 {
			remedy = h.Remedy
		}
		waits = append(waits, rollout.Blocker{
			Kind: rollout.WaitWorkflow, Keyspace: strings.Join(names, ","), Name: h.Workflow.Name, Text: h.Text,
		})
	}
	if len(waits) == 0 {
		return Verdict{}
	}
	// A vtctld that lists no workflows of a keyspace has answered: a shard
	// without a primary is waited for, and is no retry.
	return Verdict{
		Verdict: rollout.Wait, Code: rollout.CodeWorkflow, Reason: waits[0].Text, Remedy: remedy,
		Waits: waits, Transient: in.Physical.Err != "",
	}
}
