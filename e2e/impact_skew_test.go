package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/lab/cluster"
)

// Queries whose plans a vtgate of Vitess 23 makes otherwise than the planner of
// 24, or not.
const (
	byLookup = "select * from customer where email = 'a'"
	numbered = "select customer_id, row_number() over (order by customer_id) from customer where customer_id = 3"
	// 24 splits a window by the primary vindex over the shards; 23 refuses it.
	summed = "select customer_id, sum(customer_id) over (partition by customer_id) from customer where email in ('a', 'b')"
)

// TestImpactOfAnotherRelease: the vtgates are of Vitess 23. The report begins with
// that, the vtgates are asked for the plans before the change where that is wanted,
// and no difference of the planners passes for one of the change. A change is
// applied, and proved, as it is with vtgates of 24.
func TestImpactOfAnotherRelease(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{VTGateRelease: cluster.V23})
	known := filepath.Join(t.TempDir(), "known.sql")
	if err := os.WriteFile(known, []byte(strings.Join([]string{byLookup, numbered, summed}, ";\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	e.edit("customer", func(v map[string]any) {
		customer := table(v, "customer")
		customer["column_vindexes"] = customer["column_vindexes"].([]any)[:1] // no lookup by email
	})

	const skew = "note: the vtgates run Vitess 23.0.2, and these plans are made by the planner of 24.0.1"
	ours := e.ok("impact", e.dir, "--queries", known).stdout
	if !strings.HasPrefix(ours, skew+": --planner vtgate asks them for the plans before the change\n") {
		t.Errorf("the report does not begin with the release of the vtgates:\n%s", ours)
	}
	asked := e.ok("impact", e.dir, "--queries", known, "--planner", "vtgate").stdout
	if !strings.HasPrefix(asked, skew+"\n") || !strings.Contains(asked, "the plans before the change are those of the vtgates: 2 of 3 differ") {
		t.Errorf("the report does not say whose plans it shows:\n%s", asked)
	}
	for _, planner := range []string{"vtsync", "vtgate"} {
		results := e.impactOf(known, planner)
		if r := results["email ="]; r.Verdict != impact.Dearer || r.Before.Class != impact.SingleShard || r.After.Class != impact.Scatter {
			t.Errorf("with --planner %s, %s is %s: %s, then %s", planner, byLookup, r.Verdict, r.Before.Class, r.After.Class)
		}
		if r := results["row_number"]; r.Verdict != impact.Same {
			t.Errorf("with --planner %s, %s is %s: %v", planner, numbered, r.Verdict, r.Reasons)
		}
		r := results["email in"]
		refused := strings.Contains(strings.Join(r.Reasons, "; "), "a vtgate refuses it as it is now: VT12001")
		if r.Verdict != impact.Dearer || refused != (planner == "vtgate") {
			t.Errorf("with --planner %s, %s is %s: %v", planner, summed, r.Verdict, r.Reasons)
		}
	}

	e.ok("pull", "--force", e.dir)
	e.edit("customer", func(v map[string]any) { hashed(v, "voucher", "id") })
	e.ok("apply", "--yes", e.dir)
	e.ok("status", e.dir)
}

// impactOf gives the results of the known queries, each by a word of its text.
func (e *env) impactOf(known, planner string) map[string]impact.Result {
	e.t.Helper()
	var report struct {
		Queries []impact.Result `json:"queries"`
	}
	out := e.ok("impact", e.dir, "--queries", known, "--planner", planner, "--all", "--format", "json").stdout
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		e.t.Fatalf("%v\n%s", err, out)
	}
	results := map[string]impact.Result{}
	for _, r := range report.Queries {
		for _, word := range []string{"email =", "email in", "row_number"} {
			if strings.Contains(r.SQL, word) {
				results[word] = r
			}
		}
	}
	return results
}

// TestAnotherReleaseIsAsked: the plans of a vtgate of Vitess 23, as vtsync asks for
// them, are those that it gives a person, for all statements that 24 is compared
// with; and most of them are as our planner makes them.
func TestAnotherReleaseIsAsked(t *testing.T) {
	t.Parallel()
	in := readLive(t)
	p := newPlannersOf(t, cluster.V23)
	p.create(in)
	planner := p.planner(p.srv("zone1"))
	reader := p.reader()
	if version, err := reader.Version(t.Context()); err != nil || !strings.HasPrefix(version, "23.") {
		t.Fatalf("the vtgate is of Vitess %s, %v", version, err)
	}

	known, differ := 0, 0
	for _, q := range in.queries {
		form, ok := collected(q)
		if _, excepted := exceptions[q.SQL]; excepted || !ok {
			continue
		}
		known++
		asked, err := reader.Explain(t.Context(), form)
		if err != nil {
			t.Errorf("%s: %v", form.SQL, err)
			continue
		}
		if problem := samePlan(p.ask(q), asked); problem != "" {
			t.Errorf("%s@%s: %s\n%s", q.Keyspace, q.TabletType, q.SQL, problem)
		}
		if problem := samePlan(asked, planner.Plan(t.Context(), form)); problem != "" {
			differ++
			t.Logf("planned otherwise by 24: %s", q.SQL)
		}
	}
	t.Logf("%d of %d plans differ between 23 and 24", differ, known)
	if differ == 0 || differ*10 > known {
		t.Errorf("%d of %d plans differ: is it another release?", differ, known)
	}
}
