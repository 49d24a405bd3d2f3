package lint

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

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
			if !listed(t) || table == nil || sameColumns(t, table) {
				return
			}
			for _, finding := range compareColumns(name, t, table) {
				finding.Keyspace = ks
				if !f.srv.Keyspaces[ks].GetSharded() {
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
	for _, c := range table.Columns {
		lowered := strings.ToLower(c.Name)
		inTable[lowered] = true
		if !inList[lowered] {
			missing = append(missing, c.Name)
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
			Next:    "add it to the list; vtgate does not read MySQL's columns for a table whose list is authoritative",
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

// sameColumns tells whether the list is that of the table, in its order.
func sameColumns(t *vschema.Table, table *physical.Table) bool {
	return slices.EqualFunc(t.Columns, table.Columns, func(c *vschemapb.Column, m physical.Column) bool {
		return strings.EqualFold(c.GetName(), m.Name)
	})
}
