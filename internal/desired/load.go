package desired

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/vschema"
)

// KeyspacesDir is where the keyspaces' directories are.
const KeyspacesDir = "keyspaces"

// maxFileSize bounds a file; etcd refuses a record of a tenth of it.
const maxFileSize = 16 << 20

var (
	// fileNames are the names that a keyspace's VSchema can have, the one
	// that pull writes first.
	fileNames = []string{"vschema.json", "vschema.yaml", "vschema.yml"}
	// sideDirs hold what lint and impact read.
	sideDirs = []string{"schema", "queries"}
	// sideNames are all that may stand beside a VSchema.
	sideNames = append(slices.Clone(sideDirs), RequiresFile)
)

// IsKeyspaceFile tells whether the name is that of a keyspace's VSchema.
func IsKeyspaceFile(name string) bool { return slices.Contains(fileNames, name) }

// Load reads the files of one repository, or of one cluster's part of it: those
// of the keyspaces named, or all. It finds as many problems as it can: the error
// joins an errs.Invalid for each, by file and position.
func Load(fsys fs.FS, only ...string) (*Tree, error) {
	tree, err := LoadReadable(fsys, only...)
	if err != nil {
		return nil, err
	}
	if err := tree.Err(); err != nil {
		return nil, err
	}
	return tree, nil
}

// Err joins why keyspaces cannot be read, in the order of their names.
func (t *Tree) Err() error {
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(t.Unreadable)) {
		failed = append(failed, t.Unreadable[name].Err)
	}
	return errors.Join(failed...)
}

// LoadReadable is Load where a keyspace that cannot be read is no error: it
// stands in the tree's Unreadable.
func LoadReadable(fsys fs.FS, only ...string) (*Tree, error) {
	entries, err := fs.ReadDir(fsys, KeyspacesDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &errs.Invalid{
			Msg:  fmt.Sprintf("no %s/ directory here; keyspaces stand in %s/KEYSPACE/%s", KeyspacesDir, KeyspacesDir, fileNames[0]),
			Next: "vtsync pull writes the live VSchema into this layout",
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", KeyspacesDir, err)
	}
	tree := &Tree{
		Keyspaces: map[string]*Keyspace{}, Unreadable: map[string]Unreadable{},
		Rules: map[vschema.RuleKind]*Rules{}, UnreadableRules: map[vschema.RuleKind]Unreadable{},
	}
	for _, entry := range entries {
		name := entry.Name()
		if isAside(name) {
			continue
		}
		if len(only) > 0 && !slices.Contains(only, name) {
			tree.Others = append(tree.Others, name)
			continue
		}
		file, err := keyspaceFile(fsys, name)
		if err != nil {
			tree.Unreadable[name] = Unreadable{Err: err}
			continue
		}
		if file == "" {
			continue // only queries or CREATE TABLEs: not managed
		}
		if ks, err := loadFile(fsys, name, file); err != nil {
			tree.Unreadable[name] = Unreadable{File: file, Err: err}
		} else {
			tree.Keyspaces[name] = ks
		}
	}
	return tree, loadRules(fsys, tree)
}

// isAside tells that a name is nothing of ours: hidden, or prose.
func isAside(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".md")
}

// keyspaceFile gives the VSchema file of one directory in keyspaces/, or ""
// when there is none in it.
func keyspaceFile(fsys fs.FS, name string) (string, error) {
	dir := path.Join(KeyspacesDir, name)
	if err := checkKeyspaceName(dir, name); err != nil {
		return "", err
	}
	// Stat and not the entry: a link to a directory will do.
	info, err := fs.Stat(fsys, dir)
	if err != nil {
		return "", Unreachable(dir, err)
	}
	if !info.IsDir() {
		return "", &errs.Invalid{
			Code: codeLayout,
			Pos:  errs.Position{File: dir},
			Msg:  "a file where the directory of a keyspace is expected",
			Next: fmt.Sprintf("move it to %s/KEYSPACE/%s", KeyspacesDir, fileNames[0]),
		}
	}
	return findFile(fsys, dir)
}

// maxKeyspaceName is Vitess's own limit.
const maxKeyspaceName = 64

// checkKeyspaceName holds a directory's name to what Vitess takes as a
// keyspace's: letters, digits, '-' and '_'.
func checkKeyspaceName(dir, name string) error {
	invalid := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}
	switch {
	case strings.ContainsFunc(name, invalid):
		return &errs.Invalid{
			Code: codeLayout,
			Pos:  errs.Position{File: dir},
			Msg:  fmt.Sprintf("%q cannot be a keyspace: Vitess takes letters, digits, '-' and '_'", name),
		}
	case len(name) > maxKeyspaceName:
		return &errs.Invalid{
			Code: codeLayout,
			Pos:  errs.Position{File: dir},
			Msg:  fmt.Sprintf("%q cannot be a keyspace: Vitess takes at most %d bytes", name, maxKeyspaceName),
		}
	default:
		return nil
	}
}

// findFile gives the one VSchema file of a keyspace's directory, or "" when
// there is none. Any other name is refused: a misspelled file would leave the
// keyspace unmanaged in silence.
func findFile(fsys fs.FS, dir string) (string, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return "", Unreachable(dir, err)
	}
	var found string
	var failed []error
	requires := false
	for _, entry := range entries {
		name := entry.Name()
		file := path.Join(dir, name)
		requires = requires || name == RequiresFile
		switch {
		case isAside(name), slices.Contains(sideNames, name):
		case !slices.Contains(fileNames, name):
			failed = append(failed, &errs.Invalid{
				Code: codeLayout,
				Pos:  errs.Position{File: file},
				Msg:  "not a file of a keyspace",
				Near: near.Name(name, slices.Concat(fileNames, sideNames)),
			})
		case found != "":
			failed = append(failed, &errs.Invalid{
				Code: codeLayout,
				Pos:  errs.Position{File: file},
				Msg:  fmt.Sprintf("stands beside %s; a keyspace has one VSchema", path.Base(found)),
				Next: "remove one of the two",
			})
		default:
			found = file
		}
	}
	if requires && found == "" {
		failed = append(failed, &errs.Invalid{
			Code: codeLayout,
			Pos:  errs.Position{File: path.Join(dir, RequiresFile)},
			Msg:  "stands beside no VSchema, so nothing waits for what it requires",
			Next: "remove it, or add " + fileNames[0],
		})
	}
	return found, errors.Join(failed...)
}

// Unreachable says why what a folder lists cannot be got at. It is a problem of
// that file, and keeps nobody from the others.
func Unreachable(file string, err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		err = of.Err // the file is named already
	}
	e := &errs.Invalid{Code: codeLayout, Pos: errs.Position{File: file}, Msg: "cannot be read", Err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Msg, e.Next = "a link that leads nowhere", "correct the link, or remove it"
	case errors.Is(err, fs.ErrPermission):
		e.Next = "give whoever runs vtsync the right to read it"
	}
	return e
}

// readFile reads a regular file that is not too large to be a VSchema.
func readFile(fsys fs.FS, file string) ([]byte, error) {
	// Stat comes before Open, which would wait for ever on a pipe.
	info, err := fs.Stat(fsys, file)
	if err != nil {
		return nil, Unreachable(file, err)
	}
	if !info.Mode().IsRegular() {
		return nil, &errs.Invalid{Code: codeLayout, Pos: errs.Position{File: file}, Msg: "not a regular file"}
	}
	tooLarge := &errs.Invalid{
		Code: codeLayout,
		Pos:  errs.Position{File: file},
		Msg:  fmt.Sprintf("larger than %d MB", maxFileSize>>20),
	}
	if info.Size() > maxFileSize {
		return nil, tooLarge
	}
	f, err := fsys.Open(file)
	if err != nil {
		return nil, Unreachable(file, err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	// It may have grown since.
	data, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return nil, Unreachable(file, err)
	}
	if len(data) > maxFileSize {
		return nil, tooLarge
	}
	return data, nil
}

// loadFile reads a keyspace's file, and what stands beside it.
func loadFile(fsys fs.FS, name, file string) (*Keyspace, error) {
	ks, err := loadVSchema(fsys, name, file)
	var known *vschema.Keyspace
	if ks != nil {
		known = ks.VSchema
	}
	requires, beside := loadRequires(fsys, file, known)
	if err := errors.Join(err, beside); err != nil {
		return nil, err
	}
	ks.Requires = requires
	return ks, nil
}

func loadVSchema(fsys fs.FS, name, file string) (*Keyspace, error) {
	data, err := readFile(fsys, file)
	if err != nil {
		return nil, err
	}
	return Parse(name, file, data)
}

// Parse turns the content of a file into the keyspace that it describes.
func Parse(name, file string, data []byte) (*Keyspace, error) {
	ks := &Keyspace{Name: name, VSchema: &vschema.Keyspace{}}
	doc, err := parse(file, data, ks.VSchema, func(root *node, p *problems) *node { return keyspaceNode(root, name, p) })
	if err != nil {
		return nil, err
	}
	ks.Document = *doc
	return ks, nil
}

// parse decodes a file into m, from the node that find gives.
func parse(file string, data []byte, m proto.Message, find func(*node, *problems) *node) (*Document, error) {
	p := &problems{file: file}
	root, ignores := parseTree(file, data, p)
	if root == nil {
		return nil, p.err()
	}
	doc := &Document{File: file, root: find(root, p), message: m.ProtoReflect().Descriptor(), Ignores: ignores}
	switch {
	case doc.root == nil: // and why not is among the problems
	case doc.root.kind != objectNode:
		p.add(codeLayout, doc.root.at, "%s must be an object, got %s", noun(doc.message), doc.root)
	default:
		(&decoder{p}).message(m.ProtoReflect(), doc.root)
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	return doc, nil
}

// parseTree turns the content of a file into nodes, whatever it describes; none
// when there is nothing to go on with. It gives the suppressions in it too.
func parseTree(file string, data []byte, p *problems) (*node, []Ignore) {
	data, ok := cleanText(data, p)
	if !ok {
		return nil, nil
	}
	if path.Ext(file) != ".json" {
		root, doc := parseYAML(data, p)
		return root, findIgnores(file, data, doc)
	}
	root, syntax := parseJSON(data)
	if syntax != nil {
		p.add(codeSyntax, syntax.at, "%s", syntax.msg).Next = syntax.next
	}
	return root, nil
}
