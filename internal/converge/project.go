package converge

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	topodatapb "vitess.io/vitess/go/vt/proto/topodata"
	"vitess.io/vitess/go/vt/sqlparser"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Project gives the view that a vtgate with this SrvVSchema has to show: it is
// built the way vtgate builds it, and the vindexes are declared as SHOW VSCHEMA
// VINDEXES prints them.
//
// Vitess stops building a keyspace at its first bad table, in the order of a
// map. Project leaves out the bad tables only and names each of them in the
// keyspace's Error, so that the same input gives the same view. Vindex types
// in opaque, and those that read a file of the vtgate's, cannot be constructed
// here and stand in as others: that is no error. Mirror rules are left out.
func Project(srv *vschema.SrvVSchema, opaque ...string) *planes.View {
	view, _ := project(srv, opaque)
	return view
}

// standIns names, per keyspace, the vindexes that were built as another type;
// whether a table owns one of them is not known.
type standIns map[string]map[string]bool

func project(srv *vschema.SrvVSchema, opaque []string) (*planes.View, standIns) {
	parser, err := sqlparser.New(sqlparser.Options{})
	if err != nil {
		panic(fmt.Sprintf("converge: Vitess's parser refuses its own default version: %v", err))
	}
	b := builder{parser: parser, opaque: opaque, problems: map[string][]string{}, standIns: standIns{}}
	buildable := b.prepare(srv)
	// A mirror rule's percent may be no number, which JSON cannot hold.
	buildable.MirrorRules = nil
	built := vindexes.BuildVSchema(buildable, parser)
	b.resolveSequences(srv, built)
	page, err := json.Marshal(built)
	if err != nil {
		panic(fmt.Sprintf("converge: Vitess's VSchema does not marshal: %v", err))
	}
	view, err := ParseView(page)
	if err != nil {
		panic(fmt.Sprintf("converge: Vitess's VSchema does not read back: %v", err))
	}
	for _, name := range slices.Sorted(maps.Keys(buildable.Keyspaces)) {
		b.finish(name, srv.GetKeyspaces()[name], view)
	}
	return view, b.standIns
}

// KeyspaceErrors gives the errors of the keyspaces in a view that have one.
func KeyspaceErrors(view *planes.View) map[string]string {
	out := map[string]string{}
	for name, ks := range view.Keyspaces {
		if ks.Error != "" {
			out[name] = ks.Error
		}
	}
	return out
}

// builder makes a SrvVSchema that Vitess builds completely, and remembers what
// it had to leave out or replace.
type builder struct {
	parser   *sqlparser.Parser
	opaque   []string
	problems map[string][]string // per keyspace, in order
	standIns standIns
}

// prepare gives a copy without what does not build, and without sequences:
// Vitess drops a table whose sequence does not resolve while it resolves
// others, in the order of a map, so resolveSequences does that.
func (b *builder) prepare(srv *vschema.SrvVSchema) *vschema.SrvVSchema {
	out := &vschema.SrvVSchema{}
	if srv != nil {
		out = proto.CloneOf(srv)
	}
	for _, name := range slices.Sorted(maps.Keys(out.Keyspaces)) {
		if out.Keyspaces[name] == nil {
			out.Keyspaces[name] = &vschema.Keyspace{}
		}
		ks := out.Keyspaces[name]
		b.replaceVindexes(name, ks)
		if _, err := vindexes.BuildKeyspace(ks, b.parser); err != nil {
			b.dropBadTables(name, ks)
		}
		for _, t := range ks.Tables {
			t.AutoIncrement = nil
		}
	}
	return out
}

// resolveSequences gives the built tables their sequences, the way Vitess
// does, and drops those whose sequence does not resolve.
func (b *builder) resolveSequences(srv *vschema.SrvVSchema, built *vindexes.VSchema) {
	type name struct{ keyspace, table string }
	var lost []name
	for _, ks := range slices.Sorted(maps.Keys(built.Keyspaces)) {
		declared := srv.GetKeyspaces()[ks].GetTables()
		for _, t := range slices.Sorted(maps.Keys(built.Keyspaces[ks].Tables)) {
			auto := declared[t].GetAutoIncrement()
			if auto == nil {
				continue
			}
			seq, err := b.sequence(built, auto.Sequence)
			if err != nil {
				b.problem(ks, "table %s: cannot resolve sequence %s: %s", t, auto.Sequence, err.Error())
				lost = append(lost, name{ks, t})
				continue
			}
			built.Keyspaces[ks].Tables[t].AutoIncrement = &vindexes.AutoIncrement{
				Column: sqlparser.NewIdentifierCI(auto.Column),
				// Its name is all that the view shows, and a table may name
				// itself, which JSON cannot hold: such a vtgate answers an
				// error text at /debug/vschema.
				Sequence: &vindexes.BaseTable{Name: seq.Name},
			}
		}
	}
	for _, l := range lost {
		delete(built.Keyspaces[l.keyspace].Tables, l.table)
	}
}

func (b *builder) sequence(built *vindexes.VSchema, text string) (*vindexes.BaseTable, error) {
	keyspace, table, err := b.parser.ParseTable(text)
	if err != nil {
		return nil, err
	}
	seq, err := built.FindRoutedTable(keyspace, table, topodatapb.TabletType_PRIMARY)
	if err == nil && seq == nil {
		err = fmt.Errorf("table %s not found", table)
	}
	return seq, err
}

// problem remembers what is wrong with a keyspace. Errors of Vitess go in as
// their Error(): formatted, they print their code on a line of its own.
func (b *builder) problem(keyspace, format string, args ...any) {
	b.problems[keyspace] = append(b.problems[keyspace], fmt.Sprintf(format, args...))
}

// replaceVindexes puts a stand-in in the place of each vindex that cannot be
// constructed here.
func (b *builder) replaceVindexes(name string, ks *vschema.Keyspace) {
	for _, v := range slices.Sorted(maps.Keys(ks.Vindexes)) {
		vindex := ks.Vindexes[v]
		replacement := &vschema.Vindex{Type: "xxhash"}
		switch {
		case readsFile(vindex):
		case slices.Contains(b.opaque, vindex.Type):
		default:
			_, err := vindexes.CreateVindex(vindex.Type, v, maps.Clone(vindex.Params))
			if err == nil {
				continue
			}
			b.problem(name, "vindex %s: %s", v, err.Error())
		}
		if b.standIns[name] == nil {
			b.standIns[name] = map[string]bool{}
		}
		b.standIns[name][v] = true
		ks.Vindexes[v] = replacement
	}
}

// readsFile tells whether a vindex's constructor would read a file. It is a
// file of the vtgate's machine, so reading ours would say nothing.
func readsFile(v *vschema.Vindex) bool {
	_, path := v.Params["json_path"]
	return v.Type == "region_json" || v.Type == "numeric_static_map" && path
}

// dropBadTables removes each table that does not build on its own.
func (b *builder) dropBadTables(name string, ks *vschema.Keyspace) {
	for _, t := range slices.Sorted(maps.Keys(ks.Tables)) {
		alone := &vschema.Keyspace{
			Sharded:  ks.Sharded,
			Vindexes: ks.Vindexes,
			Tables:   map[string]*vschema.Table{t: ks.Tables[t]},
		}
		if _, err := vindexes.BuildKeyspace(alone, b.parser); err != nil {
			b.problem(name, "table %s: %s", t, err.Error())
			delete(ks.Tables, t)
		}
	}
}

// finish adds to a built keyspace what the built form does not hold: the
// declared vindexes, the types behind stand-ins, and all that is wrong.
func (b *builder) finish(name string, declared *vschema.Keyspace, view *planes.View) {
	ks := view.Keyspaces[name]
	problems := b.problems[name]
	if ks.Error != "" && len(problems) == 0 {
		// Nothing but the check of reference tables is left, and Vitess
		// names any one of those that it refuses.
		problems = []string{"a reference table's source is refused"}
	}
	ks.Error = strings.Join(problems, "; ")
	for v, vindex := range declared.GetVindexes() {
		shown := ks.Vindexes[v]
		shown.Declared, shown.Type = true, vindex.GetType()
		shown.Params, shown.Owner = formatParams(vindex.GetParams()), vindex.GetOwner()
		ks.Vindexes[v] = shown
	}
	for _, t := range ks.Tables {
		for i := range t.ColumnVindexes {
			cv := &t.ColumnVindexes[i]
			cv.Type = declared.GetVindexes()[cv.Vindex].GetType()
		}
	}
	view.Keyspaces[name] = ks
}

// formatParams gives params in the form of SHOW VSCHEMA VINDEXES.
func formatParams(params map[string]string) string {
	out := make([]string, 0, len(params))
	for k, v := range params {
		out = append(out, k+"="+v)
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}
