package lint

import (
	"fmt"
	"strings"

	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

// Vitess stops at the first such source of a keyspace, in no fixed order.
var unresolvedSource = Rule{
	Code: "VS501", Name: "source of a reference table cannot be used", Severity: Error, Whole: true,
	Check: func(f *Facts) []Finding {
		var out []Finding
		first := make(map[string]string) // keyspace and source -> the table that named it first
		f.eachTable(func(ks, name string, t *vschema.Table) {
			if t.Type != vindexes.TypeReference || t.Source == "" {
				return
			}
			sourceKs, sourceName := splitSource(t.Source)
			to := f.declared(sourceKs, sourceName)
			why := sourceProblem(ks, sourceKs, t.Source, to)
			used := ks + "\x00" + to.String()
			if other, again := first[used]; again && why == "" {
				why = fmt.Sprintf("is the source of %s too, and a keyspace may refer to it once", other)
			} else if why == "" {
				first[used] = name
			}
			dots := strings.Count(t.Source, ".") > 1
			if why == "" || !dots && f.absent(sourceKs) {
				return
			}
			finding := Finding{Message: why, Next: "name a declared table of another keyspace"}
			if to.table == nil && !dots && sourceKs != ks {
				finding = f.unreached(sourceKs, sourceName, to, isSource, "name a declared table of another keyspace, or declare it there")
			}
			finding.Keyspace, finding.Path = ks, []string{"tables", name, "source"}
			finding.Message = fmt.Sprintf("source %s of reference table %s %s", t.Source, name, finding.Message)
			finding.Harm = sourceHarm(ks, name)
			if dots {
				finding.Harm = fmt.Sprintf("ApplyVSchema refuses it: \"invalid source \"%s\" for reference table: %s\"", t.Source, name)
				finding.Next = "write it as KEYSPACE.TABLE; neither can have a dot in its name"
			}
			if !dots {
				f.doubt(sourceKs, &finding)
			}
			if strings.HasPrefix(finding.Near, ks+".") {
				finding.Near = "" // a source lies elsewhere
			}
			out = append(out, finding)
		})
		return out
	},
}

// sourceProblem says what vtgate refuses in one source, in the order in which
// it checks.
func sourceProblem(ks, sourceKs, written string, to target) string {
	switch {
	case strings.Count(written, ".") > 1:
		return "has more than one dot"
	case sourceKs == ks:
		return "lies in the same keyspace"
	case to.table == nil:
		return "is not declared"
	case !isSource(to.table):
		return "is a " + to.table.Type
	case to.table.Type == vindexes.TypeReference && to.table.Source != "":
		return "has a source itself, and references cannot be chained"
	default:
		return ""
	}
}

// sourceHarm is what becomes of a reference table whose source cannot be used.
func sourceHarm(ks, table string) string {
	return fmt.Sprintf("vtgate puts keyspace %s in error and does not use the source: joins with it are not kept local, writes to %s are not sent to it", ks, table)
}

func isSource(t *vschema.Table) bool {
	return t.GetType() == vindexes.TypeTable || t.GetType() == vindexes.TypeReference
}
