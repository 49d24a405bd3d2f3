package desired

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// comment is a comment of a YAML file. The YAML package hands comments over
// without their places, and loses some.
type comment struct {
	at   point
	text string // from the "#" on
	// alone tells that nothing stands before it on its line.
	alone bool
}

// findComments gives the comments of a YAML text, from top to bottom. The
// nodes say where a "#" is part of a string.
func findComments(src *sourceText, root *yaml.Node) []comment {
	var quoted spans
	quoted.collect(src, root, 0)
	var out []comment
	for n := 1; n <= len(src.lines); n++ {
		line, start := src.line(n), src.lines[n-1]
		for i, b := range line {
			if b != '#' || i > 0 && line[i-1] != ' ' && line[i-1] != '\t' || quoted.hold(start+i) {
				continue
			}
			out = append(out, comment{
				at:    point{n, utf8.RuneCount(line[:i]) + 1},
				text:  string(bytes.TrimRight(line[i:], " \t")),
				alone: len(bytes.TrimLeft(line[:i], " \t")) == 0,
			})
			break
		}
	}
	return out
}

// spans are the parts of a text that are strings in quotes or blocks of lines,
// sorted, each from its first byte to the one after its last.
type spans [][2]int

func (s spans) hold(offset int) bool {
	i, found := slices.BinarySearchFunc(s, offset, func(span [2]int, offset int) int { return span[0] - offset })
	return found || i > 0 && offset < s[i-1][1]
}

// collect adds the strings of a node, whose parent begins in that column.
func (s *spans) collect(src *sourceText, n *yaml.Node, parent int) {
	if n == nil {
		return
	}
	for _, c := range n.Content {
		s.collect(src, c, n.Column)
	}
	if n.Kind != yaml.ScalarNode {
		return
	}
	start, ok := src.offset(point{n.Line, n.Column})
	if !ok {
		return
	}
	start = skipProperties(src.data, start)
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		*s = append(*s, src.block(start, parent))
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		*s = append(*s, [2]int{start, quotedEnd(src.data, start)})
	}
}

// skipProperties passes over the tag and the anchor before a value.
func skipProperties(data []byte, offset int) int {
	for offset < len(data) && (data[offset] == '!' || data[offset] == '&') {
		for offset < len(data) && !strings.ContainsRune(" \t\r\n", rune(data[offset])) {
			offset++
		}
		for offset < len(data) && strings.ContainsRune(" \t\r\n", rune(data[offset])) {
			offset++
		}
	}
	return offset
}

// quotedEnd gives the offset behind the string in quotes that begins at start.
func quotedEnd(data []byte, start int) int {
	if start >= len(data) {
		return start
	}
	quote := data[start]
	for i := start + 1; i < len(data); i++ {
		switch {
		case data[i] == '\\' && quote == '"':
			i++
		case data[i] == quote && quote == '\'' && i+1 < len(data) && data[i+1] == quote:
			i++
		case data[i] == quote:
			return i + 1
		}
	}
	return len(data)
}

// block gives the lines of the block string whose "|" or ">" stands at start:
// those that are indented like its first one, or as its header says.
func (s *sourceText) block(start, parent int) [2]int {
	header, _ := slices.BinarySearch(s.lines, start+1) // the number of its line
	indent := 0
	for _, b := range s.line(header)[start-s.lines[header-1]:] {
		if b >= '1' && b <= '9' {
			indent = max(parent-1, 0) + int(b-'0')
		}
		if b == ' ' || b == '#' {
			break
		}
	}
	n := header + 1
	for ; n <= len(s.lines); n++ {
		line := s.line(n)
		depth := len(line) - len(bytes.TrimLeft(line, " "))
		if depth == len(line) {
			continue // blank
		}
		if indent == 0 {
			indent = max(depth, parent)
		}
		if depth < indent {
			break
		}
	}
	if header >= len(s.lines) {
		return [2]int{len(s.data), len(s.data)}
	}
	end := len(s.data)
	if n <= len(s.lines) {
		end = s.lines[n-1]
	}
	return [2]int{s.lines[header], end}
}
