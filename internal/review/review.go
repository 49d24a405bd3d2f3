// Package review judges a folder of files: it loads them, runs lint on all of
// them together, and says of each finding where it stands. It is pure but for
// the fs.FS that it is given: it must import no adapter, no clock and no logger.
package review

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Options are what is known beside the files.
type Options struct {
	// OpaqueVindexes are vindex types that this build cannot construct.
	OpaqueVindexes []string
	// Shards holds, per keyspace, its serving shards in topo; nil when unknown.
	Shards map[string][]string
}

// Report is what was found in one folder.
type Report struct {
	Findings []lint.Finding
	// Unreadable tells that some file cannot be read as what it should be:
	// the rules about what the files say together were not run then.
	Unreadable bool
}

// Run judges the files below fsys.
func Run(fsys fs.FS, opts Options) (Report, error) {
	tree, err := desired.LoadReadable(fsys)
	if err != nil {
		return Report{}, err
	}
	problems, err := fileProblems(tree)
	if err != nil {
		return Report{}, err
	}
	in := lint.Input{Files: problems, Shards: opts.Shards, OpaqueVindexes: opts.OpaqueVindexes}
	if len(problems) == 0 {
		in.After = routing(tree)
	}
	report := Report{Findings: lint.Check(in), Unreadable: len(problems) > 0}
	for i := range report.Findings {
		place(tree, &report.Findings[i])
	}
	return report, nil
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

// fileProblems gives what is wrong with the files themselves.
func fileProblems(tree *desired.Tree) ([]*errs.Invalid, error) {
	var out []*errs.Invalid
	for _, u := range tree.Unreadable {
		out = append(out, leaves(u.Err)...)
	}
	for _, u := range tree.UnreadableRules {
		out = append(out, leaves(u.Err)...)
	}
	return out, nil
}

// leaves gives the problems that an error joins.
func leaves(err error) []*errs.Invalid {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		var out []*errs.Invalid
		for _, e := range joined.Unwrap() {
			out = append(out, leaves(e)...)
		}
		return out
	}
	var invalid *errs.Invalid
	if errors.As(err, &invalid) {
		return []*errs.Invalid{invalid}
	}
	return []*errs.Invalid{{Msg: fmt.Sprint(err), Err: err}}
}
