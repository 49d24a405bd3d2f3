// Package workflow says what VReplication workflows in flight need of the
// VSchema and of the rules: which entries they own, so that nobody may change
// them (Claims), and when no write of a whole record may be made at all, since
// the next command of a workflow would fail on it (Holds). It is pure: no I/O,
// no adapter, no clock, no logger, no context.
//
// What each type of workflow reads and writes is taken from Vitess 24's
// vt/vtctl/workflow and from its vstreamer, which places rows by the VSchema
// while they are copied.
package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
)

// The types of workflows that this build knows, as GetWorkflows names them.
const (
	lookup      = "CreateLookupIndex"
	moveTables  = "MoveTables"
	migrate     = "Migrate"
	reshard     = "Reshard"
	materialize = "Materialize"
	// onlineDDL is the engine of a migration: it changes no routing, and the
	// migration itself is waited for by its UUID.
	onlineDDL = "OnlineDDL"
)

const reverseSuffix = "_reverse"

// Describe names a workflow with its type, its ends and its state.
func Describe(w planes.Workflow) string {
	state := w.State
	switch {
	case w.Frozen:
		state = strings.TrimPrefix(state+", frozen", ", ")
	case state == "":
		state = "state unknown"
	}
	ends := w.Source + " to " + w.Target
	if w.Source == w.Target || w.Source == "" {
		ends = "in " + w.Target
	}
	return fmt.Sprintf("workflow %s (%s, %s, %s)", w.Name, w.Type, ends, state)
}

// Remedy is the command that frees what a workflow owns.
func Remedy(w planes.Workflow) string {
	of := fmt.Sprintf("vtctldclient %s --workflow %s --target-keyspace %s ", w.Type, errs.Word(w.Name), errs.Word(w.Target))
	switch {
	case w.Type == lookup:
		return lookupRemedy(w)
	case w.Reverse && (w.Type == moveTables || w.Type == reshard):
		// Its forward workflow is gone, or it would not be named. A complete or a
		// cancel of it would take the tables of its target for copies.
		return fmt.Sprintf("the workflow that it is the way back of is gone; to delete it alone: vtctldclient Workflow --keyspace %s delete --workflow %s --keep-data --keep-routing-rules",
			errs.Word(w.Target), errs.Word(w.Name))
	case w.Type == materialize:
		return "a Materialize goes on until it is given up: " + of + "cancel"
	case w.Type == migrate:
		return of + "complete, or cancel"
	case w.Type != moveTables && w.Type != reshard:
		return "use a vtsync built for the Vitess that runs it"
	case w.Frozen:
		return "its traffic is switched: " + of + "complete (or reversetraffic)"
	default:
		return of + "switchtraffic and then complete; to give it up: cancel"
	}
}

func lookupRemedy(w planes.Workflow) string {
	of, source := lookupCommand(w), errs.Word(w.Source)
	if w.Frozen {
		return of + "complete --keyspace " + source
	}
	return fmt.Sprintf("once it has filled its lookup table: %sexternalize --keyspace %s, then complete; to give it up: %scancel, which leaves its vindex in the VSchema "+
		"(a vindex without an owner has no complete: its workflow fills the table for as long as it is there, and only cancel ends it)", of, source, of)
}

// lookupCommand is how a command of LookupVindex begins.
func lookupCommand(w planes.Workflow) string {
	return fmt.Sprintf("vtctldclient LookupVindex --name %s --table-keyspace %s ", errs.Word(w.Name), errs.Word(w.Target))
}

// sorted gives the workflows that count, in one order on any machine. The way
// back of another, NAME_reverse, needs just what that one does: it only counts
// where the other is gone.
func sorted(all []planes.Workflow) []planes.Workflow {
	var out []planes.Workflow
	for _, w := range all {
		forward := func(f planes.Workflow) bool {
			return f.Name+reverseSuffix == w.Name && f.Source == w.Target && f.Target == w.Source
		}
		if w.Type == onlineDDL || slices.ContainsFunc(all, forward) {
			continue
		}
		out = append(out, w)
	}
	slices.SortFunc(out, func(a, b planes.Workflow) int {
		if c := strings.Compare(a.Target, b.Target); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

// fills tells whether a workflow of this type names the tables that it fills.
func fills(w planes.Workflow) bool {
	return w.Type == lookup || w.Type == moveTables || w.Type == migrate || w.Type == materialize
}

// same tells whether two are one workflow.
func same(a, b planes.Workflow) bool { return a.Target == b.Target && a.Name == b.Name }
