package compile

import (
	"maps"
	"slices"

	"vitess.io/vitess/go/vt/proto/topodata"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"
	vtschema "vitess.io/vitess/go/vt/schema"
	"vitess.io/vitess/go/vt/sqlparser"
	"vitess.io/vitess/go/vt/vterrors"
	"vitess.io/vitess/go/vt/vtgate/vindexes"
)

// enhance gives the built VSchema what the schema tracker knows. This and what it
// calls follow VSchemaManager (go/vt/vtgate/vschema_manager.go, from
// buildAndEnhanceVSchema to setColumns), which cannot be called: its tracker is an
// unexported field that only a whole executor sets. What goes by the order of a map
// there goes by name here.
func (r *routing) enhance(t *tracker, parser *sqlparser.Parser) {
	for _, name := range slices.Sorted(maps.Keys(r.built.Keyspaces)) {
		ks := r.built.Keyspaces[name]
		if views := t.inner.Views(name); views != nil {
			ks.Views = make(map[string]*vindexes.View, len(views))
			for view, def := range views {
				ks.Views[view] = &vindexes.View{Name: view, Keyspace: ks.Keyspace, Statement: def}
			}
		}
		r.tables(ks, t.tables(name))
	}
	for _, name := range slices.Sorted(maps.Keys(r.built.Keyspaces)) {
		failOnCycle(name, r.built.Keyspaces[name])
	}
	vindexes.AddAdditionalGlobalTables(r.srv, r.built)
	vindexes.RebuildRoutingRules(r.srv, r.built, parser)
}

func (r *routing) tables(ks *vindexes.KeyspaceSchema, tables map[string]*vindexes.TableInfo) {
	for name, info := range tables {
		switch t := ks.Tables[name]; {
		case t == nil:
			ks.Tables[name] = &vindexes.BaseTable{
				Name: sqlparser.NewIdentifierCS(name), Keyspace: ks.Keyspace,
				Columns: info.Columns, ColumnListAuthoritative: true,
			}
		case !t.ColumnListAuthoritative:
			t.Columns, t.ColumnListAuthoritative = info.Columns, true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		t, _ := r.built.FindRoutedTable(ks.Keyspace.Name, name, topodata.TabletType_PRIMARY)
		if t == nil || t.Keyspace.Name != ks.Keyspace.Name || t.Name.String() != name {
			continue // rules route it elsewhere
		}
		r.foreignKeys(t, tables[name])
		keys(t, tables[name])
	}
}

func (r *routing) foreignKeys(t *vindexes.BaseTable, info *vindexes.TableInfo) {
	for _, def := range info.ForeignKeys {
		name := def.ReferenceDefinition.ReferencedTable.Name.String()
		if vtschema.IsInternalOperationTableName(name) {
			continue
		}
		parent, err := r.built.FindRoutedTable(t.Keyspace.Name, name, topodata.TabletType_PRIMARY)
		if err != nil || parent == nil {
			continue
		}
		t.ParentForeignKeys = append(t.ParentForeignKeys, vindexes.NewParentFkInfo(parent, def))
		parent.ChildForeignKeys = append(parent.ChildForeignKeys, vindexes.NewChildFkInfo(t, def))
	}
}

func keys(t *vindexes.BaseTable, info *vindexes.TableInfo) {
	for _, def := range info.Indexes {
		switch def.Info.Type {
		case sqlparser.IndexTypePrimary:
			for _, c := range def.Columns {
				t.PrimaryKey = append(t.PrimaryKey, c.Column)
			}
		case sqlparser.IndexTypeUnique:
			var key []sqlparser.Expr
			for _, c := range def.Columns {
				if c.Expression != nil {
					key = append(key, c.Expression)
				} else {
					key = append(key, sqlparser.NewColName(c.Column.String()))
				}
			}
			t.UniqueKeys = append(t.UniqueKeys, key)
		default: // says nothing to the planner
		}
	}
}

// failOnCycle marks a keyspace whose managed foreign keys go round in a circle:
// all its statements that go by them fail.
func failOnCycle(name string, ks *vindexes.KeyspaceSchema) {
	if ks.ForeignKeyMode != vschemapb.Keyspace_managed {
		return
	}
	g := edges{}
	vertex := func(t *vindexes.BaseTable, column sqlparser.IdentifierCI) string {
		return sqlparser.String(sqlparser.NewColNameWithQualifier(column.String(), t.GetTableName()))
	}
	for _, table := range slices.Sorted(maps.Keys(ks.Tables)) {
		t := ks.Tables[table]
		for _, fk := range t.ChildForeignKeys {
			if fk.OnUpdate.IsRestrict() && fk.OnDelete.IsRestrict() {
				continue
			}
			var children []string
			if fk.OnDelete.IsCascade() {
				for _, c := range fk.Table.Columns {
					children = append(children, vertex(fk.Table, c.Name))
				}
			} else {
				for _, c := range fk.ChildColumns {
					children = append(children, vertex(fk.Table, c))
				}
			}
			for _, c := range fk.ParentColumns {
				for _, child := range children {
					g.add(vertex(t, c), child)
				}
			}
		}
	}
	if cycle := g.cycle(); cycle != nil {
		ks.Error = vterrors.VT09019(name, cycle)
	}
}
