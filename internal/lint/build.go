package lint

import (
	"fmt"

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
	f.sound = vschema.StandIns(f.srv, f.opaque)
	withoutSequences := func() *vschema.SrvVSchema {
		return vschema.WithoutAutoIncrement(f.sound, func(string, string) bool { return true })
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
