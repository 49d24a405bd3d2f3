package lint

import (
	"fmt"
	"strings"

	"github.com/vtsync/vtsync/internal/vschema"
)

var unresolvedLookupTable = Rule{
	Code: "VS401", Name: "lookup table is not declared", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachUsedLookup(func(ks, name string, v *vschema.Vindex, uses []columnVindex) {
			if misnamed(v.GetParams(), "table") {
				return
			}
			if finding := f.lookupTable(ks, name, v); finding != nil {
				finding.Keyspace = ks
				finding.Path = []string{"vindexes", name, "params", "table"}
				if len(uses) == 0 {
					finding.Severity, finding.Harm = Warning, idleHarm
				}
				out = append(out, *finding)
			}
		})
		return out
	},
}

// idleHarm is what a mistake in a lookup vindex does that no table uses.
const idleHarm = "no table uses the vindex, so nothing fails yet: the first that does has its queries by the vindex's column and its inserts fail"

// lookupTable judges the table param of one lookup vindex; nil means that it
// leads to a declared table.
func (f *Facts) lookupTable(vindexKs, vindex string, v *vschema.Vindex) *Finding {
	const noSQL = "the VSchema loads, and queries by the vindex's column and inserts fail: \"syntax error at position\""
	written := v.GetParams()["table"]
	if written == "" {
		return &Finding{
			Message: fmt.Sprintf("lookup vindex %s names no table", vindex),
			Harm:    noSQL,
			Next:    "set the param \"table\" to KEYSPACE.TABLE, and \"from\" and \"to\" to its columns",
		}
	}
	ks, name, err := f.parser.ParseTable(written)
	if err != nil {
		return &Finding{
			Message: fmt.Sprintf("lookup table %s of vindex %s is not a table's name", written, vindex),
			Harm:    noSQL,
			Next:    "write it as KEYSPACE.TABLE",
		}
	}
	to, ok := f.lookupTarget(vindexKs, v)
	if ok || f.inAbsent(to) {
		return nil
	}
	finding := f.unreached(ks, name, to, anyTable, "name a declared table, or declare this one")
	finding.Message = fmt.Sprintf("lookup table %s of vindex %s %s", written, vindex, finding.Message)
	finding.Harm = lookupHarm(to.err)
	if to.err == "" {
		// An unsharded keyspace may well have tables that nobody declared. A
		// name one slip away from a declared one is no such table.
		finding.Harm = fmt.Sprintf("vtgate takes any name for a table of unsharded keyspace %s: lookups work only if the table exists there", to.keyspace)
		if near := finding.Near; near == "" || finding.guess || !oneSlip(join(ks, name), near) {
			finding.Severity, finding.Near = Warning, ""
			finding.Next = fmt.Sprintf("declare table %s in keyspace %s", to.name, to.keyspace)
			if near != "" {
				finding.Next += fmt.Sprintf(", or name %s if that is meant", near)
			}
		}
	}
	f.doubt(to.keyspace, &finding)
	return &finding
}

// lookupHarm is what becomes of a vindex whose lookup table vtgate does not find.
func lookupHarm(err string) string {
	return fmt.Sprintf("the VSchema loads, and queries by the vindex's column and inserts fail: \"failed to plan the lookup query\" (%s)", err)
}

// misnamed tells that a param is missing and that another stands there whose
// name is one slip away: that other one is the mistake, and has its own rule.
func misnamed(params map[string]string, param string) bool {
	if _, ok := params[param]; ok {
		return false
	}
	for name := range params {
		if oneSlip(name, param) {
			return true
		}
	}
	return false
}

// lookupTarget gives where the table param of a lookup vindex leads, and whether
// that is a declared table. Without a keyspace it may be found from the vindex's
// own keyspace or without one, see VS412.
func (f *Facts) lookupTarget(vindexKs string, v *vschema.Vindex) (target, bool) {
	ks, name, err := f.parser.ParseTable(v.GetParams()["table"])
	if err != nil {
		return target{}, false
	}
	to := f.resolve(ks, name)
	if own := f.resolve(vindexKs, name); ks == "" && own.table != nil {
		to = own
	}
	return to, to.table != nil
}

// fromColumns gives the columns of the lookup table that hold what is looked
// up, split as vtgate splits them.
func fromColumns(v *vschema.Vindex) []string {
	columns := strings.Split(v.GetParams()["from"], ",")
	for i := range columns {
		columns[i] = strings.TrimSpace(columns[i])
	}
	return columns
}
