package plan

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// findings runs the whole check on the routing as it would be, in global and in
// every cell that holds something else; deny says whether errors stop the plan.
func (b *builder) findings(deny bool) {
	found := b.check()
	b.refuted(found)
	for i := range found {
		b.place(&found[i])
	}
	judged := lint.Suppress(found, b.in.Ignores)
	b.plan.Suppressed = judged.Suppressed
	var codes []string
	errors := 0
	for _, f := range judged.Kept {
		if f.Hazard != "" && b.allowed.hazard(f.Hazard, f.Code) {
			f.Severity = lint.Warning
		}
		b.plan.Findings = append(b.plan.Findings, f)
		if f.Severity == lint.Error && f.Hazard == "" {
			errors++
			codes = append(codes, f.Code)
		}
	}
	if deny && errors > 0 {
		b.deny(DeniedFinding, "correct what the findings name", "%d of the findings would break routing (%s)", errors, strings.Join(slices.Compact(slices.Sorted(slices.Values(codes))), ", "))
	}
}

func (b *builder) check() []lint.Finding {
	return check(b.in.Snapshot, b.globalAfter(), b.shipped(), b.plan.Cells, lint.Input{
		OpaqueVindexes: b.in.OpaqueVindexes,
		Schemas:        b.in.Schemas,
		Forbidden:      b.in.Forbidden,
	})
}

// refuted keeps the errors that Recheck, which knows less, would find beside
// those of the plan.
func (b *builder) refuted(found []lint.Finding) {
	if len(b.in.Schemas) == 0 {
		return
	}
	known := make(map[string]bool)
	for _, f := range found {
		known[findingKey(f)] = true
	}
	for _, f := range check(b.in.Snapshot, b.globalAfter(), b.shipped(), b.plan.Cells, lint.Input{OpaqueVindexes: b.in.OpaqueVindexes}) {
		if f.Severity == lint.Error && !known[findingKey(f)] {
			b.plan.Refuted = append(b.plan.Refuted, f)
		}
	}
}

// place says where a finding stands: in a file that has its entry, else in the
// cluster alone, from where it must be taken into the file to be corrected.
func (b *builder) place(f *lint.Finding) {
	if f.Pos != (errs.Position{}) {
		return // it stands in a file of another kind
	}
	desired, hasFile := b.in.Desired[f.Keyspace]
	if !hasFile || b.in.Position == nil {
		return
	}
	e, ok := f.Entry()
	switch {
	case !ok || vschema.EntryJSON(desired, e) != nil:
		f.Pos = b.in.Position(f.Keyspace, f.Path...)
	case f.Hazard == "":
		f.Next = strings.TrimSuffix(fmt.Sprintf("the file does not have this %s: take it in with vtsync pull --keyspace %s and correct it there; %s", e.Kind, f.Keyspace, f.Next), "; ")
	}
}

// Recheck runs the whole check again for a plan on what the cluster holds now,
// for what others have changed since it was built, and gives the errors that
// it did not have then.
func Recheck(p *Plan, snap *planes.Snapshot, opaqueVindexes []string) ([]lint.Finding, error) {
	after := make(map[string]*vschema.Keyspace)
	known := make(map[string]bool)
	for _, f := range p.Findings {
		known[findingKey(f)] = true
	}
	for _, f := range p.Suppressed {
		known[findingKey(f.Finding)] = true
	}
	for _, f := range p.Refuted {
		known[findingKey(f)] = true
	}
	for _, ph := range p.Phases {
		for _, w := range ph.Writes {
			ks, err := vschema.DecodeJSON(w.After)
			if err != nil {
				return nil, fmt.Errorf("check plan %s again: keyspace %s: %w", p.ID, w.Keyspace, err)
			}
			after[w.Keyspace] = ks
		}
	}
	found := check(snap, withWrites(snap.Global, after), sortedKeys(after), p.Cells, lint.Input{OpaqueVindexes: opaqueVindexes})
	return slices.DeleteFunc(found, func(f lint.Finding) bool {
		return f.Severity != lint.Error || known[findingKey(f)]
	}), nil
}

// check judges global as it would be, and each cell as it would be where that
// is something else: a cell may lack what others saved without a rebuild.
//
// In holds what is known beside the routing.
func check(snap *planes.Snapshot, after planes.Global, shipped, cells []string, in lint.Input) []lint.Finding {
	in.Before = withUnreadable(sharedSrv(snap.Global), snap)
	in.After = in.Before
	if len(shipped) > 0 {
		in.After = withUnreadable(sharedSrv(after), snap)
	}
	in.Whole = true
	in.Shards = servingShards(snap.Global)
	in.MaxCellBytes = math.MaxInt32 // the size of each cell is looked at by itself, see sizes
	out := lint.Check(in)
	errors := make(map[string]bool)
	for _, f := range out {
		errors[findingKey(f)] = f.Severity == lint.Error
	}
	for _, name := range cells {
		cell, ok := snap.Cell(name)
		if !ok || cell.Srv == nil || len(shipped) == 0 {
			continue
		}
		of := in
		of.Before, of.After = cell.Srv, MergeCell(cell.Srv, after, shipped, nil)
		if same(of.After, of.Before) || same(of.After, in.After) && same(of.Before, in.Before) {
			continue
		}
		for _, f := range lint.Check(of) {
			if f.Severity == lint.Error && !errors[findingKey(f)] {
				f.Message = fmt.Sprintf("in cell %s: %s", name, f.Message)
				out = append(out, f)
			}
		}
	}
	slices.SortStableFunc(out, lint.Finding.Compare)
	return out
}

// same tells whether vtgate would read both alike.
func same(a, b *vschema.SrvVSchema) bool {
	equal := func(x, y *vschema.Keyspace) bool { return proto.Equal(x, y) || vschema.Equal(x, y) }
	if !maps.EqualFunc(a.GetKeyspaces(), b.GetKeyspaces(), equal) {
		return false
	}
	return !slices.ContainsFunc(vschema.RuleKinds, func(kind vschema.RuleKind) bool {
		return !vschema.EqualRules(kind, vschema.RulesOf(a, kind), vschema.RulesOf(b, kind))
	})
}

// withUnreadable puts in, for each keyspace whose global record cannot be read,
// what the first cell serves: references to it are then not judged as missing.
func withUnreadable(srv *vschema.SrvVSchema, snap *planes.Snapshot) *vschema.SrvVSchema {
	for name, rec := range snap.Global.Keyspaces {
		if rec.Err == "" {
			continue
		}
		for _, c := range snap.Cells {
			if served, ok := c.Srv.GetKeyspaces()[name]; ok {
				srv.Keyspaces[name] = served
				break
			}
		}
	}
	return srv
}

func servingShards(g planes.Global) map[string][]string {
	out := make(map[string][]string)
	for name, rec := range g.Keyspaces {
		if names := serving(rec); len(names) > 0 {
			out[name] = names
		}
	}
	return out
}

func serving(rec planes.Keyspace) []string {
	var names []string
	for _, s := range rec.Shards {
		if s.Serving {
			names = append(names, s.Name)
		}
	}
	return names
}

func findingKey(f lint.Finding) string {
	return strings.Join(append([]string{f.Code, f.Keyspace, f.Message}, f.Path...), "\x00")
}
