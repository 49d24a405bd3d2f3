package desired

import (
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/near"
)

// keyspaceNode finds the keyspace's own object in a file, which people write
// in three forms:
//
//	{"sharded": true, ...}                  Vitess's own, and GetVSchema's output
//	{"customer": {"sharded": true, ...}}    as vtexplain reads it
//	{"keyspaces": {"customer": {...}}}      a SrvVSchema with this keyspace
//
// The names at the root decide: with any field of a VSchema it is the first
// form, else with "keyspaces" the third, else with this keyspace's name, or
// with an object that looks like a VSchema, the second. So a keyspace named
// like a field, such as "tables", can only be written in the first or the
// third form.
//
// It gives nil when the root is of a form but this keyspace is not in it.
func keyspaceNode(root *node, name string, p *problems) *node {
	if root.kind != objectNode || looksLikeKeyspace(root) || len(root.members) == 0 {
		return root
	}
	for _, m := range root.members {
		if m.name == "keyspaces" {
			return fromSrvVSchema(root, name, p)
		}
	}
	if len(root.members) == 1 && root.members[0].name == rulesField {
		m := root.members[0]
		e := p.add(codeLayout, m.at, "%q in the file of keyspace %q: rules do not belong to a keyspace", m.name, name)
		e.Next = "give them a file of their own beside " + KeyspacesDir + "/, such as routing_rules.json"
		return nil
	}
	for _, m := range root.members {
		if m.name == name || looksLikeKeyspace(m.value) {
			return unwrap(root, name, p)
		}
	}
	return root
}

// rulesField is the one field of every message of rules.
const rulesField = "rules"

// looksLikeKeyspace tells whether an object has a field of a VSchema.
func looksLikeKeyspace(n *node) bool {
	md := (&vschemapb.Keyspace{}).ProtoReflect().Descriptor()
	for _, m := range n.members {
		if fieldByName(md, m.name) != nil {
			return true
		}
	}
	return false
}

// unwrap gives the value of the keyspace's name, and refuses any other name
// beside it: it would be dropped.
func unwrap(wrapper *node, name string, p *problems) *node {
	var found *node
	for _, m := range wrapper.members {
		switch {
		case m.name != name:
			e := p.add(codeLayout, m.at, "keyspace %q in the file of keyspace %q", clip(m.name), name)
			e.Near = near.Name(m.name, []string{name})
			e.Next = "give each keyspace a file of its own: " + KeyspacesDir + "/KEYSPACE/" + fileNames[0]
		case found != nil:
			p.add(codeDuplicate, m.at, "duplicate key %q, first at %d:%d", name, found.at.line, found.at.column)
		default:
			found = m.value
		}
	}
	return found
}

// fromSrvVSchema unwraps a SrvVSchema. Rules in it are refused, unless there
// are none: they have files of their own.
func fromSrvVSchema(root *node, name string, p *problems) *node {
	var keyspaces *node
	for _, m := range root.members {
		switch {
		case m.name == "keyspaces" && keyspaces == nil:
			keyspaces = m.value
		case m.name == "keyspaces":
			p.add(codeDuplicate, m.at, "duplicate field %q", m.name)
		case fieldByName((&vschemapb.SrvVSchema{}).ProtoReflect().Descriptor(), m.name) == nil:
			p.add(codeUnknown, m.at, "unknown field %q beside \"keyspaces\"", clip(m.name))
		case !isEmpty(m.value):
			p.add(codeLayout, m.at, "%q in the file of keyspace %q: rules do not belong to a keyspace", m.name, name)
		}
	}
	if keyspaces.kind != objectNode {
		p.add(codeValue, keyspaces.at, "\"keyspaces\" must be an object, got %s", keyspaces)
		return nil
	}
	if len(keyspaces.members) == 0 {
		p.add(codeLayout, keyspaces.at, "\"keyspaces\" does not hold keyspace %q", name)
	}
	return unwrap(keyspaces, name, p)
}

// isEmpty tells that dropping the node loses nothing.
func isEmpty(n *node) bool {
	switch n.kind {
	case nullNode:
		return true
	case listNode:
		return len(n.items) == 0
	case objectNode:
		for _, m := range n.members {
			if !isEmpty(m.value) {
				return false
			}
		}
		return true
	default:
		return false
	}
}
