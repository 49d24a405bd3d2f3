package fileschema

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/vschema"
)

// TestReaderAndSchemaAgree: over Vitess's own files, mistakes made in them, and
// rule files, the shape that the schema demands is what the reader demands.
func TestReaderAndSchemaAgree(t *testing.T) {
	const mistakes = 60 // in each file
	docs := append(vitessKeyspaces(t), ruleFiles...)
	r := rand.New(rand.NewPCG(1, 2))
	valid, invalid := 0, 0
	for _, doc := range docs {
		for i := range mistakes {
			value := decodeJSON(t, doc.text)
			if i > 0 {
				value = mutate(r, value)
			}
			switch agree(t, doc.kind, value) {
			case accepted:
				valid++
			case refused:
				invalid++
			case skipped:
			}
		}
	}
	if len(docs) < 50 || valid < 500 || invalid < 500 {
		t.Errorf("%d files, %d valid documents and %d invalid ones are too few", len(docs), valid, invalid)
	}
}

// TestMalformedFilesAgree: what the reader refuses of well-formed JSON, but for
// names that are written twice and texts that hold too large a number, the
// schema refuses too.
func TestMalformedFilesAgree(t *testing.T) {
	files, err := filepath.Glob("../desired/testdata/malformed/*.json")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data)); err == nil {
			if !writesTwice(t, data, value) && agree(t, VSchema, value) != skipped {
				compared++
			}
		}
	}
	if compared < 10 {
		t.Errorf("only %d of %d files were compared", compared, len(files))
	}
}

// writesTwice tells that a document has a name twice in one object: decoded, it
// has fewer names than its text.
func writesTwice(t *testing.T, data []byte, value any) bool {
	t.Helper()
	again, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(data, []byte(`":`)) != bytes.Count(again, []byte(`":`))
}

type verdict int

const (
	accepted verdict = iota
	refused
	skipped // a wrapped form, which the schema does not describe
)

func agree(t *testing.T, k Kind, value any) verdict {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if root, ok := value.(map[string]any); ok && k == VSchema && len(root) > 0 && !plain(root) {
		return skipped
	}
	var readErr error
	if k == VSchema {
		_, readErr = desired.Parse("customer", "vschema.json", data)
	} else {
		_, readErr = desired.ParseRules(vschema.RuleKind(k), string(k)+".json", data)
	}
	schemaErr := shapeOf(t, k).Validate(value)
	if (readErr == nil) != (schemaErr == nil) {
		t.Errorf("the reader says %v, the schema %v, of %s", readErr, schemaErr, data)
	}
	if schemaErr != nil {
		return refused
	}
	return accepted
}

var shapes = make(map[Kind]*jsonschema.Schema)

// shapeOf gives the compiled schema of the shape alone.
func shapeOf(t *testing.T, k Kind) *jsonschema.Schema {
	t.Helper()
	if shapes[k] == nil {
		schema, err := compile(k, shape)
		if err != nil {
			t.Fatal(err)
		}
		shapes[k] = schema
	}
	return shapes[k]
}

// plain tells that the reader takes the root for the keyspace itself.
func plain(root map[string]any) bool {
	for name := range root {
		fields := messageOf(VSchema).Fields()
		for i := range fields.Len() {
			if name == string(fields.Get(i).Name()) || name == fields.Get(i).JSONName() {
				return true
			}
		}
	}
	return false
}

// mutate makes one mistake somewhere in a document, or respells a field.
func mutate(r *rand.Rand, v any) any {
	deeper := r.IntN(6) > 0
	switch x := v.(type) {
	case map[string]any:
		if len(x) == 0 || !deeper {
			break
		}
		names := sorted(x)
		name := names[r.IntN(len(names))]
		switch r.IntN(8) {
		case 0:
			x[name+"x"] = x[name]
			delete(x, name)
		case 1:
			x[camel(name)] = x[name]
		case 2:
			x[camel(name)] = x[name]
			if camel(name) != name {
				delete(x, name)
			}
		default:
			x[name] = mutate(r, x[name])
		}
		return x
	case []any:
		if len(x) > 0 && deeper {
			i := r.IntN(len(x))
			x[i] = mutate(r, x[i])
			return x
		}
	}
	others := []any{nil, true, json.Number("7"), json.Number("1.5"), json.Number("1e2"), json.Number("99999999999"), "", "x", "INT64", "managed", []any{}, map[string]any{}}
	return others[r.IntN(len(others))]
}

func camel(name string) string {
	parts := strings.Split(name, "_")
	for i := 1; i < len(parts); i++ {
		if parts[i] != "" {
			parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
		}
	}
	return strings.Join(parts, "")
}

func sorted(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

type file struct {
	kind Kind
	text string
}

var ruleFiles = []file{
	{TableRules, `{"rules":[{"from_table":"t","to_tables":["a.t"]},{"fromTable":"u","toTables":[]}]}`},
	{ShardRules, `{"rules":[{"from_keyspace":"a","to_keyspace":"b","shard":"-80"}]}`},
	{KeyspaceRules, `{"rules":[{"from_keyspace":"a","to_keyspace":"b"}]}`},
	{MirrorRules, `{"rules":[{"from_table":"a.t","to_table":"b.t","percent":12.5},{"percent":"1e1"}]}`},
	{MirrorRules, `{}`},
}

// vitessKeyspaces gives every keyspace of the VSchema files of the Vitess that
// this build links, without what wraps it.
func vitessKeyspaces(t *testing.T) []file {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "vitess.io/vitess").Output()
	if err != nil {
		t.Fatal(err)
	}
	var found []file
	dir := strings.TrimSpace(string(out))
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" || !strings.Contains(strings.ToLower(path[len(dir):]), "vschema") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var root map[string]any
		if json.Unmarshal(data, &root) != nil {
			return nil // no VSchema: the reader's own test says so
		}
		if all, ok := root["keyspaces"].(map[string]any); ok {
			root = all
		}
		keyspaces := root
		if plain(root) {
			keyspaces = map[string]any{"": root}
		}
		for _, name := range sorted(keyspaces) {
			text, err := json.Marshal(keyspaces[name])
			if err != nil {
				return err
			}
			found = append(found, file{VSchema, string(text)})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func decodeJSON(t *testing.T, text string) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}
