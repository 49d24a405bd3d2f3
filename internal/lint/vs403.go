package lint

import (
	"fmt"
	"strings"

	"vitess.io/vitess/go/vt/sqlparser"

	"github.com/vtsync/vtsync/internal/vschema"
)

var badLookupColumn = Rule{
	Code: "VS403", Name: "lookup column that vtgate cannot put into a query", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachUsedLookup(func(ks, name string, v *vschema.Vindex, uses []columnVindex) {
			if v.GetParams()["table"] == "" && v.GetParams()["from"] == "" && v.GetParams()["to"] == "" {
				return // one mistake, of which VS401 speaks
			}
			for _, param := range []string{"from", "to"} {
				if finding := f.lookupColumn(name, v, param); finding != nil {
					finding.Keyspace = ks
					finding.Path = []string{"vindexes", name, "params", param}
					if len(uses) == 0 {
						finding.Severity, finding.Harm = Warning, idleHarm
					}
					out = append(out, *finding)
				}
			}
		})
		return out
	},
}

// lookupColumn judges one of the params that name columns. vtgate writes them
// into its lookup queries as they are, as a column and as a bind variable.
func (f *Facts) lookupColumn(vindex string, v *vschema.Vindex, param string) *Finding {
	written := v.GetParams()[param]
	columns := []string{written}
	if param == "from" {
		columns = fromColumns(v)
	}
	finding := &Finding{
		Harm: "the VSchema loads, and what vtgate then makes of the params is no SQL: queries by the vindex's column fail with \"syntax error at position\", and so do inserts",
		Next: fmt.Sprintf("set the param %q to a column of the lookup table", param),
	}
	switch {
	case misnamed(v.GetParams(), param):
		return nil
	case strings.TrimSpace(written) == "":
		finding.Message = fmt.Sprintf("lookup vindex %s names no %q column", vindex, param)
		return finding
	}
	var trimmed []string
	for _, column := range columns {
		if c := strings.TrimSpace(column); f.bareColumn(c) {
			trimmed = append(trimmed, c)
		}
	}
	if len(trimmed) < len(columns) {
		finding.Message = fmt.Sprintf("%q of lookup vindex %s is no column that can stand in SQL without quotes: %s", param, vindex, written)
		return finding
	}
	if param == "to" && trimmed[0] != written {
		finding.Message = fmt.Sprintf("%q of lookup vindex %s has blanks around the column: %q", param, vindex, written)
		finding.Near = trimmed[0]
		return finding
	}
	return nil
}

// bareColumn tells whether the text is a column to Vitess's parser, as it
// stands.
func (f *Facts) bareColumn(text string) bool {
	expr, err := f.parser.ParseExpr(text)
	if err != nil {
		return false
	}
	col, ok := expr.(*sqlparser.ColName)
	return ok && col.Qualifier.IsEmpty() && col.Name.String() == text
}
