package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/vschema"
)

// repository is what one file of Vitess's tree becomes: the VSchema of each of
// its keyspaces, and its rules, each a document of its own.
type repository struct {
	file string // inside Vitess's tree
	docs []document
}

// document is the JSON of one keyspace or one kind of rules.
type document struct {
	keyspace string
	kind     vschema.RuleKind // of rules; empty for a keyspace
	tree     *node
	raw      []byte // in the place of tree, for a file that is no JSON object
}

// path is where the document stands in a folder for vtsync.
func (d document) path() string {
	if d.kind != "" {
		return string(d.kind) + ".json"
	}
	return "keyspaces/" + d.keyspace + "/vschema.json"
}

func (d document) bytes() []byte {
	if d.tree == nil {
		return d.raw
	}
	return d.tree.bytes()
}

// vitessDir is where the module of Vitess that this build links was unpacked.
func vitessDir(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "vitess.io/vitess").Output()
	if err != nil {
		return "", fmt.Errorf("finding the module of Vitess: %w", err)
	}
	dir := strings.TrimSpace(string(out))
	if dir == "" {
		return "", errors.New("the module of Vitess is not unpacked: run go mod download")
	}
	return dir, nil
}

// readCorpus reads every VSchema file below dir, sorted by name.
func readCorpus(dir string) ([]repository, error) {
	var out []repository
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil || !strings.Contains(strings.ToLower(rel), "vschema") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		repo := split(filepath.ToSlash(rel), data)
		for _, d := range repo.docs {
			findMaps(d.tree.get("vindexes"), filepath.Dir(path))
		}
		out = append(out, repo)
		return nil
	})
	slices.SortFunc(out, func(a, b repository) int { return strings.Compare(a.file, b.file) })
	return out, err
}

// findMaps leads vindexes to the files that they read, which lie beside the
// VSchema in Vitess's tree and in its working folder at run time.
func findMaps(vindexes *node, dir string) {
	if vindexes == nil {
		return
	}
	for _, v := range vindexes.members {
		if region := v.value.get("params").get("region_map"); region.str() != "" {
			region.scalar = filepath.Join(dir, region.str())
		}
	}
}

// keyspaceFields tell a VSchema from a map of VSchemas.
var keyspaceFields = []string{"sharded", "vindexes", "tables", "require_explicit_routing", "foreignKeyMode", "foreign_key_mode"}

// split takes a file apart, in whichever of the three shapes it is.
func split(file string, data []byte) repository {
	repo := repository{file: file}
	root, err := parseTree(data)
	if err != nil || root.kind != '{' {
		repo.docs = []document{{keyspace: soleKeyspace, raw: data}}
		return repo
	}
	wrapped := root
	if keyspaces := root.get("keyspaces"); keyspaces != nil {
		wrapped = keyspaces
		for _, kind := range vschema.RuleKinds {
			if rules := root.get(string(kind)); rules != nil {
				repo.docs = append(repo.docs, document{kind: kind, tree: rules})
			}
		}
	} else if slices.ContainsFunc(keyspaceFields, func(f string) bool { return root.get(f) != nil }) {
		repo.docs = []document{{keyspace: ownName(root), tree: root}}
		return repo
	}
	for _, m := range wrapped.members {
		repo.docs = append(repo.docs, document{keyspace: m.name, tree: m.value})
	}
	return repo
}

// soleKeyspace is the name of a keyspace that nothing names.
const soleKeyspace = "ks"

// ownName guesses the name of a keyspace, which does not stand in its VSchema:
// the one under which the lookup vindexes most often name its own tables.
func ownName(root *node) string {
	votes := map[string]int{}
	if vindexes := root.get("vindexes"); vindexes != nil {
		for _, v := range vindexes.members {
			ks, table, ok := strings.Cut(v.value.get("params").get("table").str(), ".")
			if ok && root.get("tables").get(table) != nil {
				votes[ks]++
			}
		}
	}
	best := soleKeyspace
	for name, n := range votes {
		if cmp.Or(cmp.Compare(n, votes[best]), strings.Compare(best, name)) > 0 {
			best = name
		}
	}
	return best
}
