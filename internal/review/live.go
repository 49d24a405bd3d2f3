package review

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Live is what the cluster holds whose files these are.
type Live struct {
	// Routing is its global topo: what has no file is judged as it is there.
	Routing *vschema.SrvVSchema
	// Schemas holds the tables of each shard's MySQL, per keyspace and shard.
	// Those of the files count for none of these keyspaces.
	Schemas map[string]map[string]*physical.Schema
	// Notes says what was not asked for, and Unread what did not answer: it may
	// hold anything.
	Notes, Unread []string
}

// load reads the files; beside a cluster there may be none.
func (d Folder) load() (*desired.Tree, error) {
	if _, err := fs.Stat(d.FS, desired.KeyspacesDir); d.Live != nil && errors.Is(err, fs.ErrNotExist) {
		return &desired.Tree{}, nil
	}
	return desired.LoadReadable(d.FS)
}

// addLive takes in what the cluster holds, and says what of the files does not
// count then.
func (d Folder) addLive(in *lint.Input, tree *desired.Tree) []string {
	if d.Live == nil {
		return nil
	}
	var notes []string
	if len(tree.Keyspaces)+len(tree.Unreadable) == 0 {
		notes = append(notes, "no files here: the VSchema and the rules of the cluster itself are judged")
	}
	in.Whole = d.Live.Routing != nil
	in.ShardSchemas = d.Live.Schemas
	for _, name := range sortedKeys(d.Live.Schemas) {
		if _, err := physical.Files(d.FS, schemaDir(name)); err == nil {
			notes = append(notes, path.Join(d.Dir, schemaDir(name))+" was not used: MySQL itself was read")
		}
		in.Schemas[name] = physical.Merge(d.Live.Schemas[name])
	}
	return notes
}

// keyspaces gives those that have a file; where there is none, those that are
// live.
func (d Folder) keyspaces(tree *desired.Tree) []string {
	names := append(sortedKeys(tree.Keyspaces), sortedKeys(tree.Unreadable)...)
	if d.Live != nil && len(names) == 0 {
		return sortedKeys(d.Live.Routing.GetKeyspaces())
	}
	return names
}

// managed leaves out the findings about what no file manages, where there are
// files at all, and says so.
func (d Folder) managed(tree *desired.Tree, found []lint.Finding) (kept []lint.Finding, note string) {
	if d.Live == nil || len(tree.Keyspaces) == 0 {
		return found, ""
	}
	var others []string
	kept = slices.DeleteFunc(slices.Clone(found), func(f lint.Finding) bool {
		owner, without := "keyspace "+f.Keyspace, tree.Keyspaces[f.Keyspace] == nil && d.Live.Routing.GetKeyspaces()[f.Keyspace] != nil
		if f.Keyspace == "" {
			if f.Pos.File != "" || len(f.Path) == 0 || !slices.Contains(vschema.RuleKinds, vschema.RuleKind(f.Path[0])) {
				return false
			}
			owner, without = f.Path[0], tree.Rules[vschema.RuleKind(f.Path[0])] == nil
		}
		if without {
			others = append(others, owner)
		}
		return without
	})
	if n := len(found) - len(kept); n > 0 {
		slices.Sort(others)
		note = fmt.Sprintf("%d more about what has no file here, not shown: %s", n, strings.Join(slices.Compact(others), ", "))
	}
	return kept, note
}
