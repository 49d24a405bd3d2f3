package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/vtsync/vtsync/internal/view"
	"github.com/vtsync/vtsync/lab/cluster"
)

// A file that cannot be read is refused by every verb that reads files, with
// its place, and nothing is written. What editors of Windows add is no damage.
func TestMalformedFiles(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	tests := []struct {
		name, file, text string
		at, says         string // the position after the file's name, and the message
	}{
		{"empty", "vschema.json", "", ":1:1", "the file is empty"},
		{"truncated", "vschema.json", "{\"tables\": {\n  \"a\": {}", ":2:10", "unexpected end of file"},
		{"behind the end", "vschema.json", "{}\n{}", ":2:1", "the end of the file"},
		{"not UTF-8", "vschema.json", "{\"tables\": {\n\"a\xff\": {}}}", ":2:3", "byte 0xff is not valid UTF-8"},
		{"duplicate key", "vschema.json", `{"tables": {"a": {}, "a": {"type": "sequence"}}}`, ":1:22", `"a"`},
		{"two spellings of one key", "vschema.json", `{"tables": {"a": {"auto_increment": {}, "autoIncrement": {}}}}`, ":1:41", "autoIncrement"},
		{"deep", "vschema.json", strings.Repeat(`{"tables":`, 200_000), ":1:", ""},
		{"huge", "vschema.json", `{"tables": {"` + strings.Repeat("a", 17<<20) + `": {}}}`, "", "larger than 16 MB"},
		{"wrong type", "vschema.json", `{"sharded": "yes"}`, ":1:13", `"sharded"`},
		{"unknown field", "vschema.json", "{\r\n  \"tabels\": {}\r\n}\r\n", ":2:3", `did you mean "tables"?`},
		{"unknown field behind a BOM", "vschema.json", "\uFEFF{\"tabels\": {}}", ":1:2", `did you mean "tables"?`},
		{"YAML bomb", "vschema.yaml", bomb(), ":2:8", "alias *a is not allowed"},
		{"YAML alias of itself", "vschema.yaml", "tables: &t\n  a: *t\n", ":", ""},
		{"YAML duplicate key", "vschema.yaml", "tables:\n  a: {}\n  a: {type: sequence}\n", ":3:3", `"a"`},
		{"YAML tab", "vschema.yaml", "tables:\n\ta: {}\n", ":2:", ""},
		{"YAML, two documents", "vschema.yaml", "sharded: true\n---\nsharded: false\n", ":2:", ""},
		{"YAML truncated", "vschema.yaml", "tables: {a: {}", ":", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := e.in(t).folder()
			path := filepath.Join(e.dir, "keyspaces", "customer", tt.file)
			write(t, path, tt.text)
			e.untouched(func() {
				for _, args := range [][]string{{"plan"}, {"status"}, {"apply", "--yes"}, {"pull"}} {
					e.exits(2, append(args, e.dir)...).wants(t, "error: "+path+tt.at, tt.says)
				}
			})
			if raw, err := os.ReadFile(path); err != nil || string(raw) != tt.text {
				t.Errorf("pull has changed the file: %v", err)
			}
			var said view.ErrorsJSON
			e.decodeErr(e.exits(2, "plan", "--format", "json", e.dir), &said)
			if len(said.Errors) == 0 || said.Errors[0].Kind != "invalid" || said.Errors[0].Position == nil || said.Errors[0].Position.File != path {
				t.Errorf("errors as JSON: %+v, want one that names the file", said.Errors)
			}
		})
	}
	t.Run("BOM and CRLF", func(t *testing.T) {
		raw, err := os.ReadFile(e.file("customer"))
		if err != nil {
			t.Fatal(err)
		}
		e := e.in(t).folder()
		write(t, e.file("customer"), "\uFEFF"+strings.ReplaceAll(string(raw), "\n", "\r\n"))
		e.ok("plan", "--exit-code", e.dir).wants(t, "nothing to do: files, global topo and cells agree")
	})
}

// bomb is a YAML file of a line per level, each nine times the one before.
func bomb() string {
	var b strings.Builder
	b.WriteString("a: &a [x]\n")
	for c := 'b'; c <= 'k'; c++ {
		prev := "*" + string(c-1)
		b.WriteString(string(c) + ": &" + string(c) + " [" + strings.Repeat(prev+", ", 8) + prev + "]\n")
	}
	return b.String() + "tables: *k\n"
}

// A saved plan that is not what vtsync wrote is refused, whatever was done to
// it, and nothing is written.
func TestDamagedPlanFiles(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	saved := filepath.Join(t.TempDir(), "plan.json")
	e.edit("customer", func(v map[string]any) { hashed(v, "ours", "id") })
	e.ok("plan", "--out", saved, e.dir)
	raw, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	plan := string(raw)
	tests := []struct{ name, text, says string }{
		{"empty", "", "the plan is damaged"},
		{"truncated", plan[:strings.Index(plan, "\n")+1], ":1:2: the plan is damaged"},
		{"not UTF-8", strings.Replace(plan, "ours", "our\xff", 1), "the plan is damaged"},
		{"other table", strings.ReplaceAll(plan, "ours", "yours"), "its digest does not match"},
		{"other digest", strings.Replace(plan, `"digest": "`, `"digest": "0`, 1), "its digest does not match"},
		{"other format", strings.Replace(plan, `"format": 1`, `"format": 2`, 1), "the plan has format 2"},
		{"unknown field", strings.Replace(plan, `"format": 1`, `"format": 1, "odd": 1`, 1), "the plan is damaged"},
		{"duplicate field", strings.Replace(plan, `"format": 1`, `"format": 1, "cluster": "x"`, 1), "it is not written as vtsync writes it"},
		{"behind the end", plan + "{}", "the plan is damaged"},
		{"deep", strings.Repeat("[", 200_000), "the plan is damaged"},
		{"huge", plan + strings.Repeat(" ", 17<<20), "it is larger than 16 MiB"},
	}
	for i := 0; i < len(plan); i += 1 + len(plan)/7 {
		flipped := []byte(plan)
		flipped[i] ^= 0x10
		tests = append(tests, struct{ name, text, says string }{"flipped bit", string(flipped), ""})
	}
	e.untouched(func() {
		for _, tt := range tests {
			if tt.text == plan {
				t.Fatalf("%s: the plan has no such place", tt.name)
			}
			t.Run(tt.name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "plan.json")
				write(t, path, tt.text)
				e.in(t).exits(2, "apply", "--yes", path).wants(t, path, tt.says, "next: make it again: vtsync plan --out FILE")
			})
		}
	})
	e.ok("apply", "--yes", saved).wants(t, "committed")
}

// Damaged records of vtsync's own in the global topo are named, with what to
// do; nothing is written over them, and what does not need them goes on.
func TestDamagedStoreRecords(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	e.edit("customer", func(v map[string]any) { hashed(v, "ours", "id") })
	e.ok("apply", "--yes", e.dir)
	e.edit("customer", func(v map[string]any) { hashed(v, "more", "id") })
	e.forgetBases() // so that plan asks the store
	id := e.history()[0].ID

	const root = "/vitess/global/vtsync/"
	damages := map[string]func(string) string{
		"truncated":   func(s string) string { return s[:len(s)/2] },
		"flipped bit": flipBit,
		"emptied":     func(string) string { return "" },
		"other text":  func(string) string { return `{"format":1}` },
		"newer":       func(s string) string { return strings.Replace(s, `"format":1`, `"format":9`, 1) },
	}
	records := []struct {
		key     string
		damages []string
		verbs   [][]string
	}{
		{"heads/customer", []string{"truncated", "flipped bit", "emptied", "other text", "newer"},
			[][]string{{"plan", e.dir}, {"apply", "--yes", e.dir}, {"status", e.dir}}},
		{"rollouts/" + id, []string{"truncated", "flipped bit", "emptied", "other text", "newer"},
			[][]string{{"show", id}, {"rollback", id}, {"resume", id}, {"rollback"}}},
		{"blobs/" + e.planBlob(), []string{"truncated", "flipped bit", "emptied", "other text"},
			[][]string{{"rollback", id}, {"rollback"}}},
		{"id", []string{"truncated", "emptied", "other text"},
			[][]string{{"apply", "--yes", e.dir}}},
	}
	for _, record := range records {
		was := e.raw("global", root+record.key)
		for _, damage := range record.damages {
			kind, _, _ := strings.Cut(record.key, "/")
			t.Run(kind+" "+damage, func(t *testing.T) {
				e := e.in(t)
				e.put("global", root+record.key, damages[damage](was))
				e.untouched(func() {
					for _, verb := range record.verbs {
						e.exits(2, verb...).wants(t, "vtsync/"+record.key, "next: ")
					}
				})
			})
		}
		e.put("global", root+record.key, was)
	}
	// A record that is gone altogether is not damage.
	if _, err := e.Etcd("global").Delete(t.Context(), root, clientv3.WithPrefix()); err != nil {
		t.Fatal(err)
	}
	e.ok("apply", "--yes", e.dir).wants(t, "committed")
	e.wantTables("ours", "more")
}

// flipBit flips a bit of the last field's name, or of the middle of packed
// bytes. A free text with a flipped bit is just another text.
func flipBit(s string) string {
	at := len(s) / 2
	if strings.HasPrefix(s, "{") {
		at = strings.LastIndex(s, `":`) - 1
	}
	return s[:at] + string(s[at]^0x10) + s[at+1:]
}

// planBlob is the hash that the newest rollout's plan is kept under.
func (e *env) planBlob() string {
	e.t.Helper()
	return e.history()[0].Plan
}

// decodeErr reads what a run wrote to stderr as JSON.
func (e *env) decodeErr(r result, into any) {
	e.t.Helper()
	if err := json.Unmarshal([]byte(r.stderr), into); err != nil {
		e.t.Fatalf("stderr is not JSON: %v\n%s", err, r)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
