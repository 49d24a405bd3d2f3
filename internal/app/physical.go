package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vtsync/vtsync/internal/admit"
	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// unwatched is what every plan says where no vtctld is named.
const unwatched = "no vtctld is named, so neither migrations nor workflows are checked (--vtctld HOST:PORT)"

// lookPhysical gives what a plan must know of MySQL and of the workflows; nil
// where no vtctld is named. What is asked of migrations is theirs of the keyspaces
// given, and workflows of every keyspace.
func (a *App) lookPhysical(ctx context.Context, g planes.Global, migrations map[string][]string) *planes.Physical {
	if a.vtctld == nil {
		return nil
	}
	ask := planes.Ask{Migrations: migrations}
	for _, ks := range sortedKeys(g.Keyspaces) {
		if g.Keyspaces[ks].HasRecord {
			ask.Workflows = append(ask.Workflows, ks)
		}
	}
	found := a.vtctld.Physical(ctx, ask)
	return &found
}

// asked gives the keyspaces whose migrations a plan of the files depends on, and
// the migrations that are named: those of the files, of the lookup tables of their
// vindexes, and of the flags.
func asked(tree *desired.Tree, g planes.Global, after []string) map[string][]string {
	out := make(map[string][]string)
	for name, ks := range tree.Keyspaces {
		out[name] = nil
		for _, r := range ks.Requires {
			out[name] = append(out[name], r.Migration)
		}
		for _, vs := range []*vschema.Keyspace{ks.VSchema, g.Keyspaces[name].VSchema} {
			for _, v := range vs.GetVindexes() {
				for _, lookup := range lookups(v, g) {
					if _, known := out[lookup]; !known {
						out[lookup] = nil
					}
				}
			}
		}
	}
	for _, text := range after {
		ks, uuid, named := strings.Cut(text, "=")
		switch {
		case named:
			out[ks] = append(out[ks], uuid)
		default:
			for name := range tree.Keyspaces {
				out[name] = append(out[name], text)
			}
		}
	}
	for ks, uuids := range out {
		if !g.Keyspaces[ks].HasRecord {
			delete(out, ks)
			continue
		}
		// What is no UUID is for the plan to refuse.
		uuids = slices.DeleteFunc(uuids, func(uuid string) bool { return !ddl.IsUUID(uuid) })
		slices.Sort(uuids)
		out[ks] = slices.Compact(uuids)
	}
	return out
}

// lookups gives the keyspaces in which a vindex's lookup table may be.
func lookups(v *vschema.Vindex, g planes.Global) []string {
	ks, table := ddl.LookupTable(v)
	if ks != "" || table == "" {
		return []string{ks}
	}
	var out []string
	for name, rec := range g.Keyspaces {
		if rec.VSchema.GetTables()[table] != nil {
			out = append(out, name)
		}
	}
	return out
}

// requires gives what the files beside the VSchemas name.
func (a *App) requires(tree *desired.Tree) []plan.Require {
	var out []plan.Require
	for _, name := range sortedKeys(tree.Keyspaces) {
		for _, r := range tree.Keyspaces[name].Requires {
			pos := a.files.Position(r.Pos)
			pos.Column = 0
			out = append(out, plan.Require{Keyspace: name, Migration: r.Migration, Tables: r.Tables, Where: pos.String()})
		}
	}
	return out
}

// readiness says, of each phase's needs that are not met, how far they are; that
// nobody can say what is pending is one, though no plan lists it. Only schemas are
// asked for beside what was found for the plan.
func (a *App) readiness(ctx context.Context, p *plan.Plan, snap *planes.Snapshot, found *planes.Physical) []string {
	if found == nil {
		return nil
	}
	var out []string
	for i, ph := range p.Phases {
		if len(ph.Writes)+len(ph.Heals) == 0 {
			continue
		}
		in := admit.Input{Plan: p, Phase: i, Global: snap.Global, VTGates: snap.VTGates, Physical: found}
		if more := ddl.WantsSchemas(admit.Needs(in), in.Global, *found); len(more.Schemas) > 0 {
			merged := ddl.Merge(*found, a.vtctld.Physical(ctx, more))
			in.Physical = &merged
		}
		for _, answer := range admit.Answers(in) {
			if line := outlookOf(answer); line != "" {
				out = append(out, line)
			}
		}
	}
	return out
}

// missing says which columns that a plan begins to route by are not in MySQL. A
// way back does not wait for them, and a person must know.
func (a *App) missing(ctx context.Context, p *plan.Plan, g planes.Global, found planes.Physical) []string {
	var needs []ddl.Need
	for _, ph := range p.Phases {
		needs = append(needs, plan.Columns(ph, g)...)
	}
	if more := ddl.WantsSchemas(needs, g, found); len(more.Schemas) > 0 {
		found = ddl.Merge(found, a.vtctld.Physical(ctx, more))
	}
	return missingNotes(ddl.Judge(ddl.Input{Needs: needs, Global: g, Physical: found}))
}

func missingNotes(answers []ddl.Answer) []string {
	var out []string
	for _, answer := range answers {
		switch answer.Status {
		case ddl.Done:
		case ddl.Unknown:
			out = append(out, fmt.Sprintf("this undo routes by %s, and nobody can say whether MySQL has them: %s", answer.Need.Text(), answer.Text))
		default:
			out = append(out, fmt.Sprintf("this undo routes by %s, which MySQL lacks: queries will fail: %s", answer.Need.Text(), answer.Text))
		}
	}
	return out
}

// byItsClock is said of the times of a migration: vtctld reads them from MySQL as
// text without a zone, and takes them for times in its own.
const byItsClock = " UTC by vtctld's clock"

// outlookOf says what is still to be waited for, since when, and what helps.
func outlookOf(a ddl.Answer) string {
	if a.Status == ddl.Done {
		return ""
	}
	text := fmt.Sprintf("%s: %s", a.Need.Text(), a.Text)
	if !a.Requested.IsZero() {
		text += ", requested " + a.Requested.UTC().Format(time.DateTime) + byItsClock
	}
	if !a.Started.IsZero() {
		text += ", started " + a.Started.UTC().Format(time.DateTime) + byItsClock
	}
	if a.Remedy != "" {
		text += "; " + a.Remedy
	}
	return text
}
