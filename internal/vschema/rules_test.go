package vschema_test

import (
	"strconv"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/vschema"
)

func tableRules(rules ...*vschemapb.RoutingRule) *vschema.RoutingRules {
	return &vschema.RoutingRules{Rules: rules}
}

func TestRulesByMeaning(t *testing.T) {
	a := &vschemapb.RoutingRule{FromTable: "a", ToTables: []string{"ks.a"}}
	a2 := &vschemapb.RoutingRule{FromTable: "a", ToTables: []string{"ks.b"}}
	b := &vschemapb.RoutingRule{FromTable: "b", ToTables: []string{"ks.a", "ks.b"}}
	turned := &vschemapb.RoutingRule{FromTable: "b", ToTables: []string{"ks.b", "ks.a"}}
	s1 := &vschemapb.ShardRoutingRule{FromKeyspace: "x", ToKeyspace: "y", Shard: "-80"}
	s2 := &vschemapb.ShardRoutingRule{FromKeyspace: "x", ToKeyspace: "y", Shard: "80-"}
	var none *vschema.RoutingRules
	tests := []struct {
		name  string
		kind  vschema.RuleKind
		a, b  proto.Message
		equal bool
	}{
		{"order of rules", vschema.TableRules, tableRules(a, b), tableRules(b, a), true},
		{"order of duplicates", vschema.TableRules, tableRules(a, a2), tableRules(a2, a), false},
		{"order of duplicates among others", vschema.TableRules, tableRules(a, b, a2), tableRules(b, a, a2), true},
		{"order of targets", vschema.TableRules, tableRules(b), tableRules(turned), false},
		{"absent and empty", vschema.TableRules, nil, tableRules(), true},
		{"typed nil and empty", vschema.TableRules, none, tableRules(), true},
		{"order of shard rules", vschema.ShardRules, &vschema.ShardRoutingRules{Rules: []*vschemapb.ShardRoutingRule{s2, s1}}, &vschema.ShardRoutingRules{Rules: []*vschemapb.ShardRoutingRule{s1, s2}}, true},
		{
			"keyspace rules", vschema.KeyspaceRules,
			&vschema.KeyspaceRoutingRules{Rules: []*vschemapb.KeyspaceRoutingRule{{FromKeyspace: "b", ToKeyspace: "c"}, {FromKeyspace: "a", ToKeyspace: "c"}}},
			&vschema.KeyspaceRoutingRules{Rules: []*vschemapb.KeyspaceRoutingRule{{FromKeyspace: "a", ToKeyspace: "c"}, {FromKeyspace: "b", ToKeyspace: "c"}}}, true,
		},
		{
			"percent of a mirror rule", vschema.MirrorKind,
			&vschema.MirrorRules{Rules: []*vschemapb.MirrorRule{{FromTable: "a", ToTable: "b", Percent: 1.5}}},
			&vschema.MirrorRules{Rules: []*vschemapb.MirrorRule{{FromTable: "a", ToTable: "b", Percent: 1.25}}}, false,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := vschema.RulesFingerprint(tt.kind, tt.a) == vschema.RulesFingerprint(tt.kind, tt.b); got != tt.equal {
				t.Errorf("fingerprints equal = %v, want %v", got, tt.equal)
			}
			if got := vschema.EqualRules(tt.kind, tt.a, tt.b); got != tt.equal {
				t.Errorf("EqualRules = %v, want %v", got, tt.equal)
			}
		})
	}
}

// Many duplicates, as a sort that is stable for a few only would pass above.
func TestManyDuplicatesKeepTheirOrder(t *testing.T) {
	var rules vschema.RoutingRules
	for i := range 100 {
		rules.Rules = append(rules.Rules, &vschemapb.RoutingRule{FromTable: []string{"b", "a"}[i%2], ToTables: []string{strconv.Itoa(i)}})
	}
	got := vschema.CanonicalRules(vschema.TableRules, &rules).(*vschema.RoutingRules)
	for i, r := range got.Rules {
		want := 2*i + 1 // the rules of a are the odd ones
		if i >= 50 {
			want = 2 * (i - 50)
		}
		if r.ToTables[0] != strconv.Itoa(want) {
			t.Fatalf("rule %d leads to %s, want %d", i, r.ToTables[0], want)
		}
	}
}

func TestRulesOfEveryKind(t *testing.T) {
	srv := &vschema.SrvVSchema{}
	seen := map[string]vschema.RuleKind{}
	for _, kind := range vschema.RuleKinds {
		if vschema.RulesOf(srv, kind) != nil {
			t.Errorf("%s: an empty cell has rules", kind)
		}
		rules := vschema.NewRules(kind)
		list := rules.ProtoReflect().Mutable(rules.ProtoReflect().Descriptor().Fields().ByName("rules")).List()
		list.AppendMutable()
		vschema.SetRules(srv, kind, rules)
		got := vschema.RulesOf(srv, kind)
		if !proto.Equal(got, rules) {
			t.Errorf("%s: put %v, got %v", kind, rules, got)
		}
		b, err := proto.Marshal(rules)
		if err != nil {
			t.Fatal(err)
		}
		if decoded, unknown, err := vschema.DecodeRules(kind, b); err != nil || len(unknown) > 0 || !proto.Equal(decoded, rules) {
			t.Errorf("%s: decoded %v, %v, %v", kind, decoded, unknown, err)
		}
		fp := vschema.RulesFingerprint(kind, rules)
		if other, taken := seen[fp]; taken {
			t.Errorf("%s and %s share a fingerprint", kind, other)
		}
		seen[fp] = kind
	}
	// Every field of a cell but the keyspaces is one kind of rules.
	fields := srv.ProtoReflect().Descriptor().Fields()
	if fields.Len() != len(vschema.RuleKinds)+1 {
		t.Errorf("SrvVSchema has %d fields, %d kinds of rules are known", fields.Len(), len(vschema.RuleKinds))
	}
	for _, kind := range vschema.RuleKinds {
		vschema.SetRules(srv, kind, nil)
		if srv.ProtoReflect().Has(fields.ByName(protoreflect.Name(kind))) {
			t.Errorf("%s: nil does not remove the rules", kind)
		}
	}
}
