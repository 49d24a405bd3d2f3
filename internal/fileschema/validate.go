package fileschema

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Violation is one thing in a file that its schema forbids.
type Violation struct {
	// Path leads to it by proto field names, map keys and list indexes,
	// whichever spelling the file has.
	Path    []string
	Message string
}

// Validate holds a value, as encoding/json would decode it, against the schema
// of its kind of file. It gives what is forbidden, by path; an error is a
// mistake in vtsync itself.
func Validate(k Kind, doc any) ([]Violation, error) {
	schema, err := compiled(k)
	if err != nil {
		return nil, err
	}
	return violations(k, schema.Validate(doc))
}

// schemas are compiled once each, when they are first asked for.
var schemas = func() map[Kind]func() (*jsonschema.Schema, error) {
	out := make(map[Kind]func() (*jsonschema.Schema, error))
	for _, k := range Kinds {
		out[k] = sync.OnceValues(func() (*jsonschema.Schema, error) { return compile(k, hinted) })
	}
	return out
}()

func compiled(k Kind) (*jsonschema.Schema, error) {
	get, ok := schemas[k]
	if !ok {
		return nil, fmt.Errorf("there is no kind of file %q", k)
	}
	return get()
}

func compile(k Kind, d detail) (*jsonschema.Schema, error) {
	schema, err := generate(k, d)
	if err != nil {
		return nil, err
	}
	data, err := encode(schema)
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("compile the schema of %s: %w", k, err)
	}
	c := jsonschema.NewCompiler()
	name := "vtsync:///" + string(k) + ".json"
	if err := c.AddResource(name, doc); err != nil {
		return nil, fmt.Errorf("compile the schema of %s: %w", k, err)
	}
	out, err := c.Compile(name)
	if err != nil {
		return nil, fmt.Errorf("compile the schema of %s: %w", k, err)
	}
	return out, nil
}

// violations takes the validator's error apart.
func violations(k Kind, err error) ([]Violation, error) {
	if err == nil {
		return nil, nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return nil, fmt.Errorf("validate %s: %w", k, err)
	}
	var out []Violation
	p := message.NewPrinter(language.English)
	var walk func(*jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		for _, cause := range e.Causes {
			walk(cause)
		}
		if len(e.Causes) == 0 {
			out = append(out, Violation{Path: spelled(k, e.InstanceLocation), Message: e.ErrorKind.LocalizedString(p)})
		}
	}
	walk(invalid)
	slices.SortStableFunc(out, func(a, b Violation) int {
		if c := slices.Compare(a.Path, b.Path); c != 0 {
			return c
		}
		return strings.Compare(a.Message, b.Message)
	})
	return slices.CompactFunc(out, func(a, b Violation) bool { return slices.Equal(a.Path, b.Path) && a.Message == b.Message }), nil
}

// spelled gives a path with the proto's own field names.
func spelled(k Kind, path []string) []string {
	if k == Config {
		return path
	}
	out := slices.Clone(path)
	md := messageOf(k)
	var fd protoreflect.FieldDescriptor // of the map or list that the next step is in
	for i, step := range out {
		if fd != nil {
			fd = nil
			continue
		}
		if md == nil {
			break
		}
		field := md.Fields().ByJSONName(step)
		if field == nil {
			field = md.Fields().ByName(protoreflect.Name(step))
		}
		if field == nil {
			break
		}
		out[i] = string(field.Name())
		switch {
		case field.IsMap():
			fd, md = field, field.MapValue().Message()
		case field.IsList():
			fd, md = field, field.Message()
		default:
			md = field.Message()
		}
	}
	return out
}
