package impact

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// vitessCase is one query of Vitess's own tests with the plan that they expect.
type vitessCase struct {
	query string
	plan  Plan
	raw   json.RawMessage // the plan as it is written there
}

func vtgateSource(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "vitess.io/vitess").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "go/vt/vtgate")
}

// vitessCases are read from the module cache.
func vitessCases(t *testing.T) []vitessCase {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(vtgateSource(t), "planbuilder/testdata/*_cases*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var out []vitessCase
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var cases []struct {
			Query string          `json:"query"`
			Plan  json.RawMessage `json:"plan"`
		}
		if err := json.Unmarshal(b, &cases); err != nil {
			t.Fatalf("%s: %v", filepath.Base(file), err)
		}
		for _, c := range cases {
			if plan := vitessPlan(t, c.Query, c.Plan); plan != nil {
				out = append(out, *plan)
			}
		}
	}
	if len(out) < 1900 {
		t.Fatalf("only %d plans in %d files: has Vitess moved them?", len(out), len(files))
	}
	return out
}

// vitessPlan gives nil for a case that has neither plan nor error.
func vitessPlan(t *testing.T, query string, raw json.RawMessage) *vitessCase {
	t.Helper()
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if text == "" {
			return nil
		}
		return &vitessCase{query: query, plan: Plan{Err: &Error{Text: text}}}
	}
	var plan struct {
		Instructions json.RawMessage
		TablesUsed   []string
	}
	if err := json.Unmarshal(raw, &plan); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	if len(plan.Instructions) == 0 {
		return nil
	}
	tree := &Node{}
	if err := json.Unmarshal(plan.Instructions, tree); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return &vitessCase{query: query, plan: Plan{Tree: tree, Tables: plan.TablesUsed}, raw: plan.Instructions}
}

// opcodes are all of vtgate's.
var opcodes = []string{
	"Unsharded", "EqualUnique", "Equal", "IN", "Between", "MultiEqual", "SubShard", "Scatter", "Next", "DBA",
	"Reference", "None", "ByDestination",
}

// variants are those of Vitess that the classifier treats each in its own way, or
// on purpose all in one.
var variants = map[string][]string{
	"Route":                opcodes,
	"Update":               opcodes,
	"Delete":               opcodes,
	"VindexLookup":         {"EqualUnique", "Equal", "IN", "MultiEqual"},
	"Insert":               {"Unsharded", "Sharded", "Select"},
	"Join":                 {"Join", "LeftJoin", "HashJoin", "HashLeftJoin", "Values"},
	"Sort":                 {"Memory", "Merge"},
	"Aggregate":            {"Ordered", "Scalar"},
	"UncorrelatedSubquery": {"PulloutValue", "PulloutIn", "PulloutNotIn", "PulloutExists"},
	"Mirror":               {"PercentBased"},
	"VindexFunc":           {"VindexMap"},
}

func TestEveryOperatorOfVitessIsKnown(t *testing.T) {
	for _, c := range vitessCases(t) {
		if c.plan.Tree == nil {
			continue
		}
		walk(*c.plan.Tree, func(n Node) {
			if operators[n.Operator].kind == unknownKind {
				t.Errorf("%s: operator %q is not known", c.query, n.Operator)
			}
			// What SHOW shows makes no difference.
			if n.Variant != "" && n.Operator != "ShowExec" && !slices.Contains(variants[n.Operator], n.Variant) {
				t.Errorf("%s: variant %q of %s is not known", c.query, n.Variant, n.Operator)
			}
		})
	}
}

// Some operators are in no case file, so that the source is read, too.
func TestEveryOperatorInVitessSource(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(vtgateSource(t), "engine/*.go"))
	if err != nil {
		t.Fatal(err)
	}
	literal := regexp.MustCompile(`OperatorType:\s+"([^"]+)"`)
	found := map[string]bool{
		// Made from a name: of a DBDDL, of a SessionPrimitive.
		"CREATEDB": true, "DROPDB": true, "SHOW WARNINGS": true,
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range literal.FindAllSubmatch(b, -1) {
			found[string(m[1])] = true
		}
	}
	for name := range found {
		if _, ok := operators[name]; !ok {
			t.Errorf("Vitess has an operator %q that the table lacks", name)
		}
	}
	for name := range operators {
		if !found[name] {
			t.Errorf("the table has an operator %q that Vitess lacks", name)
		}
	}
}

func TestMemoryWordsAreOrdered(t *testing.T) {
	known := map[string]bool{}
	for _, w := range memoryWork {
		known[w.word] = true
		if w.group < 0 || w.group >= memoryGroups {
			t.Errorf("%s is in group %d", w.word, w.group)
		}
	}
	for name, op := range operators {
		words := []string{op.word}
		for _, word := range op.variants {
			words = append(words, word)
		}
		for _, word := range words {
			if word != "" && !known[word] {
				t.Errorf("%s: the word %q has no place", name, word)
			}
		}
	}
}

func TestClassesOfVitessPlans(t *testing.T) {
	ground := Ground{Shards: map[string]int{"user": 64}}
	found, first := map[Class]int{}, map[Class]string{}
	for _, c := range vitessCases(t) {
		side := Look(c.plan, ground)
		if found[side.Class]++; first[side.Class] == "" {
			first[side.Class] = c.query
		}
		if want := mustBe(c.plan); want != "" && side.Class != want {
			t.Errorf("%s: class %s, want %s", c.query, side.Class, want)
		}
		if (side.Error != nil) != (side.Class == NotPlannable) {
			t.Errorf("%s: class %s with error %v", c.query, side.Class, side.Error)
		}
		if side.Shards != nil && (*side.Shards == 0) != (side.Class == Local) {
			t.Errorf("%s: class %s with %d shards", c.query, side.Class, *side.Shards)
		}
		if r := Judge(Query{SQL: c.query, Executions: 1}, c.plan, c.plan, ground, ground); r.Verdict != Same || r.Reasons != nil {
			t.Errorf("%s: against itself: %s %q", c.query, r.Verdict, r.Reasons)
		}
	}
	for _, class := range Classes {
		t.Logf("%-17s %4d, such as %s", class, found[class], first[class])
		if found[class] == 0 {
			t.Errorf("no plan of Vitess's is %s", class)
		}
	}
}

// mustBe is the class of plans that leave no room for judgement.
func mustBe(p Plan) Class {
	if p.Err != nil {
		return NotPlannable
	}
	if p.Tree.Operator == "Route" && p.Tree.Variant == "Scatter" {
		return Scatter
	}
	var class Class
	walk(*p.Tree, func(n Node) {
		if (n.Operator == "Update" || n.Operator == "Delete") && n.Variant == "Scatter" {
			class = CrossShardDML
		}
	})
	return class
}

func TestVitessPlansSurviveJSON(t *testing.T) {
	for _, c := range vitessCases(t) {
		if c.plan.Tree == nil {
			continue
		}
		var want bytes.Buffer
		if err := json.Compact(&want, c.raw); err != nil {
			t.Fatal(err)
		}
		got, err := encode(c.plan.Tree)
		if err != nil {
			t.Errorf("%s: %v", c.query, err)
			continue
		}
		// A few cases are written with their keys sorted, which vtgate never does.
		if !bytes.Equal(got, want.Bytes()) && !strings.HasPrefix(want.String(), `{"Inputs"`) && !strings.HasPrefix(want.String(), `{"FieldQuery"`) {
			t.Errorf("%s:\n got %s\nwant %s", c.query, got, want.Bytes())
		}
	}
}
