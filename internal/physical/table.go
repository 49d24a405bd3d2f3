package physical

import (
	"errors"
	"fmt"
	"strings"

	"vitess.io/vitess/go/mysql/collations"
	"vitess.io/vitess/go/vt/schemadiff"
	"vitess.io/vitess/go/vt/sqlparser"

	"github.com/vtsync/vtsync/internal/errs"
)

// asPrinted is the advice for what Vitess cannot read and MySQL perhaps can.
const asPrinted = "correct it; where MySQL takes it, write types as SHOW CREATE TABLE prints them (double for DOUBLE PRECISION), and leave out an option that Vitess does not know"

// table takes a CREATE TABLE in, of the table of that name.
func (l *loader) table(src source, s statement, name string) {
	begin := src.position(s.at + s.tokens[0].begin)
	delete(l.dropped, name)
	if other, again := l.created[name]; again {
		l.unread(name, begin, "remove one of the two", "table %s is created in %s already", name, other)
		return
	}
	l.created[name] = begin
	if s.tooLarge() {
		l.unread(name, begin, "", "a statement of more than %d KB, or nested deeper than %d", maxStatement>>10, maxDepth)
		return
	}
	entity, err := l.parse(s.text)
	if err != nil {
		l.unread(name, src.position(s.at+s.offset(err)), asPrinted, "CREATE TABLE that Vitess cannot read: %v", reason(err))
		return
	}
	if t := l.build(src, s, entity); !l.schema.Unread[name] {
		l.schema.Tables[name] = t
	}
}

// unread is a problem of one table, of which nothing is known then; of all where
// it has no name.
func (l *loader) unread(name string, pos errs.Position, next, format string, args ...any) {
	l.add(pos, next, format, args...)
	delete(l.schema.Tables, name)
	l.schema.Unread[name] = true
	l.unsure = l.unsure || name == ""
}

// build makes the table of what was parsed.
func (l *loader) build(src source, s statement, entity *schemadiff.CreateTableEntity) *Table {
	begin, name := src.position(s.at+s.tokens[0].begin), entity.Name()
	t := &Table{Name: name, Pos: begin, Create: strings.TrimSpace(s.text), Keys: keys(entity)}
	if l.files {
		t.Create = l.shown(s.text, entity)
	}
	positions := s.columns()
	for i, c := range entity.ColumnDefinitionEntities() {
		column := l.column(entity, c)
		if column.Pos = begin; i < len(positions) {
			column.Pos = src.position(s.at + positions[i])
		}
		if t.Column(column.Name) != nil {
			l.unread(name, column.Pos, "", "table %s has two columns %s", name, column.Name)
			continue
		}
		t.Columns = append(t.Columns, column)
	}
	for _, opt := range entity.TableSpec.Options {
		if strings.EqualFold(opt.Name, "comment") && opt.Value != nil {
			t.Comment = opt.Value.Val
		}
	}
	return t
}

// tooLarge tells that the statement is more than the parser is given.
func (s statement) tooLarge() bool { return len(s.text) > maxStatement || s.depth() > maxDepth }

func panicked(r any) error { return fmt.Errorf("its parser panics: %v", r) }

// parse gives the normalised table. What makes Vitess's code panic is said to
// be unreadable.
func (l *loader) parse(text string) (entity *schemadiff.CreateTableEntity, err error) {
	defer func() {
		if r := recover(); r != nil {
			entity, err = nil, panicked(r)
		}
	}()
	stmt, err := l.env.Parser().ParseStrictDDL(text)
	if err != nil {
		return nil, err
	}
	create, ok := stmt.(*sqlparser.CreateTable)
	if !ok || !create.IsFullyParsed() || create.TableSpec == nil {
		return nil, errors.New("it names no columns")
	}
	return schemadiff.NewCreateTableEntity(l.env, create)
}

// offset gives where in the statement the parser stopped: at its last token
// before the position that the error tells.
func (s statement) offset(err error) int {
	at := s.tokens[0].begin
	var positioned sqlparser.PositionedErr
	if !errors.As(err, &positioned) {
		return at
	}
	for _, t := range s.tokens {
		if t.end < positioned.Pos {
			at = t.begin
		}
	}
	return at
}

// reason gives the parser's words without its own positions, which count from
// the statement.
func reason(err error) string {
	var positioned sqlparser.PositionedErr
	if !errors.As(err, &positioned) {
		return err.Error()
	}
	if positioned.Near == "" {
		return positioned.Err
	}
	return fmt.Sprintf("%s near %q", positioned.Err, positioned.Near)
}

func (l *loader) column(t *schemadiff.CreateTableEntity, c *schemadiff.ColumnDefinitionEntity) Column {
	out := Column{
		Name:          c.Name(),
		Type:          c.Type(),
		Length:        c.Length(),
		Unsigned:      c.IsUnsigned(),
		Nullable:      c.IsNullable(),
		AutoIncrement: c.IsAutoIncrement(),
		Generated:     c.IsGenerated(),
		Invisible:     c.ColumnDefinition.Type.Invisible(),
	}
	if c.IsTextual() {
		out.Collation = l.collation(t, c)
	}
	return out
}

// collation gives the collation of a text column; empty where only the server's
// default would say.
func (l *loader) collation(t *schemadiff.CreateTableEntity, c *schemadiff.ColumnDefinitionEntity) string {
	byCharset := func(charset string) string {
		if charset == "" {
			return ""
		}
		env := l.env.CollationEnv()
		if id := env.DefaultCollationForCharset(charset); id != collations.Unknown {
			return env.LookupName(id)
		}
		return ""
	}
	for _, name := range []string{c.Collate(), byCharset(c.Charset()), t.GetCollation(), byCharset(t.GetCharset())} {
		if name != "" {
			return name
		}
	}
	return ""
}

// keys gives the keys of a table, the primary one first. schemadiff leaves a
// UNIQUE beside its column, and a bare KEY, which is a primary key there.
func keys(t *schemadiff.CreateTableEntity) []Key {
	var primary, rest []Key
	for _, index := range t.IndexDefinitionEntities() {
		k := Key{Name: index.Name(), Primary: index.IsPrimary(), Unique: index.IsUnique()}
		columns := index.IndexDefinition.Columns
		for i, c := range columns {
			k.Columns = append(k.Columns, c.Column.String())
			if c.Length == nil {
				continue
			}
			if k.Prefixes == nil {
				k.Prefixes = make([]int, len(columns))
			}
			k.Prefixes[i] = *c.Length
		}
		if k.Primary {
			primary = append(primary, k)
		} else {
			rest = append(rest, k)
		}
	}
	for _, c := range t.TableSpec.Columns {
		name := c.Name.String()
		switch c.Type.Options.KeyOpt {
		case sqlparser.ColKey:
			primary = append(primary, Key{Name: "PRIMARY", Primary: true, Unique: true, Columns: []string{name}})
		case sqlparser.ColKeyUnique, sqlparser.ColKeyUniqueKey:
			rest = append(rest, Key{Name: name, Unique: true, Columns: []string{name}})
		default: // not unique, or a key of the table by now
		}
	}
	return append(primary, rest...)
}
