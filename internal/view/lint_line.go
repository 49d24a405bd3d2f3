package view

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Sizes of a source line that is shown, in columns of a terminal.
const (
	maxLineWidth = 100
	tabWidth     = 4
	// contextWidth is how much of a cut line stands before the place.
	contextWidth = 30
)

// sourceLine is a line of a file as it is shown, with what points into it.
type sourceLine struct {
	text        string
	pad, carets string
}

// cutLine gives the line as a terminal shows it, cut around the columns from
// column to end, which count characters from 1, and marks under them.
func cutLine(line string, column, end int) sourceLine {
	runes := []rune(line)
	from := min(max(column-1, 0), len(runes))
	to := min(max(end-1, from), len(runes))
	start, before := 0, ""
	if lineWidth(runes) > maxLineWidth {
		for lineWidth(runes[start:from]) > contextWidth {
			start++
		}
		if start > 0 {
			before = "..."
		}
	}
	stop, used := start, len(before)
	for stop < len(runes) && used+runeWidth(runes[stop]) <= maxLineWidth {
		used += runeWidth(runes[stop])
		stop++
	}
	after := ""
	if stop < len(runes) {
		after = "..."
	}
	to = min(to, stop)
	return sourceLine{
		text:   before + shown(runes[start:stop]) + after,
		pad:    strings.Repeat(" ", len(before)+lineWidth(runes[start:from])),
		carets: strings.Repeat("^", max(lineWidth(runes[from:max(to, from)]), 1)),
	}
}

// shown gives what a terminal may be given: tabs as spaces, and nothing that
// moves its cursor.
func shown(runes []rune) string {
	var b strings.Builder
	for _, r := range runes {
		switch {
		case r == '\t':
			b.WriteString(strings.Repeat(" ", tabWidth))
		case hidden(r):
			b.WriteRune(unicode.ReplacementChar)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// printable is shown for a text of our own that quotes names from files.
func printable(text string) string { return shown([]rune(text)) }

// hidden tells that a character would move the cursor or reorder the line.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
}

func lineWidth(runes []rune) int {
	n := 0
	for _, r := range runes {
		n += runeWidth(r)
	}
	return n
}

// runeWidth gives the columns that a terminal needs for a character.
func runeWidth(r rune) int {
	switch {
	case r == '\t':
		return tabWidth
	case hidden(r):
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}
