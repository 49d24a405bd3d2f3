package runner

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/workflow"
)

// ownersLimit bounds the question which workflows run: it is asked while the
// keyspace lock is held, which lives for 10 s.
const ownersLimit = 3 * time.Second

// admittedFresh is how long what the admission checks saw of workflows counts as
// seen right before a write. They may take longer to look than a lock may be
// held, so that asking again each time would never come to an end.
const admittedFresh = time.Second

// owners is what workflows in flight own and hold. Where no vtctld is named it
// is empty, and nothing stands in the way.
type owners struct {
	claims []workflow.Claim
	holds  []workflow.Hold
	// global is what they were judged on; silent tells that vtctld did not
	// answer, so that all is held.
	global planes.Global
	silent bool
}

// owners asks which workflows run now. The admission checks have asked before
// the phase; before each write it is asked anew, as one may have begun since:
// before the phase was gone on with, or to use what we wrote. A vtctld that is
// being restarted, or an etcd without a leader, is asked for a moment.
func (x *run) owners(ctx context.Context) (owners, error) {
	if x.Physical == nil {
		return owners{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, ownersLimit)
	defer cancel()
	var own owners
	var unread error
	_, err := again(ctx, x.Limits, func() (struct{}, error) {
		g, err := x.Topo.ReadGlobal(ctx)
		if unread = err; err != nil {
			return struct{}{}, err
		}
		found := x.Physical.Physical(ctx, planes.Ask{Workflows: withRecord(g)})
		own = owners{
			claims: workflow.Claims(found.Workflows, g), holds: workflow.Holds(found, g),
			global: g, silent: found.Err != "",
		}
		if own.silent || len(found.Unread) > 0 {
			err = &errs.Unknown{Msg: "workflows could not be listed"}
		}
		return struct{}{}, err
	})
	if err != nil && unread != nil {
		return owners{}, fmt.Errorf("reading what workflows own: %w", unread)
	}
	return own, nil // with a hold for each that is not known
}

// withheld tells why a write of ours may not be sent now, where that is so: no
// token protects from a workflow, whose own commands may fail on any write of
// the record. One whose token is dead can do nothing any more and is sent, so
// that its answer tells what became of an earlier try.
func (x *run) withheld(ctx context.Context, w rollout.Write, want write) (withheld rollout.Wrote, is bool) {
	if x.Physical == nil || x.Now().Sub(x.admitted) < admittedFresh {
		return rollout.Wrote{}, false
	}
	own, err := x.owners(ctx)
	switch {
	case err != nil && w.Attempts > 1:
		// Nobody knows yet whether it landed: that is asked for again, or the
		// write given up, as where it is not answered itself.
		return rollout.Wrote{Outcome: rollout.OutcomeUnknown, Text: err.Error()}, true
	case err != nil:
		return rollout.Wrote{Outcome: rollout.NotSent, Text: err.Error(), Silent: true}, true
	}
	live := own.global.Keyspaces[w.Keyspace]
	if live.Token.Version != w.Token.Version {
		return rollout.Wrote{}, false
	}
	text, silent := own.hold(w.Keyspace)
	if text == "" {
		if refusals := workflow.Refusals(workflow.Broken(own.claims, w.Keyspace, live.VSchema, want.after)); len(refusals) > 0 {
			text = refusals[0].Text + "; " + refusals[0].Remedy
		}
	}
	return rollout.Wrote{Outcome: rollout.NotSent, Text: text, Silent: silent}, text != ""
}

// withRecord names, sorted, the keyspaces that exist: any may be the target of
// a workflow.
func withRecord(g planes.Global) []string {
	var names []string
	for ks, rec := range g.Keyspaces {
		if rec.HasRecord {
			names = append(names, ks)
		}
	}
	slices.Sort(names)
	return names
}

// hold says why a record may not be written at all now, empty where it may, and
// whether that is only as nobody could say which workflows run.
func (o owners) hold(keyspace string) (text string, silent bool) {
	for _, h := range o.holds {
		switch {
		case !h.On(keyspace):
		case h.Workflow.Name != "":
			return fmt.Sprintf("%s (%s)", h.Text, h.Remedy), false
		case text == "":
			text = fmt.Sprintf("%s (%s; who knows that none runs can go on with a config that names no vtctld, where the backend is topo)", h.Text, h.Remedy)
		}
	}
	return text, text != ""
}

// keep puts back into a value what must stay as it is live: the entries that
// workflows own, and the vindexes by which the tables among those are bound.
func (o owners) keep(keyspace string, live, value *vschema.Keyspace) (*vschema.Keyspace, []workflow.Break) {
	owned := workflow.Broken(o.claims, keyspace, live, value)
	if len(owned) == 0 {
		return value, nil
	}
	var entries []vschema.Entry
	for _, b := range owned {
		entries = append(entries, b.Entry)
		if b.Entry.Kind != vschema.TableEntry {
			continue
		}
		for _, cv := range live.GetTables()[b.Entry.Name].GetColumnVindexes() {
			entries = append(entries, vschema.Entry{Keyspace: keyspace, Kind: vschema.VindexEntry, Name: cv.GetName()})
		}
	}
	return withEntries(value, live, entries), owned
}

// staysText shows what is not taken back for the sake of workflows.
func staysText(keyspace string, owned []workflow.Break) string {
	if len(owned) == 0 {
		return ""
	}
	var text strings.Builder
	fmt.Fprintf(&text, "keyspace %s\n", keyspace)
	for _, b := range owned {
		fmt.Fprintf(&text, "  = %s %s\n      stays: %s owns it now (%s)\n",
			b.Entry.Kind, b.Entry.Name, workflow.Describe(b.Workflow), workflow.Remedy(b.Workflow))
	}
	return text.String()
}

// readBack tells what would be taken out of one record, and what stays. While a
// phase is unwound nothing of it may stay, as its end says that nothing was
// changed: the record is held then.
func (x *run) readBack(ctx context.Context, keyspace string, own owners) (fact rollout.GlobalFact, held string, err error) {
	if held, _ = own.hold(keyspace); held != "" {
		return fact, held, nil
	}
	live, err := x.readWritable(ctx, keyspace)
	if err != nil {
		return fact, "", err
	}
	back, err := x.revert(keyspace, live.VSchema, own)
	if err != nil {
		return fact, "", err
	}
	if len(back.owned) > 0 && x.rec.State != rollout.RollingBack {
		return fact, workflow.Refusals(back.owned)[0].Text, nil
	}
	return rollout.GlobalFact{
		Keyspace: keyspace, Token: live.Token,
		Undone:   vschema.Equal(back.value, live.VSchema),
		Conflict: diff.Text(back.conflicts) + staysText(keyspace, back.owned),
	}, "", nil
}
