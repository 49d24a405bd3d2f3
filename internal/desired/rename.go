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

// Rename replaces a name or a string that stands at a place in a file, in the
// quotes that it has there, and leaves all else as it is, byte for byte. It
// gives false where what stands there is not old. Several places of a file are
// renamed from the last one to the first, so that the places still hold.
func Rename(data []byte, at errs.Position, old, renamed string) ([]byte, bool) {
	text := trimMark(data)
	src := newSourceText(text)
	offset, ok := src.offset(point{at.Line, at.Column})
	if !ok || offset == len(text) || !utf8.ValidString(renamed) {
		return nil, false
	}
	replace := renameYAML
	if path.Ext(at.File) == ".json" {
		replace = renameJSON
	}
	length, token, ok := replace(src, offset, old, renamed)
	if !ok {
		return nil, false
	}
	offset += len(data) - len(text)
	out := slices.Concat(data[:offset], []byte(token), data[offset+length:])
	if path.Ext(at.File) != ".json" && !isYAMLString(out, at, renamed) {
		return nil, false // such as a tab behind it, which only some readers let pass
	}
	return out, true
}

// isYAMLString tells whether that string stands at a place.
func isYAMLString(data []byte, at errs.Position, want string) bool {
	src := newSourceText(trimMark(data))
	offset, ok := src.offset(point{at.Line, at.Column})
	if !ok {
		return false
	}
	n := yamlScalar(src, offset)
	return n != nil && n.Value == want
}

// trimMark leaves out a byte order mark, which positions don't count.
func trimMark(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\uFEFF")) }

// renameJSON gives how many bytes at the offset are to be replaced, and by what.
func renameJSON(src *sourceText, offset int, old, renamed string) (int, string, bool) {
	s := &jsonScanner{data: src.data, offset: offset, at: point{1, 1}}
	if s.peek() != '"' {
		return 0, "", false
	}
	if text, err := s.str(); err != nil || text != old {
		return 0, "", false
	}
	return s.offset - offset, quoteJSON(renamed), true
}

// renameYAML is renameJSON for YAML.
func renameYAML(src *sourceText, offset int, old, renamed string) (int, string, bool) {
	n := yamlScalar(src, offset)
	if n == nil || n.Value != old {
		return 0, "", false
	}
	switch n.Style {
	case yaml.DoubleQuotedStyle:
		return quotedEnd(src.data, offset) - offset, quoteYAML(renamed), true
	case yaml.SingleQuotedStyle:
		token := quoteYAML(renamed)
		if isPrintable(renamed) {
			token = "'" + strings.ReplaceAll(renamed, "'", "''") + "'"
		}
		return quotedEnd(src.data, offset) - offset, token, true
	case 0:
		if !bytes.HasPrefix(src.data[offset:], []byte(old)) || old == "" {
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

// yamlScalar gives the scalar that begins at the offset; nil where none does.
func yamlScalar(src *sourceText, offset int) *yaml.Node {
	var doc yaml.Node
	if err := yaml.Unmarshal(src.data, &doc); err != nil {
		return nil
	}
	return scalarAt(src, &doc, offset)
}

func scalarAt(src *sourceText, n *yaml.Node, offset int) *yaml.Node {
	if n.Kind == yaml.ScalarNode {
		if at, ok := src.offset(point{n.Line, n.Column}); ok && at == offset && n.Anchor == "" {
			return n
		}
	}
	for _, c := range n.Content {
		if found := scalarAt(src, c, offset); found != nil {
			return found
		}
	}
	return nil
}
