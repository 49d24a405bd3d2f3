package lint

import (
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"vitess.io/vitess/go/vt/sqlparser"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

// vindexTypes are all types that this build of Vitess knows.
var vindexTypes = []string{
	"binary", "binary_md5", "cfc", "consistent_lookup", "consistent_lookup_unique", "hash",
	"lookup", "lookup_cost", "lookup_hash", "lookup_hash_unique", "lookup_unicodeloosemd5_hash",
	"lookup_unicodeloosemd5_hash_unique", "lookup_unique", "multicol", "null", "numeric",
	"numeric_static_map", "region_experimental", "region_json", "reverse_bits",
	"unicode_loose_md5", "unicode_loose_xxhash", "xxhash",
}

// badParts are the vindexes and tables of one keyspace that vtgate cannot
// build, with its reason.
type badParts struct {
	vindexes map[string]string
	tables   map[string]string
}

// build fills in what vtgate makes of the state. All keyspaces are built once,
// together; only those with an error are looked into.
func (f *Facts) build() {
	f.sound = standIns(f.srv, f.opaque)
	withoutSequences := func() *vschema.SrvVSchema {
		return withoutAutoIncrement(f.sound, func(string, string) bool { return true })
	}
	built, err := buildAll(withoutSequences(), f.parser)
	f.bad = findBad(f.sound, func(ks string) bool { return err != nil || built.Keyspaces[ks].Error != nil }, f.parser)
	if len(f.bad) > 0 || err != nil {
		replaceBad(f.sound, f.bad)
		built, err = buildAll(withoutSequences(), f.parser)
	}
	if err != nil {
		built = vindexes.BuildVSchema(&vschema.SrvVSchema{}, f.parser)
	}
	f.built = built
}

// buildAll is vtgate's build of everything; an error says that it panicked.
func buildAll(srv *vschema.SrvVSchema, parser *sqlparser.Parser) (built *vindexes.VSchema, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("vtgate's builder panics: %v", p)
		}
	}()
	return vindexes.BuildVSchema(srv, parser), nil
}

// findBad names every bad part of the keyspaces that may have one. Vitess's
// builder stops at the first error in the order of a map, so such a keyspace is
// built part by part.
func findBad(srv *vschema.SrvVSchema, suspect func(ks string) bool, parser *sqlparser.Parser) map[string]badParts {
	out := make(map[string]badParts)
	for name, ks := range srv.Keyspaces {
		if !suspect(name) || buildError(name, ks, parser) == "" {
			continue
		}
		bad := badParts{vindexes: map[string]string{}, tables: map[string]string{}}
		for vname, v := range ks.Vindexes {
			alone := &vschema.Keyspace{Sharded: ks.Sharded, Vindexes: map[string]*vschema.Vindex{vname: v}}
			if msg := buildError(name, alone, parser); msg != "" {
				bad.vindexes[vname] = msg
			}
		}
		for tname, t := range ks.Tables {
			if msg := tableError(name, ks, tname, t, bad.vindexes, parser); msg != "" {
				bad.tables[tname] = msg
			}
		}
		out[name] = bad
	}
	return out
}

// tableError builds one table with the vindexes that it uses. A bad vindex is
// no mistake of the table: another stands in for it.
func tableError(ksName string, ks *vschema.Keyspace, name string, t *vschema.Table, badVindexes map[string]string, parser *sqlparser.Parser) string {
	alone := &vschema.Keyspace{
		Sharded:  ks.Sharded,
		Vindexes: make(map[string]*vschema.Vindex),
		Tables:   map[string]*vschema.Table{name: t},
	}
	for _, cv := range t.GetColumnVindexes() {
		v, ok := ks.Vindexes[cv.GetName()]
		if !ok {
			continue
		}
		if _, bad := badVindexes[cv.GetName()]; bad {
			v = &vschema.Vindex{Type: "binary"}
		}
		alone.Vindexes[cv.GetName()] = v
	}
	return buildError(ksName, alone, parser)
}

func buildError(name string, ks *vschema.Keyspace, parser *sqlparser.Parser) (msg string) {
	defer func() {
		if p := recover(); p != nil {
			msg = fmt.Sprintf("vtgate's builder panics: %v", p)
		}
	}()
	if _, err := vindexes.BuildKeyspaceSchema(ks, name, parser); err != nil {
		return err.Error()
	}
	return ""
}

// replaceBad lets something sound stand in for what cannot be built, so that
// everything builds, and what refers to a bad part is no further mistake.
func replaceBad(srv *vschema.SrvVSchema, bad map[string]badParts) {
	for name, parts := range bad {
		ks := srv.Keyspaces[name]
		for v := range parts.vindexes {
			ks.Vindexes[v] = &vschema.Vindex{Type: "binary"}
		}
		for t := range parts.tables {
			ks.Tables[t] = &vschema.Table{Pinned: "00"}
		}
	}
}

// withoutNils gives a copy, as deep as needed, in which no keyspace, vindex or
// table is nil, as Vitess's builder does not expect that.
func withoutNils(srv *vschema.SrvVSchema) *vschema.SrvVSchema {
	out := shallow(srv)
	for _, ks := range out.Keyspaces {
		for name, v := range ks.Vindexes {
			if v == nil {
				ks.Vindexes[name] = &vschema.Vindex{}
			}
		}
		for name, t := range ks.Tables {
			if t == nil {
				ks.Tables[name] = &vschema.Table{}
			}
		}
	}
	return out
}

// withoutAutoIncrement gives a copy without the auto_increment of the tables
// for which drop says so.
func withoutAutoIncrement(srv *vschema.SrvVSchema, drop func(ks, table string) bool) *vschema.SrvVSchema {
	out := shallow(srv)
	for ks, vs := range out.Keyspaces {
		for name, t := range vs.Tables {
			if t.AutoIncrement != nil && drop(ks, name) {
				vs.Tables[name] = copyFields(t)
				vs.Tables[name].AutoIncrement = nil
			}
		}
	}
	return out
}

// standIns gives a copy in which vindexes that cannot be constructed here are
// replaced by ones that route and own alike: file-backed ones, whose file lies
// beside each vtgate and not here, and the types that the config names.
func standIns(srv *vschema.SrvVSchema, opaque []string) *vschema.SrvVSchema {
	out := shallow(srv)
	for _, ks := range out.Keyspaces {
		for name, v := range ks.Vindexes {
			ks.Vindexes[name] = standIn(v, opaque)
		}
	}
	return out
}

func standIn(v *vschema.Vindex, opaque []string) *vschema.Vindex {
	switch {
	case slices.Contains(opaque, v.Type):
		if v.Owner != "" {
			return &vschema.Vindex{Type: "lookup_unique", Owner: v.Owner}
		}
		return &vschema.Vindex{Type: "binary"}
	case v.Type == "numeric_static_map" && v.Params["json_path"] != "":
		if _, both := v.Params["json"]; both {
			return v // vtgate refuses that before it opens the file
		}
		out := proto.Clone(v).(*vschema.Vindex)
		delete(out.Params, "json_path")
		out.Params["json"] = "{}"
		return out
	case v.Type == "region_json" && v.Params["region_map"] != "":
		out := proto.Clone(v).(*vschema.Vindex)
		delete(out.Params, "region_map")
		out.Type = "region_experimental"
		return out
	default:
		return v
	}
}

// shallow gives a copy whose maps of keyspaces, vindexes and tables are its
// own, and whose vindexes, tables and rules are shared.
func shallow(srv *vschema.SrvVSchema) *vschema.SrvVSchema {
	if srv == nil {
		return &vschema.SrvVSchema{}
	}
	out := copyFields(srv)
	out.Keyspaces = make(map[string]*vschema.Keyspace, len(srv.Keyspaces))
	for name, ks := range srv.Keyspaces {
		if ks == nil {
			ks = &vschema.Keyspace{}
		}
		ks = copyFields(ks)
		ks.Vindexes, ks.Tables = maps.Clone(ks.Vindexes), maps.Clone(ks.Tables)
		out.Keyspaces[name] = ks
	}
	return out
}

// copyFields copies a message, but nothing that it holds.
func copyFields[M proto.Message](m M) M {
	out := m.ProtoReflect().New()
	m.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		out.Set(field, value)
		return true
	})
	return out.Interface().(M)
}
