package desired

import (
	"bytes"
	"cmp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/vtsync/vtsync/internal/errs"
)

// Ignore is a suppression of findings in a comment of a YAML file:
//
//	name: hsh # vtsync:ignore VS201 the vindex comes with the next release
//
// At the end of a line it is for that line; on a line of its own it is for the
// next one that holds anything. Whether its codes are any is for lint to say.
type Ignore struct {
	Codes  []string // as they are written, one or more between commas
	Reason string
	Pos    errs.Position
	// Line is the line that it is for; its own where nothing follows.
	Line int
}

// directive begins each comment that is for vtsync.
const directive, ignoreDirective = "vtsync:", "vtsync:ignore"

// findIgnores gives the suppressions in a YAML text, from top to bottom.
func findIgnores(file string, data []byte, root *yaml.Node) []Ignore {
	if !bytes.Contains(data, []byte(directive)) {
		return nil // as nearly always
	}
	src := newSourceText(data)
	var out []Ignore
	for _, c := range findComments(src, root) {
		text := strings.TrimSpace(strings.TrimLeft(c.text, "#"))
		if !strings.HasPrefix(text, directive) {
			continue
		}
		ignore := Ignore{Pos: c.at.in(file), Line: c.at.line}
		if word, rest, _ := strings.Cut(text, " "); word == ignoreDirective {
			ignore.Codes, ignore.Reason = parseIgnore(rest)
		} else {
			ignore.Reason = text // with no code: of a misspelled directive
		}
		if c.alone {
			ignore.Line = cmp.Or(src.contentAfter(c.at.line), c.at.line)
		}
		out = append(out, ignore)
	}
	return out
}

// parseIgnore parts "VS301, VS302 the reason".
func parseIgnore(text string) (codes []string, reason string) {
	for more := true; more; {
		text = strings.TrimLeft(text, " \t")
		end := strings.IndexAny(text, ", \t")
		if end < 0 {
			end = len(text)
		}
		if end > 0 {
			codes = append(codes, text[:end])
		}
		text = strings.TrimLeft(text[end:], " \t")
		text, more = strings.CutPrefix(text, ",")
	}
	return codes, text
}

// contentAfter gives the next line that holds more than a comment, or 0.
func (s *sourceText) contentAfter(n int) int {
	for n++; n <= len(s.lines); n++ {
		if line := strings.TrimSpace(string(s.line(n))); line != "" && line[0] != '#' {
			return n
		}
	}
	return 0
}
