package desired

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/vtsync/vtsync/internal/errs"
)

// Renaming is a name or a string that stands at a place in a file, and what is
// to stand there.
type Renaming struct {
	At       errs.Position
	Old, New string
}

// Rename replaces one name or string of a file, as RenameAll does.
func Rename(data []byte, at errs.Position, old, renamed string) ([]byte, bool) {
	out, done := RenameAll(at.File, data, []Renaming{{At: at, Old: old, New: renamed}})
	return out, done[0]
}

// RenameAll replaces names and strings of a file, each in the quotes that it has
// there, and leaves all else as it is, byte for byte. All places are those of the
// file as it is given. It tells which were replaced: not those where something
// else than the old name stands. The text is nil where none was.
func RenameAll(file string, data []byte, all []Renaming) ([]byte, []bool) {
	text := trimMark(data)
	r := &renamer{src: newSourceText(text)}
	find := r.inJSON
	if path.Ext(file) != ".json" {
		r.scalars = yamlScalars(text)
		r.number = numberByOffset(r.src, r.scalars)
		find = r.inYAML
	}
	done := make([]bool, len(all))
	var wanted []replacement
	taken := make(map[int]bool)
	for i, one := range all {
		offset, ok := r.src.offset(point{one.At.Line, one.At.Column})
		if !ok || offset == len(text) || taken[offset] || !utf8.ValidString(one.New) {
			continue
		}
		if length, token, ok := find(offset, one.Old, one.New); ok {
			taken[offset] = true
			wanted = append(wanted, replacement{i, offset, length, token, one.New})
		}
	}
	slices.SortFunc(wanted, func(a, b replacement) int { return a.offset - b.offset })
	made := r.sound(nil, wanted)
	for _, m := range made {
		done[m.index] = true
	}
	if len(made) == 0 {
		return nil, done
	}
	mark := data[:len(data)-len(text)]
	return slices.Concat(mark, r.replaced(made)), done
}

// renamer replaces parts of one text.
type renamer struct {
	src *sourceText
	// scalars are those of a YAML text, in its order, and number says which of
	// them begins at an offset.
	scalars []*yaml.Node
	number  map[int]int
}

// replacement is a part of the text, and the token that stands there instead.
type replacement struct {
	index          int // in what was asked for
	offset, length int
	token          string
	value          string // what the token says
}

// replaced gives the text with these replacements, which are in its order.
func (r *renamer) replaced(all []replacement) []byte {
	var out []byte
	end := 0
	for _, one := range all {
		out = append(append(out, r.src.data[end:one.offset]...), one.token...)
		end = one.offset + one.length
	}
	return append(out, r.src.data[end:]...)
}

// sound adds to the replacements made those further ones, all behind them, that
// change nothing else in the text. One look is enough for nearly every file; some
// readers stumble over such as a tab behind a new token, so that the half with it
// is looked for.
func (r *renamer) sound(made, further []replacement) []replacement {
	together := slices.Concat(made, further)
	if len(further) == 0 || r.changeOnly(together) {
		return together
	}
	if len(further) == 1 {
		return made
	}
	half := len(further) / 2
	return r.sound(r.sound(made, further[:half]), further[half:])
}

// changeOnly tells whether the text with these replacements says what it said,
// but for them. In JSON a string ends where its quotes do, whatever is around it.
func (r *renamer) changeOnly(all []replacement) bool {
	if r.number == nil {
		return true
	}
	var want []string
	for _, n := range r.scalars {
		want = append(want, n.Value)
	}
	for _, one := range all {
		want[r.number[one.offset]] = one.value
	}
	return slices.EqualFunc(yamlScalars(r.replaced(all)), want, func(n *yaml.Node, value string) bool { return n.Value == value })
}

// trimMark leaves out a byte order mark, which positions don't count.
func trimMark(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\uFEFF")) }

// inJSON gives how many bytes at the offset are to be replaced, and by what.
func (r *renamer) inJSON(offset int, old, renamed string) (int, string, bool) {
	s := &jsonScanner{data: r.src.data, offset: offset, at: point{1, 1}}
	if s.peek() != '"' {
		return 0, "", false
	}
	if text, err := s.str(); err != nil || text != old {
		return 0, "", false
	}
	return s.offset - offset, quoteJSON(renamed), true
}

// inYAML is inJSON for YAML.
func (r *renamer) inYAML(offset int, old, renamed string) (int, string, bool) {
	i, ok := r.number[offset]
	if !ok || r.scalars[i].Value != old || r.scalars[i].Anchor != "" {
		return 0, "", false
	}
	data := r.src.data
	switch r.scalars[i].Style {
	case yaml.DoubleQuotedStyle:
		return quotedEnd(data, offset) - offset, quoteYAML(renamed), true
	case yaml.SingleQuotedStyle:
		token := quoteYAML(renamed)
		if isPrintable(renamed) {
			token = "'" + strings.ReplaceAll(renamed, "'", "''") + "'"
		}
		return quotedEnd(data, offset) - offset, token, true
	case 0:
		if !bytes.HasPrefix(data[offset:], []byte(old)) || old == "" {
			return 0, "", false // over several lines, or not there at all
		}
		token := renamed
		if !isPlain(renamed) {
			token = quoteYAML(renamed)
		}
		return len(old), token, true
	default: // with a tag, or a block of lines
		return 0, "", false
	}
}

// yamlScalars gives the scalars of a text, in its order; none where it is not
// YAML.
func yamlScalars(text []byte) []*yaml.Node {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil
	}
	var out []*yaml.Node
	var collect func(n *yaml.Node)
	collect = func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode {
			out = append(out, n)
		}
		for _, c := range n.Content {
			collect(c)
		}
	}
	collect(&doc)
	return out
}

// numberByOffset tells which scalar begins at an offset: the first one where
// empty ones stand in the same place.
func numberByOffset(src *sourceText, scalars []*yaml.Node) map[int]int {
	out := make(map[int]int, len(scalars))
	for i, n := range scalars {
		offset, ok := src.offset(point{n.Line, n.Column})
		if _, taken := out[offset]; ok && !taken {
			out[offset] = i
		}
	}
	return out
}
