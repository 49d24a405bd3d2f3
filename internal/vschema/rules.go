package vschema

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"
)

// NewRules gives an empty set of rules of the kind. A kind outside the closed
// set is a mistake of the program, and panics.
func NewRules(kind RuleKind) proto.Message {
	switch kind {
	case TableRules:
		return &RoutingRules{}
	case ShardRules:
		return &ShardRoutingRules{}
	case KeyspaceRules:
		return &KeyspaceRoutingRules{}
	case MirrorKind:
		return &MirrorRules{}
	}
	panic(fmt.Sprintf("vschema: unknown kind of rules %q", kind))
}

// CanonicalRules gives a copy with the rules sorted by what they match: vtgate
// reads a set of rules as a map, and Vitess's workflows shuffle it with every
// save. Rules that match the same keep their order, as one of them wins. An
// absent set (nil) reads like an empty one.
func CanonicalRules(kind RuleKind, m proto.Message) proto.Message {
	out := NewRules(kind)
	if m == nil || !m.ProtoReflect().IsValid() {
		return out
	}
	out = proto.Clone(m)
	dropEmpty(out.ProtoReflect())
	switch rules := out.(type) {
	case *RoutingRules:
		slices.SortStableFunc(rules.Rules, func(a, b *vschemapb.RoutingRule) int { return strings.Compare(a.FromTable, b.FromTable) })
	case *ShardRoutingRules:
		slices.SortStableFunc(rules.Rules, func(a, b *vschemapb.ShardRoutingRule) int {
			if c := strings.Compare(a.FromKeyspace, b.FromKeyspace); c != 0 {
				return c
			}
			return strings.Compare(a.Shard, b.Shard)
		})
	case *KeyspaceRoutingRules:
		slices.SortStableFunc(rules.Rules, func(a, b *vschemapb.KeyspaceRoutingRule) int { return strings.Compare(a.FromKeyspace, b.FromKeyspace) })
	case *MirrorRules:
		slices.SortStableFunc(rules.Rules, func(a, b *vschemapb.MirrorRule) int { return strings.Compare(a.FromTable, b.FromTable) })
	}
	return out
}

// EqualRules tells whether vtgate would read both sets of rules alike.
func EqualRules(kind RuleKind, a, b proto.Message) bool {
	return proto.Equal(CanonicalRules(kind, a), CanonicalRules(kind, b))
}

// RulesFingerprint is Fingerprint for a set of rules. An absent set has the
// fingerprint of an empty one.
func RulesFingerprint(kind RuleKind, m proto.Message) string {
	return hashMessage("vtsync/"+string(kind)+"/1", CanonicalRules(kind, m).ProtoReflect())
}

// RulesOf gives the rules of that kind in a cell's SrvVSchema; nil when srv
// has none.
func RulesOf(srv *SrvVSchema, kind RuleKind) proto.Message {
	m := srv.ProtoReflect()
	fd := m.Descriptor().Fields().ByName(protoreflect.Name(kind))
	if !m.Has(fd) {
		return nil
	}
	return m.Get(fd).Message().Interface()
}

// SetRules puts a copy of the rules into srv; nil removes them.
func SetRules(srv *SrvVSchema, kind RuleKind, rules proto.Message) {
	m := srv.ProtoReflect()
	fd := m.Descriptor().Fields().ByName(protoreflect.Name(kind))
	if rules == nil || !rules.ProtoReflect().IsValid() {
		m.Clear(fd)
		return
	}
	m.Set(fd, protoreflect.ValueOfMessage(proto.Clone(rules).ProtoReflect()))
}
