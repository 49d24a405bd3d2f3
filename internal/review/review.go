// Package review judges folders of files: it loads them, runs lint on all of a
// folder together, and says of each finding where it stands and what stands
// there. It is pure but for the fs.FS that it is given: it must import no
// adapter, no clock and no logger.
package review

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Options are what is known beside the files of a folder.
type Options struct {
	// Dir is the folder's name, put in front of each position.
	Dir string
	// OpaqueVindexes are vindex types that this build cannot construct.
	OpaqueVindexes []string
	// Shards holds, per keyspace, its serving shards in topo; nil when unknown.
	Shards map[string][]string
	// MaxCellBytes is how large a cell's SrvVSchema may be; 0 means as large
	// as etcd takes by default.
	MaxCellBytes int
}

// Folder is one repository of files: the routing of one cluster.
type Folder struct {
	FS fs.FS
	Options
}

// Suppressions are those of the config.
type Suppressions struct {
	Ignores []lint.Ignore
	// Source is the content of the file in which they stand.
	Source []byte
	// Partial tells that they are also for folders that are not reviewed: it
	// cannot be told then that one is of no use.
	Partial bool
}

// Finding is what lint says of a place, and what stands there.
type Finding struct {
	lint.Finding
	Span
	// Fix corrects a misspelled name; nil where it takes a person.
	Fix *Fix
}

// Suppressed is a finding that does not count.
type Suppressed struct {
	Finding
	Reason string
	By     errs.Position
}

// Report is what was found, by file, line, column and code.
type Report struct {
	Findings   []Finding
	Suppressed []Suppressed
	// Keyspaces are those that have a file, sorted.
	Keyspaces []string
	// Files counts those that were read, the config with its suppressions too.
	Files int
	// Unreadable tells that some file cannot be read as what it should be:
	// the rules about what the files of its folder say together were not run.
	Unreadable bool
}

// Run judges the files below fsys.
func Run(fsys fs.FS, opts Options) (Report, error) {
	return All([]Folder{{FS: fsys, Options: opts}}, Suppressions{})
}

// All judges folders, each by itself. An error says that nothing can be judged:
// a folder has no keyspaces, or its files cannot be got at.
func All(folders []Folder, config Suppressions) (Report, error) {
	var (
		report  Report
		found   []lint.Finding
		ignores = slices.Clone(config.Ignores)
		texts   = newSources(config)
	)
	for _, folder := range folders {
		one, err := folder.judge()
		if err != nil {
			return Report{}, err
		}
		found = append(found, one.findings...)
		ignores = append(ignores, one.ignores...)
		report.Keyspaces = append(report.Keyspaces, one.keyspaces...)
		report.Files += one.files
		report.Unreadable = report.Unreadable || one.unreadable
		texts.add(folder, one.documents)
	}
	if len(config.Ignores) > 0 {
		report.Files++
	}
	report.Keyspaces = slices.Compact(slices.Sorted(slices.Values(report.Keyspaces)))
	judged := lint.Suppress(found, ignores)
	found = append(judged.Kept, judged.Bad...)
	if !report.Unreadable {
		found = append(found, worthTelling(judged.Unused, config)...)
	}
	for _, f := range found {
		report.Findings = append(report.Findings, texts.finding(f))
	}
	for _, s := range judged.Suppressed {
		report.Suppressed = append(report.Suppressed, Suppressed{texts.finding(s.Finding), s.Reason, s.By})
	}
	slices.SortStableFunc(report.Findings, Finding.compare)
	slices.SortStableFunc(report.Suppressed, func(a, b Suppressed) int { return a.compare(b.Finding) })
	return report, nil
}

// Only restricts a report to what stands in, or is about, some keyspaces.
func (r Report) Only(keyspaces []string) Report {
	other := func(f Finding) bool {
		return !slices.ContainsFunc(keyspaces, func(ks string) bool {
			return f.Keyspace == ks || strings.Contains("/"+f.Pos.File, "/keyspaces/"+ks+"/")
		})
	}
	r.Findings = slices.DeleteFunc(slices.Clone(r.Findings), other)
	r.Suppressed = slices.DeleteFunc(slices.Clone(r.Suppressed), func(s Suppressed) bool { return other(s.Finding) })
	return r
}

// worthTelling leaves out the config's unused suppressions where not all that
// they are for was reviewed.
func worthTelling(unused []lint.Finding, config Suppressions) []lint.Finding {
	if !config.Partial {
		return unused
	}
	inConfig := func(f lint.Finding) bool {
		return slices.ContainsFunc(config.Ignores, func(i lint.Ignore) bool { return i.Pos.File == f.Pos.File })
	}
	return slices.DeleteFunc(slices.Clone(unused), inConfig)
}

// compare orders by place; what has none comes last.
func (f Finding) compare(o Finding) int {
	nowhere := func(f Finding) int {
		if f.Pos.File == "" {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(nowhere(f), nowhere(o)),
		strings.Compare(f.Pos.File, o.Pos.File),
		cmp.Compare(f.Pos.Line, o.Pos.Line),
		cmp.Compare(f.Pos.Column, o.Pos.Column),
		strings.Compare(f.Code, o.Code),
		f.Finding.Compare(o.Finding),
	)
}

// judged is what lint says of one folder, with its name in the positions.
type judged struct {
	findings   []lint.Finding
	ignores    []lint.Ignore
	documents  map[string]*desired.Document
	keyspaces  []string
	files      int
	unreadable bool
}

func (d Folder) judge() (judged, error) {
	tree, err := desired.LoadReadable(d.FS)
	if err != nil {
		return judged{}, d.relocate(err)
	}
	problems, err := fileProblems(tree)
	if err != nil {
		return judged{}, d.relocate(err)
	}
	tables, unread, err := schemas(d.FS, tree)
	if err != nil {
		return judged{}, d.relocate(err)
	}
	in := lint.Input{Files: slices.Concat(problems, unread), Schemas: tables, Shards: d.Shards, OpaqueVindexes: d.OpaqueVindexes, MaxCellBytes: d.MaxCellBytes}
	if len(problems) == 0 {
		in.After = routing(tree)
	}
	out := judged{
		findings: lint.Check(in), documents: make(map[string]*desired.Document), unreadable: len(in.Files) > 0,
		keyspaces: append(sortedKeys(tree.Keyspaces), sortedKeys(tree.Unreadable)...),
	}
	for i := range out.findings {
		place(tree, &out.findings[i])
		out.findings[i].Pos = d.position(out.findings[i].Pos)
	}
	for _, doc := range documents(tree) {
		out.documents[path.Join(d.Dir, doc.File)] = doc
		out.ignores = append(out.ignores, d.ignores(doc)...)
	}
	out.files, err = countFiles(d.FS, tree)
	if err == nil && out.files == 0 {
		err = &errs.Invalid{
			Msg:  "no keyspace has a file below " + cmp.Or(d.Dir, "."),
			Next: "vtsync pull writes the live VSchema into keyspaces/KEYSPACE/vschema.json",
		}
	}
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

// routing is the SrvVSchema that the files describe together.
func routing(tree *desired.Tree) *vschema.SrvVSchema {
	srv := &vschema.SrvVSchema{Keyspaces: make(map[string]*vschema.Keyspace)}
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

// countFiles counts the files that lint reads.
func countFiles(fsys fs.FS, tree *desired.Tree) (int, error) {
	statements, err := fs.Glob(fsys, "keyspaces/*/schema/*.sql")
	if err != nil {
		return 0, fmt.Errorf("list the schema files: %w", err)
	}
	return len(tree.Keyspaces) + len(tree.Unreadable) + len(tree.RuleFiles()) + len(statements), nil
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
