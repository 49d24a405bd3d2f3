package lint

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"
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
	// bad holds what vtgate cannot build, by keyspace; see findBad.
	bad map[string]badParts
	// sound is srv with stand-ins and without the bad parts.
	sound *vschema.SrvVSchema
	// built is vtgate's own build of sound without any auto_increment: the
	// resolving of those deletes tables in the order of a map.
	built *vindexes.VSchema
	// before is the state before the change; nil where there is no change, or
	// where it is not known.
	before *Facts
	// schemas holds the physical tables by keyspace, where they are known.
	schemas map[string]*physical.Schema
	// files are the problems of the files themselves.
	files []*errs.Invalid
}

func newFacts(srv *vschema.SrvVSchema, in Input) *Facts {
	f := &Facts{srv: withoutNils(srv), shards: in.Shards, parser: newParser(), schemas: in.Schemas, files: in.Files}
	f.sound = standIns(f.srv, in.OpaqueVindexes)
	f.bad = findBad(f.sound, f.parser)
	dropBad(f.sound, f.bad)
	f.built = vindexes.BuildVSchema(withoutAutoIncrement(f.sound, nil), f.parser)
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

// withoutNils gives a copy in which no keyspace, vindex or table is nil, as
// Vitess's builder does not expect that.
func withoutNils(srv *vschema.SrvVSchema) *vschema.SrvVSchema {
	out := &vschema.SrvVSchema{}
	if srv != nil {
		out = proto.Clone(srv).(*vschema.SrvVSchema)
	}
	for name, ks := range out.Keyspaces {
		if ks == nil {
			out.Keyspaces[name] = &vschema.Keyspace{}
		}
		for vname, v := range ks.GetVindexes() {
			if v == nil {
				ks.Vindexes[vname] = &vschema.Vindex{}
			}
		}
		for tname, t := range ks.GetTables() {
			if t == nil {
				ks.Tables[tname] = &vschema.Table{}
			}
		}
	}
	return out
}

// keyspaces gives the names of all keyspaces, sorted.
func (f *Facts) keyspaces() []string { return sortedKeys(f.srv.Keyspaces) }

// eachTable calls fn for every table, by keyspace and name.
func (f *Facts) eachTable(fn func(ks, name string, t *vschema.Table)) {
	for _, ks := range f.keyspaces() {
		tables := f.srv.Keyspaces[ks].GetTables()
		for _, name := range sortedKeys(tables) {
			fn(ks, name, tables[name])
		}
	}
}

// eachLookup calls fn for every lookup vindex, by keyspace and name.
func (f *Facts) eachLookup(fn func(ks, name string, v *vschema.Vindex)) {
	for _, ks := range f.keyspaces() {
		all := f.srv.Keyspaces[ks].GetVindexes()
		for _, name := range sortedKeys(all) {
			if vschema.IsLookup(all[name].GetType()) {
				fn(ks, name, all[name])
			}
		}
	}
}

// nearTable gives the declared table that is most likely meant by a reference
// that leads nowhere, written as the reference was: qualified or not. Where the
// keyspace is right only its tables count, or the same table elsewhere.
func (f *Facts) nearTable(ks, name string, wanted func(*vschema.Table) bool) string {
	var here, bare, qualified []string
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
		bare, qualified = append(bare, n), append(qualified, k+"."+n)
	})
	switch {
	case ks == "":
		return near.Name(name, bare)
	case f.srv.Keyspaces[ks] == nil:
		return near.Name(ks+"."+name, qualified)
	}
	if best := near.Name(name, here); best != "" {
		return ks + "." + best
	}
	return elsewhere
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func anyTable(*vschema.Table) bool { return true }

func join(ks, name string) string {
	if ks == "" {
		return name
	}
	return ks + "." + name
}
