package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/workflow"
)

// FullSrv gives the SrvVSchema that a rebuild makes of the global records, as
// Vitess's RebuildSrvVSchema does: a keyspace without a VSchema is an empty
// one. A keyspace that cannot be read is left out.
func FullSrv(g planes.Global) *vschema.SrvVSchema {
	return proto.CloneOf(sharedSrv(g))
}

// sharedSrv is FullSrv with the keyspaces as they stand in g: for those who only
// read it.
func sharedSrv(g planes.Global) *vschema.SrvVSchema {
	srv := &vschema.SrvVSchema{Keyspaces: make(map[string]*vschema.Keyspace, len(g.Keyspaces))}
	for name, ks := range g.Keyspaces {
		if ks.Err == "" {
			srv.Keyspaces[name] = orEmpty(ks.VSchema)
		}
	}
	for _, kind := range vschema.RuleKinds {
		vschema.SetRules(srv, kind, rulesIn(g, kind))
	}
	return srv
}

// MergeCell gives what a cell should hold: the entries named are as global has
// them now, everything else stays as the cell has it. A nil cell, one without
// a SrvVSchema, gets a full rebuild. What it gives shares keyspaces with what it
// is given: it is for reading.
func MergeCell(cell *vschema.SrvVSchema, g planes.Global, keyspaces []string, kinds []vschema.RuleKind) *vschema.SrvVSchema {
	if cell == nil {
		return sharedSrv(g)
	}
	out := &vschema.SrvVSchema{}
	// By reflection: a field of a newer Vitess is kept too.
	cell.ProtoReflect().Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		out.ProtoReflect().Set(fd, v)
		return true
	})
	out.ProtoReflect().SetUnknown(cell.ProtoReflect().GetUnknown())
	out.Keyspaces = maps.Clone(cell.Keyspaces)
	for _, name := range keyspaces {
		rec, ok := g.Keyspaces[name]
		switch {
		case !ok:
			delete(out.Keyspaces, name)
		case rec.Err == "":
			if out.Keyspaces == nil {
				out.Keyspaces = make(map[string]*vschema.Keyspace)
			}
			out.Keyspaces[name] = orEmpty(rec.VSchema)
		}
	}
	for _, kind := range kinds {
		vschema.SetRules(out, kind, rulesIn(g, kind))
	}
	return out
}

// rulesIn gives the global rules of one kind.
func rulesIn(g planes.Global, kind vschema.RuleKind) proto.Message {
	switch kind {
	case vschema.TableRules:
		return g.Rules.Table
	case vschema.ShardRules:
		return g.Rules.Shard
	case vschema.KeyspaceRules:
		return g.Rules.Keyspace
	case vschema.MirrorKind:
		return g.Rules.Mirror
	}
	panic(fmt.Sprintf("plan: unknown kind of rules %q", kind))
}

// CellDrifts lists how a cell differs from the global records, by keyspace and
// then by kind of rules. A cell that could not be read says nothing; one that
// has no SrvVSchema gives a single drift that names no entry. A keyspace whose
// global record cannot be read is not compared.
func CellDrifts(g planes.Global, c planes.Cell) []CellDrift {
	if c.Err != "" {
		return nil
	}
	if c.Srv == nil {
		return []CellDrift{{Cell: c.Name, Text: fmt.Sprintf("cell %s has no SrvVSchema: it gets a full rebuild", c.Name)}}
	}
	names := make(map[string]bool)
	for name := range g.Keyspaces {
		names[name] = true
	}
	for name := range c.Srv.Keyspaces {
		names[name] = true
	}
	var out []CellDrift
	for _, name := range sortedKeys(names) {
		if d, ok := keyspaceDrift(name, g, c); ok {
			out = append(out, d)
		}
	}
	for _, kind := range vschema.RuleKinds {
		want, got := rulesIn(g, kind), vschema.RulesOf(c.Srv, kind)
		if !vschema.EqualRules(kind, want, got) {
			out = append(out, CellDrift{Cell: c.Name, Rules: kind, Text: rulesText(c.Name, kind, got, want)})
		}
	}
	return out
}

func keyspaceDrift(name string, g planes.Global, c planes.Cell) (CellDrift, bool) {
	rec, inGlobal := g.Keyspaces[name]
	if rec.Err != "" {
		return CellDrift{}, false
	}
	served, inCell := c.Srv.Keyspaces[name]
	if inGlobal && inCell && proto.Equal(served, rec.VSchema) {
		return CellDrift{}, false
	}
	d := CellDrift{Cell: c.Name, Keyspace: name, Changes: Ground(rec).Between(name, served, rec.VSchema)}
	switch {
	case !inGlobal:
		d.Text = fmt.Sprintf("cell %s serves keyspace %s, which global does not have", c.Name, name)
	case !inCell:
		d.Text = fmt.Sprintf("cell %s lacks keyspace %s", c.Name, name)
	case len(d.Changes) == 0:
		return d, false
	default:
		d.Text = fmt.Sprintf("cell %s serves another VSchema of keyspace %s than global has", c.Name, name)
	}
	return d, true
}

// rulesText names the rules that differ.
func rulesText(cell string, kind vschema.RuleKind, got, want proto.Message) string {
	was, is := ruleMap(got), ruleMap(want)
	var parts []string
	for _, from := range sortedKeys(is) {
		switch old, ok := was[from]; {
		case !ok:
			parts = append(parts, fmt.Sprintf("lacks %s -> %s", from, is[from]))
		case old != is[from]:
			parts = append(parts, fmt.Sprintf("has %s -> %s instead of %s", from, old, is[from]))
		}
	}
	for _, from := range sortedKeys(was) {
		if _, ok := is[from]; !ok {
			parts = append(parts, fmt.Sprintf("still has %s -> %s", from, was[from]))
		}
	}
	return fmt.Sprintf("cell %s serves other %s than global has: it %s", cell, kind, strings.Join(parts, ", "))
}

// ruleMap gives what each rule matches and where it leads. Several rules for
// one match are shown together.
func ruleMap(m proto.Message) map[string]string {
	out := make(map[string]string)
	add := func(from, to string) {
		if old, ok := out[from]; ok {
			to = old + " and " + to
		}
		out[from] = to
	}
	switch rules := m.(type) {
	case *vschema.RoutingRules:
		for _, r := range rules.GetRules() {
			add(r.GetFromTable(), strings.Join(r.GetToTables(), "+"))
		}
	case *vschema.ShardRoutingRules:
		for _, r := range rules.GetRules() {
			add(r.GetFromKeyspace()+"."+r.GetShard(), r.GetToKeyspace())
		}
	case *vschema.KeyspaceRoutingRules:
		for _, r := range rules.GetRules() {
			add(r.GetFromKeyspace(), r.GetToKeyspace())
		}
	case *vschema.MirrorRules:
		for _, r := range rules.GetRules() {
			add(r.GetFromTable(), fmt.Sprintf("%s at %g %%", r.GetToTable(), r.GetPercent()))
		}
	}
	return out
}

// drifts sorts the drift of every cell: healed where the plan answers for the
// keyspace, carried where the plan writes it anyway, else only noted.
func (b *builder) drifts() {
	for _, name := range b.plan.Cells {
		cell, ok := b.in.Snapshot.Cell(name)
		if !ok || cell.Err != "" {
			b.plan.UnreadCells = append(b.plan.UnreadCells, name)
			b.note("cell %s could not be read (%s): whether it is stale is not known, and no change counts as done before it serves it", name, orElse(cell.Err, "not asked"))
			continue
		}
		var rest []CellDrift
		for _, d := range CellDrifts(b.global, cell) {
			switch {
			case d.Keyspace == "" && d.Rules == "":
				b.phase.Heals = append(b.phase.Heals, d)
			case b.after[d.Keyspace] != nil:
				b.phase.Carried = append(b.phase.Carried, d)
			case b.managed[d.Keyspace] && b.vouched(d):
				b.phase.Heals = append(b.phase.Heals, d)
			default:
				rest = append(rest, d)
			}
		}
		carries := b.rebuildsWhole(name)
		for _, d := range rest {
			if carries {
				b.carry(d, cell)
			} else {
				b.left(d, cell)
			}
		}
	}
}

// rebuildsWhole tells whether the plan writes a cell by Vitess's rebuild, with
// whatever others have saved and not rebuilt.
func (b *builder) rebuildsWhole(cell string) bool {
	if b.in.Backend != BackendVTCtld {
		return false
	}
	return len(b.phase.Writes) > 0 || slices.ContainsFunc(b.phase.Heals, func(d CellDrift) bool { return d.Cell == cell })
}

// carry ships a drift that the plan does not answer for, as a rebuild does.
func (b *builder) carry(d CellDrift, cell planes.Cell) {
	if owner, owned := b.ownerOf(d, cell); owned {
		b.deny(DeniedWorkflow, "vtctldclient GetWorkflows, and wait for it to end",
			"%s; %s owns these rules, and a rebuild of the cell, which is how vtctld writes it, would switch its traffic", d.Text, workflow.Describe(owner))
		return
	}
	b.phase.Carried = append(b.phase.Carried, d)
}

// ownerOf gives the workflow that owns rules which a cell serves otherwise.
func (b *builder) ownerOf(d CellDrift, cell planes.Cell) (planes.Workflow, bool) {
	if d.Rules == "" || b.in.Physical == nil {
		return planes.Workflow{}, false
	}
	return workflow.OwnerOfRules(b.in.Physical.Workflows, d.Rules, rulesIn(b.global, d.Rules), vschema.RulesOf(cell.Srv, d.Rules))
}

// left notes a drift that the plan leaves as it is. Rules that a workflow owns
// may differ on purpose: to ship them would switch its traffic.
func (b *builder) left(d CellDrift, cell planes.Cell) {
	if owner, owned := b.ownerOf(d, cell); owned {
		b.note("%s; %s owns these rules, and where it switched only some cells this is as it should be", d.Text, workflow.Describe(owner))
		return
	}
	b.note("%s; this plan leaves it so (vtctldclient RebuildVSchemaGraph --cells %s ships it)", d.Text, cell.Name)
}

// vouched tells whether the file agrees with global on something that the cell
// does not serve. Where it agrees on nothing, all of the drift is others' work
// that they have not rebuilt: to ship it is up to them.
func (b *builder) vouched(d CellDrift) bool {
	desired, ok := b.in.Desired[d.Keyspace]
	if !ok || len(d.Changes) == 0 {
		return true // an undo, or a keyspace that the cell lacks and that is empty
	}
	live := b.global.Keyspaces[d.Keyspace].VSchema
	return slices.ContainsFunc(d.Changes, func(c diff.EntryChange) bool {
		return vschema.EntryEqual(desired, live, c.Entry)
	})
}

// rebuilds tells whether some cell gets a full rebuild.
func (b *builder) rebuilds() bool {
	return slices.ContainsFunc(b.phase.Heals, func(d CellDrift) bool { return d.Keyspace == "" && d.Rules == "" })
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
