// Package yamldoc reads a text as YAML nodes, and says on which line it cannot
// be read. An alias of an anchor that is nowhere is a node like any other alias:
// whoever refuses aliases refuses it in its place, and finds the other mistakes
// too. It is pure and imports nothing of vtsync.
package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Error is why a text is no YAML.
type Error struct {
	Line int // zero where it is unknown
	Msg  string
}

func (e *Error) Error() string { return e.Msg }

// maxUnknown bounds how many anchors that are nowhere are made up: for each one
// the text is read again.
const maxUnknown = 20

// Read gives the first document of a text, and the second one, which few want to
// be there. It gives none where there is none. The error is that of the document
// that is missing.
func Read(data []byte) (first, second *yaml.Node, err *Error) {
	var madeUp []string
	for range maxUnknown {
		first, second, err = read(data, madeUp)
		if err == nil {
			break
		}
		m := unknownAnchor.FindStringSubmatch(err.Msg)
		if m == nil {
			break
		}
		madeUp = append(madeUp, m[1])
	}
	return first, second, err
}

// explicit tells that the first document begins with a mark or a directive.
var explicit = regexp.MustCompile(`^(?:[ \t]*(?:#.*)?\r?\n)*(?:---|%)`)

// read reads a text. The YAML package keeps anchors from one document to the
// next, so those that are made up stand in documents before it.
func read(data []byte, madeUp []string) (*yaml.Node, *yaml.Node, *Error) {
	var before []byte
	for _, anchor := range madeUp {
		before = fmt.Appendf(before, "--- &%s 0\n...\n", anchor)
	}
	if len(madeUp) > 0 && !explicit.Match(data) {
		before = append(before, "---\n"...)
	}
	shift := bytes.Count(before, []byte("\n"))
	decoder := yaml.NewDecoder(bytes.NewReader(append(before, data...)))
	for range madeUp {
		if err := decoder.Decode(new(yaml.Node)); err != nil {
			return nil, nil, errorOf(err, shift)
		}
	}
	var found [2]*yaml.Node
	for i := range found {
		var doc yaml.Node
		switch err := decoder.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return found[0], nil, nil
		case err != nil:
			return found[0], nil, errorOf(err, shift)
		}
		moveUp(&doc, shift)
		found[i] = &doc
	}
	return found[0], found[1], nil
}

// moveUp gives nodes the lines that they have in the text itself.
func moveUp(n *yaml.Node, lines int) {
	n.Line -= lines
	for _, c := range n.Content {
		moveUp(c, lines)
	}
}

// The package has no type for its errors: only their text tells what they are,
// and on which line.
var (
	errorText     = regexp.MustCompile(`^yaml: (?:line (\d+): )?((?s).*)$`)
	unknownAnchor = regexp.MustCompile(`^unknown anchor '(.+)' referenced$`)
)

// errorOf takes the text of an error apart, in a text behind so many lines.
func errorOf(err error, shift int) *Error {
	out := &Error{Msg: err.Error()}
	if m := errorText.FindStringSubmatch(out.Msg); m != nil {
		out.Msg = m[2]
		if line, err := strconv.Atoi(m[1]); err == nil {
			out.Line = max(line-shift, 1)
		}
	}
	return out
}
