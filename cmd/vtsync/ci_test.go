package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// vtsyncCall is vtsync at the beginning of a command, with its arguments.
var vtsyncCall = regexp.MustCompile(`(?m)^\s*(?:- (?:run: )?)?vtsync ([a-z].*)$`)

// TestCIFiles holds the action and the hooks to what they need, and every
// command in them and in the page about them to verbs and flags that exist.
func TestCIFiles(t *testing.T) {
	var calls []string
	var action struct {
		Inputs map[string]struct{ Default string }
		Runs   struct {
			Using string
			Steps []struct {
				Uses, Run, Shell string
				Env              map[string]string
			}
		}
	}
	readYAML(t, "../../action.yml", &action)
	if action.Runs.Using != "composite" || len(action.Runs.Steps) == 0 {
		t.Errorf("the action is no composite one: %+v", action)
	}
	for _, step := range action.Runs.Steps {
		if (step.Uses == "") == (step.Run == "") || step.Run != "" && step.Shell == "" {
			t.Errorf("step %+v: want uses, or run with a shell", step)
		}
		calls = append(calls, callsIn(step.Run)...)
		for _, value := range step.Env {
			input, ok := strings.CutPrefix(strings.Trim(value, "${} "), "inputs.")
			if _, known := action.Inputs[input]; !ok || !known {
				t.Errorf("step %+v: %s is no input", step, value)
			}
		}
	}

	var hooks []struct {
		ID, Entry, Language, Files string
		PassFilenames              bool `yaml:"pass_filenames"`
	}
	readYAML(t, "../../.pre-commit-hooks.yaml", &hooks)
	for _, h := range hooks {
		calls = append(calls, callsIn(h.Entry)...)
		files, err := regexp.Compile(h.Files)
		if err != nil || !files.MatchString("prod/keyspaces/customer/vschema.yaml") || !files.MatchString("routing_rules.json") || files.MatchString("README.md") {
			t.Errorf("hook %s: files %q: %v", h.ID, h.Files, err)
		}
		if h.PassFilenames {
			t.Errorf("hook %s is given single files", h.ID)
		}
	}

	page, err := os.ReadFile("../../docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range hooks {
		if !strings.Contains(string(page), "- id: "+h.ID) {
			t.Errorf("docs/ci.md does not show hook %s", h.ID)
		}
	}
	if calls = append(calls, callsIn(string(page))...); len(calls) < 6 {
		t.Fatalf("calls of vtsync = %q: the search is broken", calls)
	}
	for _, call := range slices.Compact(slices.Sorted(slices.Values(calls))) {
		t.Run(call, func(t *testing.T) { checkCall(t, strings.Fields(call)) })
	}
}

func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func callsIn(script string) []string {
	var out []string
	for _, m := range vtsyncCall.FindAllStringSubmatch(script, -1) {
		out = append(out, m[1])
	}
	return out
}

// checkCall asks the verb's help for each flag.
func checkCall(t *testing.T, args []string) {
	help, err := exec.Command(filepath.Join(programDir, "vtsync"), args[0], "--help").Output()
	if err != nil {
		t.Fatalf("vtsync %s: %v", args[0], err)
	}
	for _, arg := range args[1:] {
		if strings.HasPrefix(arg, "--") && !strings.Contains(string(help), arg) {
			t.Errorf("vtsync %s has no %s", args[0], arg)
		}
	}
}
