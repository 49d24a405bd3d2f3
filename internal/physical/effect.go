package physical

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"vitess.io/vitess/go/vt/sqlparser"
)

// Effect is what the statement of a migration adds to a table and takes from
// it, as far as that shows in the table's definition. The zero value shows
// nowhere: so does a statement about a view, a partition or an option.
type Effect struct {
	Table string
	// Was is the name that the table had before; empty where it keeps its name.
	Was string
	// Creates and Drops tell that it makes or drops the table itself.
	Creates, Drops bool
	// Columns and Keys are there once it is complete; of an unnamed key only
	// its columns are known, of a renamed one only its name.
	Columns []string
	Keys    []Key
	// Kept are those of Columns that were there before, and are only changed.
	Kept []string
	// Types are those of Columns whose type MySQL shows as it was written.
	Types map[string]Column
	// GoneColumns and GoneKeys are not there any more.
	GoneColumns, GoneKeys []string
}

// EffectOf reads what a statement of a migration does: ALTER TABLE (CREATE INDEX
// and DROP INDEX are one to Vitess), CREATE TABLE, DROP TABLE. The error says
// that it cannot be read.
func EffectOf(text string) (Effect, error) {
	env, err := environment()
	if err != nil {
		return Effect{}, fmt.Errorf("read statement: %w", err)
	}
	s, err := one(env.Parser(), text)
	if err != nil {
		return Effect{}, err
	}
	l := &loader{env: env}
	stmt, err := l.parseAny(s)
	if err != nil {
		return Effect{}, errors.New(reason(err))
	}
	switch stmt := stmt.(type) {
	case *sqlparser.CreateTable:
		return Effect{Table: stmt.Table.Name.String(), Creates: true}, nil
	case *sqlparser.DropTable:
		// Vitess makes a migration of its own for each of several tables.
		return Effect{Table: stmt.FromTables[0].Name.String(), Drops: true}, nil
	case *sqlparser.AlterTable:
		if !stmt.IsFullyParsed() {
			return Effect{}, errors.New("not all of it can be read")
		}
		e := Effect{Table: stmt.Table.Name.String()}
		for _, option := range stmt.AlterOptions {
			e.alter(option)
		}
		e.settle()
		return e, nil
	default:
		return Effect{}, nil
	}
}

func (e *Effect) alter(option sqlparser.AlterOption) {
	switch o := option.(type) {
	case *sqlparser.AddColumns:
		for _, c := range o.Columns {
			e.column(c)
		}
	case *sqlparser.ChangeColumn:
		e.GoneColumns = append(e.GoneColumns, o.OldColumn.Name.String())
		e.column(o.NewColDefinition)
	case *sqlparser.ModifyColumn:
		e.Kept = append(e.Kept, o.NewColDefinition.Name.String())
		e.column(o.NewColDefinition)
	case *sqlparser.RenameColumn:
		e.GoneColumns = append(e.GoneColumns, o.OldName.Name.String())
		e.Columns = append(e.Columns, o.NewName.Name.String())
	case *sqlparser.DropColumn:
		e.GoneColumns = append(e.GoneColumns, o.Name.Name.String())
	case *sqlparser.AddIndexDefinition:
		e.Keys = append(e.Keys, indexKey(o.IndexDefinition))
	case *sqlparser.RenameIndex:
		e.GoneKeys = append(e.GoneKeys, o.OldName.String())
		e.Keys = append(e.Keys, Key{Name: o.NewName.String()})
	case *sqlparser.DropKey:
		switch o.Type {
		case sqlparser.PrimaryKeyType:
			e.GoneKeys = append(e.GoneKeys, primaryKey)
		case sqlparser.NormalKeyType:
			e.GoneKeys = append(e.GoneKeys, o.Name.String())
		default: // a constraint, whose name Vitess makes its own
		}
	case *sqlparser.RenameTableName:
		e.Was = e.Table
		e.Table = o.Table.Name.String()
	default: // what does not show in columns and keys
	}
}

const primaryKey = "PRIMARY"

func indexKey(def *sqlparser.IndexDefinition) Key {
	k := Key{Name: def.Info.Name.String(), Unique: def.Info.IsUnique()}
	if def.Info.Type == sqlparser.IndexTypePrimary {
		k.Name, k.Primary = primaryKey, true
	}
	for _, c := range def.Columns {
		k.Columns = append(k.Columns, c.Column.String())
	}
	return k
}

// column adds a column, and its type where that is one of those that MySQL shows
// as they are written.
func (e *Effect) column(def *sqlparser.ColumnDefinition) {
	name := def.Name.String()
	e.Columns = append(e.Columns, name)
	t := Column{Name: name, Type: strings.ToLower(def.Type.Type)}
	switch t.Type {
	case "tinyint", "smallint", "mediumint", "int", "bigint":
		t.Unsigned = def.Type.Unsigned || def.Type.Zerofill
	case "varchar", "varbinary":
		if def.Type.Length == nil || def.Type.Charset.Name != "" || *def.Type.Length > maxVarchar {
			return
		}
		t.Length = *def.Type.Length
	case "date", "json":
	default:
		return
	}
	if e.Types == nil {
		e.Types = make(map[string]Column)
	}
	e.Types[name] = t
}

// maxVarchar is how long a varchar may be of any character set. MySQL may make a
// longer one a text.
const maxVarchar = 16383

// Inverse is what taking the statement back does. What it changed of columns and
// keys that were there before is not known.
func (e Effect) Inverse() Effect {
	out := Effect{Table: e.Table, Creates: e.Drops, Drops: e.Creates, Columns: e.GoneColumns, Kept: e.Kept}
	if e.Was != "" {
		out.Table, out.Was = e.Was, e.Table
	}
	for _, c := range e.Columns {
		if !containsFold(e.Kept, c) {
			out.GoneColumns = append(out.GoneColumns, c)
		}
	}
	return out
}

// settle takes out what is dropped and made again by the same statement.
func (e *Effect) settle() {
	for _, name := range e.GoneColumns {
		if containsFold(e.Columns, name) {
			e.Kept = append(e.Kept, name)
		}
	}
	e.GoneColumns = slices.DeleteFunc(e.GoneColumns, func(name string) bool { return containsFold(e.Columns, name) })
	e.GoneKeys = slices.DeleteFunc(e.GoneKeys, func(name string) bool {
		return slices.ContainsFunc(e.Keys, func(k Key) bool { return strings.EqualFold(k.Name, name) })
	})
}

func containsFold(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// Missing says what of the effect a table's definition does not show, in the
// words of a person; nil where it shows all of it. The table is nil where there
// is none.
func (e Effect) Missing(t *Table) []string {
	switch {
	case e.Table == "":
		return nil
	case e.Drops && t != nil:
		return []string{"table " + e.Table + " is still there"}
	case e.Drops:
		return nil
	case t == nil:
		return []string{"table " + e.Table + " is not there"}
	}
	var out []string
	for _, c := range e.Columns {
		switch has, want := t.Column(c), e.Types[c]; {
		case has == nil:
			out = append(out, fmt.Sprintf("table %s has no column %s", e.Table, c))
		case want.Type != "" && (has.Type != want.Type || has.Unsigned != want.Unsigned || want.Length > 0 && has.Length != want.Length):
			out = append(out, fmt.Sprintf("column %s of table %s is %s, not %s", c, e.Table, has.typeText(), want.typeText()))
		}
	}
	for _, k := range e.Keys {
		if !t.shows(k) {
			out = append(out, fmt.Sprintf("table %s has no %s", e.Table, k.text()))
		}
	}
	for _, c := range e.GoneColumns {
		if t.Column(c) != nil {
			out = append(out, fmt.Sprintf("table %s still has column %s", e.Table, c))
		}
	}
	for _, k := range e.GoneKeys {
		if t.shows(Key{Name: k}) {
			out = append(out, fmt.Sprintf("table %s still has %s", e.Table, Key{Name: k}.text()))
		}
	}
	return out
}

// shows tells whether the table has a key of that name or, where it has none,
// on these columns. Of a key of which only the name is wanted, that is enough.
func (t *Table) shows(want Key) bool {
	return slices.ContainsFunc(t.Keys, func(k Key) bool {
		same := slices.EqualFunc(k.Columns, want.Columns, strings.EqualFold)
		switch {
		case want.Name == "":
			return same && (k.Unique || !want.Unique)
		case len(want.Columns) == 0:
			return strings.EqualFold(k.Name, want.Name)
		default:
			return strings.EqualFold(k.Name, want.Name) && same && k.Unique == want.Unique
		}
	})
}

func (c Column) typeText() string {
	text := c.Type
	if c.Length > 0 {
		text += fmt.Sprintf("(%d)", c.Length)
	}
	if c.Unsigned {
		text += " unsigned"
	}
	return text
}

func (k Key) text() string {
	switch {
	case k.Name == primaryKey:
		return "primary key"
	case k.Name != "" && k.Unique:
		return fmt.Sprintf("unique key %s (%s)", k.Name, strings.Join(k.Columns, ", "))
	case k.Name != "" && len(k.Columns) > 0:
		return fmt.Sprintf("key %s (%s)", k.Name, strings.Join(k.Columns, ", "))
	case k.Name != "":
		return "key " + k.Name
	default:
		return "key on (" + strings.Join(k.Columns, ", ") + ")"
	}
}
