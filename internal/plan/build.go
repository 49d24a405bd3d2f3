package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// DefaultMaxCellBytes is etcd's limit for one request: a larger SrvVSchema is
// refused after the global record was saved.
const DefaultMaxCellBytes = 1572864

// Input is everything that a plan is made from.
type Input struct {
	Snapshot *planes.Snapshot
	// Desired holds the keyspaces that have a file; no other is written.
	Desired map[string]*vschema.Keyspace
	// Position gives where a node of a keyspace stands in its file; nil when
	// there are no files.
	Position func(ks string, path ...string) errs.Position
	// Last is what each file was derived from: what vtsync last committed. A
	// keyspace that it lacks is unknown.
	Last map[string]*vschema.Keyspace
	// Committed is what was committed last, from whatever files; Beside names
	// the commits of it that these files do not contain. Both are as far as
	// known.
	Committed map[string]*vschema.Keyspace
	Beside    map[string][]string
	// Allow holds what the user allows: the code of a change, a hazard
	// (write_loss, outage), what becomes of queries (breaks, new_scatter, unjudged, dearer),
	// foreign=KEYSPACE.NAME or foreign=KEYSPACE.KIND.NAME.
	Allow []string
	// IgnoredCells are decommissioned: neither written nor waited for.
	IgnoredCells []string
	// MaxCellBytes limits each cell's SrvVSchema; zero means the default.
	MaxCellBytes int
	Cluster      string
	Backend      string
	Commit       string
	// Notes and Denials come from checks that the caller made beside.
	Notes   []string
	Denials []Denial
	// OpaqueVindexes are the vindex types that stand in as opaque ones.
	OpaqueVindexes []string
	// Physical is what MySQL and the workflows were seen to hold; nil where no
	// vtctld is named, and nothing is planned on it then.
	Physical *planes.Physical
	// Schemas holds, per keyspace, its physical tables, as far as files say.
	Schemas map[string]*physical.Schema
	// Forbidden are the values that the schemas of the files forbid.
	Forbidden []lint.Forbidden
	// Ignores are the suppressions of the config and of the files.
	Ignores []lint.Ignore
	// After names migrations that must be complete before the plan is applied:
	// UUID, or KEYSPACE=UUID. Requires are those that files name.
	After    []string
	Requires []Require
	// Impact says what a change of routing does to the known queries; nil where
	// none are known. ImpactPolicy bounds it.
	Impact       func(before, after *vschema.SrvVSchema) (*impact.Report, error)
	ImpactPolicy impact.Policy
}

// Build makes the plan that leads from the snapshot to the desired state, with
// what others made kept. What speaks against it stands in its Denials; an
// error means that there is no plan at all.
func Build(in Input) (*Plan, error) {
	b, err := newBuilder(in)
	if err != nil {
		return nil, err
	}
	for _, ks := range sortedKeys(in.Desired) {
		if err := b.compare(ks); err != nil {
			return nil, err
		}
	}
	b.foreignAllows()
	b.conflicts("changed in the cluster and in the file since the file was derived", remedyMerge)
	b.drifts()
	b.findings(true)
	b.hazards()
	b.provable()
	if err := b.needs(); err != nil {
		return nil, err
	}
	return b.finish()
}

// builder gathers one plan. Its lists grow in the order of keyspaces, so they
// need no sorting at the end.
type builder struct {
	in      Input
	global  planes.Global
	allowed allowed
	plan    *Plan
	// managed are the keyspaces that the plan answers for: those are healed.
	managed map[string]bool
	// after holds the written keyspaces as they will be.
	after map[string]*vschema.Keyspace
	// last holds what the managed keyspaces were derived from, as far as known.
	last map[string]json.RawMessage
	// beside holds the commits of what others committed and the plan keeps.
	beside map[string][]string
	// asked are the needs of Input.After.
	asked []ddl.Need
	phase Phase
}

func newBuilder(in Input) (*builder, error) {
	if in.Snapshot == nil {
		return nil, fmt.Errorf("build plan: no snapshot")
	}
	allow, err := parseAllow(in.Allow)
	if err != nil {
		return nil, err
	}
	after, err := parseAfter(in)
	if err != nil {
		return nil, err
	}
	if in.MaxCellBytes == 0 {
		in.MaxCellBytes = DefaultMaxCellBytes
	}
	p := &Plan{
		Format:       Format,
		Cluster:      in.Cluster,
		Backend:      in.Backend,
		Allowed:      allow.list(),
		Denials:      slices.Clone(in.Denials),
		Notes:        slices.Clone(in.Notes),
		Phases:       []Phase{},
		Desired:      make(map[string]json.RawMessage),
		Committed:    make(map[string]json.RawMessage),
		Cells:        []string{},
		IgnoredCells: slices.Sorted(slices.Values(in.IgnoredCells)),
	}
	for _, cell := range slices.Sorted(slices.Values(in.Snapshot.Global.Cells)) {
		if !slices.Contains(in.IgnoredCells, cell) {
			p.Cells = append(p.Cells, cell)
		}
	}
	return &builder{
		in: in, global: in.Snapshot.Global, allowed: allow, asked: after, plan: p,
		managed: make(map[string]bool), after: make(map[string]*vschema.Keyspace),
		last: make(map[string]json.RawMessage), beside: make(map[string][]string),
	}, nil
}

// finish adds what does not depend on where the changes come from, proves the
// plan on a copy, and seals it.
func (b *builder) finish() (*Plan, error) {
	if len(b.phase.Writes)+len(b.phase.Heals) > 0 {
		b.plan.Phases = append(b.plan.Phases, b.phase)
	}
	b.workflows()
	b.unknownFields()
	b.sizes()
	if err := b.impact(); err != nil {
		return nil, err
	}
	b.base()
	slices.SortStableFunc(b.plan.Denials, Denial.compare)
	if err := Verify(b.plan, b.in.Snapshot); err != nil {
		return nil, err
	}
	if err := seal(b.plan); err != nil {
		return nil, err
	}
	return b.plan, nil
}

// compare adds what one file changes.
func (b *builder) compare(ks string) error {
	rec, ok := b.record(ks)
	if !ok {
		return nil
	}
	desired, last := b.in.Desired[ks], b.in.Last[ks]
	b.derivation(ks, desired, last)
	if vschema.Equal(orEmpty(rec.VSchema), desired) {
		return nil // whoever made it so: there is no difference to own
	}
	result := Ground(rec).Compare(ks, rec.VSchema, desired, last)
	after := clone(rec.VSchema)
	for _, c := range result.Ours {
		vschema.CopyEntry(after, desired, c.Entry)
	}
	var kept []diff.EntryChange
	for _, c := range result.Foreign {
		if b.allowed.foreign(c.Entry) {
			vschema.CopyEntry(after, desired, c.Entry)
		} else {
			kept = append(kept, c)
		}
	}
	b.plan.Kept = append(b.plan.Kept, kept...)
	b.keepCommitted(ks, desired, kept)
	b.plan.Conflicts = append(b.plan.Conflicts, result.Conflicts...)
	if again := diff.Compare(ks, after, desired, last); len(again.Ours) > 0 {
		return fmt.Errorf("build plan: keyspace %s would still differ from its file after the plan:\n%s", ks, diff.Text(again.Ours))
	}
	b.write(ks, rec.VSchema, after)
	return nil
}

// derivation notes what the file holds and what it was derived from: the first
// is recorded as last committed once the plan is served, the second is what an
// undo takes the keyspace back to.
func (b *builder) derivation(ks string, desired, last *vschema.Keyspace) {
	b.plan.Desired[ks] = vschema.EncodeJSON(vschema.Canonical(desired))
	if last != nil {
		b.last[ks] = b.encode(ks, last)
	}
}

// encode gives a value of a keyspace as canonical JSON: mostly what its file
// says too.
func (b *builder) encode(ks string, value *vschema.Keyspace) json.RawMessage {
	if value != nil && vschema.Equal(value, b.in.Desired[ks]) {
		return b.plan.Desired[ks]
	}
	return vschema.EncodeJSON(vschema.Canonical(value))
}

// keepCommitted leaves what was committed last as it is in the entries that the
// plan keeps.
func (b *builder) keepCommitted(ks string, desired *vschema.Keyspace, kept []diff.EntryChange) {
	committed := b.in.Committed[ks]
	if committed == nil {
		return
	}
	recorded := clone(desired)
	for _, c := range kept {
		vschema.CopyEntry(recorded, committed, c.Entry)
	}
	if vschema.Equal(recorded, desired) {
		return
	}
	b.plan.Committed[ks] = vschema.EncodeJSON(vschema.Canonical(recorded))
	if len(b.in.Beside[ks]) > 0 {
		b.beside[ks] = b.in.Beside[ks]
	}
}

// record gives the live record of a keyspace that the plan answers for, if a
// plan can be made on it.
func (b *builder) record(ks string) (planes.Keyspace, bool) {
	rec, ok := b.global.Keyspaces[ks]
	switch {
	case !ok || !rec.HasRecord:
		b.deny(DeniedNoKeyspace, "vtctldclient CreateKeyspace "+ks, "keyspace %s does not exist in the cluster", ks)
		return rec, false
	case rec.Err != "":
		b.deny(DeniedUnreadable, "look at the record: vtctldclient GetVSchema "+ks, "the VSchema of keyspace %s cannot be read: %s", ks, rec.Err)
		return rec, false
	}
	b.managed[ks] = true
	return rec, true
}

// write adds the CAS that leads one keyspace from live to after; nothing where
// they mean the same.
func (b *builder) write(ks string, live, after *vschema.Keyspace) {
	changes := Ground(b.global.Keyspaces[ks]).Between(ks, live, after)
	if len(changes) == 0 {
		return
	}
	b.after[ks] = after
	b.phase.Writes = append(b.phase.Writes, GlobalWrite{
		Keyspace: ks,
		Changes:  changes,
		Before:   vschema.EncodeJSON(live),
		After:    vschema.EncodeJSON(after),
	})
}

func (b *builder) deny(code DenialCode, remedy, format string, args ...any) {
	b.plan.Denials = append(b.plan.Denials, Denial{Code: code, Text: fmt.Sprintf(format, args...), Remedy: remedy})
}

func (b *builder) note(format string, args ...any) {
	b.plan.Notes = append(b.plan.Notes, fmt.Sprintf(format, args...))
}

// globalAfter is the global topo once the plan's records are saved.
func (b *builder) globalAfter() planes.Global { return withWrites(b.global, b.after) }

func withWrites(g planes.Global, after map[string]*vschema.Keyspace) planes.Global {
	g.Keyspaces = maps.Clone(g.Keyspaces)
	for ks, vs := range after {
		rec := g.Keyspaces[ks]
		rec.VSchema = vs
		g.Keyspaces[ks] = rec
	}
	return g
}

// shipped are the keyspaces whose entry in the cells the plan writes.
func (b *builder) shipped() []string {
	names := make(map[string]bool)
	for _, w := range b.phase.Writes {
		names[w.Keyspace] = true
	}
	for _, h := range b.phase.Heals {
		if h.Keyspace != "" {
			names[h.Keyspace] = true
		}
	}
	return sortedKeys(names)
}

// Ground is what the record of a keyspace says beside its VSchema.
func Ground(rec planes.Keyspace) diff.Ground {
	return diff.Ground{Unrouted: len(serving(rec)) != 1}
}

// orEmpty reads an absent record as an empty one.
func orEmpty(ks *vschema.Keyspace) *vschema.Keyspace {
	if ks == nil {
		return &vschema.Keyspace{}
	}
	return ks
}

// clone gives a copy to modify; an absent record becomes an empty one.
func clone(ks *vschema.Keyspace) *vschema.Keyspace {
	if ks == nil {
		return &vschema.Keyspace{}
	}
	return proto.CloneOf(ks)
}

func sortedKeys[K ~string, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
