package impact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// first are the attributes that vtgate prints before the sorted rest.
var first = []string{"TargetDestination", "TargetTabletType", "NoOfCalls", "AvgNumberOfRows", "MedianNumberOfRows", "ShardsQueried"}

// MarshalJSON prints the tree exactly as vtgate does: its keys in its order.
func (n Node) MarshalJSON() ([]byte, error) {
	var w objectWriter
	if n.Input != "" {
		w.add("InputName", n.Input)
	}
	w.add("OperatorType", n.Operator)
	if n.Variant != "" {
		w.add("Variant", n.Variant)
	}
	if n.Keyspace != "" {
		w.add("Keyspace", keyspaceJSON{n.Keyspace, n.Sharded})
	}
	for _, key := range first {
		if v := n.Attrs[key]; !omitted(v) {
			w.add(key, v)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(n.Attrs)) {
		if v := n.Attrs[key]; !omitted(v) && !slices.Contains(first, key) {
			w.add(key, v)
		}
	}
	if len(n.Inputs) > 0 {
		w.add("Inputs", n.Inputs)
	}
	return w.end()
}

type keyspaceJSON struct {
	Name    string
	Sharded bool
}

// omitted says that vtgate prints no attribute of this value.
func omitted(v any) bool { return v == nil || v == "" || v == 0 || v == false }

// objectWriter writes a JSON object whose keys keep their order.
type objectWriter struct {
	buf bytes.Buffer
	err error
}

func (w *objectWriter) add(key string, value any) {
	if w.err != nil {
		return
	}
	b, err := encode(value)
	if err != nil {
		w.err = fmt.Errorf("encode %s of a plan: %w", key, err)
		return
	}
	if w.buf.Len() > 0 {
		w.buf.WriteByte(',')
	}
	fmt.Fprintf(&w.buf, "%q:%s", key, b)
}

func (w *objectWriter) end() ([]byte, error) {
	if w.err != nil {
		return nil, w.err
	}
	return slices.Concat([]byte("{"), w.buf.Bytes(), []byte("}")), nil
}

// encode is json.Marshal without the escapes for HTML, as vtgate does it.
func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// UnmarshalJSON reads a tree as vtgate prints it.
func (n *Node) UnmarshalJSON(b []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return err
	}
	out := Node{}
	for key, raw := range fields {
		var err error
		switch key {
		case "InputName":
			err = json.Unmarshal(raw, &out.Input)
		case "OperatorType":
			err = json.Unmarshal(raw, &out.Operator)
		case "Variant":
			err = json.Unmarshal(raw, &out.Variant)
		case "Inputs":
			err = json.Unmarshal(raw, &out.Inputs)
		case "Keyspace":
			// TransactionStatus has an attribute of this name, a plain text.
			if ks := (keyspaceJSON{}); raw[0] == '{' {
				err = json.Unmarshal(raw, &ks)
				out.Keyspace, out.Sharded = ks.Name, ks.Sharded
				break
			}
			fallthrough
		default:
			if out.Attrs == nil {
				out.Attrs = map[string]any{}
			}
			out.Attrs[key], err = decodeAttr(raw)
		}
		if err != nil {
			return fmt.Errorf("decode %s of a plan: %w", key, err)
		}
	}
	if out.Operator == "" {
		return fmt.Errorf("decode a plan: it has no OperatorType")
	}
	*n = out
	return nil
}

// decodeAttr gives a plain value where that is printed again as it was; else it
// keeps the bytes, since an object of vtgate's may have keys in an order of its own.
func decodeAttr(raw json.RawMessage) (any, error) {
	v, err := decode(raw)
	if err != nil {
		return nil, err
	}
	switch v.(type) {
	case string, bool, json.Number:
		return v, nil
	case nil:
		return json.RawMessage("null"), nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return nil, err
	}
	plain, err := encode(v)
	if err != nil {
		return nil, err
	}
	escaped := &bytes.Buffer{}
	json.HTMLEscape(escaped, plain)
	if bytes.Equal(plain, compact.Bytes()) || bytes.Equal(escaped.Bytes(), compact.Bytes()) {
		return v, nil
	}
	return json.RawMessage(compact.Bytes()), nil
}

func decode(raw []byte) (v any, err error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	err = dec.Decode(&v)
	return v, err
}

// Equal says that vtgate would print both trees the same, whatever they were made
// from.
func (n Node) Equal(o Node) bool {
	if n.Operator != o.Operator || n.Variant != o.Variant || n.Input != o.Input || n.Keyspace != o.Keyspace ||
		n.Sharded != o.Sharded || len(n.Inputs) != len(o.Inputs) {
		return false
	}
	for key, v := range n.Attrs {
		if !sameAttr(v, o.Attrs[key]) {
			return false
		}
	}
	for key, v := range o.Attrs {
		if _, ok := n.Attrs[key]; !ok && !omitted(v) {
			return false
		}
	}
	return slices.EqualFunc(n.Inputs, o.Inputs, Node.Equal)
}

func sameAttr(a, b any) bool {
	if omitted(a) || omitted(b) {
		return omitted(a) && omitted(b)
	}
	switch a := a.(type) {
	case string:
		if b, ok := b.(string); ok {
			return a == b
		}
	case []string:
		if b, ok := b.([]string); ok && a != nil && b != nil {
			return slices.Equal(a, b)
		}
	}
	ca, errA := canonicalJSON(a)
	cb, errB := canonicalJSON(b)
	return errA == nil && errB == nil && bytes.Equal(ca, cb)
}

// canonicalJSON is the value's JSON with the keys of its objects sorted.
func canonicalJSON(v any) ([]byte, error) {
	b, err := encode(v)
	if err != nil {
		return nil, err
	}
	if v, err = decode(b); err != nil {
		return nil, err
	}
	return encode(v)
}
