package review_test

import (
	"io"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/lint/catalog"
	"github.com/vtsync/vtsync/internal/review"
	"github.com/vtsync/vtsync/internal/view"
)

// FuzzAll judges two keyspaces, rules and tables that nobody would write: the
// answer is the same each time, each finding has a known code and a place inside
// its file, it can be shown, and a correction never makes a file unreadable.
func FuzzAll(f *testing.F) {
	for _, code := range catalog.Codes() {
		p, err := catalog.Get(code)
		if err != nil {
			f.Fatal(err)
		}
		for _, c := range p.Cases {
			sharded, unsharded, rules, tables := caseTexts(c)
			f.Add(sharded, unsharded, rules, tables)
		}
	}
	f.Fuzz(func(t *testing.T, sharded, unsharded, rules, tables string) {
		files := map[string]string{"keyspaces/customer/vschema.yaml": sharded, "keyspaces/commerce/vschema.yaml": unsharded}
		if rules != "" {
			files["routing_rules.yaml"] = rules
		}
		if tables != "" {
			files["keyspaces/customer/schema/tables.sql"] = tables
		}
		report := judgeTwice(t, files)
		for _, found := range report.Findings {
			checkPlace(t, files, found)
		}
		if err := view.LintText(io.Discard, view.NewLint(report, nil), view.Style{}); err != nil {
			t.Error(err)
		}
		edits, err := review.Fixed([]review.Folder{{FS: repository(files)}}, report)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range edits {
			files[e.File] = string(e.Data)
		}
		if after := judgeTwice(t, files); after.Unreadable && !report.Unreadable {
			t.Errorf("corrected, and then unreadable: %v", places(after.Findings))
		}
	})
}

// caseTexts gives the files of an example by their place in the fuzzed
// repository.
func caseTexts(c catalog.Case) (sharded, unsharded, rules, tables string) {
	for _, file := range c.Files {
		text := string(file.Data)
		switch {
		case path.Ext(file.Path) == ".sql":
			tables = text
		case strings.Contains(file.Path, "rules"):
			rules = text
		case strings.Contains(text, "sharded: true"):
			sharded = text
		default:
			unsharded = text
		}
	}
	return sharded, unsharded, rules, tables
}

func judgeTwice(t *testing.T, files map[string]string) review.Report {
	t.Helper()
	report, err := review.Run(repository(files), review.Options{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := review.Run(repository(files), review.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(report, again, cmpopts.IgnoreUnexported(lint.Finding{})); d != "" {
		t.Errorf("the second answer differs (-first +second):\n%s", d)
	}
	return report
}

func checkPlace(t *testing.T, files map[string]string, f review.Finding) {
	t.Helper()
	if _, ok := lint.RuleOf(f.Code); !ok || f.Message == "" {
		t.Errorf("finding %+v: want a code and a message", f)
	}
	text, ok := files[f.Pos.File]
	if !ok || f.Pos.Line > strings.Count(text, "\n")+1 {
		t.Errorf("finding %s at %s: that is not in the files", f.Code, f.Pos)
	}
	if f.Pos.Column > 0 && f.End <= f.Pos.Column {
		t.Errorf("finding %s at %s ends in column %d", f.Code, f.Pos, f.End)
	}
}
