package review

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Folder is one repository of files: the routing of one cluster.
type Folder struct {
	FS fs.FS
	Options
}

// judged is what lint says of one folder, with its name in the positions.
type judged struct {
	findings   []lint.Finding
	ignores    []lint.Ignore
	documents  map[string]*desired.Document
	keyspaces  []string
	notes      []string
	files      int
	unreadable bool
	unjudged   bool
}

func (d Folder) judge() (judged, error) {
	tree, err := d.load()
	if err != nil {
		return judged{}, d.relocate(err)
	}
	problems, err := fileProblems(tree)
	if err != nil {
		return judged{}, d.relocate(err)
	}
	tables, unread, err := d.schemas(tree)
	if err != nil {
		return judged{}, d.relocate(err)
	}
	in := lint.Input{Files: slices.Concat(problems, unread), Schemas: tables, Shards: d.Shards, OpaqueVindexes: d.OpaqueVindexes, MaxCellBytes: d.MaxCellBytes}
	notes := d.addLive(&in, tree)
	if len(problems) == 0 {
		in.After = d.routing(tree)
		if in.Forbidden, err = Forbidden(tree); err != nil {
			return judged{}, err
		}
	}
	found, unmanaged := d.managed(tree, lint.Check(in))
	if unmanaged != "" {
		notes = append(notes, unmanaged)
	}
	out := judged{
		findings: found, notes: notes, documents: make(map[string]*desired.Document), unreadable: len(in.Files) > 0, unjudged: len(problems) > 0,
		keyspaces: d.keyspaces(tree),
	}
	for i := range out.findings {
		place(tree, &out.findings[i])
		out.findings[i].Pos = d.position(out.findings[i].Pos)
	}
	for _, doc := range documents(tree) {
		out.documents[path.Join(d.Dir, doc.File)] = doc
		out.ignores = append(out.ignores, d.ignores(doc)...)
	}
	out.files, err = countFiles(d, tree)
	return out, err
}

// documents gives the files that were read, keyspaces first.
func documents(tree *desired.Tree) []*desired.Document {
	var out []*desired.Document
	for _, name := range sortedKeys(tree.Keyspaces) {
		out = append(out, &tree.Keyspaces[name].Document)
	}
	for _, kind := range sortedKeys(tree.Rules) {
		out = append(out, &tree.Rules[kind].Document)
	}
	return out
}

// ignores gives the suppressions in a file.
func (d Folder) ignores(doc *desired.Document) []lint.Ignore {
	var out []lint.Ignore
	for _, i := range doc.Ignores {
		out = append(out, lint.Ignore{Codes: i.Codes, Reason: i.Reason, Line: i.Line, Pos: d.position(i.Pos)})
	}
	return out
}

// position puts the folder's name in front.
func (d Folder) position(pos errs.Position) errs.Position {
	if pos.File != "" {
		pos.File = path.Join(d.Dir, pos.File)
	}
	return pos
}

// relocate puts the folder's name in front of the position of an error.
func (d Folder) relocate(err error) error {
	var invalid *errs.Invalid
	if !errors.As(err, &invalid) {
		return err
	}
	moved := *invalid
	if moved.Pos = d.position(moved.Pos); moved.Pos.File == "" && path.Clean(d.Dir) != "." {
		moved.Pos.File = path.Clean(d.Dir)
	}
	return &moved
}

// routing is the SrvVSchema that the files describe together, over the live one
// where that is known.
func (d Folder) routing(tree *desired.Tree) *vschema.SrvVSchema {
	srv := &vschema.SrvVSchema{Keyspaces: make(map[string]*vschema.Keyspace)}
	if d.Live != nil && d.Live.Routing != nil {
		maps.Copy(srv.Keyspaces, d.Live.Routing.Keyspaces)
		for _, kind := range vschema.RuleKinds {
			vschema.SetRules(srv, kind, vschema.RulesOf(d.Live.Routing, kind))
		}
	}
	for name, ks := range tree.Keyspaces {
		srv.Keyspaces[name] = ks.VSchema
	}
	for kind, rules := range tree.Rules {
		vschema.SetRules(srv, kind, rules.Value)
	}
	return srv
}

// place says where a finding stands.
func place(tree *desired.Tree, f *lint.Finding) {
	if f.Pos != (errs.Position{}) || len(f.Path) == 0 && f.Keyspace == "" {
		return
	}
	if ks, ok := tree.Keyspaces[f.Keyspace]; ok {
		f.Pos = ks.Position(f.Path...)
	} else if rules, ok := tree.Rules[vschema.RuleKind(f.Path[0])]; ok {
		f.Pos = rules.Position(f.Path[1:]...)
	}
}

// countFiles counts the files that lint reads. That there is none is an error:
// it is a wrong folder, and not one without mistakes.
func countFiles(d Folder, tree *desired.Tree) (int, error) {
	n := len(tree.Keyspaces) + len(tree.Unreadable) + len(tree.RuleFiles())
	if n == 0 && d.Live == nil {
		return 0, &errs.Invalid{
			Msg:  "no keyspace has a file below " + cmp.Or(d.Dir, "."),
			Next: "vtsync pull writes the live VSchema into keyspaces/KEYSPACE/vschema.json",
		}
	}
	for _, name := range sortedKeys(tree.Keyspaces) {
		if d.Live != nil && d.Live.Schemas[name] != nil {
			continue // its SQL is not read
		}
		statements, err := physical.Files(d.FS, schemaDir(name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
		n += len(statements)
	}
	return n, nil
}

// fileProblems gives what is wrong with the files themselves. An error is one
// of reading them, which no rule is about.
func fileProblems(tree *desired.Tree) ([]*errs.Invalid, error) {
	var out []*errs.Invalid
	for _, name := range sortedKeys(tree.Unreadable) {
		problems, err := leaves(tree.Unreadable[name].Err)
		if err != nil {
			return nil, err
		}
		out = append(out, problems...)
	}
	for _, kind := range sortedKeys(tree.UnreadableRules) {
		problems, err := leaves(tree.UnreadableRules[kind].Err)
		if err != nil {
			return nil, err
		}
		out = append(out, problems...)
	}
	return out, nil
}

// leaves gives the problems that an error joins.
func leaves(err error) ([]*errs.Invalid, error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok { // only a bare join is taken apart
		var out []*errs.Invalid
		for _, e := range joined.Unwrap() {
			problems, err := leaves(e)
			if err != nil {
				return nil, err
			}
			out = append(out, problems...)
		}
		return out, nil
	}
	var invalid *errs.Invalid
	if errors.As(err, &invalid) && invalid.Code != "" {
		return []*errs.Invalid{invalid}, nil
	}
	return nil, err
}
