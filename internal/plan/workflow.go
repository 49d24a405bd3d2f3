package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/workflow"
)

// backfill is a live lookup vindex with write_only: a workflow fills its lookup
// table, and while it does so vtgate must not read by it.
type backfill struct {
	keyspace, vindex string
	def              *vschema.Vindex
	// tables are those of the keyspace that have the column vindex, sorted.
	tables []string
}

// workflows denies every change of what a workflow owns. Nothing allows this
// away. A backfill is protected without a vtctld too: where the workflow itself
// is seen, it is the one that is named. What a canceled one leaves behind may be
// dropped, and nothing else: how much of its table is filled nobody knows.
func (b *builder) workflows() {
	seen := b.claims()
	for _, bf := range b.backfills() {
		entry := vschema.Entry{Keyspace: bf.keyspace, Kind: vschema.VindexEntry, Name: bf.vindex}
		if slices.ContainsFunc(seen, func(c workflow.Claim) bool { return c.Entry == entry && c.Part == workflow.Whole }) {
			continue
		}
		what := b.disturbed(bf)
		if what != "" && b.abandoned() && b.dropped(bf) {
			b.note("%s.%s is live with write_only and no workflow fills it: the plan drops what a canceled one has left", bf.keyspace, bf.vindex)
			continue
		}
		if what != "" {
			b.deny(DeniedWorkflow, bf.remedy(b.global.Keyspaces[bf.keyspace].VSchema),
				"%s.%s is live with write_only, so its lookup table is being backfilled, and the plan %s: vtgate would miss rows or stop writing lookup rows",
				bf.keyspace, bf.vindex, what)
		}
	}
}

// claims denies what would change of the workflows that are seen, notes what
// apply would wait for, and which of them explain what the plan keeps; it gives
// all that they own.
func (b *builder) claims() []workflow.Claim {
	if b.in.Physical == nil {
		return nil
	}
	claims := workflow.Claims(b.in.Physical.Workflows, b.global)
	var broken []workflow.Break
	for _, w := range b.phase.Writes {
		broken = append(broken, workflow.Broken(claims, w.Keyspace, b.global.Keyspaces[w.Keyspace].VSchema, b.after[w.Keyspace])...)
	}
	for _, r := range workflow.Refusals(broken) {
		b.deny(DeniedWorkflow, r.Remedy, "%s", r.Text)
	}
	for _, h := range workflow.Holds(*b.in.Physical, b.global) {
		if slices.ContainsFunc(b.phase.Writes, func(w GlobalWrite) bool { return h.On(w.Keyspace) }) {
			b.note("waits: %s (%s)", h.Text, h.Remedy)
		}
	}
	b.explainKept(claims)
	return claims
}

// explainKept notes the workflows that own something of what others made and the
// plan keeps.
func (b *builder) explainKept(claims []workflow.Claim) {
	for _, kept := range b.plan.Kept {
		var last planes.Workflow
		for _, c := range claims {
			if c.Entry == kept.Entry && (c.Workflow.Name != last.Name || c.Workflow.Target != last.Target) {
				b.note("%s is kept: %s uses it", kept.Entry, workflow.Describe(c.Workflow))
				last = c.Workflow
			}
		}
	}
}

func (b *builder) backfills() []backfill {
	var out []backfill
	for _, ks := range sortedKeys(b.global.Keyspaces) {
		live := b.global.Keyspaces[ks].VSchema
		for _, name := range sortedKeys(live.GetVindexes()) {
			def := live.Vindexes[name]
			if def.GetParams()[vschema.ParamWriteOnly] != "true" {
				continue
			}
			bf := backfill{keyspace: ks, vindex: name, def: def}
			for _, table := range sortedKeys(live.Tables) {
				if binding(live.Tables[table], name) != nil {
					bf.tables = append(bf.tables, table)
				}
			}
			out = append(out, bf)
		}
	}
	return out
}

// abandoned tells that a backfill whose workflow is not seen has none: every
// keyspace's workflows could be listed, after its VSchema was read.
func (b *builder) abandoned() bool {
	return b.in.Physical != nil && b.in.Physical.Err == "" && len(b.in.Physical.Unread) == 0
}

// dropped tells that the plan drops the vindex of a backfill, and every column
// vindex by it.
func (b *builder) dropped(bf backfill) bool {
	after, written := b.after[bf.keyspace]
	bound := func(table string) bool { return binding(after.GetTables()[table], bf.vindex) != nil }
	return written && after.GetVindexes()[bf.vindex] == nil && !slices.ContainsFunc(bf.tables, bound)
}

// disturbed says what the plan would change of the backfill's; empty when it
// leaves all of it alone.
func (b *builder) disturbed(bf backfill) string {
	if after, written := b.after[bf.keyspace]; written {
		live := b.global.Keyspaces[bf.keyspace].VSchema
		if e := (vschema.Entry{Keyspace: bf.keyspace, Kind: vschema.VindexEntry, Name: bf.vindex}); !vschema.EntryEqual(live, after, e) {
			return firstText(diff.Between(bf.keyspace, live, after), e)
		}
		for _, table := range bf.tables {
			was, is := binding(live.Tables[table], bf.vindex), binding(after.GetTables()[table], bf.vindex)
			if !slices.EqualFunc(was, is, strings.EqualFold) {
				return fmt.Sprintf("changes its column vindex on table %s", table)
			}
		}
	}
	lookupKs, lookupTable := bf.lookup()
	for _, ks := range sortedKeys(b.after) {
		live := b.global.Keyspaces[ks].VSchema
		e := vschema.Entry{Keyspace: ks, Kind: vschema.TableEntry, Name: lookupTable}
		if (lookupKs == "" || lookupKs == ks) && live.GetTables()[lookupTable] != nil && !vschema.EntryEqual(live, b.after[ks], e) {
			return fmt.Sprintf("changes its lookup table %s.%s", ks, lookupTable)
		}
	}
	return ""
}

func firstText(changes []diff.EntryChange, e vschema.Entry) string {
	for _, ec := range changes {
		if ec.Entry == e && len(ec.Changes) > 0 {
			return fmt.Sprintf("changes it (%s)", ec.Changes[0].Text)
		}
	}
	return "changes it"
}

// binding gives the columns of the table's column vindex of that name; nil when
// it has none.
func binding(t *vschema.Table, vindex string) []string {
	for _, cv := range t.GetColumnVindexes() {
		if cv.GetName() == vindex {
			if len(cv.Columns) > 0 {
				return cv.Columns
			}
			return []string{cv.Column}
		}
	}
	return nil
}

// lookup gives the keyspace and table of the lookup table; the keyspace is
// empty when the param does not name it.
func (bf backfill) lookup() (ks, table string) {
	written := strings.ReplaceAll(bf.def.GetParams()["table"], "`", "")
	if ks, table, ok := strings.Cut(written, "."); ok {
		return ks, table
	}
	return "", written
}

// remedy names the workflow's own end and, for a vindex that no workflow fills
// any more, the statements that drop it. To make it again without write_only, as
// ALTER VSCHEMA cannot change a param, hides every row that its lookup table
// lacks, which is what a canceled backfill leaves: it stands apart.
func (bf backfill) remedy(live *vschema.Keyspace) string {
	lookupKs, _ := bf.lookup()
	lookupKs = orElse(lookupKs, "LOOKUP_KEYSPACE")
	return fmt.Sprintf("when the backfill is complete: vtctldclient LookupVindex --name %s --table-keyspace %s externalize --keyspace %s; "+
		"where no workflow fills it any more (vtctldclient GetWorkflows --show-all %s), drop it by SQL on a vtgate: %s; then vtsync pull. "+
		"Only if its lookup table is known to be complete, and while nothing is written to %s, make it again at once: %s",
		errs.Word(bf.vindex), errs.Word(lookupKs), errs.Word(bf.keyspace), errs.Word(lookupKs),
		strings.Join(bf.drops(), "; "), orElse(strings.Join(bf.tables, ", "), "its table"), strings.Join(bf.adds(live), "; "))
}

// drops are the statements that take the vindex out.
func (bf backfill) drops() []string {
	var out []string
	for _, table := range bf.tables {
		out = append(out, fmt.Sprintf("alter vschema on %s.%s drop vindex %s", quote(bf.keyspace), quote(table), quote(bf.vindex)))
	}
	return append(out, fmt.Sprintf("alter vschema drop vindex %s.%s", quote(bf.keyspace), quote(bf.vindex)))
}

// adds are the statements that make it again without write_only. A table's column
// vindexes are added at the end of its list, which is where a lookup vindex
// stands.
func (bf backfill) adds(live *vschema.Keyspace) []string {
	var out, params []string
	if bf.def.GetOwner() != "" {
		params = append(params, "owner="+quote(bf.def.Owner))
	}
	for _, name := range sortedKeys(bf.def.GetParams()) {
		if name != vschema.ParamWriteOnly && bf.def.Params[name] != "" {
			params = append(params, quote(name)+"="+quote(bf.def.Params[name]))
		}
	}
	with := ""
	if len(params) > 0 {
		with = " with " + strings.Join(params, ", ")
	}
	for _, table := range bf.tables {
		var columns []string
		for _, column := range binding(live.GetTables()[table], bf.vindex) {
			columns = append(columns, quote(column))
		}
		out = append(out, fmt.Sprintf("alter vschema on %s.%s add vindex %s (%s) using %s%s",
			quote(bf.keyspace), quote(table), quote(bf.vindex), strings.Join(columns, ", "), quote(bf.def.GetType()), with))
	}
	return out
}

// quote writes a name as an identifier of SQL, and a param's value too: of a
// string in quotes Vitess would keep the quotes as a part of the value.
func quote(s string) string { return "`" + strings.ReplaceAll(s, "`", "``") + "`" }
