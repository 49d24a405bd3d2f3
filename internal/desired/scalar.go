package desired

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/vtsync/vtsync/internal/near"
)

// scalar reads one value of a scalar field, list item or map entry.
func (d *decoder) scalar(fd protoreflect.FieldDescriptor, n *node) (protoreflect.Value, bool) {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		if n.kind == boolNode {
			return protoreflect.ValueOfBool(n.text == "true"), true
		}
		d.problems.add(codeValue, n.at, "%s must be true or false, got %s", fieldLabel(fd), n)
	case protoreflect.StringKind:
		if n.kind == stringNode {
			return protoreflect.ValueOfString(n.text), true
		}
		hint := ""
		if n.kind == boolNode || n.kind == numberNode {
			hint = fmt.Sprintf(": write it in quotes: %q", clip(inQuotes(fd, n.text)))
		}
		d.problems.add(codeValue, n.at, "%s must be a string, got %s%s", fieldLabel(fd), n, hint)
	case protoreflect.Int32Kind:
		if i, ok := wholeNumber(n); ok {
			return protoreflect.ValueOfInt32(i), true
		}
		d.problems.add(codeValue, n.at, "%s must be a whole number of 32 bits, got %s", fieldLabel(fd), n)
	case protoreflect.FloatKind:
		if f, ok := realNumber(n); ok {
			return protoreflect.ValueOfFloat32(f), true
		}
		d.problems.add(codeValue, n.at, "%s must be a number, got %s", fieldLabel(fd), n)
	case protoreflect.EnumKind:
		return d.enum(fd, n)
	default:
		// A test walks the descriptors, so that this is only reached by a
		// Vitess that this build was never tested with.
		d.problems.add(codeValue, n.at, "%s is a %s, which this build of vtsync cannot read", fieldLabel(fd), fd.Kind())
	}
	return protoreflect.Value{}, false
}

// inQuotes gives what a number should be as a string. Vitess takes a keyspace ID,
// which people write as YAML's hex numbers, without the mark of such.
func inQuotes(fd protoreflect.FieldDescriptor, text string) string {
	if fd.FullName() == "vschema.Table.pinned" {
		return strings.TrimPrefix(text, "0x")
	}
	return text
}

// enum reads a value by name or by number. Vitess keeps a number that it does
// not know and drops a name; here both are refused.
func (d *decoder) enum(fd protoreflect.FieldDescriptor, n *node) (protoreflect.Value, bool) {
	values := fd.Enum().Values()
	switch n.kind {
	case stringNode:
		if v := values.ByName(protoreflect.Name(n.text)); v != nil {
			return protoreflect.ValueOfEnum(v.Number()), true
		}
	case numberNode:
		if i, ok := wholeNumber(n); ok && values.ByNumber(protoreflect.EnumNumber(i)) != nil {
			return protoreflect.ValueOfEnum(protoreflect.EnumNumber(i)), true
		}
	default: // no other kind of value is one
	}
	var names []string
	for i := range values.Len() {
		names = append(names, string(values.Get(i).Name()))
	}
	const fewEnoughToList = 8
	want := ""
	if len(names) <= fewEnoughToList {
		want = ", want one of " + strings.Join(names, ", ")
	}
	e := d.problems.add(codeValue, n.at, "%s has no value %s%s", fieldLabel(fd), n, want)
	if n.kind == stringNode {
		e.Near = near.Name(n.text, names)
	}
	return protoreflect.Value{}, false
}

// fieldLabel names a field in a message. A map's value has no name of its own.
func fieldLabel(fd protoreflect.FieldDescriptor) string {
	switch {
	case fd.ContainingMessage().IsMapEntry():
		return "the value"
	case fd.IsList():
		return fmt.Sprintf("an item of %q", fd.Name())
	default:
		return fmt.Sprintf("%q", fd.Name())
	}
}

var numberPattern = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// isNumber tells whether the text is a number of JSON. YAML has more forms
// (0x1F, 0o17, 1_000), which readers take differently.
func isNumber(text string) bool { return numberPattern.MatchString(text) }

// wholeNumber reads a number, or a string that holds one, as protojson does:
// 1e2 and 100.0 are whole.
func wholeNumber(n *node) (int32, bool) {
	// So many digits are exact at the precision, and more say nothing.
	const maxDigits, precision = 64, 256
	if n.kind != numberNode && n.kind != stringNode || len(n.text) > maxDigits || !isNumber(n.text) {
		return 0, false
	}
	f, _, err := big.ParseFloat(n.text, 10, precision, big.ToNearestEven)
	if err != nil || !f.IsInt() {
		return 0, false
	}
	i, accuracy := f.Int64()
	if accuracy != big.Exact || i < math.MinInt32 || i > math.MaxInt32 {
		return 0, false
	}
	return int32(i), true
}

// realNumber reads a number, or a string that holds one, that a float holds.
func realNumber(n *node) (float32, bool) {
	if n.kind != numberNode && n.kind != stringNode || !isNumber(n.text) {
		return 0, false
	}
	f, err := strconv.ParseFloat(n.text, 32)
	return float32(f), err == nil
}
