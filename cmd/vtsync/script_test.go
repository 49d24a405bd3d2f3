package main_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vtsync/vtsync/lab/cluster"
)

// update rewrites the golden files inside the scripts.
var update = flag.Bool("update", false, "update the golden files in testdata/script")

// programDir holds the program under test. It is built, not part of the test
// binary: Vitess's packages behave differently inside of one.
var programDir string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "vtsync-script-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	programDir = dir
	out, err := exec.Command("go", "build", "-o", dir, ".").CombinedOutput()
	if err != nil {
		fmt.Fprintf(os.Stderr, "build vtsync: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// setup puts the program first in the script's path, and keeps the git of
// whoever runs the tests out of it.
func setup(env *testscript.Env) {
	env.Setenv("PATH", programDir+string(os.PathListSeparator)+env.Getenv("PATH"))
	env.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	env.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	for _, role := range []string{"AUTHOR", "COMMITTER"} {
		env.Setenv("GIT_"+role+"_NAME", "script")
		env.Setenv("GIT_"+role+"_EMAIL", "script@example.com")
	}
}

// TestScripts runs the scripts that need no cluster.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Setup:               func(env *testscript.Env) error { setup(env); return nil },
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// TestLabScripts runs, one after the other, the scripts that need a cluster.
// They share one: each has keyspaces of its own. Each finds a vtsync.yaml that
// names the cluster, with files in repo, and the addresses in $TOPO, $VTCTLD,
// $VTGATE1 and $VTGATE2.
func TestLabScripts(t *testing.T) {
	lab := cluster.StartT(t, cluster.Options{})
	testscript.RunT(serial{t}, testscript.Params{
		Dir:                 "../../testdata/script/lab",
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Setup: func(env *testscript.Env) error {
			setup(env)
			env.Setenv("TOPO", lab.Topo())
			env.Setenv("VTCTLD", lab.VTCtld())
			config := "clusters:\n  lab:\n    path: repo\n    topo: " + lab.Topo() + "\n    vtgates:\n"
			for i, g := range lab.VTGates() {
				env.Setenv("VTGATE"+strconv.Itoa(i+1), g.HTTP)
				config += "      - " + g.HTTP + "\n"
			}
			return os.WriteFile(filepath.Join(env.WorkDir, "vtsync.yaml"), []byte(config), 0o644)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"keyspace": func(ts *testscript.TestScript, _ bool, args []string) { createKeyspace(t, ts, lab, args) },
			"alter_vschema": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(lab.AlterVSchema(t.Context(), lab.VTGates()[0], strings.Join(args, " ")))
			},
			"query": func(ts *testscript.TestScript, _ bool, args []string) { plannedEverywhere(t, ts, lab, args) },
			"vtctldclient": func(ts *testscript.TestScript, _ bool, args []string) {
				if _, err := lab.VTCtldClient(t.Context(), args...); err != nil {
					ts.Fatalf("vtctldclient: %v", err)
				}
			},
		},
	})
}

// exits runs a program and wants that exit code: exits CODE PROGRAM ARG...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// createKeyspace makes a keyspace in the lab: keyspace NAME FILE SHARD...,
// where FILE is its VSchema, or - for none. Its tables go with the script: their
// names would be ambiguous with those of the next one's.
func createKeyspace(t *testing.T, ts *testscript.TestScript, lab *cluster.Cluster, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: keyspace NAME FILE SHARD...")
	}
	ts.Check(lab.CreateKeyspace(t.Context(), args[0], args[2:]...))
	ts.Defer(func() {
		if err := lab.ApplyVSchema(t.Context(), args[0], "{}"); err != nil {
			t.Errorf("empty keyspace %s: %v", args[0], err)
		}
	})
	if args[1] == "-" {
		return
	}
	vschema, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	ts.Check(lab.ApplyVSchema(t.Context(), args[0], string(vschema)))
}

// plannedEverywhere sends a statement to all vtgates, query KEYSPACE STATEMENT, often
// enough for it to be in their plan caches. There are no tablets to run it.
func plannedEverywhere(t *testing.T, ts *testscript.TestScript, lab *cluster.Cluster, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: query KEYSPACE STATEMENT")
	}
	for _, g := range lab.VTGates() {
		for range 3 {
			if _, err := lab.Query(t.Context(), g, args[0], strings.Join(args[1:], " ")); err == nil {
				ts.Fatalf("%s: %q has an answer, and the lab has no tablets", g.Name, args[1:])
			}
		}
	}
}

// serial is a test whose scripts run one after the other.
type serial struct{ *testing.T }

func (s serial) Parallel() {}

func (s serial) Verbose() bool { return testing.Verbose() }

func (s serial) Run(name string, f func(testscript.T)) {
	s.T.Run(name, func(t *testing.T) { f(serial{t}) })
}
