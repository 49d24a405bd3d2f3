package review_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/review"
)

const sequences = "tables: {customer_seq: {type: sequence}}\n"

// customer is a keyspace whose one table takes its ids from a sequence.
func customer(sequence string) string {
	return "sharded: true\nvindexes: {hash: {type: hash}}\ntables:\n  customer:\n    column_vindexes: [{column: id, name: hash}]\n" +
		"    auto_increment: {column: id, sequence: " + sequence + "}\n"
}

func repository(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

func typo() fstest.MapFS {
	return repository(map[string]string{
		"keyspaces/commerce/vschema.yaml": sequences,
		"keyspaces/customer/vschema.yaml": customer("commerce.custmer_seq"),
	})
}

// places gives where findings are, with what stands there.
func places(findings []review.Finding) []string {
	var out []string
	for _, f := range findings {
		text := f.Pos.String() + " " + f.Code
		if f.End > 0 {
			text += " " + string(f.Line[f.Pos.Column-1:f.End-1])
		}
		if f.Fix != nil {
			text += " -> " + f.Fix.Text
		}
		out = append(out, text)
	}
	return out
}

func TestAll(t *testing.T) {
	prod := review.Folder{FS: typo(), Options: review.Options{Dir: "./prod/"}}
	here := review.Folder{FS: typo()}
	ignore := func(path string) lint.Ignore {
		return lint.Ignore{Codes: []string{"VS301"}, Path: path, Reason: "known", Pos: errs.Position{File: "vtsync.yaml", Line: 1, Column: 3}}
	}
	both := []string{
		"keyspaces/customer/vschema.yaml:6:44 VS301 commerce.custmer_seq -> commerce.customer_seq",
		"prod/keyspaces/customer/vschema.yaml:6:44 VS301 commerce.custmer_seq -> commerce.customer_seq",
	}
	tests := []struct {
		name       string
		folders    []review.Folder
		config     review.Suppressions
		want       []string
		suppressed int
	}{
		{"two folders", []review.Folder{prod, here}, review.Suppressions{}, both, 0},
		{"one suppressed", []review.Folder{prod, here}, review.Suppressions{Ignores: []lint.Ignore{ignore("prod")}}, both[:1], 1},
		{"unused", []review.Folder{here}, review.Suppressions{Ignores: []lint.Ignore{ignore("prod")}, Source: []byte("a b c\n")}, []string{both[0], "vtsync.yaml:1:3 VS107 b"}, 0},
		{"unused here, and not all is here", []review.Folder{here}, review.Suppressions{Ignores: []lint.Ignore{ignore("prod")}, Partial: true}, both[:1], 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			report, err := review.All(tt.folders, tt.config)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, places(report.Findings)); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
			if len(report.Suppressed) != tt.suppressed {
				t.Errorf("suppressed = %v, want %d", report.Suppressed, tt.suppressed)
			}
		})
	}
}

// TestUnreadable tells nothing of suppressions: what they are for may not have
// been looked at.
func TestUnreadable(t *testing.T) {
	fsys := repository(map[string]string{
		"keyspaces/a/vschema.yaml": "tables: {t: {}} # vtsync:ignore VS301 known\n",
		"keyspaces/b/vschema.json": "{\"tabels\": {}}",
	})
	report, err := review.Run(fsys, review.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"keyspaces/b/vschema.json:1:2 VS102 \"tabels\" -> \"tables\""}, places(report.Findings)); d != "" || !report.Unreadable {
		t.Errorf("unreadable = %v, findings (-want +got):\n%s", report.Unreadable, d)
	}
	if only := report.Only([]string{"a"}); len(only.Findings) != 1 {
		t.Errorf("findings for another keyspace = %v: want why it was not judged", places(only.Findings))
	}
}

func TestOnly(t *testing.T) {
	fsys := typo()
	fsys["keyspaces/customers/vschema.yaml"] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(customer("commerce.nothing_like_it"), "customer:", "corder:"))}
	fsys["routing_rules.yaml"] = &fstest.MapFile{Data: []byte("rules: [{from_table: x, to_tables: [customer.nothing]}]\n")}
	report, err := review.Run(fsys, review.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Findings) < 3 {
		t.Fatalf("findings = %v: want one of each file", places(report.Findings))
	}
	want := []string{
		"keyspaces/customer/vschema.yaml:6:44 VS301 commerce.custmer_seq -> commerce.customer_seq",
		"routing_rules.yaml:1:37 VS701 customer.nothing",
	}
	only := report.Only([]string{"customer"})
	if d := cmp.Diff(want, places(only.Findings)); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
	if only.Hidden != len(report.Findings)-len(want) {
		t.Errorf("%d of %d findings are hidden, want all but %d", only.Hidden, len(report.Findings), len(want))
	}
}

// TestFiles counts what was read.
func TestFiles(t *testing.T) {
	report, err := review.Run(repository(map[string]string{
		"keyspaces/a/vschema.json":      "{}",
		"keyspaces/a/schema/t.SQL":      "create table t (id bigint primary key);",
		"keyspaces/a/schema/more/u.sql": "create table u (id bigint primary key);",
		"keyspaces/b/schema/v.sql":      "create table v (id bigint primary key);",
		"routing_rules.json":            "{}",
	}), review.Options{})
	if err != nil || report.Files != 4 {
		t.Errorf("%d files, %v: want 4, without those of a keyspace that is not managed", report.Files, err)
	}
}

// TestNothingToJudge is an error, and never a report without findings.
func TestNothingToJudge(t *testing.T) {
	for name, fsys := range map[string]fstest.MapFS{
		"no folder": {},
		"no file":   repository(map[string]string{"keyspaces/a/queries/q.sql": "select 1"}),
	} {
		t.Run(name, func(t *testing.T) {
			report, err := review.Run(fsys, review.Options{Dir: "prod"})
			if err == nil || !strings.Contains(err.Error(), "prod") || errs.ExitCode(err) != errs.ExitError {
				t.Errorf("Run = %v, %v: want an error that names the folder", report, err)
			}
		})
	}
}

// unreadable is a folder with a file that the system does not give.
type unreadable struct{ fstest.MapFS }

var errDisk = errors.New("input/output error")

func (u unreadable) Open(name string) (fs.File, error) {
	if strings.HasSuffix(name, "vschema.json") {
		return nil, errDisk
	}
	return u.MapFS.Open(name)
}

func TestDiskError(t *testing.T) {
	fsys := unreadable{repository(map[string]string{"keyspaces/a/vschema.json": "{}"})}
	report, err := review.Run(fsys, review.Options{})
	if err != nil || !report.Unreadable || len(report.Findings) != 1 {
		t.Fatalf("Run = %v, %v: want a finding about the one file", places(report.Findings), err)
	}
	if f := report.Findings[0]; f.Code != "VS105" || f.Pos.File != "keyspaces/a/vschema.json" || !strings.Contains(f.Message, errDisk.Error()) {
		t.Errorf("finding = %+v", f.Finding)
	}
}

// TestOneLine takes a file of one line apart once, however many mistakes it has.
func TestOneLine(t *testing.T) {
	var tables []string
	for i := range 2000 {
		tables = append(tables, fmt.Sprintf(`"t%d": {"column_vindexs": [{"column": %q}]}`, i, strings.Repeat("c", 400)))
	}
	fsys := repository(map[string]string{"keyspaces/a/vschema.json": `{"tables": {` + strings.Join(tables, ", ") + "}}"})
	report, err := review.Run(fsys, review.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var line []rune
	shared := 0
	for _, f := range report.Findings {
		switch {
		case len(f.Line) == 0: // tells how many more there are
			continue
		case line == nil:
			line = f.Line
		case &f.Line[0] != &line[0]:
			t.Fatalf("%s has a copy of the line", f.Pos)
		}
		shared++
	}
	if shared < 10 {
		t.Errorf("%d findings have a line, want many", shared)
	}
}
