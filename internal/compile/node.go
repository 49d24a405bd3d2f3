package compile

import (
	"maps"
	"strings"

	"vitess.io/vitess/go/vt/proto/topodata"
	"vitess.io/vitess/go/vt/vtgate/engine"

	"github.com/vtsync/vtsync/internal/impact"
)

// node is a plan's description as plain data, with the names that vtgate's JSON
// has.
func node(d *engine.PrimitiveDescription) impact.Node {
	n := impact.Node{Operator: d.OperatorType, Variant: d.Variant, Input: d.InputName, Attrs: d.Other}
	if d.Keyspace != nil {
		n.Keyspace, n.Sharded = d.Keyspace.Name, d.Keyspace.Sharded
	}
	set := func(name, value string) {
		attrs := make(map[string]any, len(n.Attrs)+1)
		maps.Copy(attrs, n.Attrs)
		attrs[name], n.Attrs = value, attrs
	}
	if d.TargetDestination != nil {
		set("TargetDestination", strings.TrimPrefix(d.TargetDestination.String(), "Destination"))
	}
	if d.TargetTabletType != topodata.TabletType_UNKNOWN {
		set("TargetTabletType", d.TargetTabletType.String())
	}
	if len(d.Inputs) > 0 {
		n.Inputs = make([]impact.Node, len(d.Inputs))
		for i := range d.Inputs {
			n.Inputs[i] = node(&d.Inputs[i])
		}
	}
	return n
}
