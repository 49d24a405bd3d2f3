package desired

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// sourceText is a text in which places are found fast, however long its lines.
type sourceText struct {
	data  []byte
	lines []int // the offset of each line
	runes []int // and how many characters stand before it
	// marks holds the offset of every markEvery-th character.
	marks []int
}

const markEvery = 256

func newSourceText(data []byte) *sourceText {
	s := &sourceText{data: data, lines: []int{0}, runes: []int{0}}
	n := 0
	for i, r := range string(data) {
		if n%markEvery == 0 {
			s.marks = append(s.marks, i)
		}
		n++
		if r == '\n' {
			s.lines, s.runes = append(s.lines, i+1), append(s.runes, n)
		}
	}
	if n%markEvery == 0 {
		s.marks = append(s.marks, len(data)) // the end is a place too
	}
	return s
}

// offset gives the byte at a point; false for one that is not in the text.
func (s *sourceText) offset(p point) (int, bool) {
	if p.line < 1 || p.line > len(s.lines) || p.column < 1 {
		return 0, false
	}
	n := s.runes[p.line-1] + p.column - 1
	if n/markEvery >= len(s.marks) {
		return 0, false
	}
	offset := s.marks[n/markEvery]
	for range n % markEvery {
		if offset == len(s.data) {
			return 0, false
		}
		_, size := utf8.DecodeRune(s.data[offset:])
		offset += size
	}
	return offset, true
}

// line gives a line, counted from 1, without its end.
func (s *sourceText) line(n int) []byte {
	line := s.data[s.lines[n-1]:]
	if n < len(s.lines) {
		line = s.data[s.lines[n-1] : s.lines[n]-1]
	}
	return bytes.TrimSuffix(line, []byte("\r"))
}

// lineOf gives the line of a byte, counted from 1.
func (s *sourceText) lineOf(offset int) int {
	n, _ := slices.BinarySearch(s.lines, offset+1)
	return n
}
