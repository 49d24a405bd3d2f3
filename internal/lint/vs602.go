package lint

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/vtsync/vtsync/internal/vschema"
)

var badColumnList = Rule{
	Code: "VS602", Name: "column list that vtgate refuses", Severity: Error, Whole: true,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachTable(func(ks, name string, t *vschema.Table) {
			seen := make(map[string]bool)
			for i, c := range t.GetColumns() {
				finding := Finding{Keyspace: ks, Path: []string{"tables", name, "columns", strconv.Itoa(i)}}
				lowered := strings.ToLower(c.GetName())
				if seen[lowered] {
					finding.Path = append(finding.Path, "name")
					finding.Message = fmt.Sprintf("column %s stands twice in the list of table %s", c.GetName(), name)
					finding.Harm = fmt.Sprintf("ApplyVSchema refuses the keyspace: \"duplicate column name '%s' for table: %s\"", c.GetName(), name)
					finding.Next = "remove one of the two"
					out = append(out, finding)
				} else if !f.isDefault(c.GetDefault()) {
					finding.Path = append(finding.Path, "default")
					finding.Message = fmt.Sprintf("the default of column %s of table %s is no SQL expression: %s", c.GetName(), name, c.GetDefault())
					finding.Harm = fmt.Sprintf("ApplyVSchema refuses the keyspace: \"could not parse the '%s' column's default expression\"", c.GetName())
					finding.Next = "write it as in CREATE TABLE, a text in quotes of its own: \"'new'\""
					out = append(out, finding)
				}
				seen[lowered] = true
			}
		})
		return out
	},
}

// isDefault tells whether the text can be a column's default: an expression, or
// nothing.
func (f *Facts) isDefault(text string) bool {
	if text == "" {
		return true
	}
	_, err := f.parser.ParseExpr(text)
	return err == nil
}
