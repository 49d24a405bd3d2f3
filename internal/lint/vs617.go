package lint

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"vitess.io/vitess/go/sqltypes"
	querypb "vitess.io/vitess/go/vt/proto/query"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/vschema"
)

// unshardedList is the lesser harm of a wrong list in an unsharded keyspace.
const unshardedList = "vtgate passes plain queries of an unsharded keyspace on as they are; a query that also reads another keyspace sees the list in place of the table: \"column not found\", or other columns for \"select *\""

var wrongColumnList = Rule{
	Code: "VS617", Name: "authoritative column list that differs from the table", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachTable(func(ks, name string, t *vschema.Table) {
			table := f.mysqlTable(ks, name)
			if !listed(t) || table == nil {
				return
			}
			var found []Finding
			if !sameColumns(t, table) {
				found = compareColumns(name, t, table)
			}
			for _, finding := range append(found, compareKinds(name, t, table)...) {
				finding.Keyspace = ks
				if !f.srv.Keyspaces[ks].GetSharded() && finding.Severity != Info {
					finding.Severity, finding.Harm = Warning, unshardedList
				}
				out = append(out, finding)
			}
		})
		return out
	},
}

// compareColumns tells how a list differs from its table: a finding for each
// column that only the list has, one for all that only the table has, and, where
// both have the same columns, one for their order.
func compareColumns(name string, t *vschema.Table, table *physical.Table) []Finding {
	path := []string{"tables", name, "columns"}
	inList := make(map[string]bool)
	for _, c := range t.Columns {
		inList[strings.ToLower(c.GetName())] = true
	}
	inTable := make(map[string]bool)
	var missing []string
	next := "add it to the list"
	for _, c := range table.Columns {
		lowered := strings.ToLower(c.Name)
		inTable[lowered] = true
		if !inList[lowered] {
			missing = append(missing, c.Name)
			if c.Invisible {
				next = fmt.Sprintf("add it to the list, %s with \"invisible\": true", c.Name)
			}
		}
	}
	var out []Finding
	for i, c := range t.Columns {
		if inTable[strings.ToLower(c.GetName())] {
			continue
		}
		finding := Finding{
			Path:    slices.Concat(path, []string{strconv.Itoa(i), "name"}),
			Message: fmt.Sprintf("the column list of table %s has %s, and the table has no such column", name, c.GetName()),
			Near:    near.Name(c.GetName(), missing),
			Harm:    fmt.Sprintf("vtgate writes the list out for \"select *\" and for inserts without columns, which then fail: \"Unknown column '%s'\"", c.GetName()),
			Next:    "correct the list, or take column_list_authoritative away and let vtgate read the columns from MySQL",
		}
		missing = slices.DeleteFunc(missing, func(m string) bool { return m == finding.Near })
		out = append(out, finding)
	}
	if len(missing) > 0 {
		out = append(out, Finding{
			Path:    path,
			Message: fmt.Sprintf("the column list of table %s lacks %s", name, list(missing)),
			Harm:    fmt.Sprintf("queries that name it fail: \"column '%s' not found\", and \"select *\" leaves it out", missing[0]),
			Next:    next + "; vtgate does not read MySQL's columns for a table whose list is authoritative",
		})
	}
	if len(out) == 0 && len(t.Columns) == len(table.Columns) {
		out = append(out, Finding{
			Path:    path,
			Message: fmt.Sprintf("the column list of table %s has another order than the table: (%s)", name, list(mysqlNames(table))),
			Harm:    "an insert without columns gets those of the list, in its order: values go to other columns than on MySQL itself",
			Next:    "put the list in the table's order",
		})
	}
	return out
}

// compareKinds tells which columns the list has of another type than the table,
// or shown where the table hides them.
func compareKinds(name string, t *vschema.Table, table *physical.Table) []Finding {
	var out []Finding
	for i, c := range t.Columns {
		m := table.Column(c.GetName())
		if m == nil {
			continue
		}
		path := []string{"tables", name, "columns", strconv.Itoa(i)}
		if typ := mysqlType(*m); differs(c.GetType(), typ, m.Type) {
			finding := Finding{
				Severity: Warning,
				Path:     append(slices.Clone(path), "type"),
				Message:  fmt.Sprintf("the column list of table %s has %s as %s, and MySQL as %s", name, c.GetName(), c.GetType(), m.Type),
				Near:     typ.String(),
				Harm:     "vtgate sorts, compares and groups the rows of several shards by the listed type: in another order than MySQL, or not at all (\"cannot compare strings, collation is unknown or unsupported\")",
				Next:     fmt.Sprintf("write %s", typ),
			}
			if kindOf(c.GetType()) == kindOf(typ) {
				finding.Severity = Info
				finding.Harm = "vtgate sorts, compares and groups values of both types alike, but where one does not fit into the other"
			}
			out = append(out, finding)
		}
		if c.GetInvisible() == m.Invisible {
			continue
		}
		finding := Finding{
			Severity: Warning,
			Path:     path,
			Message:  fmt.Sprintf("the column list of table %s shows %s, which is INVISIBLE in MySQL", name, c.GetName()),
			Harm:     "\"select *\" through vtgate has the column, and MySQL's own has not",
			Next:     "set \"invisible\": true for it",
		}
		if c.GetInvisible() {
			finding.Path = append(slices.Clone(path), "invisible")
			finding.Message = fmt.Sprintf("the column list of table %s hides %s, which is visible in MySQL", name, c.GetName())
			finding.Harm = "\"select *\" through vtgate leaves the column out"
			finding.Next = "take \"invisible\" away"
		}
		out = append(out, finding)
	}
	return out
}

// differs tells whether a list names another type than the table has, where
// both are known. Vitess reads MySQL's "bool" as unsigned, which it is not.
func differs(listed, typ querypb.Type, mysql string) bool {
	switch {
	case listed == sqltypes.Null, typ == sqltypes.Null:
		return false
	case strings.HasPrefix(mysql, "bool") && sqltypes.IsIntegral(listed):
		return false
	default:
		return listed != typ
	}
}

// kindOf gives one type for all that vtgate compares alike.
func kindOf(typ querypb.Type) querypb.Type {
	switch {
	case sqltypes.IsIntegral(typ):
		return sqltypes.Int64
	case sqltypes.IsFloat(typ):
		return sqltypes.Float64
	case sqltypes.IsText(typ):
		return sqltypes.VarChar
	case sqltypes.IsBinary(typ):
		return sqltypes.VarBinary
	default:
		return typ
	}
}

// sameColumns tells whether the list is that of the table, in its order.
func sameColumns(t *vschema.Table, table *physical.Table) bool {
	return slices.EqualFunc(t.Columns, table.Columns, func(c *vschemapb.Column, m physical.Column) bool {
		return strings.EqualFold(c.GetName(), m.Name)
	})
}
