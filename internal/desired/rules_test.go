package desired

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/vschema"
)

// TestRuleFileNames: rules under nearly the name that they should have are
// refused, what other tools have there is not.
func TestRuleFileNames(t *testing.T) {
	const rules = `{"rules": [{"fromTable": "t", "to_tables": ["k.t"]}]}`
	for _, tc := range []struct{ file, data, near string }{
		{"routing_rule.json", rules, "routing_rules.json"},
		{"RoutingRules.json", rules, "routing_rules.json"},
		{"routing-rules.yaml", rules, "routing_rules.yaml"},
		{"routing_rules.JSON", rules, "routing_rules.json"},
		{"route_rules.yml", rules, "routing_rules.yml"},
		{"mirror-rules.json", `{"rules": [{"percent": 1}]}`, "mirror_rules.json"},
		{"shard-routing-rule.json", `{"rules": [{"from_keyspace": "k"}]}`, "shard_routing_rules.json"},
		{"routing_rule.json", `{"rules": [{"from`, "routing_rules.json"},
		{"routing_rules.json", rules, ""},
		{"routing_rules.json.orig", rules, ""},
		{".routing_rules.json", rules, ""},
		{"sorting_rules.yaml", `rules: [{name: a, severity: b}]`, ""},
		{"routing_rule.json", `{"rules": "none"}`, ""},
		{"vtsync.yaml", rules, ""},
	} {
		t.Run(tc.file, func(t *testing.T) {
			tree, err := LoadReadable(files("keyspaces/k/vschema.json", "{}", tc.file, tc.data))
			if err != nil {
				t.Fatal(err)
			}
			near := ""
			for _, bad := range tree.UnreadableRules {
				e := invalids(t, bad.Err)[0]
				if near = e.Near; e.Code != codeLayout || e.Pos.File != tc.file {
					t.Errorf("got %s: %v", e.Code, e)
				}
			}
			if near != tc.near {
				t.Errorf("nearest name %q, want %q", near, tc.near)
			}
		})
	}
}

// TestRulesTwice: every further file of a kind is a problem, in the order of
// their names.
func TestRulesTwice(t *testing.T) {
	const rules = `{"rules": [{"from_table": "t"}]}`
	tree, err := LoadReadable(files("keyspaces/k/vschema.json", "{}",
		"routing-rules.json", rules, "routing_rules.json", rules, "routing_rules.yaml", rules))
	if err != nil {
		t.Fatal(err)
	}
	checkInvalid(t, tree.UnreadableRules[vschema.TableRules].Err, []string{
		`routing-rules.json: not the name of a file of rules (did you mean "routing_rules.json"?)`,
		"routing_rules.yaml: stands beside routing_rules.json",
	})
	if len(tree.Rules) > 0 {
		t.Errorf("rules were read all the same: %v", tree.Rules)
	}
}

// TestLoadReadsTheOthers: a file that cannot be got at is a problem of its own.
func TestLoadReadsTheOthers(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"good", "link", "loop"} {
		if err := os.MkdirAll(filepath.Join(dir, "keyspaces", d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "keyspaces/good/vschema.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{
		"keyspaces/dangling": "nowhere", "keyspaces/link/vschema.json": "nowhere",
		"keyspaces/loop/vschema.yaml": "vschema.yaml", "mirror_rules.json": "nowhere",
	} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	tree, err := LoadReadable(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	if tree.Keyspaces["good"] == nil {
		t.Error("the others were not read")
	}
	err = errors.Join(tree.Err(), tree.UnreadableRules[vschema.MirrorKind].Err)
	checkInvalid(t, err, []string{
		"keyspaces/dangling: a link that leads nowhere",
		"keyspaces/link/vschema.json: a link that leads nowhere",
		"keyspaces/loop/vschema.yaml: cannot be read: ",
		"mirror_rules.json: a link that leads nowhere",
	})
	all := invalids(t, err)
	if !errors.Is(all[0], fs.ErrNotExist) || slices.ContainsFunc(all, func(e *errs.Invalid) bool { return e.Code != codeLayout }) {
		t.Errorf("not problems of files: %v", err)
	}
}
