package review_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/lint/catalog"
	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/review"
)

// TestCatalog runs every example of every rule: each case must give exactly the
// findings that stand in it, at exactly those lines.
func TestCatalog(t *testing.T) {
	for _, code := range catalog.Codes() {
		page, err := catalog.Get(code)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Before) > 0 {
			continue // a rule about a change: see the plan's own test
		}
		for _, c := range page.Cases {
			t.Run(code+"/"+c.Name, func(t *testing.T) { checkCase(t, page, c) })
		}
	}
}

func checkCase(t *testing.T, page catalog.Page, c catalog.Case) {
	fsys := fstest.MapFS{}
	for _, f := range c.Files {
		fsys[f.Path] = &fstest.MapFile{Data: f.Data}
	}
	opts := review.Options{Shards: page.Shards, MaxCellBytes: page.CellBytes, Live: live(t, fsys, c)}
	report, err := review.Run(fsys, opts)
	if err != nil {
		t.Fatal(err)
	}
	var got []catalog.Want
	for _, f := range report.Findings {
		got = append(got, catalog.Want{File: f.Pos.File, Line: f.Pos.Line, Code: f.Code})
	}
	slices.SortFunc(got, catalog.Want.Compare)
	if d := cmp.Diff(c.Want, got); d != "" {
		t.Errorf("findings (-want +got):\n%s\nin full: %+v", d, report.Findings)
	}
	own := slices.ContainsFunc(c.Want, func(w catalog.Want) bool { return w.Code == page.Code })
	if own != c.Bad() {
		t.Errorf("case %s expects %s: %v", c.Name, page.Code, own)
	}
}

// live gives what a case says of each shard's MySQL; nil where it says nothing.
func live(t *testing.T, fsys fstest.MapFS, c catalog.Case) *review.Live {
	t.Helper()
	var out *review.Live
	for _, f := range c.Files {
		keyspace, shard, ok := f.LiveShard()
		if !ok {
			continue
		}
		schema, err := physical.Load(fsys, f.Path)
		if err != nil {
			t.Fatal(err)
		}
		schema.Sequences = make(map[string]*physical.SequenceRow)
		for name, table := range schema.Tables {
			table.Pos = errs.Position{} // MySQL has no files
			if strings.Contains(table.Comment, "vitess_sequence") {
				schema.Sequences[name] = sequenceRow(string(f.Data), name)
			}
		}
		if out == nil {
			out = &review.Live{Schemas: make(map[string]map[string]*physical.Schema)}
		}
		if out.Schemas[keyspace] == nil {
			out.Schemas[keyspace] = make(map[string]*physical.Schema)
		}
		out.Schemas[keyspace][shard] = schema
	}
	return out
}

// sequenceRow gives the row that is inserted into a sequence, if one is.
func sequenceRow(statements, name string) *physical.SequenceRow {
	insert := regexp.MustCompile(`insert into ` + name + ` \(id, next_id, cache\) values \(0, (\w+), (\w+)\)`)
	m := insert.FindStringSubmatch(statements)
	if m == nil {
		return nil
	}
	return &physical.SequenceRow{NextID: strings.TrimPrefix(m[1], "null"), Cache: strings.TrimPrefix(m[2], "null")}
}

// TestCatalogIsComplete holds the list of rules and the pages against each
// other: no rule without a page that shows it, no page without a rule.
func TestCatalogIsComplete(t *testing.T) {
	pages := catalog.Codes()
	for _, r := range lint.All {
		page, err := catalog.Get(r.Code)
		if err != nil {
			t.Errorf("rule %s: %v", r.Code, err)
			continue
		}
		pages = slices.DeleteFunc(pages, func(code string) bool { return code == r.Code })
		if page.What == "" || page.Fix == "" {
			t.Errorf("rule %s: its page has no text, or no paragraph that begins with Fix:", r.Code)
		}
		_, bad := page.Case("bad")
		_, good := page.Case("good")
		if r.Net && !bad && !good {
			continue // what it names has no example: it would have a rule of its own
		}
		if !bad || !good {
			t.Errorf("rule %s: its page has no cases bad and good", r.Code)
		}
		if r.Severity == lint.Error && len(page.Probes) == 0 {
			t.Errorf("rule %s is an error, and its page does not show the harm (file vtgate)", r.Code)
		}
	}
	if len(pages) > 0 {
		t.Errorf("pages without a rule: %v", pages)
	}
}
