package lint

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

// oneTable is a sharded keyspace with a table t that has the column vindexes.
func oneTable(defined, columnVindexes string) map[string]string {
	return map[string]string{"a": `{"sharded":true,"vindexes":{` + defined + `},"tables":{"t":{"column_vindexes":[` + columnVindexes + `]}}}`}
}

// TestVindexes holds what the pages don't show: nearest names, several mistakes
// in one keyspace, what stands in for what cannot be built here, and what must
// not be reported.
func TestVindexes(t *testing.T) {
	const hash = `"h":{"type":"hash"}`
	tests := []struct {
		name   string
		parts  map[string]string
		opaque []string
		want   []string
	}{
		{
			"each mistake is named once, at its place",
			map[string]string{"a": `{"sharded":true,
				"vindexes":{"h":{"type":"hash"},"typo":{"type":"hsh"},"map":{"type":"numeric_static_map"}},
				"tables":{"good":{"column_vindexes":[{"column":"id","name":"h"}]},
					"bare":{},
					"undefined":{"column_vindexes":[{"column":"id","name":"hh"}]},
					"uses":{"column_vindexes":[{"column":"id","name":"typo"}]}}}`},
			nil,
			[]string{
				"VS204 error a/tables/bare",
				"VS202 error a/tables/undefined/column_vindexes/0/name",
				"VS201 error a/vindexes/map/params",
				"VS201 error a/vindexes/typo/type near hash",
			},
		},
		{
			"params with a value that their type does not take",
			map[string]string{"a": `{"vindexes":{
				"b":{"type":"lookup","owner":"t","params":{"table":"t","from":"f","to":"t","ignore_nulls":"TRUE","batch_lookup":"true"}},
				"c":{"type":"cfc","params":{"hash":"md5","offsets":"2,4"}},
				"d":{"type":"cfc","params":{"hash":"xxhash","offsets":"[2,4]"}},
				"f":{"type":"numeric_static_map","params":{"json":"{}","fallback_type":"xxhsh"}},
				"l":{"type":"lookup","owner":"t","params":{"table":"t","from":"f","to":"t","read_lock":"share"}},
				"m":{"type":"multicol","params":{"column_count":"two"}},
				"n":{"type":"multicol","params":{"column_count":"2","column_vindex":"hash,binary,hash"}},
				"r":{"type":"region_experimental","params":{"region_bytes":"3"}}}}`},
			nil,
			[]string{
				"VS201 error a/vindexes/b/params/ignore_nulls near true",
				"VS201 error a/vindexes/c/params/offsets",
				"VS201 error a/vindexes/d/params/hash near xxhash64",
				"VS201 error a/vindexes/f/params/fallback_type near xxhash",
				"VS201 error a/vindexes/l/params/read_lock near shared",
				"VS201 error a/vindexes/m/params/column_count",
				"VS201 error a/vindexes/n/params/column_vindex",
				"VS201 error a/vindexes/r/params/region_bytes",
			},
		},
		{
			"types of the config stand in, whatever they are given",
			oneTable(`"own":{"type":"geo","params":{"x":"1"}}`, `{"columns":["region","id"],"name":"own"}`),
			[]string{"geo"},
			nil,
		},
		{
			"files of the vtgates stand in",
			oneTable(`"region":{"type":"region_json","params":{"region_map":"nowhere.json","region_bytes":"1"}}`, `{"columns":["r","id"],"name":"region"}`),
			nil,
			[]string{"VS213 info a/vindexes/region/params/region_map"},
		},
		{
			"a map that could stand in the VSchema",
			oneTable(`"static":{"type":"numeric_static_map","params":{"json_path":"nowhere.json"}}`, `{"column":"id","name":"static"}`),
			nil,
			[]string{"VS213 warning a/vindexes/static/params/json_path"},
		},
		{
			"both forms of a map",
			oneTable(`"map":{"type":"numeric_static_map","params":{"json_path":"nowhere.json","json":"{}"}}`, `{"column":"id","name":"map"}`),
			nil,
			[]string{"VS201 error a/vindexes/map/params/json"},
		},
		{"the cost of lookup_cost is known", oneTable(hash+`,"l":{"type":"lookup_cost","owner":"t","params":{"table":"a.t","from":"x","to":"y","cost":"3"}}`,
			`{"column":"id","name":"h"},{"column":"x","name":"l"}`), nil, nil},
		{"a second vindex that costs more", oneTable(`"n":{"type":"numeric"},`+hash, `{"column":"id","name":"n"},{"column":"ID","name":"h"}`), nil,
			[]string{"VS208 error a/tables/t/column_vindexes/1/name"}},
		{"a second vindex of a lookup is another thing", oneTable(hash+`,"l":{"type":"lookup_unique","owner":"t","params":{"table":"a.t","from":"x","to":"y"}}`,
			`{"column":"id","name":"h"},{"column":"id","name":"l"}`), nil, nil},
		{"several columns of a lookup are all used", oneTable(hash+`,"l":{"type":"lookup_unique","owner":"t","params":{"table":"a.t","from":"x,z","to":"y"}}`,
			`{"column":"id","name":"h"},{"columns":["x","z"],"name":"l"}`), nil, nil},
		{
			"what routes nothing",
			map[string]string{
				"a": `{"vindexes":{"h":{"type":"hash"},"n":{"type":"numeric"},"l":{"type":"lookup","owner":"t","params":{"table":"a.t","from":"x","to":"y","writeonly":"true"}}},
					"tables":{"t":{"column_vindexes":[{"columns":["id","x"],"name":"h"},{"column":"id","name":"n"},{"column":"x","name":"l"}]}}}`,
				"b": `{"sharded":true,"vindexes":{"h":{"type":"hash"},"n":{"type":"numeric"}},
					"tables":{"t":{"pinned":"00","column_vindexes":[{"columns":["id","x"],"name":"h"},{"column":"id","name":"n"}]}}}`,
			},
			nil,
			[]string{"VS203 warning a/vindexes/l/params/writeonly"},
		},
		{"too many columns", oneTable(`"m":{"type":"multicol","params":{"column_count":"1"}}`, `{"columns":["a","b"],"name":"m"}`), nil,
			[]string{"VS210 error a/tables/t/column_vindexes/0/columns"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := briefs(Check(Input{After: world(t, tt.parts), OpaqueVindexes: tt.opaque}), "VS2", "VS801", "VS802")
			got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, "VS212 ") })
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(tt.want, "\n  "))
			}
		})
	}
}

// TestKnownParams holds the params of each type against Vitess: it must know
// each of them, and none of another type.
func TestKnownParams(t *testing.T) {
	f := newFacts(nil, Input{})
	enough := map[string]map[string]string{
		"cfc":                 {"offsets": "[1]"},
		"numeric_static_map":  {"json": "{}"},
		"region_experimental": {"region_bytes": "1"},
	}
	every := make(map[string]bool)
	for _, params := range knownParams {
		for _, p := range params {
			every[p] = true
		}
	}
	for _, typ := range vindexTypes {
		if slices.Contains([]string{"lookup_cost", "multicol", "region_json"}, typ) {
			continue // they take what others take, or read a file
		}
		for _, param := range sortedKeys(every) {
			if param == "json_path" {
				continue
			}
			known, ok := knows(f, typ, enough[typ], param)
			if want := slices.Contains(knownParams[typ], param); !ok || known != want {
				t.Errorf("%s knows %s: %v (built: %v), want %v", typ, param, known, ok, want)
			}
		}
	}
}

// knows asks Vitess whether a type knows a param, with a value that it takes.
func knows(f *Facts, typ string, enough map[string]string, param string) (known, ok bool) {
	for _, value := range paramValues {
		params := map[string]string{param: value}
		for name, v := range enough {
			params[name] = v
		}
		if !f.builds(&vschema.Vindex{Type: typ, Params: params}) {
			continue
		}
		v, err := vindexes.CreateVindex(typ, "v", params)
		if err != nil {
			return false, false
		}
		validating, can := v.(vindexes.ParamValidating)
		return can && !slices.Contains(validating.UnknownParams(), param), true
	}
	return false, false
}

// TestBuilderPanics: what Vitess's builder does not survive is a finding.
func TestBuilderPanics(t *testing.T) {
	srv := world(t, map[string]string{"a": `{"tables":{"good":{},"bad":{"columns":[{"name":"x"}]}}}`, "b": `{"tables":{"other":{}}}`})
	srv.Keyspaces["a"].Tables["bad"].Columns[0] = nil
	got := briefs(Check(Input{After: srv}), "VS2", "VS801", "VS802")
	if want := []string{"VS801 error a/tables/bad"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestNetIsSilent where another rule speaks of the entry, and only there.
func TestNetIsSilent(t *testing.T) {
	srv := world(t, map[string]string{"a": `{"sharded":true,"vindexes":{"x":{"type":"nosuch"}},"tables":{"t":{},"u":{}}}`})
	f := newFacts(srv, Input{})
	if got := briefs(coded(unbuildable, f), "VS801"); len(got) != 3 {
		t.Fatalf("the net holds %q, want a vindex and two tables", got)
	}
	found := append(coded(unbuildable, f), Finding{
		Code: "VS204", Severity: Error, Keyspace: "a", Path: []string{"tables", "t"}, whole: true,
	})
	want := []string{"VS801 error a/vindexes/x", "VS801 error a/tables/u", "VS204 error a/tables/t"}
	if got := briefs(withoutNamed(found), "VS"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// coded runs one rule.
func coded(r Rule, f *Facts) []Finding {
	out := r.Check(f)
	for i := range out {
		out[i].Code, out[i].Severity, out[i].whole, out[i].net = r.Code, r.Severity, r.Whole, r.Net
	}
	return out
}
