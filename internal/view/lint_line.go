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
	// maxRunes bounds the characters of it, of which some take no column.
	maxRunes = 4 * maxLineWidth
)

// sourceLine is a line of a file as it is shown, with what points into it.
type sourceLine struct {
	text        string
	pad, carets string
}

// cutLine gives the line as a terminal shows it, cut around the columns from
// column to end, which count characters from 1, and marks under them. It looks
// at what it shows only: a file of one line may have thousands of findings.
func cutLine(line []rune, column, end int) sourceLine {
	from := min(max(column-1, 0), len(line))
	start, before := 0, ""
	if fit(line, maxLineWidth) < len(line) {
		if start = from - fitBefore(line[:from], contextWidth); start > 0 {
			before = "..."
		}
	}
	stop := start + fit(line[start:], maxLineWidth-len(before))
	after := ""
	if stop < len(line) {
		after = "..."
	}
	to := min(max(end-1, from), stop)
	return sourceLine{
		text:   before + shown(line[start:stop]) + after,
		pad:    strings.Repeat(" ", len(before)+lineWidth(line[start:from])),
		carets: strings.Repeat("^", max(lineWidth(line[from:max(to, from)]), 1)),
	}
}

// fit tells how many characters at the beginning of the text go into a width.
func fit(text []rune, width int) int {
	n, used := 0, 0
	for n < len(text) && n < maxRunes && used+runeWidth(text[n]) <= width {
		used += runeWidth(text[n])
		n++
	}
	return n
}

// fitBefore is fit for the characters at the end of the text.
func fitBefore(text []rune, width int) int {
	n, used := 0, 0
	for n < len(text) && n < maxRunes/2 && used+runeWidth(text[len(text)-1-n]) <= width {
		used += runeWidth(text[len(text)-1-n])
		n++
	}
	return n
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

// printableLines is printable for a text of several lines.
func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	return strings.Join(lines, "\n")
}

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
