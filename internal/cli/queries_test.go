package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/config"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/view"
)

func TestCollect(t *testing.T) {
	some := impact.Count{Queries: 2, Executions: 7}
	answered := view.CollectedVTGate{VTGate: "h:1", Count: some}
	for _, tc := range []struct {
		name    string
		vtgates []view.CollectedVTGate
		code    int
		want    string
	}{
		{"all answer", []view.CollectedVTGate{answered}, errs.ExitOK, "next: vtsync impact\n"},
		{"one is silent", []view.CollectedVTGate{answered, {VTGate: "h:2", Silent: "no answer in time"}}, errs.ExitUnknown, "vtgate h:2: silent: no answer in time"},
		{"one refuses", []view.CollectedVTGate{answered, {VTGate: "h:2", Unreadable: "access denied"}}, errs.ExitUnknown, "next: vtsync doctor"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := &double{collected: view.Collected{Format: 1, File: "f.json", Written: true, VTGates: tc.vtgates, Gathered: some, Total: some, New: 2}}
			got := d.run(t, "queries", "collect", "prod", "--out", "f.json", "--replace")
			if got.code != tc.code || !strings.Contains(got.stdout, tc.want) || !strings.Contains(got.stdout, "written f.json: 2 queries, 7 executions; 2 new") {
				t.Errorf("exit code %d, want %d; %q, want %q", got.code, tc.code, got.stdout, tc.want)
			}
			if d.collecting.Out != "f.json" || !d.collecting.Replace || len(d.collecting.Sources) > 0 || d.settings.Dir != "prod" || d.settings.FilesOnly {
				t.Errorf("asked for %+v of %+v", d.collecting, d.settings)
			}
			got = d.run(t, "queries", "collect", "--format", "json")
			var back view.Collected
			decode(t, got.stdout, &back)
			if got.code != tc.code || back.Gathered != some || back.Answered() != 1 || back.VTGates[0].Executions != 7 {
				t.Errorf("as JSON: exit code %d, %+v", got.code, back)
			}
		})
	}
}

// TestCollectFromVTGates: no topo is asked, so none need be named.
func TestCollectFromVTGates(t *testing.T) {
	t.Chdir(t.TempDir())
	d := &double{collected: view.Collected{Format: 1, File: "f.json"}}
	got := d.runIn(t, nil, "queries", "collect", "prod", "--vtgate", "h:1", "--vtgate", "h:2")
	if vtgates := d.settings.Cluster.VTGates; got.code != errs.ExitOK || !d.settings.FilesOnly || d.settings.Dir != "prod" ||
		!slices.Equal(vtgates, []config.VTGate{{Spec: "h:1"}, {Spec: "h:2"}}) {
		t.Errorf("exit code %d, %q; asked with %+v", got.code, got.stderr, d.settings)
	}
	if got := d.run(t, "queries", "collect", "--vtgate", "h:1"); got.code != errs.ExitOK || d.settings.FilesOnly || len(d.settings.Cluster.VTGates) != 1 {
		t.Errorf("with a topo: exit code %d, %q; asked with %+v", got.code, got.stderr, d.settings)
	}
	if got := d.runIn(t, nil, "queries", "collect"); got.code != errs.ExitError || !strings.Contains(got.stderr, "no cluster is named") {
		t.Errorf("without both: exit code %d, %q", got.code, got.stderr)
	}
}

func TestImportQueries(t *testing.T) {
	d := &double{collected: view.Collected{Format: 1, File: "f.json"}}
	if got := d.run(t, "queries", "import", "a.log"); got.code != errs.ExitError || !strings.Contains(got.stderr, "asks no cluster") || d.calls != nil {
		t.Errorf("with --topo: exit code %d, %q, and it %v", got.code, got.stderr, d.calls)
	}
	got := d.runIn(t, nil, "queries", "import", "a.log", "-")
	if got.code != errs.ExitOK || !strings.Contains(got.stdout, "nothing gathered, nothing written") {
		t.Errorf("exit code %d, %q", got.code, got.stdout)
	}
	if !slices.Equal(d.collecting.Sources, []string{"a.log", "-"}) || d.collecting.Stdin == nil || !d.settings.FilesOnly {
		t.Errorf("asked for %+v of %+v", d.collecting, d.settings)
	}
}

// TestImportUnusable: what is left of a source that is mostly unusable is written, and
// whoever runs it from a script hears of the rest.
func TestImportUnusable(t *testing.T) {
	some := impact.Count{Queries: 1, Executions: 1}
	d := &double{collected: view.Collected{Format: 1, File: "f.json", Written: true, Gathered: some, Total: some, New: 1, Unusable: []string{"a.log: more than half of it"}}}
	got := d.runIn(t, nil, "queries", "import", "a.log")
	if got.code != errs.ExitFindings || !strings.Contains(got.stdout, "unusable: a.log: more than half of it\nwritten f.json: 1 query") || !strings.Contains(got.stdout, "import again") {
		t.Errorf("exit code %d, %q", got.code, got.stdout)
	}
}
