// Package view writes the values that vtsync works with, for people and for
// programs: pure functions from a value to an io.Writer, the same value in
// text and in JSON. It must import no adapter, and no room that acts.
package view

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Format is the version of the JSON of what has no format of its own.
const Format = 1

// Style is how text may be written.
type Style struct {
	Color bool
	// Width is the terminal's, in columns; 0 where there is none.
	Width int
}

// JSON writes a value as indented JSON with a final newline.
func JSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// JSONLine writes a value as JSON on one line.
func JSONLine(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

const (
	bold   = "1"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
	dim    = "2"
)

func (s Style) paint(code, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// paintDiff colours a text of changes line by line, by its first mark.
func (s Style) paintDiff(text string) string {
	if !s.Color {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		switch trimmed := strings.TrimLeft(line, " "); {
		case strings.HasPrefix(trimmed, "+ "):
			lines[i] = s.paint(green, line)
		case strings.HasPrefix(trimmed, "- "):
			lines[i] = s.paint(red, line)
		case strings.HasPrefix(trimmed, "~ "):
			lines[i] = s.paint(yellow, line)
		}
	}
	return strings.Join(lines, "\n")
}

// page collects a text that is written at once, so that a view has one error
// to report.
type page struct {
	strings.Builder
	style Style
}

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *page) heading(text string) { p.line("%s", p.style.paint(bold, text)) }

// block writes a text of several lines, indented.
func (p *page) block(indent, text string) {
	for line := range strings.Lines(text) {
		p.WriteString(strings.TrimRight(indent+line, " \n") + "\n")
	}
}

func (p *page) writeTo(w io.Writer) error {
	_, err := io.WriteString(w, p.String())
	return err
}

// count gives "1 change" or "3 changes".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
