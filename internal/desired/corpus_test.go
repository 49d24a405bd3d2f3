package desired

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
)

// vitessFiles are the files in Vitess's own tree that need a word: those that
// wrap a keyspace, under its name, and those that are refused, with why.
var vitessFiles = map[string]struct{ keyspace, refused string }{
	"examples/vtexplain/atomicity_vschema.json":                        {keyspace: "ks1"},
	"go/test/endtoend/vtgate/queries/random/svschema.json":             {keyspace: "ks_random"},
	"go/test/endtoend/vtgate/vitess_tester/join/vschema.json":          {keyspace: "joinks"},
	"go/vt/vtexplain/testdata/test-healthcheck-vschema.json":           {keyspace: "ks1"},
	"go/vt/vtgate/planbuilder/testdata/vschemas/oltp_schema.json":      {keyspace: "main"},
	"go/vt/vtgate/planbuilder/testdata/vschemas/tpcc_schema.json":      {keyspace: "main"},
	"go/vt/vtgate/planbuilder/testdata/vschemas/tpch_schema.json":      {keyspace: "main"},
	"go/vt/vtgate/planbuilder/testdata/vschemas/unsharded_schema.json": {keyspace: "main"},

	// Several keyspaces.
	"go/test/endtoend/vtgate/vitess_tester/two_sharded_keyspaces/vschema.json": {keyspace: "customer", refused: `keyspace "corder" in the file of keyspace "customer"`},
	"go/vt/vtexplain/testdata/test-vschema.json":                               {keyspace: "ks_sharded", refused: `keyspace "ks_unsharded" in the file`},
	"go/vt/vtgate/planbuilder/testdata/vschemas/rails_schema.json":             {keyspace: "user", refused: `keyspace "main" in the file`},

	// And rules.
	"go/vt/vtgate/planbuilder/testdata/vschemas/schema.json":        {keyspace: "user", refused: `"routing_rules" in the file`},
	"go/vt/vtgate/planbuilder/testdata/vschemas/mirror_schema.json": {keyspace: "main", refused: `"mirror_rules" in the file`},

	// Fields that Vitess drops in silence, in its own tests.
	"go/test/endtoend/vtgate/queries/subquery/vschema.json": {refused: `81:11: unknown field "vindex" in column vindex`},
	"go/test/endtoend/vtgate/queries/tpch/vschema.json":     {refused: `11:7: unknown field "name" in table`},

	// No VSchema.
	"go/test/endtoend/vtgate/queries/normalize/vschema.json":    {refused: `the file is empty`},
	"go/vt/vtgate/planbuilder/testdata/alterVschema_cases.json": {refused: `keyspace must be an object, got a list`},
}

// TestVitessFiles reads every keyspace's VSchema in the module of Vitess that
// this build links: the forms that people copy from.
func TestVitessFiles(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "vitess.io/vitess").Output()
	if err != nil {
		t.Fatalf("finding the module of Vitess: %v", err)
	}
	dir := strings.TrimSpace(string(out))
	read := 0
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" || !strings.Contains(strings.ToLower(path[len(dir):]), "vschema") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		read++
		t.Run(filepath.ToSlash(rel), func(t *testing.T) { checkVitessFile(t, filepath.ToSlash(rel), data) })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if read < 50 {
		t.Errorf("only %d files: is this still where they are?", read)
	}
}

func checkVitessFile(t *testing.T, name string, data []byte) {
	expect := vitessFiles[name]
	ks, err := Parse(expect.keyspace, "v.json", data)
	if expect.refused != "" {
		if err == nil || !strings.Contains(err.Error(), expect.refused) {
			t.Errorf("got %v, want it refused: %s", err, expect.refused)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := Encode(ks.VSchema)
	if err != nil {
		t.Fatal(err)
	}
	formatted, err := Format("v.json", data)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{text, formatted} {
		back, err := Parse(expect.keyspace, "v.json", text)
		if err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(back.VSchema, ks.VSchema) {
			t.Errorf("got %s, want %s", prototext.Format(back.VSchema), prototext.Format(ks.VSchema))
		}
	}
}
