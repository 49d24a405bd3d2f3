package lint

import (
	"maps"
	"slices"

	"vitess.io/vitess/go/vt/sqlparser"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Facts is one state of the whole routing, prepared for the rules. Rules don't
// modify it.
type Facts struct {
	srv    *vschema.SrvVSchema
	shards map[string][]string
	parser *sqlparser.Parser
	opaque []string // vindex types that the config names
	// names and tables are the keyspaces and tables of srv, sorted.
	names  []string
	tables []tableRef
	// vindexes are those of srv, by keyspace and name.
	vindexes []vindexRef
	// answering are the keyspaces that answer a name without its keyspace, once
	// somebody asked; see global.
	answering map[string][]string
	// bad holds what vtgate cannot build, by keyspace; see findBad.
	bad map[string]badParts
	// sound is srv with stand-ins, for the bad parts too.
	sound *vschema.SrvVSchema
	// built is vtgate's own build of sound without any auto_increment: the
	// resolving of those deletes tables in the order of a map.
	built *vindexes.VSchema
	// sequences are the uses of sequences, once somebody asked.
	sequences []sequenceUse
	// absents are the answers of absent.
	absents map[string]bool
	// whole tells that there is no keyspace but those of srv.
	whole bool
	// compared counts the names that nearest has compared.
	compared int
	// before is the state before the change; nil where there is no change, or
	// where it is not known.
	before *Facts
	// schemas holds the physical tables by keyspace, where they are known.
	schemas map[string]*physical.Schema
	// shardSchemas holds those of each shard, where they were read from it.
	shardSchemas map[string]map[string]*physical.Schema
	// files are the problems of the files themselves.
	files []*errs.Invalid
	// matched is what the rules of all kinds match; see matches.
	matched []matched
	// aimed is where the routing rules lead; see aims.
	aimed []aim
	// forbidden are the values that the schemas of the files forbid.
	forbidden []Forbidden
	// maxCellBytes is how large a cell's SrvVSchema may be; 0 means etcd's default.
	maxCellBytes int
}

// tableRef is one table and where it stands.
type tableRef struct {
	ks, name string
	table    *vschema.Table
}

// vindexRef is one vindex and where it stands.
type vindexRef struct {
	ks, name string
	vindex   *vschema.Vindex
}

func newFacts(srv *vschema.SrvVSchema, in Input) *Facts {
	f := &Facts{
		srv: vschema.WithoutNils(srv), shards: in.Shards, parser: newParser(), opaque: in.OpaqueVindexes,
		schemas: in.Schemas, shardSchemas: in.ShardSchemas, files: in.Files, forbidden: in.Forbidden, maxCellBytes: in.MaxCellBytes, whole: in.Whole,
	}
	f.names = sortedKeys(f.srv.Keyspaces)
	for _, ks := range f.names {
		vs := f.srv.Keyspaces[ks]
		for _, name := range sortedKeys(vs.Tables) {
			f.tables = append(f.tables, tableRef{ks, name, vs.Tables[name]})
		}
		for _, name := range sortedKeys(vs.Vindexes) {
			f.vindexes = append(f.vindexes, vindexRef{ks, name, vs.Vindexes[name]})
		}
	}
	f.build()
	return f
}

// newParser gives the parser that vtgate uses; its default options are valid
// by construction.
func newParser() *sqlparser.Parser {
	p, err := sqlparser.New(sqlparser.Options{})
	if err != nil {
		panic("sqlparser rejects its default options: " + err.Error())
	}
	return p
}

// keyspaces gives the names of all keyspaces, sorted.
func (f *Facts) keyspaces() []string { return f.names }

// eachTable calls fn for every table, by keyspace and name.
func (f *Facts) eachTable(fn func(ks, name string, t *vschema.Table)) {
	for _, ref := range f.tables {
		fn(ref.ks, ref.name, ref.table)
	}
}

// eachVindex calls fn for every vindex, by keyspace and name. The second one is
// what vtgate builds of it, or what stands in for it; nil where it cannot be
// built.
func (f *Facts) eachVindex(fn func(ks, name string, v *vschema.Vindex, built vindexes.Vindex)) {
	for _, ref := range f.vindexes {
		fn(ref.ks, ref.name, ref.vindex, f.vindex(ref.ks, ref.name))
	}
}

// vindex gives a vindex as vtgate builds it; nil where it is not defined or
// cannot be built.
func (f *Facts) vindex(ks, name string) vindexes.Vindex {
	built := f.built.Keyspaces[ks]
	if _, bad := f.bad[ks].vindexes[name]; bad || built == nil {
		return nil
	}
	return built.Vindexes[name]
}

// eachLookup calls fn for every lookup vindex, by keyspace and name. In a
// keyspace that is not sharded vtgate asks no vindex.
func (f *Facts) eachLookup(fn func(ks, name string, v *vschema.Vindex)) {
	for _, ref := range f.vindexes {
		if vschema.IsLookup(ref.vindex.GetType()) && f.srv.Keyspaces[ref.ks].GetSharded() {
			fn(ref.ks, ref.name, ref.vindex)
		}
	}
}

// maxCompared bounds what is spent on nearest names: where thousands of names
// lead nowhere, it is not the spelling that is wrong.
const maxCompared = 500_000

// nearest is near.Name, as long as that costs little.
func (f *Facts) nearest(got string, candidates []string) string {
	if f.compared > maxCompared {
		return ""
	}
	f.compared += len(candidates)
	return near.Name(got, candidates)
}

// nearTable gives the declared table that is most likely meant by a reference
// that leads nowhere, written as the reference was: qualified or not. Where the
// keyspace is right only its tables count, or the same table elsewhere.
func (f *Facts) nearTable(ks, name string, wanted func(*vschema.Table) bool) string {
	if f.compared > maxCompared {
		return ""
	}
	f.compared += len(f.tables)
	if ks != "" && f.srv.Keyspaces[ks] == nil {
		if ks = nearSlip(ks, f.keyspaces()); ks == "" {
			return "" // whose tables nobody knows
		}
		if t := f.srv.Keyspaces[ks].Tables[name]; t != nil && wanted(t) {
			return ks + "." + name
		}
	}
	var here, bare []string
	elsewhere := ""
	f.eachTable(func(k, n string, t *vschema.Table) {
		if !wanted(t) {
			return
		}
		if k == ks {
			here = append(here, n)
		}
		if n == name && k != ks && elsewhere == "" {
			elsewhere = k + "." + n
		}
		bare = append(bare, n)
	})
	if ks == "" {
		return f.nearest(name, bare)
	}
	if best := f.nearest(name, here); best != "" {
		return ks + "." + best
	}
	return elsewhere
}

// moves tells that a nearest name lies in another keyspace than the one that was
// written, which is there, or may be: it is no correction.
func (f *Facts) moves(ks, nearest string) bool {
	nearKs, _ := splitSource(nearest)
	return nearKs != ks && (f.srv.Keyspaces[ks] != nil || !f.whole)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func anyTable(*vschema.Table) bool { return true }

func join(ks, name string) string {
	if ks == "" {
		return name
	}
	return ks + "." + name
}
