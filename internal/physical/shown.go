package physical

import (
	"slices"

	"vitess.io/vitess/go/vt/schemadiff"
	"vitess.io/vitess/go/vt/sqlparser"
)

// shown gives a CREATE TABLE of a file in the form in which MySQL shows it, as far
// as vtgate's schema tracker needs that: it reads keys only where they stand by
// themselves, and a column's collation only where it is named. Where nothing names
// one it is MySQL 8's default, which is that of a vtgate's connections too.
func (l *loader) shown(text string, entity *schemadiff.CreateTableEntity) string {
	stmt, err := l.env.Parser().ParseStrictDDL(text)
	if err != nil {
		return text // it was parsed before
	}
	create, ok := stmt.(*sqlparser.CreateTable)
	if !ok {
		return text
	}
	indexes := slices.Clone(entity.TableSpec.Indexes)
	columns := entity.ColumnDefinitionEntities()
	for i, c := range create.TableSpec.Columns {
		options := c.Type.Options
		no := false
		switch options.KeyOpt {
		case sqlparser.ColKeyPrimary: // which schemadiff has made an index of
			options.Null = &no
		case sqlparser.ColKey: // a primary key too
			options.Null = &no
			indexes = append(indexes, key(c.Name, sqlparser.NewIdentifierCI("PRIMARY"), sqlparser.IndexTypePrimary))
		case sqlparser.ColKeyUnique, sqlparser.ColKeyUniqueKey:
			indexes = append(indexes, key(c.Name, c.Name, sqlparser.IndexTypeUnique))
		default: // no key
		}
		options.KeyOpt = sqlparser.ColKeyNone
		if !columns[i].IsTextual() {
			continue
		}
		if options.Collate = l.collation(entity, columns[i]); options.Collate == "" {
			env := l.env.CollationEnv()
			options.Collate = env.LookupName(env.DefaultConnectionCharset())
		}
	}
	create.TableSpec.Indexes = indexes
	return sqlparser.CanonicalString(create)
}

func key(column, name sqlparser.IdentifierCI, typ sqlparser.IndexType) *sqlparser.IndexDefinition {
	return &sqlparser.IndexDefinition{
		Info:    &sqlparser.IndexInfo{Name: name, Type: typ},
		Columns: []*sqlparser.IndexColumn{{Column: column}},
	}
}
