package desired

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"
)

func TestJSONSyntax(t *testing.T) {
	for content, want := range map[string]string{
		"{":                      `1:2: JSON: unexpected end of file, want a name in double quotes`,
		"{\n\"sharded\": true":   `2:16: JSON: unexpected end of file, want "," or "}"`,
		`{"sharded": tru}`:       `1:13: JSON: unexpected "tru", want a value`,
		`{"sharded": }`:          `1:13: JSON: unexpected '}', want a value`,
		`{"sharded" true}`:       `1:12: JSON: unexpected 't', want ":"`,
		`{"sharded": true,}`:     `1:17: JSON: trailing comma before '}'`,
		`{"a": [1,]}`:            `1:9: JSON: trailing comma before ']'`,
		`{'sharded': true}`:      `1:2: JSON: unexpected '\'', want a name in double quotes`,
		`{sharded: true}`:        `1:2: JSON: unexpected 's', want a name in double quotes`,
		"{} {}":                  `1:4: JSON: unexpected '{', want the end of the file`,
		"{}x":                    `1:3: JSON: unexpected 'x', want the end of the file`,
		"// comment\n{}":         `1:1: JSON: unexpected '/', want a value`,
		`{"a": "b`:               `1:7: JSON: string without a closing quote`,
		"{\"a\": \"b\n\"}":       `1:9: JSON: character '\n' inside a string must be escaped`,
		`{"a": "\x"}`:            `1:8: JSON: not an escape of JSON`,
		`{"a": "\u12g4"}`:        `1:8: JSON: not an escape of JSON`,
		`{"a": "\ud83d"}`:        `1:8: JSON: half of a surrogate pair`,
		`{"a": "\ude00\ud83d"}`:  `1:8: JSON: half of a surrogate pair`,
		`{"a": 01}`:              `1:7: JSON: "01" is not a number`,
		`{"a": -}`:               `1:7: JSON: "-" is not a number`,
		`{"a": 1e}`:              `1:7: JSON: "1e" is not a number`,
		`{"a": +1}`:              `1:7: JSON: unexpected '+', want a value`,
		"{\x00}":                 `1:2: JSON: unexpected '\x00', want a name`,
		strings.Repeat("[", 1e6): `1:65: JSON: nested deeper than 64 levels`,
		`{"a":` + strings.Repeat(`{"a":`, 64) + `1` + strings.Repeat("}", 65): `1:321: JSON: nested deeper than 64 levels`,
	} {
		t.Run(clip(content), func(t *testing.T) {
			_, err := Parse("customer", "v.json", []byte(content))
			checkInvalid(t, err, []string{"v.json:" + want})
		})
	}
}

func TestJSONCommentsPointToYAML(t *testing.T) {
	_, err := Parse("customer", "v.json", []byte("{\n  // sharded by customer\n}"))
	got := invalids(t, err)
	if len(got) != 1 || !strings.Contains(got[0].Next, "vschema.yaml") {
		t.Errorf("got %v", got)
	}
}

func TestYAMLRefused(t *testing.T) {
	bomb := "tables: &a {t: {}}\nvindexes: {x: *a, y: *a}\n"
	for content, want := range map[string][]string{
		"":                                     {"1:1: the file is empty"},
		"# nothing\n":                          {"1:1: the file is empty"},
		"---\n":                                {"1:1: the file is empty"},
		"null\n":                               {"1:1: keyspace must be an object, got null"},
		"sharded: [":                           {"1: YAML: "},
		"a: b\n c: d\n":                        {"2: YAML: mapping values are not allowed"},
		"sharded: true\n---\nsharded: false\n": {"2:1: YAML: a second document"},
		"sharded: true\n---\n[\n":              {"YAML: did not find expected node content"},
		"sharded: yes\n":                       {`1:10: "sharded" must be true or false, got "yes"`},
		"tables: {t: {pinned: 0123}}":          {`1:22: "pinned" must be a string, got 0123: write it in quotes: "0123"`},
		"tables: {t: {pinned: 8e1}}":           {`1:22: "pinned" must be a string, got 8e1: write it in quotes: "8e1"`},
		"tables: {t: {pinned: 0x80}}":          {`1:22: "pinned" must be a string, got 0x80: write it in quotes: "80"`},
		"tables: {t: {pinned: True}}":          {`1:22: "pinned" must be a string, got true`},
		"vindexes: {v: {params: {write_only: true}}}": {`1:37: the value must be a string, got true: write it in quotes: "true"`},
		"tables: {t: {columns: [{size: 0x10}]}}":      {`1:31: "size" must be a whole number of 32 bits, got 0x10`},
		"tables: {t: {columns: [{size: 1_000}]}}":     {`1:31: "size" must be a whole number of 32 bits, got 1_000`},
		"tables: {t: {columns: [{size: .inf}]}}":      {`1:31: "size" must be a whole number of 32 bits, got .inf`},
		"tables: {123: {}}":                           {`1:10: YAML: a name must be a string, got 123: write it in quotes: "123"`},
		"tables: {true: {}}":                          {`1:10: YAML: a name must be a string, got true: write it in quotes: "true"`},
		"tables: {~: {}}":                             {`1:10: YAML: a name must be a string, got null: write it in quotes: "~"`},
		"tables: {[a]: {}}":                           {`1:10: YAML: a name must be a string, got a list`},
		"tables: {t: {}, \"t\": {}}":                  {`1:17: duplicate key "t" in "tables", first at 1:10`},
		"tables: &t {x: {}}\nvindexes: *t":            {"2:11: YAML: alias *t is not allowed"},
		"tables: {t: &t {}, u: {<<: *t}}":             {`YAML: merge key "<<" is not allowed`, "YAML: alias *t is not allowed"},
		"tables: *nowhere":                            {"1:9: YAML: alias *nowhere is not allowed"},
		"\ntables: *nowhere\ntabels: {}":              {"2:9: YAML: alias *nowhere is not allowed", `3:1: unknown field "tabels"`},
		"tables: {t: {pinned: !!binary aGk=}}":        {"1:22: YAML: tag !!binary is not allowed on this value"},
		"tables: {t: {pinned: !custom x}}":            {"1:22: YAML: tag !custom is not allowed on this value"},
		"tables: {t: {pinned: !!null x}}":             {"1:22: YAML: tag !!null is not allowed on this value"},
		"sharded: !!bool maybe":                       {"1:10: YAML: tag !!bool is not allowed on this value"},
		"tables: !!set {t}":                           {"1:9: YAML: tag !!set is not allowed on this value"},
		"tables:\n\tt: {}":                            {"2: YAML: found character that cannot start any token"},
		"a: \"b\u2028c\"":                             {"1:6: YAML: character U+2028 is not allowed"},
		"a: b\rc: d":                                  {"1:5: YAML: character U+000D is not allowed"},
		"a: b\x00":                                    {"1:5: YAML: character U+0000 is not allowed"},
		"a: b\u0085":                                  {"1:5: YAML: character U+0085 is not allowed"},
		"tables: {t: {}}\nx: &x 1\n\nsharded: maybe\ny: *x": {
			`2:1: unknown field "x"`, `4:10: "sharded" must be true or false`, "5:4: YAML: alias *x is not allowed",
		},
		bomb:                      {"2:15: YAML: alias *a is not allowed", "2:22: YAML: alias *a is not allowed"},
		strings.Repeat("[", 1000): {"YAML: "},
		strings.Repeat("[", 65) + strings.Repeat("]", 65): {"keyspace must be an object", "1:65: YAML: nested deeper than 64 levels"},
	} {
		t.Run(clip(content), func(t *testing.T) {
			_, err := Parse("customer", "v.yaml", []byte(content))
			checkInvalid(t, err, want)
		})
	}
}

func TestYAMLVersionHasARemedy(t *testing.T) {
	_, err := Parse("customer", "v.yaml", []byte("%YAML 1.2\n---\nsharded: true\n"))
	got := invalids(t, err)
	if len(got) != 1 || !strings.Contains(got[0].Next, "%YAML") {
		t.Errorf("got %v", got)
	}
}

func TestYAMLKeepsStrings(t *testing.T) {
	ks, err := Parse("customer", "v.yaml", []byte(`
tables:
  no: {pinned: yes, type: "0123"}
  "1": {columns: [{name: on, default: 2020-01-01}]}
  y:
    columns: &unused
      - name: |
          two
          lines
`))
	if err != nil {
		t.Fatal(err)
	}
	want := &vschemapb.Keyspace{Tables: map[string]*vschemapb.Table{
		"no": {Pinned: "yes", Type: "0123"},
		"1":  {Columns: []*vschemapb.Column{{Name: "on", Default: "2020-01-01"}}},
		"y":  {Columns: []*vschemapb.Column{{Name: "two\nlines\n"}}},
	}}
	if !proto.Equal(ks.VSchema, want) {
		t.Errorf("got %s", prototext.Format(ks.VSchema))
	}
}
