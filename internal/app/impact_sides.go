package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/cli"
	"github.com/vtsync/vtsync/internal/config"
	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/worktree"
)

// impactSide is one side of an impact report: what it says of routing, and of
// MySQL's tables.
type impactSide struct {
	name      string // for people
	keyspaces map[string]*vschema.Keyspace
	rules     map[vschema.RuleKind]proto.Message
	schemas   map[string]*physical.Schema // of its files
	// whole tells that what it does not say is not there.
	whole bool
	notes []string
}

// impactSide reads the side of that name; snap is the cluster, where it is asked.
func (a *App) impactSide(ctx context.Context, name string, after bool, snap *planes.Snapshot) (impactSide, error) {
	revision, inGit := strings.CutPrefix(name, cli.SideGit)
	switch {
	case name == cli.SideLive:
		return liveSide(snap)
	case name == "":
		return filesSide(a.files.Files)
	case inGit:
		files, err := a.files.AtCommit(ctx, revision)
		if err != nil {
			return impactSide{}, err
		}
		return filesSide(files)
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return impactSide{}, &errs.Invalid{
			Pos: errs.Position{File: filepath.ToSlash(name)}, Msg: "there is no such folder, and no such plan file",
			Near: near.Name(name, []string{cli.SideLive}),
			Next: "name a folder that holds keyspaces/, a plan file, live, or git:REVISION",
		}
	case err != nil:
		return impactSide{}, &errs.Invalid{Msg: "look at " + name, Err: err}
	case info.IsDir():
		return filesSide(worktree.At(name).Files)
	}
	return planSide(name, after, snap)
}

// liveSide is the cluster as its global topo has it. All of it must be known: what
// is missing would look like a change.
func liveSide(snap *planes.Snapshot) (impactSide, error) {
	for _, name := range sortedKeys(snap.Global.Keyspaces) {
		if text := snap.Global.Keyspaces[name].Err; text != "" {
			return impactSide{}, &errs.Unknown{Msg: "the live VSchema of keyspace " + name + " cannot be read: " + text, Next: "vtsync status says more"}
		}
	}
	srv := plan.FullSrv(snap.Global)
	side := impactSide{name: "the cluster", keyspaces: srv.Keyspaces, rules: map[vschema.RuleKind]proto.Message{}, whole: true}
	for _, kind := range vschema.RuleKinds {
		side.rules[kind] = vschema.RulesOf(srv, kind)
	}
	for _, cell := range snap.Cells {
		if len(plan.CellDrifts(snap.Global, cell)) > 0 {
			side.notes = append(side.notes, fmt.Sprintf("cell %s does not serve what the global topo holds, which is what counts here: vtsync status says more", cell.Name))
		}
	}
	return side, nil
}

// filesSide is a folder of files.
func filesSide(files worktree.Files) (impactSide, error) {
	tree, err := files.LoadWithRules()
	if err != nil {
		return impactSide{}, ledElsewhere(files, err)
	}
	if len(tree.Keyspaces)+len(tree.Rules) == 0 {
		return impactSide{}, ledElsewhere(files, &errs.Invalid{
			Pos: errs.Position{File: files.Name()}, Msg: "no keyspace has a file here",
			Next: "vtsync pull writes the live VSchemas, or name another folder",
		})
	}
	side := impactSide{name: strings.TrimSuffix(files.Name(), ":."), keyspaces: values(tree), rules: map[vschema.RuleKind]proto.Message{}}
	if side.name == "." {
		side.name = "the files"
	}
	for kind, rules := range tree.Rules {
		side.rules[kind] = rules.Value
	}
	schemas, unread, err := files.Schemas(tree)
	if err != nil {
		return impactSide{}, err
	}
	side.schemas = schemas
	for _, problem := range unread {
		side.notes = append(side.notes, problem.Error()+"; what it says of MySQL's tables is not taken into account")
	}
	return side, nil
}

// ledElsewhere says where the config of a folder leads, if the folder itself has no
// keyspaces; otherwise it leaves the error as it is.
func ledElsewhere(files worktree.Files, failed error) error {
	if _, err := files.Open(desired.KeyspacesDir); !errors.Is(err, fs.ErrNotExist) {
		return failed
	}
	folder, inGit := files.Name(), strings.HasPrefix(files.Name(), cli.SideGit)
	if inGit {
		folder = folder[strings.LastIndex(folder, ":")+1:] // git:REVISION:FOLDER
	}
	f, err := files.Open(config.FileName)
	if err != nil {
		return failed
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		return failed
	}
	cfg, err := config.Parse(filepath.Join(folder, config.FileName), text)
	if err != nil {
		return failed
	}
	var dirs []string
	for _, name := range cfg.Names() {
		if dir := cfg.FilesDir(cfg.Clusters[name]); dir != folder && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	if len(dirs) == 0 {
		return failed
	}
	next := "name that folder: " + dirs[0]
	if inGit {
		next = "give that folder as DIR: vtsync impact " + dirs[0] + " with the same flags"
	}
	return &errs.Invalid{
		Pos: errs.Position{File: files.Name()}, Msg: "no keyspace has a file here: its " + config.FileName + " leads to " + strings.Join(dirs, ", "),
		Next: next,
	}
}

// planSide is what a plan starts from or leads to: the keyspaces that it writes.
func planSide(file string, after bool, snap *planes.Snapshot) (impactSide, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return impactSide{}, &errs.Invalid{Msg: "read the plan", Err: err}
	}
	p, err := plan.Decode(raw)
	var invalid *errs.Invalid
	if errors.As(err, &invalid) {
		moved := *invalid
		moved.Pos.File = file
		return impactSide{}, &moved
	}
	if err != nil {
		return impactSide{}, err
	}
	side := impactSide{name: "plan " + p.ID, keyspaces: map[string]*vschema.Keyspace{}, notes: planStale(p, snap)}
	for _, phase := range p.Phases {
		for _, w := range phase.Writes {
			value := w.After
			if _, begun := side.keyspaces[w.Keyspace]; !after && begun {
				continue // a later phase starts from what an earlier one wrote
			} else if !after {
				value = w.Before
			}
			ks, err := vschema.DecodeJSON(value)
			if err != nil {
				return impactSide{}, fmt.Errorf("keyspace %s in %s: %w", w.Keyspace, file, err)
			}
			if ks == nil {
				ks = &vschema.Keyspace{}
			}
			side.keyspaces[w.Keyspace] = ks
		}
	}
	return side, nil
}

// planStale says where a plan was made from something else than the cluster holds.
func planStale(p *plan.Plan, snap *planes.Snapshot) []string {
	if snap == nil {
		return nil
	}
	if p.Cluster != "" && snap.Global.ClusterID != "" && p.Cluster != snap.Global.ClusterID {
		return []string{"plan " + p.ID + " was made for another cluster"}
	}
	var moved []string
	for _, phase := range p.Phases {
		for _, w := range phase.Writes {
			if vschema.Fingerprint(snap.Global.Keyspaces[w.Keyspace].VSchema) != p.Base.Keyspaces[w.Keyspace].Fingerprint {
				moved = append(moved, w.Keyspace)
			}
		}
	}
	if len(moved) == 0 {
		return nil
	}
	slices.Sort(moved)
	return []string{fmt.Sprintf("plan %s is stale, as the VSchema of %s is another one now: apply would refuse it", p.ID, strings.Join(slices.Compact(moved), ", "))}
}

// completed gives a side's routing, where what it does not say is as the other
// has it, and a note of what that is.
func (s impactSide) completed(other impactSide) (*vschema.SrvVSchema, string) {
	srv := &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{}}
	maps.Copy(srv.Keyspaces, s.keyspaces)
	var taken []string
	for _, name := range sortedKeys(other.keyspaces) {
		if _, own := s.keyspaces[name]; !own && !s.whole {
			srv.Keyspaces[name] = other.keyspaces[name]
			taken = append(taken, name)
		}
	}
	for _, kind := range vschema.RuleKinds {
		own, theirs := s.rules[kind], other.rules[kind]
		if own == nil && theirs != nil && !s.whole {
			own = theirs
			if !vschema.EqualRules(kind, theirs, vschema.NewRules(kind)) {
				taken = append(taken, string(kind))
			}
		}
		if own != nil {
			vschema.SetRules(srv, kind, own)
		}
	}
	if len(taken) == 0 {
		return srv, ""
	}
	return srv, fmt.Sprintf("%s says nothing of %s: as in %s", s.name, strings.Join(taken, ", "), other.name)
}

// narrow takes the keyspaces that were not asked for after the change as they
// were before it.
func (a *App) narrow(before, after *vschema.SrvVSchema) error {
	if len(a.keyspaces) == 0 {
		return nil
	}
	known := slices.Compact(slices.Sorted(slices.Values(slices.Concat(sortedKeys(before.Keyspaces), sortedKeys(after.Keyspaces)))))
	for _, name := range a.keyspaces {
		if !slices.Contains(known, name) {
			return &errs.Invalid{
				Msg: "keyspace " + name + " is on neither side", Near: near.Name(name, known),
				Next: "--keyspace with one of: " + strings.Join(known, ", "),
			}
		}
	}
	for _, name := range known {
		if slices.Contains(a.keyspaces, name) {
			continue
		}
		if ks, ok := before.Keyspaces[name]; ok {
			after.Keyspaces[name] = ks
		} else {
			delete(after.Keyspaces, name)
		}
	}
	return nil
}

// servingShards counts the serving shards of each keyspace; one that has none is
// not known yet.
func servingShards(g planes.Global) map[string]int {
	out := map[string]int{}
	for name, ks := range g.Keyspaces {
		for _, shard := range ks.Shards {
			if shard.Serving {
				out[name]++
			}
		}
	}
	return out
}
