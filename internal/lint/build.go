package lint

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"
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

// findBad builds every keyspace as vtgate does. Vitess's builder stops at the
// first error in the order of a map, so a keyspace that does not build is built
// again part by part, and every bad part is named.
func findBad(srv *vschema.SrvVSchema, parser *sqlparser.Parser) map[string]badParts {
	out := make(map[string]badParts)
	for name, ks := range srv.Keyspaces {
		if buildError(name, ks, parser) == "" {
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

// tableError builds one table with the vindexes that it uses.
func tableError(ksName string, ks *vschema.Keyspace, name string, t *vschema.Table, badVindexes map[string]string, parser *sqlparser.Parser) string {
	alone := &vschema.Keyspace{
		Sharded:  ks.Sharded,
		Vindexes: make(map[string]*vschema.Vindex),
		Tables:   map[string]*vschema.Table{name: t},
	}
	for _, cv := range t.GetColumnVindexes() {
		if _, bad := badVindexes[cv.GetName()]; bad {
			return fmt.Sprintf("vindex %s cannot be built", cv.GetName())
		}
		if v, ok := ks.Vindexes[cv.GetName()]; ok {
			alone.Vindexes[cv.GetName()] = v
		}
	}
	return buildError(ksName, alone, parser)
}

func buildError(name string, ks *vschema.Keyspace, parser *sqlparser.Parser) string {
	if _, err := vindexes.BuildKeyspaceSchema(ks, name, parser); err != nil {
		return err.Error()
	}
	return ""
}

// dropBad removes what cannot be built, so that what remains builds whole.
func dropBad(srv *vschema.SrvVSchema, bad map[string]badParts) {
	for name, parts := range bad {
		for v := range parts.vindexes {
			delete(srv.Keyspaces[name].Vindexes, v)
		}
		for t := range parts.tables {
			delete(srv.Keyspaces[name].Tables, t)
		}
	}
}

// withoutAutoIncrement gives a copy in which no table has an auto_increment but
// those for which keep says so.
func withoutAutoIncrement(srv *vschema.SrvVSchema, keep func(ks, table string) bool) *vschema.SrvVSchema {
	out := proto.Clone(srv).(*vschema.SrvVSchema)
	for ks, vs := range out.Keyspaces {
		for name, t := range vs.GetTables() {
			if keep == nil || !keep(ks, name) {
				t.AutoIncrement = nil
			}
		}
	}
	return out
}

// standIns gives a copy in which vindexes that cannot be constructed here are
// replaced by ones that route and own alike: file-backed ones, whose file lies
// beside each vtgate and not here, and the types that the config names.
func standIns(srv *vschema.SrvVSchema, opaque []string) *vschema.SrvVSchema {
	out := proto.Clone(srv).(*vschema.SrvVSchema)
	for _, ks := range out.Keyspaces {
		for name, v := range ks.GetVindexes() {
			ks.Vindexes[name] = standIn(v, opaque)
		}
	}
	return out
}

func standIn(v *vschema.Vindex, opaque []string) *vschema.Vindex {
	switch {
	case slices.Contains(opaque, v.Type) && v.Owner != "":
		return &vschema.Vindex{Type: "lookup_unique", Owner: v.Owner}
	case slices.Contains(opaque, v.Type):
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
		return &vschema.Vindex{Type: "region_experimental", Params: map[string]string{"region_bytes": v.Params["region_bytes"]}}
	default:
		return v
	}
}
