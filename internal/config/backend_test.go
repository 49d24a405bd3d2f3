package config

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/errs"
)

func TestBackend(t *testing.T) {
	c, err := Parse("dir/vtsync.yaml", []byte("clusters: {a: {backend: vtctld, vtctld: h:15999, state: a.db}, b: {topo: x, backend: topo}, c: {backend: vtctld, vtctld: h:1, state: /var/c.db}}"))
	if err != nil {
		t.Fatal(err)
	}
	a, b := c.Clusters["a"], c.Clusters["b"]
	if a.Backend != BackendVTCtld || b.Backend != BackendTopo {
		t.Errorf("backends %q and %q", a.Backend, b.Backend)
	}
	for name, want := range map[string]string{"a": filepath.Join("dir", "a.db"), "b": "", "c": "/var/c.db"} {
		if got := c.StateFile(c.Clusters[name]); got != want {
			t.Errorf("state file of %s = %q, want %q", name, got, want)
		}
	}
}

func TestBackendMistakes(t *testing.T) {
	for name, tt := range map[string]struct{ yaml, want string }{
		"unknown":            {"clusters: {a: {topo: x, backend: vtctl}}", `f:1:34: backend "vtctl" is no backend (did you mean "vtctld"?)`},
		"no vtctld":          {"clusters: {a: {backend: vtctld, state: s}}", "f:1:12: cluster a is written through vtctld, and names none"},
		"no state":           {"clusters: {a: {backend: vtctld, vtctld: h:1}}", "f:1:12: cluster a is written through vtctld, and has no file for vtsync's records"},
		"both":               {"clusters: {a: {backend: vtctld, vtctld: h:1, state: s, topo: x}}", "f:1:62: a cluster that is written through vtctld has no topo"},
		"tls of topo":        {"clusters: {a: {backend: vtctld, vtctld: h:1, state: s, topo_tls: {ca: c}}}", "f:1:12: cluster a is written through vtctld, so topo_tls has no meaning"},
		"state of topo":      {"clusters: {a: {topo: x, state: s}}", "f:1:32: state is for `backend: vtctld` only"},
		"one state of two":   {"clusters: {a: {backend: vtctld, vtctld: h:1, state: ./s}, b: {backend: vtctld, vtctld: h:2, state: x/../s}}", "f:1:100: clusters a and b have the same state file s"},
		"state is no text":   {"clusters: {a: {backend: vtctld, vtctld: h:1, state: 5}}", `f:1:53: state must be a text, not "5"`},
		"backend is no text": {"clusters: {a: {backend: [], topo: x}}", "f:1:25: backend must be a text, not a list"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("f", []byte(tt.yaml))
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("error = %v\nwant     %s", err, tt.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("one mistake gives several errors:\n%v", err)
			}
			if got := errs.ExitCode(err); got != errs.ExitError {
				t.Errorf("exit code = %d", got)
			}
		})
	}
}
