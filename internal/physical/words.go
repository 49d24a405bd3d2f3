package physical

import (
	"slices"
	"strings"

	"vitess.io/vitess/go/vt/sqlparser"
)

// beginnings are the words with which a statement of MySQL begins that says
// nothing about what tables look like. Vitess cannot read all of those (GRANT
// and what stored programs are made of), so that they are told by these.
var beginnings = words(`alter analyze begin binlog call change check checksum clone commit create
	deallocate delete desc describe do drop execute explain flush get grant handler help import insert
	install kill load lock optimize prepare purge release repair replace reset resignal restart revoke
	rollback savepoint set show shutdown signal start stop truncate uninstall unlock update use xa`)

// creations are the words that can follow CREATE.
var creations = words(`aggregate algorithm database definer event fulltext function index library
	logfile or procedure resource role schema server spatial sql table tablespace temporary trigger undo
	unique user view`)

func words(text string) map[string]bool {
	out := make(map[string]bool)
	for _, word := range strings.Fields(text) {
		out[word] = true
	}
	return out
}

// word gives a token as it is written, in lower case.
func (s statement) word(i int) string {
	if i >= len(s.tokens) {
		return ""
	}
	return strings.ToLower(s.text[s.tokens[i].begin:s.tokens[i].end])
}

// known tells that the statement begins as one of MySQL that is passed over.
func (s statement) known() bool {
	first := s.word(0)
	if first == "create" {
		return creations[s.word(1)]
	}
	return beginnings[first]
}

// dropsTable tells that the statement is a DROP TABLE, but for one of a
// temporary table.
func (s statement) dropsTable() bool {
	return s.tokens[0].kind == sqlparser.DROP && len(s.tokens) > 1 && s.tokens[1].kind == sqlparser.TABLE
}

// swallowed gives the CREATE of a CREATE TABLE that stands in a statement which
// is not ended before it; 0 where there is none. Stored programs may hold one.
func (s statement) swallowed() int {
	switch s.word(0) {
	case "create", "alter", "show", "explain", "desc", "describe":
		return 0
	}
	for i := 1; i+1 < len(s.tokens); i++ {
		if s.tokens[i].kind == sqlparser.CREATE && s.tokens[i+1].kind == sqlparser.TABLE {
			return i
		}
	}
	return 0
}

// name gives the name that begins at a token: the last part of a qualified one,
// behind IF NOT EXISTS.
func (s statement) name(i int) string {
	for i < len(s.tokens) && (s.tokens[i].kind == sqlparser.IF || s.tokens[i].kind == sqlparser.NOT || s.tokens[i].kind == sqlparser.EXISTS) {
		i++
	}
	if i+2 < len(s.tokens) && s.tokens[i+1].kind == '.' {
		i += 2
	}
	if i >= len(s.tokens) {
		return ""
	}
	return s.tokens[i].value
}

// cutProgram tells that the statement is the beginning of a stored program
// whose body was cut at its semicolons, for want of a DELIMITER.
func (s statement) cutProgram() bool {
	switch object, _ := s.object(); object {
	case sqlparser.PROCEDURE, sqlparser.FUNCTION, sqlparser.TRIGGER, sqlparser.EVENT:
		whole := slices.ContainsFunc(s.tokens, func(t token) bool { return t.kind == ';' })
		return !whole && s.blocks() > 0 && !s.emptyBody()
	}
	return false
}

// emptyBody tells that the statement ends with BEGIN END.
func (s statement) emptyBody() bool {
	n := len(s.tokens)
	return n > 1 && s.tokens[n-2].kind == sqlparser.BEGIN && s.tokens[n-1].kind == sqlparser.END
}

// blocks counts the blocks that the statement begins, less the one that it ends.
func (s statement) blocks() int {
	n := 0
	for _, t := range s.tokens {
		if t.kind == sqlparser.BEGIN {
			n++
		}
	}
	if s.tokens[0].kind != sqlparser.END {
		return n
	}
	switch s.word(1) {
	case "if", "loop", "while", "repeat", "case":
		return n
	}
	return n - 1
}
