package compile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"vitess.io/vitess/go/vt/proto/query"
	"vitess.io/vitess/go/vt/sqlparser"
	"vitess.io/vitess/go/vt/vtgate/schema"
	"vitess.io/vitess/go/vt/vtgate/vindexes"
	"vitess.io/vitess/go/vt/vttablet/queryservice"
)

// tracker is vtgate's own schema tracker, which reads CREATE TABLEs, together with
// the tables of which only columns and keys are known.
type tracker struct {
	parser  *sqlparser.Parser
	inner   *schema.Tracker
	columns map[string]map[string]*vindexes.TableInfo
	notes   []string
}

func newTracker(schemas map[string]Schema, views bool, parser *sqlparser.Parser) (*tracker, error) {
	t := &tracker{
		parser:  parser,
		inner:   schema.NewTracker(nil, true, false, parser),
		columns: make(map[string]map[string]*vindexes.TableInfo),
	}
	for _, ks := range slices.Sorted(maps.Keys(schemas)) {
		schema := schemas[ks]
		if !views {
			schema.Views = nil
		}
		if err := t.load(ks, schema); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *tracker) load(ks string, s Schema) error {
	from := tablet{tables: map[string]string{}, views: map[string]string{}}
	t.columns[ks] = map[string]*vindexes.TableInfo{}
	for _, name := range slices.Sorted(maps.Keys(s.Tables)) {
		table := s.Tables[name]
		if table.Create != "" {
			from.tables[name] = table.Create
			continue
		}
		info, err := t.info(table)
		if err != nil {
			t.note(ks, name, err.Error())
			continue
		}
		t.columns[ks][name] = info
	}
	for name, view := range s.Views {
		if !isCreate(view) {
			view = "create view " + sqlparser.String(sqlparser.NewIdentifierCS(name)) + " as " + view
		}
		from.views[name] = view
	}
	if err := t.inner.LoadKeyspace(from, &query.Target{Keyspace: ks}); err != nil {
		return fmt.Errorf("read the tables of keyspace %s: %w", ks, err)
	}
	tables, views := t.inner.Tables(ks), t.inner.Views(ks)
	for _, name := range slices.Sorted(maps.Keys(from.tables)) {
		if tables[name] == nil {
			t.note(ks, name, "its CREATE TABLE cannot be read")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(from.views)) {
		if views[name] == nil {
			t.notes = append(t.notes, fmt.Sprintf("view %s.%s: vtgate does not know it: its CREATE VIEW cannot be read", ks, name))
		}
	}
	return nil
}

func (t *tracker) note(ks, table, why string) {
	t.notes = append(t.notes, fmt.Sprintf("table %s.%s: vtgate does not know its columns: %s", ks, table, why))
}

// isCreate tells a CREATE VIEW, of a dump too, from the SELECT of one.
func isCreate(text string) bool {
	return strings.HasPrefix(text, "/*!") || len(text) > 6 && strings.EqualFold(text[:6], "create")
}

// tables gives what is known of a keyspace's tables.
func (t *tracker) tables(ks string) map[string]*vindexes.TableInfo {
	out := t.inner.Tables(ks)
	maps.Copy(out, t.columns[ks])
	return out
}

// info is what the tracker would make of a table with these columns and keys.
func (t *tracker) info(table Table) (*vindexes.TableInfo, error) {
	info := &vindexes.TableInfo{}
	for _, c := range table.Columns {
		typ, ok := query.Type_value[c.Type]
		if !ok && c.Type != "" {
			return nil, fmt.Errorf("column %s has the unknown type %s", c.Name, c.Type)
		}
		var def sqlparser.Expr
		if c.Default != "" {
			var err error
			if def, err = t.parser.ParseExpr(c.Default); err != nil {
				return nil, fmt.Errorf("the default of column %s cannot be read", c.Name)
			}
		}
		info.Columns = append(info.Columns, vindexes.Column{
			Name: sqlparser.NewIdentifierCI(c.Name), Type: query.Type(typ), CollationName: c.Collation, Default: def,
			Invisible: c.Invisible, Size: c.Size, Scale: c.Scale, Nullable: c.Nullable, Values: c.Values,
		})
	}
	index := func(typ sqlparser.IndexType, columns []string) {
		def := &sqlparser.IndexDefinition{Info: &sqlparser.IndexInfo{Type: typ}}
		for _, c := range columns {
			def.Columns = append(def.Columns, &sqlparser.IndexColumn{Column: sqlparser.NewIdentifierCI(c)})
		}
		info.Indexes = append(info.Indexes, def)
	}
	if len(table.PrimaryKey) > 0 {
		index(sqlparser.IndexTypePrimary, table.PrimaryKey)
	}
	for _, columns := range table.UniqueKeys {
		index(sqlparser.IndexTypeUnique, columns)
	}
	return info, nil
}

// tablet answers the one question that the tracker asks a primary tablet.
type tablet struct {
	queryservice.QueryService
	tables, views map[string]string
}

// GetSchema gives one statement at a time: the tracker panics on a CREATE TABLE
// without columns (LIKE another), and the rest must not go with it.
func (t tablet) GetSchema(_ context.Context, _ *query.Target, kind query.SchemaTableType, _ []string, callback func(*query.GetSchemaResponse) error) error {
	all := t.tables
	if kind == query.SchemaTableType_VIEWS {
		all = t.views
	}
	one := func(name string) (err error) {
		defer func() { _ = recover() }()
		return callback(&query.GetSchemaResponse{TableDefinition: map[string]string{name: all[name]}})
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := one(name); err != nil {
			return err
		}
	}
	return nil
}
