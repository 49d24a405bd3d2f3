package review

import (
	"bytes"
	"cmp"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/lint"
)

// Span is what stands at a position.
type Span struct {
	// Line holds the characters of the whole line of the file, without its end;
	// empty where the position has none. Findings of one line share it.
	Line []rune
	// End is the column after the last character that the finding is about;
	// zero where the position has no column.
	End int
}

// sources says what stands at a place. Each file is read once, and each line
// that has findings taken apart once: it may be the whole file.
type sources struct {
	folders   []Folder
	documents map[string]*desired.Document
	lines     map[string][]string
	runes     map[line][]rune
}

// line names one line of a file.
type line struct {
	file   string
	number int
}

func newSources(config Suppressions) *sources {
	s := &sources{
		documents: make(map[string]*desired.Document),
		lines:     make(map[string][]string), runes: make(map[line][]rune),
	}
	for _, i := range config.Ignores {
		s.lines[i.Pos.File] = splitLines(config.Source)
	}
	return s
}

// add makes the files of a folder known.
func (s *sources) add(folder Folder, documents map[string]*desired.Document) {
	s.folders = append(s.folders, folder)
	maps.Copy(s.documents, documents)
}

// finding adds to a finding what stands at its place.
func (s *sources) finding(f lint.Finding) Finding {
	return Finding{Finding: f, Span: s.span(f.Pos), Fix: s.fix(f)}
}

func (s *sources) span(pos errs.Position) Span {
	span := Span{Line: s.line(pos.File, pos.Line)}
	if span.Line == nil || pos.Column < 1 {
		return span
	}
	span.End = pos.Column + 1
	if pos.Column <= len(span.Line) {
		span.End = pos.Column + tokenLength(span.Line[pos.Column-1:])
	}
	return span
}

// line gives the characters of a line; nil where the file has no such line.
func (s *sources) line(file string, number int) []rune {
	lines := s.of(file)
	if number < 1 || number > len(lines) {
		return nil
	}
	at := line{file, number}
	runes, ok := s.runes[at]
	if !ok {
		runes = []rune(lines[number-1])
		s.runes[at] = runes
	}
	return runes
}

// of gives the lines of a file; none where it cannot be read, as a position may
// name a folder.
func (s *sources) of(file string) []string {
	if lines, ok := s.lines[file]; ok {
		return lines
	}
	if data, err := s.read(file); err == nil {
		s.lines[file] = splitLines(data)
		return s.lines[file]
	}
	s.lines[file] = nil
	return nil
}

// inside gives the name that a file has in the folder.
func (d Folder) inside(file string) (string, bool) {
	dir := path.Clean(d.Dir)
	if dir == "." {
		return file, fs.ValidPath(file)
	}
	inside, ok := strings.CutPrefix(file, strings.TrimSuffix(dir, "/")+"/")
	return inside, ok && fs.ValidPath(inside)
}

func splitLines(data []byte) []string {
	text := string(bytes.TrimPrefix(data, []byte("\uFEFF")))
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
	}
	return lines
}

// tokenLength tells how many characters the name or value has that the text
// begins with.
func tokenLength(text []rune) int {
	switch quote := text[0]; quote {
	case '"', '\'', '`':
		for i := 1; i < len(text); i++ {
			switch {
			case text[i] == '\\' && quote == '"':
				i++
			case text[i] == quote:
				return i + 1
			}
		}
		return len(text)
	case '#':
		return len([]rune(strings.TrimRight(string(text), " \t")))
	default:
		end := slices.IndexFunc(text, func(r rune) bool { return strings.ContainsRune(" \t,:;{}[]()#\"'", r) })
		if end < 0 {
			end = len(text)
		}
		return cmp.Or(end, 1)
	}
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
