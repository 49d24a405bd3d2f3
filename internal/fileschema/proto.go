package fileschema

import (
	"maps"
	"math"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// generator makes a schema of a message and of all that is in it. A null leaves
// a field unset, as in protojson; inside lists and maps it is refused.
type generator struct {
	detail detail
	defs   object
}

// root gives the schema of a file that holds one message.
func (g generator) root(md protoreflect.MessageDescriptor) object {
	schema := g.message(md)
	schema["type"] = "object"
	if len(g.defs) > 0 {
		schema["$defs"] = g.defs
	}
	return schema
}

func (g generator) message(md protoreflect.MessageDescriptor) object {
	properties := object{}
	var rules []any
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		name, camel := string(fd.Name()), fd.JSONName()
		properties[name] = g.field(fd)
		if camel != name {
			properties[camel] = object{"$ref": "#" + g.pathTo(fd)}
			rules = append(rules, object{"not": object{"type": "object", "required": []string{name, camel}}})
		}
	}
	schema := object{
		"type":                 []string{"object", "null"},
		"properties":           properties,
		"additionalProperties": false,
	}
	if len(rules) > 0 {
		schema["allOf"] = rules
	}
	if g.detail == hinted {
		if required := mustHave[string(md.Name())]; len(required) > 0 {
			schema["required"] = required
		}
		if text := about[string(md.Name())]; text != "" {
			schema["description"] = text
		}
		if md.Name() == "Vindex" {
			schema["allOf"] = append(rules, paramsByType()...)
		}
	}
	return schema
}

// pathTo leads to the schema of a field. The file's own message stands at the
// root, any other among the definitions.
func (g generator) pathTo(fd protoreflect.FieldDescriptor) string {
	path := "/properties/" + string(fd.Name())
	if _, inner := g.defs[string(fd.ContainingMessage().Name())]; inner {
		path = "/$defs/" + string(fd.ContainingMessage().Name()) + path
	}
	return path
}

// field gives the schema of one field.
func (g generator) field(fd protoreflect.FieldDescriptor) object {
	var schema object
	switch {
	case fd.IsMap():
		schema = object{"type": []string{"object", "null"}, "additionalProperties": g.element(fd.MapValue())}
	case fd.IsList():
		schema = object{"type": []string{"array", "null"}, "items": g.element(fd)}
	default:
		schema = g.value(fd)
	}
	if g.detail == hinted {
		maps.Copy(schema, hintOf(fd))
	}
	return schema
}

// element gives the schema of an item of a list or a value of a map.
func (g generator) element(fd protoreflect.FieldDescriptor) object {
	schema := g.value(fd)
	switch types := schema["type"].(type) {
	case []string:
		schema["type"] = types[:len(types)-1] // without null
	default:
		schema["type"] = "object" // beside the $ref, which takes null
	}
	return schema
}

// value gives the schema of a single value; null is the last of its types.
func (g generator) value(fd protoreflect.FieldDescriptor) object {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return object{"type": []string{"boolean", "null"}}
	case protoreflect.StringKind:
		return object{"type": []string{"string", "null"}}
	case protoreflect.Int32Kind:
		return object{"type": []string{"integer", "string", "null"}, "minimum": math.MinInt32, "maximum": math.MaxInt32, "pattern": numeral}
	case protoreflect.FloatKind:
		return object{"type": []string{"number", "string", "null"}, "pattern": numeral}
	case protoreflect.EnumKind:
		return object{"type": []string{"string", "integer", "null"}, "enum": enumValues(fd.Enum())}
	case protoreflect.MessageKind:
		name := string(fd.Message().Name())
		if _, done := g.defs[name]; !done {
			g.defs[name] = nil // it holds its place while it is made
			g.defs[name] = g.message(fd.Message())
		}
		return object{"$ref": "#/$defs/" + name}
	default:
		panic("fileschema: " + string(fd.FullName()) + " is of a kind that has no schema: " + fd.Kind().String())
	}
}

// numeral is what a string may hold in the place of a number, as in protojson.
const numeral = `^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`

// enumValues lists the names, the numbers, and null, which leaves it unset.
func enumValues(ed protoreflect.EnumDescriptor) []any {
	var names, numbers []any
	for i := range ed.Values().Len() {
		names = append(names, string(ed.Values().Get(i).Name()))
		numbers = append(numbers, int(ed.Values().Get(i).Number()))
	}
	return append(append(names, numbers...), nil)
}
