package desired

import (
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonScanner reads RFC 8259 JSON into nodes, strictly: no comments, no
// trailing commas, nothing after the value. The standard library's decoder
// gives no position of a value and lets duplicate names pass.
type jsonScanner struct {
	data   []byte
	offset int
	at     point // of offset
	depth  int
}

// syntaxError is what a scanner stops at; the first one ends the reading.
type syntaxError struct {
	at        point
	msg, next string
}

func (e *syntaxError) Error() string { return e.msg }

// parseJSON reads one JSON value that fills the text.
func parseJSON(data []byte) (*node, *syntaxError) {
	s := &jsonScanner{data: data, at: point{1, 1}}
	s.skipSpace()
	n, err := s.value()
	if err != nil {
		return nil, err
	}
	s.skipSpace()
	if s.offset < len(s.data) {
		return nil, s.unexpected("the end of the file")
	}
	return n, nil
}

// peek gives the next byte, or 0 at the end; a real 0 is no token of JSON.
func (s *jsonScanner) peek() byte {
	if s.offset == len(s.data) {
		return 0
	}
	return s.data[s.offset]
}

// next consumes one byte and keeps the place up to date.
func (s *jsonScanner) next() byte {
	b := s.data[s.offset]
	s.offset++
	switch {
	case b == '\n':
		s.at = point{s.at.line + 1, 1}
	case utf8.RuneStart(b):
		s.at.column++
	}
	return b
}

func (s *jsonScanner) skipSpace() {
	for {
		switch s.peek() {
		case ' ', '\t', '\r', '\n':
			s.next()
		default:
			return
		}
	}
}

func (s *jsonScanner) fail(at point, format string, args ...any) *syntaxError {
	return &syntaxError{at: at, msg: "JSON: " + fmt.Sprintf(format, args...)}
}

// unexpected says what stands here instead of what is wanted.
func (s *jsonScanner) unexpected(want string) *syntaxError {
	if s.offset == len(s.data) {
		return s.fail(s.at, "unexpected end of file, want %s", want)
	}
	r, _ := utf8.DecodeRune(s.data[s.offset:])
	err := s.fail(s.at, "unexpected %q, want %s", r, want)
	if r == '/' || r == '#' {
		err.next = "JSON has no comments; vschema.yaml can hold them"
	}
	return err
}

func (s *jsonScanner) value() (*node, *syntaxError) {
	n := &node{at: s.at}
	var err *syntaxError
	switch b := s.peek(); {
	case b == '{':
		n.kind = objectNode
		err = s.nested(func() *syntaxError { return s.object(n) })
	case b == '[':
		n.kind = listNode
		err = s.nested(func() *syntaxError { return s.list(n) })
	case b == '"':
		n.kind = stringNode
		n.text, err = s.str()
	case b == '-' || b >= '0' && b <= '9':
		n.kind = numberNode
		n.text, err = s.number()
	default:
		err = s.word(n)
	}
	if err != nil {
		return nil, err
	}
	return n, nil
}

// nested reads the inside of an object or a list, no deeper than maxDepth.
func (s *jsonScanner) nested(inside func() *syntaxError) *syntaxError {
	if s.depth++; s.depth > maxDepth {
		return s.fail(s.at, "nested deeper than %d levels", maxDepth)
	}
	defer func() { s.depth-- }()
	return inside()
}

func (s *jsonScanner) object(n *node) *syntaxError {
	return s.sequence('}', func() *syntaxError {
		if s.peek() != '"' {
			return s.unexpected("a name in double quotes")
		}
		m := member{at: s.at}
		var err *syntaxError
		if m.name, err = s.str(); err != nil {
			return err
		}
		s.skipSpace()
		if s.peek() != ':' {
			return s.unexpected(`":"`)
		}
		s.next()
		s.skipSpace()
		if m.value, err = s.value(); err != nil {
			return err
		}
		n.members = append(n.members, m)
		return nil
	})
}

func (s *jsonScanner) list(n *node) *syntaxError {
	return s.sequence(']', func() *syntaxError {
		item, err := s.value()
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
		return nil
	})
}

// sequence reads elements between commas up to the closing bracket, from the
// opening one on.
func (s *jsonScanner) sequence(closing byte, element func() *syntaxError) *syntaxError {
	s.next()
	s.skipSpace()
	if s.peek() == closing {
		s.next()
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		s.skipSpace()
		switch s.peek() {
		case closing:
			s.next()
			return nil
		case ',':
			comma := s.at
			s.next()
			s.skipSpace()
			if s.peek() == closing {
				return s.fail(comma, "trailing comma before %q", closing)
			}
		default:
			return s.unexpected(fmt.Sprintf(`"," or %q`, string(closing)))
		}
	}
}

// word reads true, false or null.
func (s *jsonScanner) word(n *node) *syntaxError {
	start := s.offset
	for b := s.peek(); b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'; b = s.peek() {
		s.next()
	}
	switch n.text = string(s.data[start:s.offset]); n.text {
	case "true", "false":
		n.kind = boolNode
	case "null":
		n.kind = nullNode
	case "":
		return s.unexpected("a value")
	default:
		return s.fail(n.at, "unexpected %q, want a value; strings stand in double quotes", clip(n.text))
	}
	return nil
}

func (s *jsonScanner) number() (string, *syntaxError) {
	at, start := s.at, s.offset
	for isNumberByte(s.peek()) {
		s.next()
	}
	text := string(s.data[start:s.offset])
	if !isNumber(text) {
		return "", s.fail(at, "%q is not a number", clip(text))
	}
	return text, nil
}

func isNumberByte(b byte) bool {
	return b >= '0' && b <= '9' || b == '+' || b == '-' || b == '.' || b == 'e' || b == 'E'
}

// str reads a string in double quotes.
func (s *jsonScanner) str() (string, *syntaxError) {
	opening := s.at
	s.next()
	var out []byte
	for {
		if s.offset == len(s.data) {
			return "", s.fail(opening, "string without a closing quote")
		}
		at := s.at
		switch b := s.next(); {
		case b == '"':
			return string(out), nil
		case b < ' ':
			return "", s.fail(at, "character %q inside a string must be escaped", b)
		case b == '\\':
			r, err := s.escape(at)
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, b)
		}
	}
}

// escapes are the escapes of one letter.
var escapes = map[byte]rune{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// escape reads what follows a backslash that stands at the point.
func (s *jsonScanner) escape(at point) (rune, *syntaxError) {
	if r, ok := escapes[s.peek()]; ok {
		s.next()
		return r, nil
	}
	r, ok := s.unicodeEscape()
	if !ok {
		return 0, s.fail(at, "not an escape of JSON")
	}
	if !utf16.IsSurrogate(r) {
		return r, nil
	}
	if s.peek() == '\\' {
		s.next()
		if low, ok := s.unicodeEscape(); ok {
			if full := utf16.DecodeRune(r, low); full != utf8.RuneError {
				return full, nil
			}
		}
	}
	return 0, s.fail(at, "half of a surrogate pair")
}

// unicodeEscape reads a u and four hex digits.
func (s *jsonScanner) unicodeEscape() (rune, bool) {
	if s.peek() != 'u' || len(s.data)-s.offset < 5 {
		return 0, false
	}
	v, err := strconv.ParseUint(string(s.data[s.offset+1:s.offset+5]), 16, 16)
	if err != nil {
		return 0, false
	}
	for range 5 {
		s.next()
	}
	return rune(v), true
}
