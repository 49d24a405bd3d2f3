package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/impact"
)

// scattering is a report of one query that begins to scatter over so many shards,
// and of one that stays the same.
func scattering(shards int) *impact.Report {
	route := func(opcode string) impact.Plan {
		return impact.Plan{Tree: &impact.Node{Operator: "Route", Variant: opcode, Keyspace: "customer", Sharded: true}}
	}
	ground := impact.Ground{Shards: map[string]int{"customer": shards}}
	return impact.NewFullReport("24.0.1", []impact.Result{
		impact.Judge(impact.Query{SQL: "select 1 from a", Executions: 9}, route("EqualUnique"), route("Scatter"), ground, ground),
		impact.Judge(impact.Query{SQL: "select 1 from b", Executions: 1}, route("EqualUnique"), route("EqualUnique"), ground, ground),
	}, nil)
}

// unplannable is a report of one query that has no plan on either side.
func unplannable() *impact.Report {
	none := impact.Plan{Err: &impact.Error{Code: "VT05003", Text: "unknown database 'shop'"}}
	return impact.NewReport("24.0.1", []impact.Result{
		impact.Judge(impact.Query{SQL: "select 1 from a", Executions: 9}, none, none, impact.Ground{}, impact.Ground{}),
	}, nil)
}

func TestImpactAsks(t *testing.T) {
	const help = "vtsync impact --help"
	cases := []struct {
		name string
		args []string
		want Impacting // where it is asked for
		live bool      // and whether a cluster is
		says string
	}{
		{name: "defaults", args: []string{"--topo", "etcd2://h:1/r"}, live: true,
			want: Impacting{Before: "live", Planner: "vtsync", Shards: map[string]int{}}},
		{name: "no cluster", says: "no --before is given, and no cluster is named"},
		{name: "two folders", args: []string{"--before", "old", "--after", "new", "--shards", "customer=64"},
			want: Impacting{Before: "old", After: "new", Planner: "vtsync", Shards: map[string]int{"customer": 64}}},
		{name: "a cluster for nothing", args: []string{"--before", "old", "--topo", "etcd2://h:1/r"}, says: "--topo, --vtgate and --vtctld mean nothing"},
		{name: "a cluster for its queries", args: []string{"--before", "old", "--topo", "etcd2://h:1/r", "--queries", "live", "--queries", "-"}, live: true,
			want: Impacting{Before: "old", Planner: "vtsync", Shards: map[string]int{}, Queries: []string{"live", "-"}}},
		{name: "vtgate plans", args: []string{"--planner", "vtgate", "--topo", "etcd2://h:1/r"}, live: true,
			want: Impacting{Before: "live", Planner: "vtgate", Shards: map[string]int{}}},
		{name: "vtgate plans what is live only", args: []string{"--planner", "vtgate", "--before", "old"}, says: "is then live, not old"},
		{name: "another planner", args: []string{"--planner", "vtgat"}, says: `did you mean "vtgate"`},
		{name: "shards without a number", args: []string{"--shards", "customer"}, says: "--shards customer is not KEYSPACE=N"},
		{name: "no shards", args: []string{"--shards", "customer=0"}, says: "--shards customer=0 is not KEYSPACE=N"},
		{name: "shards twice", args: []string{"--shards", "a=1", "--shards", "a=2"}, says: "gives keyspace a twice"},
		{name: "explain 0", args: []string{"--explain", "0"}, says: help},
		{name: "explain as markdown", args: []string{"--explain", "1", "--format", "markdown"}, says: "as text or JSON"},
		{name: "another format", args: []string{"--format", "sarif"}, says: "there are text, json and markdown"},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			d := &double{impact: scattering(4)}
			got := d.runIn(t, nil, append([]string{"impact"}, tt.args...)...)
			if tt.says != "" {
				if got.code != errs.ExitError || !strings.Contains(got.stderr, tt.says) || len(d.calls) > 0 {
					t.Errorf("%+v, calls %v", got, d.calls)
				}
				return
			}
			asked := d.asked
			asked.Stdin = nil
			if diff := cmp.Diff(tt.want, asked); diff != "" || got.code != errs.ExitOK || d.settings.FilesOnly == tt.live || !d.closed {
				t.Errorf("asked (-want +got):\n%s%+v, settings %+v", diff, got, d.settings)
			}
		})
	}
}

// TestImpactFilesOfConfig: the config says where the files are, and names a
// cluster, which is not asked.
func TestImpactFilesOfConfig(t *testing.T) {
	t.Chdir(t.TempDir())
	config := func(text string) {
		if err := os.WriteFile("vtsync.yaml", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	config("clusters: {prod: {path: files, topo: \"etcd2://h:1/r\", vindex_types: [ours], policy: {impact: {new_scatter: allow}}}}")
	d := &double{impact: scattering(4)}
	if got := d.runIn(t, nil, "impact", "--before", "git:main", "--exit-code"); got.code != errs.ExitOK {
		t.Errorf("its policy allows it: %+v", got)
	}
	s := d.settings
	if s.Dir != "files" || !s.FilesOnly || len(s.Cluster.VindexTypes) != 1 || s.Cluster.Topo.Value != "" {
		t.Errorf("settings %+v", s)
	}
	config("clusters: {a: {path: a, topo: \"etcd2://h:1/r\"}, b: {path: b, topo: \"etcd2://h:1/s\"}}")
	if got := d.runIn(t, nil, "impact", "--before", "git:main", "--cluster", "b"); got.code != errs.ExitOK || d.settings.Dir != "b" {
		t.Errorf("%+v, settings %+v", got, d.settings)
	}
	if got := d.runIn(t, nil, "impact", "--before", "old", "--after", "new"); got.code != errs.ExitOK || filepath.Clean(d.settings.Dir) != "." {
		t.Errorf("%+v, settings %+v", got, d.settings)
	}
	const prod, dev = "prod: {path: a, topo: \"etcd2://h:1/r\", policy: {impact: {new_scatter: allow}}}", "dev: {path: b, topo: \"etcd2://h:1/s\""
	for _, tt := range []struct {
		name, config string
		args         []string
		code         int
		says         string
	}{
		{"several policies", prod + ", " + dev + "}", nil, errs.ExitError, "next: vtsync impact --exit-code --cluster dev, or another of: dev, prod"},
		{"several bounds", dev + ", policy: {impact: {dearer_percent: 5}}}, " + strings.Replace(dev, "dev", "more", 1) + ", policy: {impact: {dearer_percent: 6}}}", nil, errs.ExitError, "--cluster dev"},
		{"the one that allows it", prod + ", " + dev + "}", []string{"--cluster", "prod"}, errs.ExitOK, ""},
		{"the one that does not", prod + ", " + dev + "}", []string{"--cluster", "dev"}, errs.ExitFindings, ""},
		{"the same one", prod + ", " + dev + ", policy: {impact: {new_scatter: allow, breaks: deny}}}", nil, errs.ExitOK, ""},
	} {
		config("clusters: {" + tt.config + "}")
		got := d.runIn(t, nil, append([]string{"impact", "--before", "git:main", "--exit-code"}, tt.args...)...)
		if got.code != tt.code || !strings.Contains(got.stderr, tt.says) {
			t.Errorf("%s: %+v", tt.name, got)
		}
		if got := d.runIn(t, nil, append([]string{"impact", "--before", "git:main"}, tt.args...)...); got.code != errs.ExitOK {
			t.Errorf("%s, without --exit-code: %+v", tt.name, got)
		}
	}
	config("clusters: {a: {path: a, topo: \"etcd2://h:1/r\"}, b: {path: b, topo: \"etcd2://h:1/s\"}}")
	if got := d.runIn(t, nil, "impact"); got.code != errs.ExitError || !strings.Contains(got.stderr, "several clusters") {
		t.Errorf("%+v", got)
	}
}

func TestImpactShows(t *testing.T) {
	unread := &errs.Unknown{Msg: "vtgate x is silent"}
	cases := []struct {
		name   string
		args   []string
		report *impact.Report
		err    error
		code   int
		stdout []string
		stderr string
	}{
		{name: "text", report: scattering(4), stdout: []string{"to ask all 4 shards of customer", "select 1 from a"}},
		{name: "denied by default", args: []string{"--exit-code"}, report: scattering(4), code: errs.ExitFindings, stdout: []string{"to ask all 4 shards of customer"},
			stderr: "beyond the policy: 1 of 2 queries, 90 % of executions, begins to ask all shards of a keyspace\n"},
		{name: "nothing is judged", args: []string{"--exit-code"}, report: unplannable(), code: errs.ExitFindings, stdout: []string{"no plan on either side"},
			stderr: "beyond the policy: the one known query has no plan on either side: VT05003: unknown database 'shop'\n"},
		{name: "one shard is no scatter", args: []string{"--exit-code"}, report: scattering(1), stdout: []string{"select 1 from a"}},
		{name: "markdown", args: []string{"--format", "markdown"}, report: scattering(4), stdout: []string{"### Impact: ", "`select 1 from a`"}},
		{name: "explain", args: []string{"--explain", "1"}, report: scattering(4), stdout: []string{"select 1 from a", "Scatter", "EqualUnique"}},
		{name: "explain past the end", args: []string{"--explain", "3"}, report: scattering(4), code: errs.ExitError, stderr: "the list ends at 2"},
		{name: "explain nothing", args: []string{"--explain", "1"}, report: impact.NewReport("24.0.1", nil, nil), code: errs.ExitError, stderr: "no query gets another plan"},
		{name: "a part is silent", report: scattering(4), err: unread, code: errs.ExitUnknown, stdout: []string{"to ask all 4 shards of customer"}, stderr: "vtgate x is silent"},
		{name: "all is silent", err: unread, code: errs.ExitUnknown, stderr: "vtgate x is silent"},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			d := &double{impact: tt.report, err: tt.err}
			got := d.run(t, append([]string{"impact"}, tt.args...)...)
			if got.code != tt.code || !strings.Contains(got.stderr, tt.stderr) {
				t.Errorf("%+v", got)
			}
			for _, want := range tt.stdout {
				if !strings.Contains(got.stdout, want) {
					t.Errorf("stdout lacks %q:\n%s", want, got.stdout)
				}
			}
		})
	}
}

func TestImpactJSON(t *testing.T) {
	d := &double{impact: scattering(4)}
	var report impact.Report
	decode(t, d.run(t, "impact", "--format", "json").stdout, &report)
	if report.Format != 1 || len(report.Queries) != 2 || report.Summary.NewScatter.Executions != 9 {
		t.Errorf("report %+v", report)
	}
	var one struct {
		Verdict    impact.Verdict
		BeforePlan json.RawMessage `json:"before_plan"`
		AfterPlan  struct{ Variant string }
	}
	got := d.run(t, "impact", "--format", "json", "--explain", "1")
	decode(t, strings.ReplaceAll(got.stdout, "after_plan", "AfterPlan"), &one)
	if one.Verdict != impact.Dearer || one.AfterPlan.Variant != "Scatter" || len(one.BeforePlan) == 0 {
		t.Errorf("query %+v of %s", one, got.stdout)
	}
}
