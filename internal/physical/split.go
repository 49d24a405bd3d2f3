package physical

import (
	"regexp"
	"strings"

	"vitess.io/vitess/go/vt/sqlparser"
)

// statement is one statement of a file.
type statement struct {
	// at is where the text begins in the file: not at its first word where
	// comments come before it.
	at     int
	text   string // without what ends it
	tokens []token
}

// token is one word or sign, without comments. Offsets count from the
// statement's text.
type token struct {
	kind       int
	value      string
	begin, end int
}

// delimiterLine is a command to MySQL's client: what ends a statement from here
// on. Dumps have it around stored programs, whose bodies hold semicolons.
var delimiterLine = regexp.MustCompile(`(?mi)^[ \t]*delimiter[ \t]+(\S+)[ \t]*\r?$`)

const space = " \t\r\n"

// mark is the beginning or the end of a comment for MySQL.
var mark = regexp.MustCompile(`^(?:\*/|/\*!\d*)[ \t\r\n]*`)

// trimBlank takes away what can stand before a token without being one.
func trimBlank(text string) string {
	text = strings.TrimLeft(text, space)
	for len(text) > 1 && (text[:2] == "*/" || text[:2] == "/*") {
		rest := text[len(mark.FindString(text)):]
		if rest == text {
			break
		}
		text = rest
	}
	return text
}

// split gives the statements of a file.
func split(parser *sqlparser.Parser, text string) []statement {
	var out []statement
	at, delimiter := 0, ";"
	section := func(end int) {
		if delimiter == ";" {
			out = append(out, splitPlain(parser, at, text[at:end])...)
		} else {
			out = append(out, splitBy(parser, at, text[at:end], delimiter)...)
		}
	}
	for _, m := range delimiterLine.FindAllStringSubmatchIndex(text, -1) {
		section(m[0])
		at, delimiter = m[1], text[m[2]:m[3]]
	}
	section(len(text))
	return out
}

// splitBy cuts a text at every delimiter.
func splitBy(parser *sqlparser.Parser, at int, text, delimiter string) []statement {
	var out []statement
	for part := range strings.SplitAfterSeq(text, delimiter) {
		s := statement{at: at, text: strings.TrimSuffix(part, delimiter)}
		s.tokens = scan(parser, s.text)
		if len(s.tokens) > 0 {
			out = append(out, s)
		}
		at += len(part)
	}
	return out
}

// splitPlain cuts a text at the semicolons that stand in no quotes and in no
// comment.
func splitPlain(parser *sqlparser.Parser, at int, text string) []statement {
	var out []statement
	begin := 0
	var tokens []token
	end := func(offset int) {
		if len(tokens) > 0 {
			out = append(out, statement{at: at + begin, text: text[begin:offset], tokens: tokens})
		}
		tokens = nil
	}
	for _, t := range scan(parser, text) {
		if t.kind == ';' {
			end(t.begin)
			begin = t.end
			continue
		}
		t.begin, t.end = t.begin-begin, t.end-begin
		tokens = append(tokens, t)
	}
	end(len(text))
	return out
}

// scan gives the tokens of a text as Vitess's parser sees them: what stands in
// a comment for MySQL (/*!80016 ... */) is text.
func scan(parser *sqlparser.Parser, text string) []token {
	var out []token
	tokenizer := parser.NewStringTokenizer(text)
	for {
		begin := min(tokenizer.Pos, len(text))
		if rest := strings.TrimLeft(text[begin:], space); strings.HasPrefix(rest, "@'") || strings.HasPrefix(rest, `@"`) {
			// A host, as in 'app'@'%', which the tokenizer takes for a
			// variable that ends at the percent sign.
			tokenizer.Pos = len(text) - len(rest) + 1
			continue
		}
		kind, value := tokenizer.Scan()
		if kind == 0 {
			return out
		}
		// A quote that is not closed ends behind the text.
		end := min(tokenizer.Pos, len(text))
		if end <= begin {
			// The tokenizer stands still before what it does not know.
			end = begin + 1
			tokenizer.Pos = end
			if begin >= len(text) {
				return out
			}
		}
		if trimmed := trimBlank(text[begin:end]); trimmed != "" {
			begin = end - len(trimmed)
		}
		if kind != sqlparser.COMMENT {
			out = append(out, token{kind, value, begin, end})
		}
	}
}

// object gives the kind of what the statement creates (sqlparser.TABLE, VIEW,
// and so on) and the index of the token behind it; 0 where it creates nothing.
func (s statement) object() (kind, next int) {
	if s.tokens[0].kind != sqlparser.CREATE || !creations[s.word(1)] {
		return 0, 0
	}
	for i, t := range s.tokens[1:] {
		switch t.kind {
		case sqlparser.TEMPORARY, sqlparser.TABLE, sqlparser.VIEW, sqlparser.PROCEDURE, sqlparser.FUNCTION,
			sqlparser.TRIGGER, sqlparser.EVENT, sqlparser.INDEX, sqlparser.DATABASE, sqlparser.SCHEMA:
			return t.kind, i + 2
		}
	}
	return 0, 0
}

// depth tells how deep the statement's parentheses are nested.
func (s statement) depth() int {
	depth, deepest := 0, 0
	for _, t := range s.tokens {
		switch t.kind {
		case '(':
			depth++
			deepest = max(deepest, depth)
		case ')':
			depth--
		}
	}
	return deepest
}

// columns gives where the definition of each column begins, in their order:
// behind the first parenthesis and each comma of its level, but for keys,
// constraints and checks.
func (s statement) columns() []int {
	var out []int
	depth, first := 0, false
	for _, t := range s.tokens {
		if depth == 1 && first && !isKeyWord(t.kind) {
			out = append(out, t.begin)
		}
		first = false
		switch t.kind {
		case '(':
			depth++
			first = depth == 1
		case ')':
			if depth--; depth == 0 {
				return out
			}
		case ',':
			first = depth == 1
		}
	}
	return out
}

// isKeyWord tells that a definition which begins with this is no column's.
func isKeyWord(kind int) bool {
	switch kind {
	case sqlparser.PRIMARY, sqlparser.KEY, sqlparser.INDEX, sqlparser.UNIQUE, sqlparser.FULLTEXT,
		sqlparser.SPATIAL, sqlparser.CONSTRAINT, sqlparser.FOREIGN, sqlparser.CHECK:
		return true
	}
	return false
}
