package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/vschema"
)

var missingLookupColumn = Rule{
	Code: "VS614", Name: "lookup column that the lookup table does not have", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachLookup(func(ks, name string, v *vschema.Vindex) {
			to, ok := f.lookupTarget(ks, v)
			if !ok {
				return
			}
			columns, known := f.columnNames(to)
			if !known {
				return
			}
			for _, param := range []string{"from", "to"} {
				written := v.GetParams()[param]
				missing, meant := lacking(written, columns)
				if missing == "" || f.lookupColumn(name, v, param) != nil {
					continue // VS403 speaks of what is no column at all
				}
				finding := Finding{
					Keyspace: ks,
					Path:     []string{"vindexes", name, "params", param},
					Message:  fmt.Sprintf("lookup table %s of vindex %s has no column %s", to, name, missing),
					Near:     meant,
					Harm:     fmt.Sprintf("the VSchema loads, and queries by the vindex's column fail, as inserts do: \"column '%s' not found\" or MySQL's \"Unknown column '%s'\"", missing, missing),
					Next:     fmt.Sprintf("set the param %q to a column of the lookup table", param),
				}
				if f.mysqlTable(to.keyspace, to.name) == nil && !f.srv.Keyspaces[to.keyspace].GetSharded() {
					// Only a list says so, which vtgate does not ask there.
					finding.Severity = Warning
				}
				out = append(out, finding)
			}
		})
		return out
	},
}

// columnNames gives all columns of a table, where MySQL or else an authoritative
// list tells them.
func (f *Facts) columnNames(t target) ([]string, bool) {
	if table := f.mysqlTable(t.keyspace, t.name); table != nil {
		return mysqlNames(table), true
	}
	return listNames(t.table), listed(t.table)
}

// lacking gives the first of the columns in a param that are not among the known
// ones, and the param as it was most likely meant: "" where one of its columns
// is like none of them.
func lacking(param string, known []string) (first, meant string) {
	columns := strings.Split(param, ",")
	for i, column := range columns {
		column = strings.TrimSpace(column)
		same := func(c string) bool { return strings.EqualFold(c, column) }
		if columns[i] = column; column == "" || slices.ContainsFunc(known, same) {
			continue
		}
		if first == "" {
			first = column
		}
		if columns[i] = near.Name(column, known); columns[i] == "" {
			return first, ""
		}
	}
	return first, strings.Join(columns, ",")
}
