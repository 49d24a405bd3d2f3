package catalog

import (
	"encoding/json"
	"fmt"
	"maps"
)

// documents are JSON files by name, decoded.
type documents map[string]any

// patch gives a copy of the documents with merge patches (RFC 7386) applied.
func (d documents) patch(patches map[string][]byte) (documents, error) {
	out := maps.Clone(d)
	if out == nil {
		out = documents{}
	}
	for file, raw := range patches {
		var p any
		if err := json.Unmarshal(raw, &p); err != nil {
			return nil, fmt.Errorf("decode %s: %w", file, err)
		}
		out[file] = merge(out[file], p)
	}
	return out, nil
}

// merge never changes its arguments: sides share what they do not differ in.
func merge(value, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	out := map[string]any{}
	if object, ok := value.(map[string]any); ok {
		maps.Copy(out, object)
	}
	for name, change := range p {
		if change == nil {
			delete(out, name)
			continue
		}
		out[name] = merge(out[name], change)
	}
	return out
}

func (d documents) encode(file string) ([]byte, error) {
	raw, err := json.Marshal(d[file])
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", file, err)
	}
	return raw, nil
}

func (d documents) decode(file string, into any) error {
	raw, err := d.encode(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("decode %s: %w", file, err)
	}
	return nil
}
