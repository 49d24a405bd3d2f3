package view

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	// Its source holds the official schema, which it does not export.
	_ "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/review"
)

// officialSchema reads the schema of SARIF 2.1.0 out of the source of a module.
func officialSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/owenrumney/go-sarif/v3").Output()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(strings.TrimSpace(string(dir)), "pkg", "report", "v210", "sarif", "schema.go")
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var text string
	ast.Inspect(parsed, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && len(lit.Value) > len(text) {
			text = lit.Value
		}
		return true
	})
	if text, err = strconv.Unquote(text); err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(sarifSchema, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(sarifSchema)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// lintReport has a finding of each kind of place.
func lintReport() review.Report {
	at := errs.Position{File: "keyspaces/a b/vschema.yaml", Line: 3, Column: 5}
	typo := review.Finding{
		Finding: lint.Finding{
			Code: "VS301", Severity: lint.Error, Keyspace: "customer", Pos: at,
			Path: []string{"tables", "t", "auto_increment", "sequence"}, Message: "no such sequence",
			Near: "customer_seq", Harm: "inserts fail", Next: "name another",
		},
		Span: review.Span{Line: []rune("    custmer_seq: x"), End: 16},
		Fix:  &review.Fix{Pos: at, End: 16, Old: "custmer_seq", New: "customer_seq", Text: "customer_seq"},
	}
	return review.Report{
		Files: 3,
		Findings: []review.Finding{
			typo,
			{Finding: lint.Finding{Code: "VS101", Severity: lint.Error, Pos: errs.Position{File: "bad.json"}, Message: "too large"}},
			{Finding: lint.Finding{Code: "VS804", Severity: lint.Warning, Keyspace: "live", Message: "nowhere"}},
			{Finding: lint.Finding{Code: "VS805", Severity: lint.Info, Pos: errs.Position{File: "x", Line: 2}, Message: "a line"}},
		},
		Suppressed: []review.Suppressed{
			{Finding: typo, Reason: "known", By: errs.Position{File: "vtsync.yaml", Line: 4, Column: 9}},
			{Finding: typo, Reason: "here", By: errs.Position{File: at.File, Line: 2, Column: 1}},
		},
	}
}

func TestSARIF(t *testing.T) {
	schema := officialSchema(t)
	for name, report := range map[string]review.Report{"findings": lintReport(), "none": {Files: 1}} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := LintSARIF(&out, NewLint(report, nil), "v1"); err != nil {
				t.Fatal(err)
			}
			doc, err := jsonschema.UnmarshalJSON(&out)
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(doc); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("error", func(t *testing.T) {
		failed := errors.Join(
			&errs.Invalid{Pos: errs.Position{File: "vtsync.yaml", Line: 2, Column: 3}, Msg: "unknown key", Next: "remove it"},
			errors.New("interrupted"),
		)
		var out bytes.Buffer
		if err := LintErrorSARIF(&out, failed, "v1"); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"vtsync.yaml:2:3: unknown key\nnext: remove it"`, `"startLine": 2`, `"text": "interrupted"`} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("the log lacks %s:\n%s", want, out.String())
			}
		}
		doc, err := jsonschema.UnmarshalJSON(&out)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Error(err)
		}
	})
	// The schema can tell: a log without runs is none.
	if err := schema.Validate(map[string]any{"version": "2.1.0"}); err == nil {
		t.Error("the schema takes a log without runs")
	}
}

func TestSARIFContent(t *testing.T) {
	var out bytes.Buffer
	if err := LintSARIF(&out, NewLint(lintReport(), nil), "v1"); err != nil {
		t.Fatal(err)
	}
	var log sarifLog
	if err := json.Unmarshal(out.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	var got []string
	for _, r := range run.Results {
		line := r.Level + " " + run.Tool.Driver.Rules[r.RuleIndex].ID
		for _, l := range r.Locations {
			line += " at " + l.Physical.Artifact.URI
			if region := l.Physical.Region; region != nil {
				line += ":" + strconv.Itoa(region.Line) + ":" + strconv.Itoa(region.Column) + "-" + strconv.Itoa(region.End)
			}
		}
		for _, f := range r.Fixes {
			line += " fix " + f.Changes[0].Replacements[0].Inserted.Text
		}
		for _, s := range r.Suppressions {
			line += " " + s.Kind + " " + s.Justification
		}
		got = append(got, line)
	}
	want := []string{
		"error VS301 at keyspaces/a%20b/vschema.yaml:3:5-16 fix customer_seq",
		"error VS101 at bad.json",
		"warning VS804",
		"note VS805 at x:2:0-0",
		"error VS301 at keyspaces/a%20b/vschema.yaml:3:5-16 fix customer_seq external known",
		"error VS301 at keyspaces/a%20b/vschema.yaml:3:5-16 fix customer_seq inSource here",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("results (-want +got):\n%s", d)
	}
	if rule := run.Tool.Driver.Rules[0]; !strings.Contains(rule.Help.Markdown, "**Fix:**") || rule.Default.Level != "error" {
		t.Errorf("rule = %+v: want the help of the catalog", rule)
	}
}
