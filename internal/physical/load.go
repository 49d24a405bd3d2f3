package physical

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"vitess.io/vitess/go/vt/schemadiff"

	"github.com/vtsync/vtsync/internal/errs"
)

const (
	// code is the lint rule of every problem found here.
	code = "VS105"
	// maxFileSize bounds a file.
	maxFileSize = 16 << 20
	// maxStatement and maxDepth bound what the parser is given: it goes down
	// one call for each level of an expression.
	maxStatement = 256 << 10
	maxDepth     = 200
	// maxProblems bounds how many problems of one folder are told at once.
	maxProblems = 20
)

// Load reads every *.sql file of a folder and of those in it, by name. It wants
// what a dump holds (mysqldump --no-data): CREATE TABLE and CREATE VIEW count,
// stored programs and settings are passed over, and a statement that changes a
// table is a problem, since the files say what tables are and not how they came
// to be. The error joins an errs.Invalid for each problem; it wraps
// fs.ErrNotExist where there is no folder, or no SQL file in it. Where each
// problem is one of a single CREATE TABLE the other tables come with the error.
func Load(fsys fs.FS, dir string) (*Schema, error) {
	env, err := environment()
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", dir, err)
	}
	l := &loader{
		env:     env,
		files:   true,
		schema:  &Schema{Tables: make(map[string]*Table), Views: make(map[string]string), Unread: make(map[string]bool)},
		created: make(map[string]errs.Position),
		dropped: make(map[string]errs.Position),
	}
	files, err := Files(fsys, dir)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		l.file(fsys, file)
	}
	l.drops()
	if l.unsure {
		return nil, l.err(dir)
	}
	return l.schema, l.err(dir)
}

// Files lists the SQL files of a folder and of those in it, by name. The error
// wraps fs.ErrNotExist where there is no folder, or no SQL file in it.
func Files(fsys fs.FS, dir string) ([]string, error) {
	var files []string
	err := fs.WalkDir(fsys, dir, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case file != dir && strings.HasPrefix(entry.Name(), ".") && entry.IsDir():
			return fs.SkipDir
		case entry.IsDir() || strings.HasPrefix(entry.Name(), ".") || !strings.EqualFold(path.Ext(file), ".sql"):
			return nil
		}
		files = append(files, file)
		return nil
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no SQL file: %w", fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", dir, err)
	}
	return files, nil
}

// loader collects the tables of one folder.
type loader struct {
	env      *schemadiff.Environment
	schema   *Schema
	problems []*errs.Invalid
	// created says where each table is created first, and dropped where one of
	// those is dropped without being created again.
	created, dropped map[string]errs.Position
	// unsure tells that nobody can say which tables there are.
	unsure bool
	// files tells that people wrote the statements, and not MySQL.
	files bool
}

// problem is one that leaves it open which tables there are.
func (l *loader) problem(pos errs.Position, next, format string, args ...any) {
	l.unsure = true
	l.add(pos, next, format, args...)
}

func (l *loader) add(pos errs.Position, next, format string, args ...any) {
	l.problems = append(l.problems, &errs.Invalid{Code: code, Pos: pos, Msg: fmt.Sprintf(format, args...), Next: next})
}

// err joins the problems; nil when there are none.
func (l *loader) err(dir string) error {
	var out []error
	for i, p := range l.problems {
		if i == maxProblems {
			out = append(out, &errs.Invalid{
				Code: code, Pos: errs.Position{File: dir},
				Msg: fmt.Sprintf("has more than %d problems; the rest is not shown", maxProblems),
			})
			break
		}
		out = append(out, p)
	}
	return errors.Join(out...)
}

// file takes one file in.
func (l *loader) file(fsys fs.FS, file string) {
	data, err := read(fsys, file)
	if err != nil {
		l.problem(errs.Position{File: file}, "", "cannot be read: %v", err)
		return
	}
	src := newSource(file, strings.TrimPrefix(string(data), "\ufeff"))
	var program errs.Position
	blocks := 0 // of a stored program that are not ended yet
	for _, s := range split(l.env.Parser(), src.text) {
		switch {
		case blocks > 0:
			blocks += s.blocks()
		case s.cutProgram():
			blocks, program = s.blocks(), src.position(s.at+s.tokens[0].begin)
		default:
			l.statement(src, s)
		}
	}
	if blocks > 0 {
		l.problem(program, "put DELIMITER lines around it", "a stored program whose END is not found: what follows is not read")
	}
}

// read gives the content of a regular file that is not too large. The error does
// not name it.
func read(fsys fs.FS, file string) ([]byte, error) {
	info, err := fs.Stat(fsys, file)
	if err != nil {
		return nil, withoutPath(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	f, err := fsys.Open(file)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return nil, withoutPath(err)
	}
	if len(data) > maxFileSize {
		return nil, fmt.Errorf("it is larger than %d MB", maxFileSize>>20)
	}
	return data, nil
}

func withoutPath(err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// source is the text of a file.
type source struct {
	file, text string
	lines      []int // where each line begins
}

func newSource(file, text string) source {
	s := source{file: file, text: text, lines: []int{0}}
	for i := range len(text) {
		if text[i] == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// position gives the place of an offset.
func (s source) position(offset int) errs.Position {
	line, found := slices.BinarySearch(s.lines, offset)
	if !found {
		line--
	}
	return errs.Position{File: s.file, Line: line + 1, Column: offset - s.lines[line] + 1}
}
