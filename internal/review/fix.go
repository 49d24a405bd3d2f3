package review

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/lint"
)

// Fix is the right spelling of a name.
type Fix struct {
	// Pos and End enclose what is replaced, quotes included.
	Pos errs.Position
	End int
	// Old and New are the names, Text is New as it stands in the file.
	Old, New, Text string
}

// Edit is a file with its fixes made.
type Edit struct {
	File  string
	Data  []byte
	Fixes []Applied
}

// Applied is a fix and the rule that asked for it.
type Applied struct {
	Fix
	Code string
}

// fix gives the fix of a finding that certainly is about a misspelled scalar, or
// a field that does not exist. What MySQL's tables are called is for no file to
// say: SQL is never corrected.
func (s *sources) fix(f lint.Finding) *Fix {
	if f.Near == "" || f.Pos.Line == 0 || f.Pos.Column == 0 || path.Ext(f.Pos.File) == ".sql" {
		return nil
	}
	fix := Fix{Pos: f.Pos, New: f.Near}
	doc, read := s.documents[f.Pos.File]
	if read {
		steps := f.Path
		if f.Keyspace == "" && len(steps) > 0 {
			steps = steps[1:] // without the kind of the rules
		}
		old, pos, ok := doc.Misspelled(f.Near, steps...)
		if !ok {
			return nil
		}
		fix.Old, fix.Pos.Line, fix.Pos.Column = old, pos.Line, pos.Column
	}
	span := s.span(fix.Pos)
	if span.End == 0 || span.End > len(span.Line)+1 {
		return nil
	}
	fix.End = span.End
	token := string(span.Line[fix.Pos.Column-1 : fix.End-1])
	if !read {
		fix.Old = strings.Trim(token, `"'`)
	}
	if !f.Corrects(fix.Old) {
		return nil
	}
	// What would be done to the file is tried on the name alone.
	text, ok := desired.Rename([]byte(token), errs.Position{File: fix.Pos.File, Line: 1, Column: 1}, fix.Old, fix.New)
	if !ok {
		return nil
	}
	fix.Text = string(text)
	return &fix
}

// Fixed makes the fixes of a report's findings. Where two of them want
// different names in one place none is made.
func Fixed(folders []Folder, report Report) ([]Edit, error) {
	byFile := make(map[string]map[errs.Position][]Applied)
	for _, f := range report.Findings {
		if f.Fix == nil {
			continue
		}
		file := f.Fix.Pos.File
		if byFile[file] == nil {
			byFile[file] = make(map[errs.Position][]Applied)
		}
		byFile[file][f.Fix.Pos] = append(byFile[file][f.Fix.Pos], Applied{*f.Fix, f.Code})
	}
	texts := &sources{folders: folders}
	var out []Edit
	for _, file := range sortedKeys(byFile) {
		data, err := texts.read(file)
		if err != nil {
			return nil, fmt.Errorf("read %s again, to correct it: %w", file, err)
		}
		if edit := applied(file, data, byFile[file]); len(edit.Fixes) > 0 {
			out = append(out, edit)
		}
	}
	return out, nil
}

// applied makes the fixes of one file.
func applied(file string, data []byte, places map[errs.Position][]Applied) Edit {
	order := slices.SortedFunc(maps.Keys(places), func(a, b errs.Position) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	var fixes []Applied
	var names []desired.Renaming
	for _, pos := range order {
		fix := places[pos][0]
		if slices.ContainsFunc(places[pos], func(o Applied) bool { return o.New != fix.New }) {
			continue
		}
		fixes = append(fixes, fix)
		names = append(names, desired.Renaming{At: pos, Old: fix.Old, New: fix.New})
	}
	changed, done := desired.RenameAll(file, data, names)
	edit := Edit{File: file, Data: changed}
	for i, fix := range fixes {
		if done[i] {
			edit.Fixes = append(edit.Fixes, fix)
		}
	}
	return edit
}

// read gives the content of a file that stands in one of the folders.
func (s *sources) read(file string) ([]byte, error) {
	for _, folder := range s.folders {
		if inside, ok := folder.inside(file); ok {
			if data, err := fs.ReadFile(folder.FS, inside); err == nil {
				return data, nil
			}
		}
	}
	return nil, fs.ErrNotExist
}
