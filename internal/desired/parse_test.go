package desired

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	querypb "vitess.io/vitess/go/vt/proto/query"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/vschema"
)

// full uses every part of a VSchema that has a form of its own in a file.
func full() *vschema.Keyspace {
	return &vschemapb.Keyspace{
		Sharded:        true,
		ForeignKeyMode: vschemapb.Keyspace_managed,
		MultiTenantSpec: &vschemapb.MultiTenantSpec{
			TenantIdColumnName: "tenant", TenantIdColumnType: querypb.Type_INT64,
		},
		Vindexes: map[string]*vschemapb.Vindex{
			"hash":   {Type: "hash"},
			"lookup": {Type: "lookup", Params: map[string]string{"write_only": "true", "table": "l"}, Owner: "customer"},
		},
		Tables: map[string]*vschemapb.Table{
			"customer": {
				ColumnVindexes: []*vschemapb.ColumnVindex{
					{Column: "id", Name: "hash"},
					{Columns: []string{"name", "city"}, Name: "lookup"},
				},
				AutoIncrement: &vschemapb.AutoIncrement{Column: "id", Sequence: "product.customer_seq"},
				Columns: []*vschemapb.Column{
					{Name: "id", Type: querypb.Type_INT64},
					{Name: "size", Type: querypb.Type_DECIMAL, Size: 10, Scale: -2, Nullable: proto.Bool(false)},
					{Name: "kind", Type: querypb.Type_ENUM, Values: []string{"<a>", "b&b"}, Default: "'b&b'", Invisible: true},
				},
				ColumnListAuthoritative: true,
			},
			"country": {Type: "reference", Source: "product.country"},
			"pin":     {Pinned: "80"},
		},
	}
}

const fullYAML = `# The customers.
sharded: true
foreign_key_mode: managed
multiTenantSpec: {tenantIdColumnName: tenant, tenant_id_column_type: INT64}
vindexes:
  hash: {type: hash}
  lookup:
    type: lookup
    params: {write_only: "true", table: l}
    owner: customer
tables:
  customer:
    column_vindexes:
      - {column: id, name: hash}
      - columns: [name, city]
        name: lookup
    auto_increment: {column: id, sequence: product.customer_seq}
    columns:
      - {name: id, type: 265}
      - {name: size, type: DECIMAL, size: 10, scale: -2, nullable: false}
      - {name: kind, type: ENUM, values: [<a>, b&b], default: "'b&b'", invisible: True}
    columnListAuthoritative: true
  country: {type: reference, source: product.country}
  pin: {pinned: !!str 80, source: }
`

func TestParseForms(t *testing.T) {
	marshal := func(o protojson.MarshalOptions, m proto.Message) string {
		b, err := o.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	// What vtctldclient GetVSchema prints.
	get := protojson.MarshalOptions{Multiline: true, Indent: "  ", UseProtoNames: true, EmitUnpopulated: true}
	numbers := get
	numbers.UseEnumNumbers = true
	bare := marshal(get, full())
	srv := &vschemapb.SrvVSchema{Keyspaces: map[string]*vschemapb.Keyspace{"customer": full()}}
	for name, content := range map[string]string{
		"GetVSchema":              bare,
		"GetVSchema with numbers": marshal(numbers, full()),
		"camelCase":               marshal(protojson.MarshalOptions{}, full()),
		"vtexplain":               `{"customer": ` + bare + `}`,
		"keyspaces":               `{"keyspaces": {"customer": ` + bare + `}}`,
		"GetSrvVSchema":           marshal(get, srv),
		"empty rules":             `{"keyspaces": {"customer": ` + bare + `}, "routing_rules": {"rules": []}}`,
		"byte order mark":         "\uFEFF" + bare,
		"CRLF":                    strings.ReplaceAll(bare, "\n", "\r\n"),
		"in YAML":                 fullYAML,
		"in YAML with CRLF":       strings.ReplaceAll(fullYAML, "\n", "\r\n"),
		"in YAML with a mark":     "\uFEFF" + fullYAML,
		"in YAML, wrapped":        "customer:\n  " + strings.ReplaceAll(fullYAML, "\n", "\n  "),
		"in YAML, JSON":           bare,
	} {
		t.Run(name, func(t *testing.T) {
			file := "vschema.json"
			if strings.Contains(name, "in YAML") {
				file = "vschema.yaml"
			}
			ks, err := Parse("customer", file, []byte(content))
			if err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(ks.VSchema, full()) {
				t.Errorf("got %s", prototext.Format(ks.VSchema))
			}
		})
	}
}

func TestParseFormIsDecidedByStructure(t *testing.T) {
	for name, tc := range map[string]struct {
		keyspace, content string
		want              *vschema.Keyspace
		errs              []string
	}{
		"empty": {"customer", `{}`, &vschemapb.Keyspace{}, nil},
		"a table named like the keyspace": {
			"customer", `{"tables": {"customer": {}}}`,
			&vschemapb.Keyspace{Tables: map[string]*vschemapb.Table{"customer": {}}}, nil,
		},
		"wrapped and empty": {"customer", `{"customer": {}}`, &vschemapb.Keyspace{}, nil},
		"a keyspace named like a field is bare": {
			"tables", `{"tables": {"sharded": {}}}`,
			&vschemapb.Keyspace{Tables: map[string]*vschemapb.Table{"sharded": {}}}, nil,
		},
		"a keyspace named like a field in keyspaces": {
			"tables", `{"keyspaces": {"tables": {"sharded": true}}}`, &vschemapb.Keyspace{Sharded: true}, nil,
		},
		"another keyspace": {
			"customer", `{"product": {"sharded": true}}`, nil,
			[]string{`1:2: keyspace "product" in the file of keyspace "customer"`},
		},
		"another keyspace beside this one": {
			"customer", `{"customer": {}, "product": {}}`, nil,
			[]string{`1:18: keyspace "product" in the file of keyspace "customer"`},
		},
		"another in keyspaces": {
			"customer", `{"keyspaces": {"product": {}}}`, nil, []string{`1:16: keyspace "product"`},
		},
		"none in keyspaces": {
			"customer", `{"keyspaces": {}}`, nil, []string{`does not hold keyspace "customer"`},
		},
		"no object in keyspaces": {
			"customer", `{"keyspaces": null}`, nil, []string{`"keyspaces" must be an object, got null`},
		},
		"rules": {
			"customer", `{"keyspaces": {"customer": {}}, "routingRules": {"rules": [{"from_table": "t"}]}}`, nil,
			[]string{`1:33: "routingRules" in the file of keyspace "customer": rules do not belong to a keyspace`},
		},
		"unknown beside keyspaces": {
			"customer", `{"keyspaces": {"customer": {}}, "sharde": true}`, nil,
			[]string{`1:33: unknown field "sharde" beside "keyspaces"`},
		},
		"twice": {
			"customer", `{"customer": {}, "customer": {"sharded": true}}`, nil,
			[]string{`1:18: duplicate key "customer", first at 1:14`},
		},
		"keyspaces twice": {
			"customer", `{"keyspaces": {"customer": {}}, "keyspaces": {}}`, nil,
			[]string{`1:33: duplicate field "keyspaces"`},
		},
		"not an object":          {"customer", `[]`, nil, []string{"1:1: keyspace must be an object, got a list"}},
		"wrapped, not an object": {"customer", `{"customer": 1}`, nil, []string{"1:14: keyspace must be an object, got 1"}},
		"a field misspelled": {
			"customer", `{"vindexs": {"hash": {"type": "hash"}}}`, nil,
			[]string{`1:2: unknown field "vindexs" in keyspace (did you mean "vindexes"?)`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			ks, err := Parse(tc.keyspace, "vschema.json", []byte(tc.content))
			checkInvalid(t, err, tc.errs)
			if err == nil && !proto.Equal(ks.VSchema, tc.want) {
				t.Errorf("got %s", prototext.Format(ks.VSchema))
			}
		})
	}
}

func TestParseRefusesWhatVitessDrops(t *testing.T) {
	for name, tc := range map[string]struct {
		content string
		want    []string
	}{
		"unknown fields, all of them": {
			"{\n  \"Sharded\": true,\n  \"tables\": {\n    \"t\": {\"autoincrement\": {}, \"column_vindexs\": []}\n  }\n}",
			[]string{
				`vschema.json:2:3: unknown field "Sharded" in keyspace (did you mean "sharded"?)`,
				`vschema.json:4:11: unknown field "autoincrement" in table (did you mean "auto_increment"?)`,
				`vschema.json:4:32: unknown field "column_vindexs" in table (did you mean "column_vindexes"?)`,
			},
		},
		"both names of a field": {
			`{"tables": {"t": {"column_vindexes": [], "columnVindexes": []}}}`,
			[]string{`1:42: duplicate field "columnVindexes", first written as "column_vindexes" at 1:19`},
		},
		"duplicate field, even null": {`{"sharded": null, "sharded": true}`, []string{`1:19: duplicate field "sharded"`}},
		"duplicate key": {
			`{"tables": {"t": {}, "t": {}}}`, []string{`1:22: duplicate key "t" in "tables", first at 1:13`},
		},
		"duplicate by escape": {`{"tables": {"t": {}, "\u0074": {}}}`, []string{`1:22: duplicate key "t"`}},
		"enum": {
			`{"foreign_key_mode": "managd"}`,
			[]string{`1:22: "foreign_key_mode" has no value "managd", want one of unspecified, disallow, unmanaged, managed (did you mean "managed"?)`},
		},
		"enum case": {
			`{"tables": {"t": {"columns": [{"type": "int64"}]}}}`,
			[]string{`1:40: "type" has no value "int64" (did you mean "INT64"?)`},
		},
		"enum number":  {`{"foreign_key_mode": 4}`, []string{`1:22: "foreign_key_mode" has no value 4`}},
		"enum kind":    {`{"foreign_key_mode": true}`, []string{`1:22: "foreign_key_mode" has no value true`}},
		"bool":         {`{"sharded": "true"}`, []string{`1:13: "sharded" must be true or false, got "true"`}},
		"bool number":  {`{"sharded": 1}`, []string{`1:13: "sharded" must be true or false, got 1`}},
		"string":       {`{"tables": {"t": {"pinned": 80}}}`, []string{`1:29: "pinned" must be a string, got 80: write it in quotes: "80"`}},
		"string list":  {`{"tables": {"t": {"pinned": []}}}`, []string{`1:29: "pinned" must be a string, got a list`}},
		"param":        {`{"vindexes": {"v": {"params": {"write_only": true}}}}`, []string{`1:46: the value must be a string, got true: write it in quotes: "true"`}},
		"list":         {`{"tables": {"t": {"columns": {}}}}`, []string{`1:30: "columns" must be a list, got an object`}},
		"list item":    {`{"tables": {"t": {"columns": [null]}}}`, []string{`1:31: column must be an object, got null`}},
		"scalar item":  {`{"tables": {"t": {"column_vindexes": [{"columns": ["a", 1]}]}}}`, []string{`1:57: an item of "columns" must be a string, got 1`}},
		"map":          {`{"tables": ["t"]}`, []string{`1:12: "tables" must be an object, got a list`}},
		"map value":    {`{"tables": {"t": null}}`, []string{`1:18: table must be an object, got null`}},
		"int":          {`{"tables": {"t": {"columns": [{"size": 1.5}]}}}`, []string{`1:40: "size" must be a whole number of 32 bits, got 1.5`}},
		"int range":    {`{"tables": {"t": {"columns": [{"size": 2147483648}]}}}`, []string{`1:40: "size" must be a whole number`}},
		"int exponent": {`{"tables": {"t": {"columns": [{"size": 1e999999999}]}}}`, []string{`1:40: "size" must be a whole number`}},
		"int text":     {`{"tables": {"t": {"columns": [{"size": " 1"}]}}}`, []string{`1:40: "size" must be a whole number`}},
		"int digits": {
			`{"tables": {"t": {"columns": [{"size": 1.` + strings.Repeat("0", 100) + `1}]}}}`,
			[]string{`1:40: "size" must be a whole number`},
		},
		"columns are characters": {`{"tables": {"é世": {"x": 1}}}`, []string{`1:20: unknown field "x"`}},
		"columns after a mark":   {"\uFEFF{\"x\": 1}", []string{`1:2: unknown field "x"`}},
		"lines of CRLF":          {"{\r\n\"x\": 1}", []string{`2:1: unknown field "x"`}},
		"not UTF-8":              {"{\n\"é\xff\": 1}", []string{`2:3: byte 0xff is not valid UTF-8`}},
		"cut in a character":     {"{\"\xc3", []string{`1:3: byte 0xc3 is not valid UTF-8`}},
		"UTF-16":                 {"\xff\xfe{\x00}\x00", []string{`1:1: byte 0xff is not valid UTF-8`}},
		"empty":                  {"", []string{"1:1: the file is empty"}},
		"blank":                  {" \r\n\t", []string{"1:1: the file is empty"}},
		"only a mark":            {"\uFEFF", []string{"1:1: the file is empty"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("customer", "vschema.json", []byte(tc.content))
			checkInvalid(t, err, tc.want)
		})
	}
}

func TestParseTakesWhatProtojsonTakes(t *testing.T) {
	ks, err := Parse("customer", "vschema.json", []byte(`{
		"sharded": null, "tables": {"t\u00e9\ud83d\ude00\n": {"columns": [
			{"size": "12", "scale": 1e2, "nullable": null}, {"size": -1.0, "nullable": true}]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := &vschemapb.Keyspace{Tables: map[string]*vschemapb.Table{
		"té😀\n": {Columns: []*vschemapb.Column{{Size: 12, Scale: 100}, {Size: -1, Nullable: proto.Bool(true)}}},
	}}
	if !proto.Equal(ks.VSchema, want) {
		t.Errorf("got %s", prototext.Format(ks.VSchema))
	}
}

func TestParseBoundsItsErrors(t *testing.T) {
	_, err := Parse("customer", "vschema.json", []byte("{"+strings.Repeat("\"x\": 1,\n", 1000)+`"y": 1}`))
	got := invalids(t, err)
	if len(got) != maxProblems+1 {
		t.Fatalf("%d errors, want %d", len(got), maxProblems+1)
	}
	if last := got[maxProblems].Error(); !strings.Contains(last, "more than 20 problems") {
		t.Errorf("last error: %s", last)
	}
	if line := got[maxProblems-1].Pos.Line; line != maxProblems {
		t.Errorf("the last problem shown is in line %d, want %d", line, maxProblems)
	}
}

func TestPosition(t *testing.T) {
	jsonText := `{
  "customer": {
    "sharded": true,
    "tables": {
      "orders": {
        "column_vindexes": [
          {
            "columns": ["a",
              "b"]
          }
        ],
        "autoIncrement": { "sequence": "s" }
      }
    }
  }
}`
	yamlText := `customer:
  sharded: true
  tables:
    # the orders
    orders:
      column_vindexes:
        - columns: [a,
            b]
      autoIncrement: {sequence: s}
`
	for _, tc := range []struct{ path, json, yaml string }{
		{"", "2:15", "2:3"},
		{"sharded", "3:16", "2:12"},
		{"vindexes/hash", "2:15", "2:3"},
		{"tables", "4:5", "3:3"},
		{"tables/orders", "5:7", "5:5"},
		{"tables/orders/pinned", "5:7", "5:5"},
		{"tables/orders/column_vindexes", "6:9", "6:7"},
		{"tables/orders/column_vindexes/0", "7:11", "7:11"},
		{"tables/orders/column_vindexes/0/columns/1", "9:15", "8:13"},
		{"tables/orders/column_vindexes/1", "6:9", "6:7"},
		{"tables/orders/auto_increment", "12:9", "9:7"},
		{"tables/orders/auto_increment/sequence", "12:40", "9:33"},
	} {
		var path []string
		if tc.path != "" {
			path = strings.Split(tc.path, "/")
		}
		for file, c := range map[string]struct{ text, want string }{
			"v.json": {jsonText, tc.json}, "v.yaml": {yamlText, tc.yaml},
		} {
			ks, err := Parse("customer", file, []byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := ks.Position(path...).String(); got != file+":"+c.want {
				t.Errorf("position of %q is %s, want %s", tc.path, got, c.want)
			}
		}
	}
}
