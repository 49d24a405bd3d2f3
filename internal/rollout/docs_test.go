package rollout_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/rollout"
)

const statesPage = "../../docs/states.md"

// TestStatesPage holds docs/states.md against the table. Run with -rewrite,
// the transcripts' flag, to write the page anew.
func TestStatesPage(t *testing.T) {
	want := renderStates(t)
	if flag.Lookup("rewrite").Value.String() == "true" {
		if err := os.WriteFile(statesPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(statesPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("docs/states.md is not that of the table; write it anew with: go test ./internal/rollout -run 'TestStatesPage' -rewrite")
	}
}

const statesIntro = `# States of a rollout

<!-- Generated from internal/rollout by its test TestStatesPage; do not edit. -->

A rollout is one execution of one plan. Its record is saved before each action with what the action intends, and after it with what came of it, so any host can go on from it.
Silence and doubt never roll back by themselves: the rollout parks where it is, and waits for ` + "`vtsync resume`" + ` or ` + "`vtsync rollback`" + `. Parked is not a state; it is a note on the record that says why it rests, and what to run next.
An event without a row below is refused and changes nothing. The stories in ` + "`testdata/rollout/`" + ` show every outcome of every row.

`

func renderStates(t *testing.T) string {
	var b strings.Builder
	b.WriteString(statesIntro)
	b.WriteString(renderDiagram())

	constants := documentedConstants(t, "state.go")
	b.WriteString("## States\n\n| state | | meaning |\n|---|---|---|\n")
	for _, c := range constants["State"] {
		state, err := rollout.ParseState(c.value)
		if err != nil {
			t.Fatal(err)
		}
		end := ""
		if state.Final() {
			end = "end"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.value, end, c.comment)
	}
	b.WriteString("\n## Transitions\n\n| from | on | to | why |\n|---|---|---|---|\n")
	for _, tr := range rollout.Table {
		to := make([]string, len(tr.To))
		for i, s := range tr.To {
			to[i] = "`" + string(s) + "`"
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s |\n", tr.From, tr.On, strings.Join(to, ", "), tr.Why)
	}
	b.WriteString("\n## Steps\n\nThe piece of `applying`, `validating` or `rolling_back` in hand; a restart repeats it.\n\n| step | what it does |\n|---|---|\n")
	for _, c := range constants["Step"] {
		if c.value != "" {
			fmt.Fprintf(&b, "| `%s` | %s |\n", c.value, c.comment)
		}
	}
	b.WriteString("\n## Codes\n\nThe kind of the reason why a rollout went where it went, or why it is parked.\n\n| code | meaning |\n|---|---|\n")
	for _, c := range constants["Code"] {
		fmt.Fprintf(&b, "| `%s` | %s |\n", c.value, c.comment)
	}
	return b.String()
}

// renderDiagram draws the ways between states, without those that stay.
func renderDiagram() string {
	var b strings.Builder
	b.WriteString("```mermaid\nstateDiagram-v2\n    [*] --> pending\n")
	drawn := map[string]bool{}
	for _, tr := range rollout.Table {
		for _, to := range tr.To {
			edge := fmt.Sprintf("    %s --> %s\n", tr.From, to)
			if to != tr.From && !drawn[edge] {
				drawn[edge] = true
				b.WriteString(edge)
			}
		}
	}
	for _, s := range rollout.States {
		if s.Final() {
			fmt.Fprintf(&b, "    %s --> [*]\n", s)
		}
	}
	b.WriteString("```\n\n")
	return b.String()
}

type constant struct{ value, comment string }

// documentedConstants reads the string constants of a file, by type and in
// order, with the comments behind them: the page says what the code says.
func documentedConstants(t *testing.T, file string) map[string][]constant {
	parsed, err := parser.ParseFile(gotoken.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]constant{}
	for _, decl := range parsed.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != gotoken.CONST {
			continue
		}
		for _, spec := range gen.Specs {
			v := spec.(*ast.ValueSpec)
			comment := strings.TrimSpace(v.Comment.Text())
			value := strings.Trim(v.Values[0].(*ast.BasicLit).Value, `"`)
			if comment == "" && value != "" {
				t.Errorf("%s has no comment", v.Names[0].Name)
			}
			kind := v.Type.(*ast.Ident).Name
			out[kind] = append(out[kind], constant{value, comment})
		}
	}
	return out
}
