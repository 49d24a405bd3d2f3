// Package fileschema gives the JSON Schema (draft 2020-12) of each kind of file
// that vtsync reads: generated from Vitess's own proto descriptors for VSchemas
// and rules, and written beside the reader's keys for vtsync.yaml. Editors check
// and complete files by them, and Validate holds a file that was read against
// them. It is pure: it must import no adapter and no reader of files.
package fileschema

import (
	"bytes"
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/vtsync/vtsync/internal/vschema"
)

// Kind is a kind of file.
type Kind string

// The kinds of files; each kind of rules has one of its own.
const (
	VSchema       Kind = "vschema"
	TableRules    Kind = Kind(vschema.TableRules)
	ShardRules    Kind = Kind(vschema.ShardRules)
	KeyspaceRules Kind = Kind(vschema.KeyspaceRules)
	MirrorRules   Kind = Kind(vschema.MirrorKind)
	Config        Kind = "config"
)

// Kinds lists them.
var Kinds = []Kind{VSchema, TableRules, ShardRules, KeyspaceRules, MirrorRules, Config}

// object is a schema, or a part of one. Its keys are written in their order by
// name, so that the same schema has the same bytes.
type object = map[string]any

// Encode gives the schema of a kind of file as JSON.
func Encode(k Kind) ([]byte, error) {
	schema, err := generate(k, hinted)
	if err != nil {
		return nil, err
	}
	return encode(schema)
}

func encode(schema object) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(schema); err != nil {
		return nil, fmt.Errorf("encode the schema %v: %w", schema["title"], err)
	}
	return out.Bytes(), nil
}

// detail says how much a schema demands.
type detail bool

const (
	// shape is what the readers demand too: names, types, lists of names.
	shape detail = false
	// hinted adds what is said of values beyond that, and what editors show.
	hinted detail = true
)

// generate makes the schema of a kind of file.
func generate(k Kind, d detail) (object, error) {
	var schema object
	switch k {
	case Config:
		schema = configSchema()
	case VSchema, TableRules, ShardRules, KeyspaceRules, MirrorRules:
		g := generator{detail: d, defs: object{}}
		schema = g.root(messageOf(k))
	default:
		return nil, fmt.Errorf("there is no kind of file %q", k)
	}
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = titles[k]
	return schema, nil
}

var titles = map[Kind]string{
	VSchema:       "VSchema of a Vitess keyspace",
	TableRules:    "table routing rules of a Vitess cluster",
	ShardRules:    "shard routing rules of a Vitess cluster",
	KeyspaceRules: "keyspace routing rules of a Vitess cluster",
	MirrorRules:   "mirror rules of a Vitess cluster",
	Config:        "configuration of vtsync",
}

// messageOf gives what a kind of file describes.
func messageOf(k Kind) protoreflect.MessageDescriptor {
	if k == VSchema {
		return (&vschema.Keyspace{}).ProtoReflect().Descriptor()
	}
	return vschema.NewRules(vschema.RuleKind(k)).ProtoReflect().Descriptor()
}
