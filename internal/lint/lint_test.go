package lint

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

// world builds a SrvVSchema from the JSON of its parts: a keyspace under its
// name, rules under the name of their kind.
func world(t testing.TB, parts map[string]string) *vschema.SrvVSchema {
	t.Helper()
	srv := &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{}}
	for name, text := range parts {
		var err error
		switch vschema.RuleKind(name) {
		case vschema.TableRules:
			srv.RoutingRules = &vschema.RoutingRules{}
			err = protojson.Unmarshal([]byte(text), srv.RoutingRules)
		case vschema.ShardRules:
			srv.ShardRoutingRules = &vschema.ShardRoutingRules{}
			err = protojson.Unmarshal([]byte(text), srv.ShardRoutingRules)
		case vschema.KeyspaceRules:
			srv.KeyspaceRoutingRules = &vschema.KeyspaceRoutingRules{}
			err = protojson.Unmarshal([]byte(text), srv.KeyspaceRoutingRules)
		case vschema.MirrorKind:
			srv.MirrorRules = &vschema.MirrorRules{}
			err = protojson.Unmarshal([]byte(text), srv.MirrorRules)
		default:
			ks := &vschema.Keyspace{}
			err = protojson.Unmarshal([]byte(text), ks)
			srv.Keyspaces[name] = ks
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return srv
}

const commerce = `{"tables":{"product":{},"customer_seq":{"type":"sequence"},"order_seq":{"type":"sequence"},"email_lookup":{}}}`

// customer is a sharded keyspace with the given sequence and, besides the
// primary vindex, the given vindexes.
func customer(sequence, vindexes string) string {
	return fmt.Sprintf(`{"sharded":true,
		"vindexes":{"hash":{"type":"hash"}%s},
		"tables":{"customer":{"column_vindexes":[{"column":"id","name":"hash"}],
			"auto_increment":{"column":"id","sequence":%q}}}}`, vindexes, sequence)
}

// brief is a finding in one line, for tables of expectations.
func brief(f Finding) string {
	out := fmt.Sprintf("%s %s %s/%s", f.Code, f.Severity, f.Keyspace, strings.Join(f.Path, "/"))
	if f.Near != "" {
		out += " near " + f.Near
	}
	return out
}

// briefs are the findings of the given families, each in one line.
func briefs(found []Finding, families ...string) []string {
	var out []string
	for _, f := range found {
		for _, family := range families {
			if strings.HasPrefix(f.Code, family) {
				out = append(out, brief(f))
			}
		}
	}
	return out
}

// TestBrokenRules: each mistake in the rules is named where it stands.
func TestBrokenRules(t *testing.T) {
	found := Check(Input{After: world(t, map[string]string{
		"commerce":               commerce,
		"routing_rules":          `{"rules":[{"from_table":"t","to_tables":["nowhere.t"]},{"from_table":"u","to_tables":["commerce.a","commerce.b"]}]}`,
		"shard_routing_rules":    `{"rules":[{"from_keyspace":"commerce","shard":"0","to_keyspace":"gone"}]}`,
		"keyspace_routing_rules": `{"rules":[{"from_keyspace":"a","to_keyspace":"gone"}]}`,
		"mirror_rules":           `{"rules":[{"from_table":"commerce.a","to_table":"commerce.b","percent":5}]}`,
	})})
	want := []string{
		"VS717 error /mirror_rules/rules/0/to_table",
		"VS806 error /routing_rules/rules/0/to_tables/0",
		"VS702 error /routing_rules/rules/1/to_tables",
		"VS701 warning /routing_rules/rules/1/to_tables/0",
		"VS701 warning /routing_rules/rules/1/to_tables/1",
		"VS806 error /shard_routing_rules/rules/0/to_keyspace",
	}
	if got := briefs(found, "VS"); !reflect.DeepEqual(got, want) {
		t.Errorf("got:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestHarmQuotesVtgate(t *testing.T) {
	got := Check(Input{After: world(t, map[string]string{"commerce": commerce, "customer": customer("custmer_seq", "")})})
	if len(got) != 1 {
		t.Fatalf("findings: %v", got)
	}
	for _, want := range []string{"cannot resolve sequence custmer_seq: table custmer_seq not found", "table does not have a primary vindex"} {
		if !strings.Contains(got[0].Harm, want) {
			t.Errorf("harm %q lacks %q", got[0].Harm, want)
		}
	}
}

func TestOldMistakes(t *testing.T) {
	broken := world(t, map[string]string{"commerce": commerce, "customer": customer("commerce.nosuch", ""), "other": `{}`})
	tests := []struct {
		name string
		edit func(*vschema.SrvVSchema)
		want []string
	}{
		{"in an untouched keyspace: a warning", func(s *vschema.SrvVSchema) {
			s.Keyspaces["other"].Tables = map[string]*vschema.Table{"x": {}}
		}, []string{"VS301 warning customer/tables/customer/auto_increment/sequence"}},
		{"in a table that is left alone: a warning", func(s *vschema.SrvVSchema) {
			s.Keyspaces["customer"].Tables["more"] = s.Keyspaces["customer"].Tables["customer"].CloneVT()
			s.Keyspaces["customer"].Tables["more"].AutoIncrement = nil
		}, []string{"VS301 warning customer/tables/customer/auto_increment/sequence"}},
		{"in a table that is written: an error", func(s *vschema.SrvVSchema) {
			s.Keyspaces["customer"].Tables["customer"].Columns = []*vschemapb.Column{{Name: "id"}}
		}, []string{"VS301 error customer/tables/customer/auto_increment/sequence"}},
		{"caused in another keyspace: an error", func(s *vschema.SrvVSchema) {
			s.Keyspaces["customer"].Tables["customer"].AutoIncrement.Sequence = "commerce.order_seq"
			delete(s.Keyspaces["commerce"].Tables, "order_seq")
		}, []string{"VS301 error customer/tables/customer/auto_increment/sequence"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			after := broken.CloneVT()
			tt.edit(after)
			var got []string
			for _, f := range Check(Input{Before: broken, After: after}) {
				got = append(got, brief(f))
				if f.Severity == Warning && !strings.Contains(f.Message, "already so") {
					t.Errorf("%s: message %q does not say that it is old", brief(f), f.Message)
				}
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestOldMistakeThatHitsAll: where vtgate stops at a bad table of others, whether
// ours is served is left to chance.
func TestOldMistakeThatHitsAll(t *testing.T) {
	before := world(t, map[string]string{
		"a": `{"sharded":true,"vindexes":{"h":{"type":"hash"}},"tables":{"bad":{},"x":{"column_vindexes":[{"column":"id","name":"h"}]}}}`,
		"b": `{}`,
	})
	for ks, want := range map[string]string{"a": "VS204 error a/tables/bad", "b": "VS204 warning a/tables/bad"} {
		after := before.CloneVT()
		after.Keyspaces[ks].Vindexes = map[string]*vschema.Vindex{"h": {Type: "hash"}, "new": {Type: "hash"}}
		if got := briefs(Check(Input{Before: before, After: after}), "VS204"); !reflect.DeepEqual(got, []string{want}) {
			t.Errorf("a change of %s: %v, want %s", ks, got, want)
		}
	}
}

// TestRulesOfOthers: a rule that was broken before is somebody else's; one that
// the change breaks is ours.
func TestRulesOfOthers(t *testing.T) {
	before := world(t, map[string]string{
		"a":             `{"sharded":true,"vindexes":{"h":{"type":"hash"}},"tables":{"x":{"column_vindexes":[{"column":"id","name":"h"}]}}}`,
		"routing_rules": `{"rules":[{"from_table":"old","to_tables":["nowhere.t"]},{"from_table":"y","to_tables":["a.x"]}]}`,
	})
	after := before.CloneVT()
	delete(after.Keyspaces["a"].Tables, "x")
	var got []string
	for _, f := range Check(Input{Before: before, After: after, Whole: true}) {
		if f.Code == ruleToNothing.Code || f.Code == absentKeyspace.Code {
			got = append(got, brief(f))
		}
	}
	if want := []string{"VS806 warning /routing_rules/rules/0/to_tables/0", "VS701 error /routing_rules/rules/1/to_tables/0"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestTheNet: what the other rules take for sound and vtgate does not build is
// still found. Only a mistake in them lets it come to that.
func TestTheNet(t *testing.T) {
	f := newFacts(world(t, map[string]string{"commerce": commerce, "customer": customer("customer_seq", "")}), Input{})
	if found := vanished.Check(f); len(found) > 0 {
		t.Fatalf("findings on sound routing: %v", found)
	}
	delete(f.sound.Keyspaces["commerce"].Tables, "customer_seq")
	var got []string
	for _, finding := range vanished.Check(f) {
		got = append(got, finding.Keyspace+"/"+strings.Join(finding.Path, "/"))
	}
	if want := []string{"customer/tables/customer", "customer/"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestSameFindingsEveryTime runs over a keyspace on which Vitess's own builder
// gives another answer each time.
func TestSameFindingsEveryTime(t *testing.T) {
	var tables []string
	for i := range 12 {
		tables = append(tables, fmt.Sprintf(`"good%d":{"column_vindexes":[{"column":"id","name":"hash"}]}`, i),
			fmt.Sprintf(`"bad%d":{"column_vindexes":[{"column":"id","name":"nosuch%d"}]}`, i, i))
	}
	parts := map[string]string{
		"broken":   `{"sharded":true,"vindexes":{"hash":{"type":"hash"},"x":{"type":"x"},"y":{"type":"y"}},"tables":{` + strings.Join(tables, ",") + `}}`,
		"customer": customer("broken.good1", ""),
		"commerce": commerce,
	}
	first := fmt.Sprint(Check(Input{After: world(t, parts)}))
	for i := range 12 {
		if want := fmt.Sprintf("table bad%d names vindex nosuch%d", i, i); !strings.Contains(first, want) {
			t.Errorf("findings lack %q", want)
		}
	}
	for range 50 {
		if again := fmt.Sprint(Check(Input{After: world(t, parts)})); again != first {
			t.Fatalf("findings differ:\n%s\n%s", first, again)
		}
	}
}

func TestCodesAreUniqueAndSorted(t *testing.T) {
	for i := 1; i < len(All); i++ {
		if All[i-1].Code >= All[i].Code {
			t.Errorf("rule %s does not stand after %s", All[i].Code, All[i-1].Code)
		}
	}
}

// TestKnownTypes holds the list of types against Vitess's registry.
func TestKnownTypes(t *testing.T) {
	for _, typ := range vindexTypes {
		_, err := vindexes.CreateVindex(typ, "v", nil)
		if err != nil && strings.Contains(err.Error(), "not found") {
			t.Errorf("%s: %v", typ, err)
		}
	}
}

func TestReferences(t *testing.T) {
	srv := world(t, map[string]string{
		"commerce": commerce, "lookup": `{"tables":{"email_idx":{}}}`, "unrelated": `{"tables":{"x":{}}}`,
		"customer": customer("order_seq", `,"email":{"type":"lookup","params":{"table":"`+"`lookup`"+`.email_idx"}}`),
	})
	got := References(srv, "customer")
	if want := []string{"commerce", "lookup"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
