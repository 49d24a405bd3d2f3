package physical

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"vitess.io/vitess/go/vt/sqlparser"

	"github.com/vtsync/vtsync/internal/errs"
)

// statement takes one statement in.
func (l *loader) statement(src source, s statement) {
	first := s.tokens[0]
	begin := src.position(s.at + first.begin)
	object, next := s.object()
	last := s.tokens[len(s.tokens)-1]
	switch {
	case object == sqlparser.TABLE:
		l.table(src, s, s.name(next))
	case object == sqlparser.VIEW && next < len(s.tokens):
		l.view(s, s.name(next))
	case first.kind == sqlparser.ALTER && changesTable(s.tokens), first.kind == sqlparser.RENAME, object == sqlparser.INDEX:
		l.problem(begin, "write the change into the CREATE TABLE, as SHOW CREATE TABLE prints it",
			"a statement that changes a table: these files say what tables are")
	case last.kind == sqlparser.LEX_ERROR && strings.ContainsAny(s.text[last.begin:last.begin+1], "'\"`/"):
		l.problem(src.position(s.at+last.begin), "", "a quote or a comment that is never closed: what follows is not read")
	case s.dropsTable():
		l.drop(src, s)
	case !s.known():
		l.readable(src, s)
	case s.swallowed() > 0:
		l.problem(src.position(s.at+s.tokens[s.swallowed()].begin), "end the statement before it with a semicolon",
			"a CREATE TABLE within another statement, which is not read")
	}
}

// view takes a view in. Dumps of older versions create a table first that stands
// in for it, and drop that.
func (l *loader) view(s statement, name string) {
	l.schema.Views[name] = strings.TrimSpace(s.text)
	delete(l.schema.Tables, name)
	delete(l.schema.Unread, name)
	delete(l.dropped, name)
}

// changesTable tells that an ALTER is one of a table. Dumps with rows have
// ALTER TABLE ... DISABLE KEYS, which changes nothing that matters here.
func changesTable(tokens []token) bool {
	if len(tokens) < 2 || tokens[1].kind != sqlparser.TABLE {
		return false
	}
	last := tokens[len(tokens)-1]
	return last.kind != sqlparser.KEYS
}

// drop remembers which of the tables created so far go. Dumps drop a table
// before they create it.
func (l *loader) drop(src source, s statement) {
	stmt, ok := l.readable(src, s).(*sqlparser.DropTable)
	if !ok {
		return
	}
	for _, t := range stmt.FromTables {
		if name := t.Name.String(); l.created[name] != (errs.Position{}) {
			l.dropped[name] = src.position(s.at + s.tokens[0].begin)
		}
	}
}

// drops tells which tables are created and dropped again.
func (l *loader) drops() {
	for _, name := range sortedByPlace(l.dropped) {
		l.problem(l.dropped[name], "remove the DROP TABLE, or the CREATE TABLE if the table is gone",
			"table %s, which is created in %s, is dropped: these files say what tables are", name, l.created[name])
	}
}

// sortedByPlace gives the keys by the place that each has.
func sortedByPlace(places map[string]errs.Position) []string {
	var names []string
	for name := range places {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(strings.Compare(places[a].File, places[b].File), cmp.Compare(places[a].Line, places[b].Line), strings.Compare(a, b))
	})
	return names
}

// readable wants a statement to be one that Vitess can read, and gives it.
func (l *loader) readable(src source, s statement) sqlparser.Statement {
	stmt, err := l.parseAny(s)
	if err != nil {
		l.problem(src.position(s.at+s.offset(err)), "correct it, or take it out: of tables these files hold CREATE TABLE",
			"a statement that cannot be read: %v", reason(err))
		return nil
	}
	return stmt
}

// parseAny parses any statement. What makes Vitess's code panic is unreadable.
func (l *loader) parseAny(s statement) (stmt sqlparser.Statement, err error) {
	defer func() {
		if r := recover(); r != nil {
			stmt, err = nil, panicked(r)
		}
	}()
	if s.tooLarge() {
		return nil, errors.New("it is too long, or nested too deep")
	}
	return l.env.Parser().ParseStrictDDL(s.text) // which tells positions
}
