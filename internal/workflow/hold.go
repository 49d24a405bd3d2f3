package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Hold is a reason why no record of some keyspaces may be written now, whatever
// the change is.
type Hold struct {
	// Workflow is the one that holds them; it has no name where workflows could
	// not be listed.
	Workflow planes.Workflow
	// Keyspaces are those that are held, sorted; none means every one.
	Keyspaces []string
	Text      string
	Remedy    string
}

// On tells whether a keyspace is held.
func (h Hold) On(keyspace string) bool {
	return len(h.Keyspaces) == 0 || slices.Contains(h.Keyspaces, keyspace)
}

// Holds lists what makes every write of a record wait, in one order: what is
// not known first. A workflow is listed by its target, and any target may have
// any keyspace for its source: where one keyspace's workflows are unread, all
// keyspaces are held.
func Holds(p planes.Physical, g planes.Global) []Hold {
	if p.Err != "" {
		return []Hold{{Text: "nobody can tell which workflows run: " + p.Err, Remedy: "vtsync doctor looks at the vtctld"}}
	}
	var out []Hold
	unread := make([]string, 0, len(p.Unread))
	for ks := range p.Unread {
		unread = append(unread, ks)
	}
	slices.Sort(unread)
	for _, ks := range unread {
		out = append(out, Hold{
			Text:   fmt.Sprintf("the workflows of keyspace %s cannot be listed, and any may run: %s", ks, p.Unread[ks]),
			Remedy: "vtctldclient GetWorkflows --show-all " + errs.Word(ks),
		})
	}
	for _, w := range sorted(p.Workflows) {
		if why := holding(w, g); why != "" {
			ends := []string{w.Source, w.Target}
			slices.Sort(ends)
			out = append(out, Hold{Workflow: w, Keyspaces: slices.Compact(ends), Text: Describe(w) + ": " + why, Remedy: holdRemedy(w)})
		}
	}
	return out
}

// holding says why a workflow holds both of its keyspaces; empty where it does
// not.
func holding(w planes.Workflow, g planes.Global) string {
	switch {
	case !known(w.Type):
		return "this build does not know the type, nor what it owns"
	case fills(w) && len(w.Tables) == 0:
		return "no stream of it names a table that it fills, so that any table may be its own"
	case w.Type == lookup:
		return lookupHolds(w, g.Keyspaces[w.Source].VSchema)
	default:
		return ""
	}
}

// lookupHolds finds the moments in which LookupVindex has read a record and
// will save it on the version of that read: any write between makes the save
// fail, and the workflow cannot be brought on from there by any command. On a
// failed create it also puts back the target's old record, without a version.
func lookupHolds(w planes.Workflow, source *vschema.Keyspace) string {
	if len(w.LookupVindexes) == 0 {
		return "it does not say which vindexes it fills"
	}
	for _, name := range w.LookupVindexes {
		v := source.GetVindexes()[name]
		switch {
		case v == nil:
			return fmt.Sprintf("its vindex %s.%s is not in the VSchema yet, and any write would make its create fail", w.Source, name)
		case freezing(w) && v.GetParams()[vschema.ParamWriteOnly] == "true":
			return fmt.Sprintf("it is frozen and its vindex %s.%s is still write_only, and any write would make its externalize fail", w.Source, name)
		}
	}
	return ""
}

// freezing tells whether externalize has begun to freeze the streams: it goes
// from shard to shard.
func freezing(w planes.Workflow) bool { return w.Frozen || w.AnyFrozen }

func holdRemedy(w planes.Workflow) string {
	switch {
	case known(w.Type) && fills(w) && len(w.Tables) == 0:
		return fmt.Sprintf("see its streams: vtctldclient GetWorkflows --workflow %s --show-all %s; a workflow that is only being made names them in a moment, one without any is deleted by: vtctldclient Workflow --keyspace %s delete --workflow %s --keep-data --keep-routing-rules",
			errs.Word(w.Name), errs.Word(w.Target), errs.Word(w.Target), errs.Word(w.Name))
	case w.Type != lookup:
		return Remedy(w)
	}
	of := lookupCommand(w)
	if freezing(w) {
		// No command goes on from there. ALTER VSCHEMA cannot change a param: the
		// vindex would be dropped and made again, and lookup rows be missed.
		return fmt.Sprintf("it ends with the externalize that runs now; where none runs, save the VSchema of %s without write_only, in one write (vtctldclient GetVSchema, ApplyVSchema), then: %scomplete --keyspace %s", w.Source, of, errs.Word(w.Source))
	}
	// What the failed create has copied stays, and another create would refuse it.
	return fmt.Sprintf("it ends with the create that runs now; where none runs: %scancel, then drop table %s in %s before another create", of, strings.Join(w.Tables, ", "), w.Target)
}

func known(name string) bool {
	return slices.Contains([]string{lookup, moveTables, migrate, reshard, materialize, onlineDDL}, name)
}
