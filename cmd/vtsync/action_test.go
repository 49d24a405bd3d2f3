package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// actionStep is one step of the action.
type actionStep struct {
	Name, ID, If, Uses, Run, Shell string
	Env, With                      map[string]string
}

// actionSteps reads the steps of the action.
func actionSteps(t *testing.T) []actionStep {
	t.Helper()
	var action struct{ Runs struct{ Steps []actionStep } }
	readYAML(t, "../../action.yml", &action)
	return action.Runs.Steps
}

// TestActionSARIF runs the step that writes SARIF: whatever lint says of the
// files it succeeds, and there is a log to upload wherever lint ran. The
// annotations come from a step before it, which is the one to fail.
func TestActionSARIF(t *testing.T) {
	steps := actionSteps(t)
	named := func(name string) int {
		return slices.IndexFunc(steps, func(s actionStep) bool { return s.Name == name })
	}
	lint, write, upload := named("Lint"), named("Write SARIF"), named("Upload SARIF")
	if lint < 0 || lint > write || write > upload || steps[lint].If != "" {
		t.Fatalf("Lint, Write SARIF and Upload SARIF are steps %d, %d and %d", lint, write, upload)
	}
	for _, step := range []actionStep{steps[write], steps[upload]} {
		if !strings.Contains(step.If, "!cancelled()") {
			t.Errorf("step %s is skipped where Lint fails: if: %s", step.Name, step.If)
		}
	}
	if !strings.Contains(steps[upload].If, "steps."+steps[write].ID+".outputs.written") {
		t.Errorf("what is uploaded may be nothing: if: %s", steps[upload].If)
	}

	files := t.TempDir()
	if err := os.MkdirAll(filepath.Join(files, "keyspaces", "a"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(files, "keyspaces", "a", "vschema.json"), []byte(`{"tabels": {}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	program := programDir + string(os.PathListSeparator) + os.Getenv("PATH")
	for _, tt := range []struct {
		name, dir, path string
		written         bool
	}{
		{"unreadable file", files, program, true},
		{"no folder", filepath.Join(files, "nowhere"), program, true},
		{"no program", files, "/usr/bin:/bin", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			temp := t.TempDir()
			output := filepath.Join(temp, "output")
			if err := os.WriteFile(output, nil, 0o644); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "bash", "-e", "-o", "pipefail", "-c", steps[write].Run)
			cmd.Env = []string{"DIR=" + tt.dir, "RUNNER_TEMP=" + temp, "GITHUB_OUTPUT=" + output, "PATH=" + tt.path}
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			said, err := os.ReadFile(output)
			if err != nil || (string(said) == "written=true\n") != tt.written {
				t.Errorf("the step says %q, %v", said, err)
			}
			log, err := os.ReadFile(filepath.Join(temp, "vtsync.sarif"))
			if err != nil || json.Valid(log) != tt.written {
				t.Errorf("log %s, %v", log, err)
			}
		})
	}
}
