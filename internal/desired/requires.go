package desired

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"vitess.io/vitess/go/vt/schema"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/vschema"
)

// RequiresFile is the file beside a VSchema that names the migrations which must
// be complete before it is applied:
//
//	requires:
//	  - migration: 9e8a9249_3976_11ed_9442_0a43f95f28a3
//	    tables: [customer] # else every change of the keyspace waits for it
//	    reason: adds customer.email
const RequiresFile = "requires.yaml"

// Require is one migration that the VSchema's changes wait for.
type Require struct {
	Migration string
	// Tables are those whose changes wait; all of the keyspace where there are
	// none.
	Tables []string
	Reason string
	Pos    errs.Position
}

// loadRequires reads the file beside a VSchema, if there is one. The VSchema is
// nil where it cannot be read: its tables are not known then.
func loadRequires(fsys fs.FS, vschemaFile string, vs *vschema.Keyspace) ([]Require, error) {
	file := path.Join(path.Dir(vschemaFile), RequiresFile)
	if _, err := fs.Stat(fsys, file); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	data, err := readFile(fsys, file)
	if err != nil {
		return nil, err
	}
	return parseRequires(file, data, vs)
}

func parseRequires(file string, data []byte, vs *vschema.Keyspace) ([]Require, error) {
	p := &problems{file: file}
	root, _ := parseTree(file, data, p)
	if root == nil {
		return nil, p.err()
	}
	r := requiresReader{problems: p, vschema: vs}
	out := r.file(root)
	return out, p.err()
}

// requiresReader turns nodes into requirements. What it cannot turn it notes as
// a problem.
type requiresReader struct {
	problems *problems
	vschema  *vschema.Keyspace // nil where it is not known
}

func (r *requiresReader) file(root *node) []Require {
	list := r.fields(root, "the file", "requires")["requires"]
	switch {
	case root.kind != objectNode:
		return nil
	case list == nil:
		r.problems.add(codeValue, root.at, "it requires nothing").Next = "requires: [{migration: UUID}], or remove the file"
		return nil
	case list.kind != listNode:
		r.problems.add(codeValue, list.at, "%q must be a list, got %s", "requires", list)
		return nil
	}
	out := make([]Require, 0, len(list.items))
	first := make(map[string]point)
	for _, item := range list.items {
		req := r.require(item)
		if at, again := first[req.Migration]; again && req.Migration != "" {
			r.problems.add(codeDuplicate, item.at, "migration %s is required at %d:%d already", req.Migration, at.line, at.column)
		}
		first[req.Migration] = item.at
		out = append(out, req)
	}
	return out
}

func (r *requiresReader) require(n *node) Require {
	out := Require{Pos: n.at.in(r.problems.file)}
	fields := r.fields(n, "a requirement", "migration", "tables", "reason")
	if n.kind != objectNode {
		return out
	}
	if uuid := fields["migration"]; uuid == nil {
		r.problems.add(codeValue, n.at, "a requirement names no migration").Next = "migration: UUID"
	} else {
		out.Migration = r.uuid(uuid)
	}
	if tables := fields["tables"]; tables != nil {
		out.Tables = r.tables(tables)
	}
	if reason := fields["reason"]; reason != nil {
		out.Reason = r.text("reason", reason)
	}
	return out
}

// fields gives the values of an object by name, of those that it may have.
func (r *requiresReader) fields(n *node, what string, known ...string) map[string]*node {
	if n.kind != objectNode {
		r.problems.add(codeValue, n.at, "%s must be an object, got %s", what, n)
		return nil
	}
	out := make(map[string]*node)
	for _, m := range n.members {
		switch {
		case !slices.Contains(known, m.name):
			r.problems.add(codeUnknown, m.at, "unknown field %q in %s", clip(m.name), what).Near = near.Name(m.name, known)
		case out[m.name] != nil:
			r.problems.add(codeDuplicate, m.at, "duplicate field %q", m.name)
		default:
			out[m.name] = m.value
		}
	}
	return out
}

// uuid reads a migration's UUID. One without letters is a number to YAML.
func (r *requiresReader) uuid(n *node) string {
	if (n.kind == stringNode || n.kind == numberNode) && schema.IsOnlineDDLUUID(n.text) {
		return n.text
	}
	e := r.problems.add(codeValue, n.at, "no UUID of a migration: %s", n)
	e.Next = "vtctldclient OnlineDDL show KEYSPACE recent lists them"
	if other := strings.ToLower(strings.ReplaceAll(n.text, "-", "_")); schema.IsOnlineDDLUUID(other) {
		e.Near = other
	}
	return ""
}

func (r *requiresReader) text(field string, n *node) string {
	if n.kind != stringNode {
		r.problems.add(codeValue, n.at, "%q must be a string, got %s", field, n)
		return ""
	}
	return n.text
}

func (r *requiresReader) tables(n *node) []string {
	if n.kind != listNode || len(n.items) == 0 {
		r.problems.add(codeValue, n.at, "%q must be a list of tables, got %s", "tables", n).Next = "leave it out: then every change of the keyspace waits"
		return nil
	}
	var out []string
	for _, item := range n.items {
		name := r.text("tables", item)
		if _, known := r.vschema.GetTables()[name]; r.vschema != nil && name != "" && !known {
			e := r.problems.add(codeValue, item.at, "the VSchema has no table %q", clip(name))
			e.Near = near.Name(name, slices.Collect(maps.Keys(r.vschema.GetTables())))
			e.Next = "leave out tables: then every change of the keyspace waits"
		}
		out = append(out, name)
	}
	return out
}
