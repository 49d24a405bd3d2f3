package worktree

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/errs"
)

func TestAtCommit(t *testing.T) {
	repo := At(t.TempDir())
	run(t, repo.Dir(), "init", "-q", "-b", "main")
	tree := At(repo.Path("prod"))
	for file, data := range map[string]string{
		KeyspaceFile("ks"):           `{"tables": {"old": {}}}`,
		"keyspaces/ks/schema/t.sql":  "create table old (id bigint primary key);\n",
		"routing_rules.json":         `{"rules": [{"from_table": "a", "to_tables": ["ks.old"]}]}`,
		"other/keyspaces/ks/big.txt": "not of this folder",
	} {
		if err := tree.Write(file, []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	run(t, repo.Dir(), "add", ".")
	run(t, repo.Dir(), "commit", "-q", "-m", "first")
	run(t, repo.Dir(), "tag", "v1")
	if err := tree.Write(KeyspaceFile("ks"), []byte(`{"tabels": {}}`)); err != nil {
		t.Fatal(err)
	}
	run(t, repo.Dir(), "commit", "-q", "-a", "-m", "second")
	if err := tree.Write(KeyspaceFile("ks"), []byte(`{"tables": {"edited": {}}}`)); err != nil {
		t.Fatal(err)
	}

	old, err := tree.AtCommit(t.Context(), "v1")
	if err != nil {
		t.Fatal(err)
	}
	got, err := old.LoadWithRules()
	if err != nil {
		t.Fatal(err)
	}
	if got.Keyspaces["ks"].VSchema.Tables["old"] == nil || len(got.Rules) != 1 {
		t.Errorf("v1 holds %v and rules %v", got.Keyspaces, got.Rules)
	}
	schemas, problems, err := old.Schemas(got)
	if err != nil || len(problems) > 0 || schemas["ks"].Tables["old"] == nil {
		t.Errorf("tables of v1: %v, %v, %v", schemas, problems, err)
	}

	broken, err := tree.AtCommit(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	want := filepath.Join("git:main:"+tree.Dir(), "keyspaces/ks/vschema.json:1:2")
	if _, err := broken.LoadWithRules(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the mistake of main: %v, want it at %s", err, want)
	}
	if status := run(t, repo.Dir(), "status", "--porcelain"); !strings.HasSuffix(status, "M prod/keyspaces/ks/vschema.json") {
		t.Errorf("the repository was touched: %s", status)
	}
}

func TestAtCommitRefuses(t *testing.T) {
	repo := At(t.TempDir())
	run(t, repo.Dir(), "init", "-q", "-b", "main")
	commit(t, repo, "{}")
	commit(t, repo, `{"sharded": true}`)
	if err := os.Symlink("vschema.json", repo.Path("keyspaces/ks/link.json")); err != nil {
		t.Fatal(err)
	}
	run(t, repo.Dir(), "checkout", "-q", "-b", "linked")
	run(t, repo.Dir(), "add", ".")
	run(t, repo.Dir(), "commit", "-q", "-m", "a link")
	run(t, repo.Dir(), "checkout", "-q", "-b", "moved")
	run(t, repo.Dir(), "mv", "keyspaces", "files")
	if err := os.Symlink("files", repo.Path("keyspaces")); err != nil {
		t.Fatal(err)
	}
	run(t, repo.Dir(), "add", ".")
	run(t, repo.Dir(), "commit", "-q", "-m", "a link to the folder")
	shallow := At(filepath.Join(t.TempDir(), "clone"))
	run(t, repo.Dir(), "clone", "-q", "--depth=1", "--branch=main", "file://"+repo.Dir(), shallow.Dir())

	for _, tt := range []struct {
		name, revision, msg, next string
		tree                      Tree
	}{
		{"nothing", "", "names no revision", "git:HEAD", repo},
		{"unknown", "nowhere", "git:nowhere: git knows no such commit in", "git fetch", repo},
		{"an option", "--help", "git knows no such commit", "git fetch", repo},
		{"shallow", "HEAD~1", "which is a shallow clone", "fetch-depth: 0", shallow},
		{"no repository", "HEAD", "in no git repository", "a folder", At(t.TempDir())},
		{"no folder", "HEAD", "cannot be looked at", "", At(repo.Path("nowhere"))},
		{"a link", "linked", "a link, which is not followed", "git worktree add", repo},
		{"a link to the keyspaces", "moved", "keyspaces: a link, which is not followed", "git worktree add", repo},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.tree.AtCommit(t.Context(), tt.revision)
			invalid, ok := errors.AsType[*errs.Invalid](err)
			if !ok || !strings.Contains(invalid.Error(), tt.msg) || !strings.Contains(invalid.Next, tt.next) {
				t.Errorf("%v, next %q", err, invalid.Next)
			}
		})
	}
}

func TestQueries(t *testing.T) {
	tree := At(t.TempDir())
	if none, err := tree.Queries(); err != nil || len(none) > 0 {
		t.Errorf("no folder: %v, %v", none, err)
	}
	for _, file := range []string{"b.json", "a.sql", "README.md", ".hidden.sql", ".git/c.sql", "team/c.log"} {
		if err := tree.Write(QueriesDir+"/"+file, nil); err != nil {
			t.Fatal(err)
		}
	}
	got, err := tree.Queries()
	if want := []string{"queries/a.sql", "queries/b.json", "queries/team/c.log"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}
