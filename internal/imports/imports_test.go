// Package imports tests the shape of the project: which room may import what.
// depguard says the same in .golangci.yml; this test needs no linter and its
// failure names the reason.
package imports

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/vtsync/vtsync/"

// rule forbids imports to the packages under some folders.
type rule struct {
	name   string
	in     []string // folders, relative to the root
	except []string
	deny   []string // import path prefixes
	allow  []string // exceptions to deny
	reason string
}

var pure = []string{
	"internal/vschema", "internal/desired", "internal/lint", "internal/diff", "internal/plan",
	"internal/admit", "internal/rollout", "internal/converge", "internal/planes", "internal/errs", "internal/near",
	"internal/status", "internal/view", "internal/physical", "internal/review", "internal/fileschema", "internal/yamldoc", "internal/ddl", "internal/freeze", "internal/workflow",
	"internal/impact", "internal/queries",
}

var adapters = []string{
	module + "internal/topo", module + "internal/vtgate", module + "internal/store", module + "internal/observe", module + "internal/vtctld",
}

var doubles = []string{
	"internal/runner/runnertest", "internal/store/storetest", "internal/topo/topotest", "internal/vschema/vschematest",
}

var rules = []rule{
	{
		name: "pure rooms do no I/O", in: pure,
		deny:   append(slices.Clone(adapters), module+"internal/runner", module+"internal/app", module+"internal/cli", module+"internal/config", "context", "log", "log/slog", "net", "net/http", "os", "os/exec", "database/sql", "google.golang.org/grpc", "go.opentelemetry.io"),
		reason: "values cross between pure rooms as plain data: I/O, clocks and loggers belong to adapters and the runner",
	},
	{
		name: "the planner does no I/O", in: []string{"internal/compile"},
		deny:   append(slices.Clone(adapters), module+"internal/runner", module+"internal/app", module+"internal/cli", module+"internal/config", "log", "log/slog", "net/http", "os", "os/exec", "database/sql"),
		reason: "compile is pure but for a context, since a corpus can be long",
	},
	{
		name: "one planner", in: []string{"internal", "cmd"}, except: []string{"internal/compile"},
		deny:   []string{"vitess.io/vitess/go/vt/vtgate/planbuilder", "vitess.io/vitess/go/vt/vtgate/engine", "vitess.io/vitess/go/vt/vtgate/executorcontext"},
		reason: "compile alone plans: the others judge its trees as data",
	},
	{
		name: "one door to topo", in: []string{"internal", "cmd"}, except: []string{"internal/topo"},
		deny:   []string{"vitess.io/vitess/go/vt/topo", "go.etcd.io/etcd"},
		reason: "only internal/topo knows the topo server: every write goes through its tokens",
	},
	{
		name: "few rooms link the planner", in: []string{"internal", "cmd"}, except: []string{"internal/lint", "internal/converge", "internal/compile"},
		deny:   []string{"vitess.io/vitess/go/vt/vtgate"},
		reason: "the packages that link Vitess's vindexes and planner build slowly: keep them few",
	},
	{
		name: "one door to schemadiff", in: []string{"internal", "cmd"}, except: []string{"internal/physical"},
		deny:   []string{"vitess.io/vitess/go/vt/schemadiff"},
		reason: "only internal/physical normalises CREATE TABLEs: the others read its plain tables",
	},
	{
		name: "the runner declares what it needs", in: []string{"internal/runner"},
		deny:   append(slices.Clone(adapters), module+"internal/app", module+"internal/cli"),
		reason: "the runner acts through its own small interfaces",
	},
	{
		name: "views and verbs act through an interface", in: []string{"internal/cli", "internal/view"},
		deny:   append(slices.Clone(adapters), module+"internal/runner", module+"internal/app"),
		reason: "cli declares the few methods that it needs, app gives them",
	},
	{
		name: "nothing imports app", in: []string{"internal", "lab"}, except: []string{"internal/app"},
		deny:   []string{module + "internal/app"},
		reason: "app wires the rooms; only cmd may import it",
	},
	{
		name: "doubles are for tests", in: []string{"internal", "cmd"}, except: doubles,
		deny:   []string{module + "internal/runner/runnertest", module + "internal/store/storetest", module + "internal/topo/topotest", module + "internal/vschema/vschematest"},
		reason: "no fake stands behind a real name",
	},
	{
		name: "the lab is Vitess from outside", in: []string{"lab"}, except: []string{"lab/v24"},
		deny:   []string{"vitess.io/vitess", module + "internal"},
		reason: "the lab starts real programs; it shares no code with what it tests",
	},
}

func TestImports(t *testing.T) {
	root := moduleRoot(t)
	files := goFiles(t, root)
	if len(files) < 20 {
		t.Fatalf("only %d Go files found under %s: the walk is broken", len(files), root)
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, f := range files {
				if !under(f.dir, r.in) || under(f.dir, r.except) {
					continue
				}
				for _, imp := range f.imports {
					if denied(imp, r) {
						t.Errorf("%s imports %s: %s", f.path, imp, r.reason)
					}
				}
			}
		})
	}
}

// TestPackageDocs holds every package to a doc comment.
func TestPackageDocs(t *testing.T) {
	root := moduleRoot(t)
	documented := map[string]bool{}
	for _, f := range goFiles(t, root) {
		documented[f.dir] = documented[f.dir] || f.documented
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package %s has no doc comment that states its job", dir)
		}
	}
}

func denied(imp string, r rule) bool {
	match := func(prefixes []string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return imp == p || strings.HasPrefix(imp, p+"/") })
	}
	return match(r.deny) && !match(r.allow)
}

func under(dir string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return dir == f || strings.HasPrefix(dir, f+"/") })
}

type goFile struct {
	path, dir  string
	imports    []string
	documented bool
}

// goFiles gives the project's Go files, tests apart: a test may use the real
// thing that its room may not.
func goFiles(t *testing.T, root string) []goFile {
	t.Helper()
	var out []goFile
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "testdata"):
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		f := goFile{path: rel, dir: filepath.ToSlash(filepath.Dir(rel)), documented: parsed.Doc != nil}
		for _, imp := range parsed.Imports {
			name, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, name)
		}
		out = append(out, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = parent
	}
}
