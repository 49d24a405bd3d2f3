package vschema

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Shallow gives a copy whose maps of keyspaces, vindexes and tables are its own,
// and whose vindexes, tables and rules are shared.
func Shallow(srv *SrvVSchema) *SrvVSchema {
	if srv == nil {
		return &SrvVSchema{}
	}
	out := CopyFields(srv)
	out.Keyspaces = make(map[string]*Keyspace, len(srv.Keyspaces))
	for name, ks := range srv.Keyspaces {
		if ks == nil {
			ks = &Keyspace{}
		}
		ks = CopyFields(ks)
		ks.Vindexes, ks.Tables = maps.Clone(ks.Vindexes), maps.Clone(ks.Tables)
		out.Keyspaces[name] = ks
	}
	return out
}

// CopyFields copies a message, but nothing that it holds.
func CopyFields[M proto.Message](m M) M {
	out := m.ProtoReflect().New()
	m.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		out.Set(field, value)
		return true
	})
	return out.Interface().(M)
}

// WithoutNils gives a copy, as deep as needed, in which no keyspace, vindex or
// table is nil, as Vitess's builder does not expect that.
func WithoutNils(srv *SrvVSchema) *SrvVSchema {
	out := Shallow(srv)
	for _, ks := range out.Keyspaces {
		for name, v := range ks.Vindexes {
			if v == nil {
				ks.Vindexes[name] = &Vindex{}
			}
		}
		for name, t := range ks.Tables {
			if t == nil {
				ks.Tables[name] = &Table{}
			}
		}
	}
	return out
}

// WithoutAutoIncrement gives a copy without the auto_increment of the tables for
// which drop says so.
func WithoutAutoIncrement(srv *SrvVSchema, drop func(ks, table string) bool) *SrvVSchema {
	out := Shallow(srv)
	for ks, vs := range out.Keyspaces {
		for name, t := range vs.Tables {
			if t.AutoIncrement != nil && drop(ks, name) {
				vs.Tables[name] = CopyFields(t)
				vs.Tables[name].AutoIncrement = nil
			}
		}
	}
	return out
}

// StandIns gives a copy in which vindexes that cannot be constructed here are
// replaced by ones that route and own alike: file-backed ones, whose file lies
// beside each vtgate and not here, and the types that opaque names.
func StandIns(srv *SrvVSchema, opaque []string) *SrvVSchema {
	out := Shallow(srv)
	for _, ks := range out.Keyspaces {
		for name, v := range ks.Vindexes {
			ks.Vindexes[name] = StandIn(v, opaque)
		}
	}
	return out
}

// StandIn gives what stands in for one vindex; the vindex itself where none has to.
func StandIn(v *Vindex, opaque []string) *Vindex {
	switch {
	case slices.Contains(opaque, v.Type):
		if v.Owner != "" {
			return &Vindex{Type: "lookup_unique", Owner: v.Owner}
		}
		return &Vindex{Type: "binary"}
	case v.Type == "numeric_static_map" && v.Params["json_path"] != "":
		if _, both := v.Params["json"]; both {
			return v // vtgate refuses that before it opens the file
		}
		out := proto.Clone(v).(*Vindex)
		delete(out.Params, "json_path")
		out.Params["json"] = "{}"
		return out
	case v.Type == "region_json" && v.Params["region_map"] != "":
		out := proto.Clone(v).(*Vindex)
		delete(out.Params, "region_map")
		out.Type = "region_experimental"
		return out
	default:
		return v
	}
}
