package desired

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// fieldOrder is the order in which people write the fields of a message. It is
// a preference only: a field that is not in it follows, by number.
var fieldOrder = map[protoreflect.Name][]protoreflect.Name{
	"Keyspace":     {"sharded", "require_explicit_routing", "foreign_key_mode", "multi_tenant_spec", "vindexes", "tables"},
	"Vindex":       {"type", "params", "owner"},
	"Table":        {"type", "source", "pinned", "column_vindexes", "auto_increment", "columns", "column_list_authoritative"},
	"ColumnVindex": {"column", "columns", "name"},
}

// fieldRank gives the place of a member among those of a message.
func fieldRank(md protoreflect.MessageDescriptor, m member) int {
	order, fd := fieldOrder[md.Name()], fieldByName(md, m.name)
	if i := slices.Index(order, fd.Name()); i >= 0 {
		return i
	}
	return len(order) + int(fd.Number())
}

// sortFields sorts the members of a message.
func sortFields(md protoreflect.MessageDescriptor, members []member) {
	slices.SortFunc(members, func(a, b member) int { return fieldRank(md, a) - fieldRank(md, b) })
}

// byName orders the members of a map.
func byName(a, b member) int { return strings.Compare(a.name, b.name) }

// sortTree puts all that is below the object of a message in order. The tree
// was decoded before, so that each of its names is known. Lists keep theirs.
func sortTree(md protoreflect.MessageDescriptor, n *node) {
	if n.kind != objectNode {
		return // a null
	}
	sortFields(md, n.members)
	for _, m := range n.members {
		fd := fieldByName(md, m.name)
		switch {
		case fd.IsMap():
			slices.SortFunc(m.value.members, byName)
			for _, entry := range m.value.members {
				if below := fd.MapValue().Message(); below != nil {
					sortTree(below, entry.value)
				}
			}
		case fd.Message() != nil && fd.IsList():
			for _, item := range m.value.items {
				sortTree(fd.Message(), item)
			}
		case fd.Message() != nil:
			sortTree(fd.Message(), m.value)
		}
	}
}
