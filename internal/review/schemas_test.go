package review_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/review"
)

func schemaFolder(sql string) fstest.MapFS {
	return fstest.MapFS{
		"keyspaces/commerce/vschema.yaml":    {Data: []byte("tables:\n  seq: {type: sequence}\n")},
		"keyspaces/commerce/schema/seq.sql":  {Data: []byte(sql)},
		"keyspaces/customer/vschema.yaml":    {Data: []byte("sharded: true\n")},
		"keyspaces/customer/schema/all.sql":  {Data: []byte("create table t (id int);\n")},
		"keyspaces/unmanaged/schema/all.sql": {Data: []byte("no SQL at all;\n")},
	}
}

// TestUnreadableSQL: a statement that Vitess cannot read is a finding at its
// place and says that not all was judged, while the rules about the VSchemas
// still run.
func TestUnreadableSQL(t *testing.T) {
	report, err := review.Run(schemaFolder("-- the sequence\ncreate table seq (\n  id bigint,,\n);\ncreate table other (id int);"), review.Options{Dir: "prod"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range report.Findings {
		got = append(got, f.Pos.String()+" "+f.Code)
	}
	want := []string{"prod/keyspaces/commerce/schema/seq.sql:3:13 VS105", "prod/keyspaces/customer/schema/all.sql:1:1 VS618"}
	if !slices.Equal(got, want) || !report.Unreadable || report.Unjudged {
		t.Errorf("got %q, unreadable %v, unjudged %v, want %q", got, report.Unreadable, report.Unjudged, want)
	}
}

// TestFindingInSQL: a finding about a statement shows the statement's line.
func TestFindingInSQL(t *testing.T) {
	report, err := review.Run(schemaFolder("create table seq (id bigint, next_id bigint, cache bigint);"), review.Options{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(report.Findings, func(f review.Finding) bool { return f.Code == "VS613" })
	if i < 0 {
		t.Fatalf("no finding of VS613: %+v", report.Findings)
	}
	if f := report.Findings[i]; f.Severity != lint.Error || string(f.Line) != "create table seq (id bigint, next_id bigint, cache bigint);" || report.Unreadable {
		t.Errorf("got %+v", f)
	}
}

// TestSchemaLinkToNowhere is a finding at the link: without it the tables of the
// keyspace would not be looked at, in silence.
func TestSchemaLinkToNowhere(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "keyspaces", "a", "schema")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "keyspaces", "a", "vschema.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("gone.sql", filepath.Join(folder, "t.sql")); err != nil {
		t.Skip("no links here: ", err)
	}
	report, err := review.Run(os.DirFS(dir), review.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"keyspaces/a/schema/t.sql VS105"}, places(report.Findings)); d != "" || !report.Unreadable {
		t.Errorf("unreadable = %v, findings (-want +got):\n%s", report.Unreadable, d)
	}
}
