package worktree

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/vschema"
)

func unsharded(tables ...string) *vschema.Keyspace {
	ks := &vschema.Keyspace{Tables: map[string]*vschema.Table{}}
	for _, name := range tables {
		ks.Tables[name] = &vschema.Table{}
	}
	return ks
}

func TestBase(t *testing.T) {
	tree := At(t.TempDir())
	here := Origin{Topo: "etcd2://a:1/r"}
	if _, known, err := tree.Base("ks", here); known || err != nil {
		t.Fatalf("Base of nothing = %v, %v", known, err)
	}
	kept := Base{VSchema: unsharded("a"), Revised: Revised{Commit: "c1", Instead: "b1", Kept: "b2"}}
	if err := tree.SaveBase("ks", here, kept); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		of    Origin
		known bool
	}{
		{"same topo", here, true},
		{"id made since", Origin{Topo: here.Topo, Cluster: "x"}, true},
		{"another topo", Origin{Topo: "etcd2://b:1/r"}, false},
	}
	for _, tt := range tests {
		got, known, err := tree.Base("ks", tt.of)
		if err != nil || known != tt.known || (known && (!vschema.Equal(got.VSchema, kept.VSchema) || got.Revised != kept.Revised)) {
			t.Errorf("%s: Base = %v, %v, %v", tt.name, got, known, err)
		}
	}
	if err := tree.SaveBase("ks", Origin{Topo: "old address", Cluster: "x"}, Base{}); err != nil {
		t.Fatal(err)
	}
	if got, known, err := tree.Base("ks", Origin{Topo: "new address", Cluster: "x"}); got.VSchema != nil || !known || err != nil {
		t.Errorf("absent value of the same cluster id: Base = %v, %v, %v", got, known, err)
	}
	if ignore, err := os.ReadFile(tree.Path(".vtsync/.gitignore")); string(ignore) != "*\n" || err != nil {
		t.Errorf(".gitignore = %q, %v", ignore, err)
	}
}

// TestBaseOfTwoClusters: each cluster that follows the files has a base of its
// own, also where both are reached at one address.
func TestBaseOfTwoClusters(t *testing.T) {
	tree := At(t.TempDir())
	unnamed, staging, prod := Origin{Topo: "t"}, Origin{Topo: "t", Cluster: "s"}, Origin{Topo: "t", Cluster: "p"}
	wants := func(of Origin, tables ...string) {
		t.Helper()
		got, known, err := tree.Base("ks", of)
		if err != nil || known != (tables != nil) || (known && !vschema.Equal(got.VSchema, unsharded(tables...))) {
			t.Errorf("base of %+v = %v, %v, %v, want %v", of, got.VSchema, known, err, tables)
		}
	}
	save := func(of Origin, tables ...string) {
		t.Helper()
		if err := tree.SaveBase("ks", of, Base{VSchema: unsharded(tables...)}); err != nil {
			t.Fatal(err)
		}
	}
	save(unnamed, "pulled")
	wants(staging, "pulled")
	save(staging, "a")
	wants(staging, "a")
	wants(prod)
	save(prod, "b")
	wants(staging, "a")
	wants(prod, "b")
	wants(unnamed)
}

func TestBaseDamaged(t *testing.T) {
	for name, data := range map[string]string{
		"truncated":      `{"format":1,"keyspace":"ks"`,
		"trailing":       `{"format":1,"keyspace":"ks","topo":"t","vschema":{}} x`,
		"other keyspace": `{"format":1,"keyspace":"other","topo":"t","vschema":{}}`,
		"format":         `{"format":2,"keyspace":"ks","topo":"t","vschema":{}}`,
		"unknown field":  `{"format":1,"keyspace":"ks","topo":"t","vschema":{"tabels":{}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			tree := At(t.TempDir())
			file := basePaths("ks", Origin{Topo: "t"})[0]
			if err := tree.Write(file, []byte(data)); err != nil {
				t.Fatal(err)
			}
			_, _, err := tree.Base("ks", Origin{Topo: "t"})
			var invalid *errs.Invalid
			if !errors.As(err, &invalid) || invalid.Pos.File != tree.Path(file) {
				t.Errorf("error = %v, want Invalid naming the file", err)
			}
		})
	}
}

// Whatever a base file holds: it is refused, or it says the same when written
// again.
func FuzzDecodeBase(f *testing.F) {
	here := Origin{Topo: "t"}
	f.Add([]byte(`{"format":1,"keyspace":"ks","topo":"t","vschema":{"tables":{"a":{"type":"sequence"}}}}`))
	f.Add([]byte(`{"format":1,"keyspace":"ks","topo":"t","vschema":null}`))
	f.Add([]byte(`{"format":1,"keyspace":"ks"`))
	f.Fuzz(func(t *testing.T, data []byte) {
		base, known, err := decodeBase(data, "ks", here)
		if err != nil || !known {
			return
		}
		again, err := json.Marshal(baseFile{
			Format: baseFormat, Keyspace: "ks", Origin: here, Revised: base.Revised, VSchema: vschema.EncodeJSON(base.VSchema),
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, known, err := decodeBase(again, "ks", here); err != nil || !known || got.Revised != base.Revised || !vschema.Equal(got.VSchema, base.VSchema) {
			t.Fatalf("written again: %v, %v, %v, want %v", got, known, err, base)
		}
	})
}

func TestWriteStaysInside(t *testing.T) {
	tree := At(filepath.Join(t.TempDir(), "files"))
	if err := tree.Write(KeyspaceFile("../../.."), []byte("x")); err == nil {
		t.Error("a file outside of the folder was written")
	}
	if err := tree.Write(KeyspaceFile("ks"), []byte("x")); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(tree.Path("keyspaces/ks"))
	if err != nil || len(entries) != 1 || entries[0].Name() != "vschema.json" {
		t.Errorf("entries = %v, %v: want the file and nothing left over", entries, err)
	}
}

func TestLoadPositions(t *testing.T) {
	tree := At(t.TempDir())
	if err := tree.Write(KeyspaceFile("ks"), []byte("{\n  \"tabels\": {}\n}\n")); err != nil {
		t.Fatal(err)
	}
	_, err := tree.Load()
	if want := tree.Path("keyspaces/ks/vschema.json") + ":2:3: "; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error = %v, want it at %s", err, want)
	}
	if tree, err := At(t.TempDir()).LoadIfAny(); err != nil || len(tree.Keyspaces) != 0 {
		t.Errorf("LoadIfAny of an empty folder = %v, %v", tree, err)
	}
}

func TestJudgePull(t *testing.T) {
	file := func(name string, tables ...string) *desired.Keyspace {
		return &desired.Keyspace{Name: "ks", Document: desired.Document{File: "keyspaces/ks/" + name}, VSchema: unsharded(tables...)}
	}
	tests := []struct {
		name       string
		file       *desired.Keyspace
		base, live *vschema.Keyspace
		known      bool
		want       PullVerdict
	}{
		{"no file", nil, nil, unsharded("a"), false, PullCreate},
		{"equal", file("vschema.json", "a"), nil, unsharded("a"), false, PullSame},
		{"equal yaml", file("vschema.yaml", "a"), nil, unsharded("a"), false, PullSame},
		{"live moved on", file("vschema.json", "a"), unsharded("a"), unsharded("a", "b"), true, PullUpdate},
		{"live moved on, yaml", file("vschema.yml", "a"), unsharded("a"), unsharded("a", "b"), true, PullYAML},
		{"edited", file("vschema.json", "a", "c"), unsharded("a"), unsharded("a"), true, PullEdited},
		{"both moved", file("vschema.json", "a", "c"), unsharded("a"), unsharded("b"), true, PullEdited},
		{"edit is live", file("vschema.json", "a", "c"), unsharded("a"), unsharded("a", "b", "c"), true, PullUpdate},
		{"edit drops", file("vschema.json"), unsharded("a"), unsharded("a", "b"), true, PullEdited},
		{"base not known", file("vschema.json", "a"), nil, unsharded("b"), false, PullEdited},
		{"base known as absent", file("vschema.json", "a"), nil, unsharded("b"), true, PullEdited},
	}
	for _, tt := range tests {
		if got := JudgePull(tt.file, tt.base, tt.known, tt.live); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
