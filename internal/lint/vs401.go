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
		f.eachLookup(func(ks, name string, v *vschema.Vindex) {
			if finding := f.lookupTable(name, v.GetParams()["table"]); finding != nil {
				finding.Keyspace = ks
				finding.Path = []string{"vindexes", name, "params", "table"}
				out = append(out, *finding)
			}
		})
		return out
	},
}

// lookupTable judges the table param of one lookup vindex; nil means that it
// leads to a declared table.
func (f *Facts) lookupTable(vindex, written string) *Finding {
	const planFails = "the VSchema loads, and queries by the vindex's column fail: \"failed to plan the lookup query\""
	if written == "" {
		return &Finding{
			Message: fmt.Sprintf("lookup vindex %s names no table", vindex),
			Harm:    planFails,
			Next:    "set the param \"table\" to KEYSPACE.TABLE",
		}
	}
	ks, name, err := f.parser.ParseTable(written)
	if err != nil {
		return &Finding{
			Message: fmt.Sprintf("lookup table %s of vindex %s is not a table's name", written, vindex),
			Harm:    planFails,
			Next:    "write it as KEYSPACE.TABLE",
		}
	}
	to := f.resolve(ks, name)
	if to.table != nil {
		return nil
	}
	finding := &Finding{
		Message: fmt.Sprintf("lookup table %s of vindex %s is not declared", written, vindex),
		Near:    f.nearTable(ks, name, anyTable),
		Harm:    fmt.Sprintf("%s (%s)", planFails, to.err),
		Next:    "name a declared table, or declare this one",
	}
	if to.err == "" {
		// An unsharded keyspace may well have tables that nobody declared. A
		// name one slip away from a declared one is no such table.
		finding.Harm = fmt.Sprintf("vtgate takes any name for a table of unsharded keyspace %s: lookups work only if the table exists there", to.keyspace)
		if finding.Near == "" || !oneSlip(join(ks, name), finding.Near) {
			finding.Severity = Warning
		}
	}
	return finding
}

// oneSlip tells whether two names differ by one letter (missing, added, wrong
// or swapped with its neighbour), or by case only.
func oneSlip(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch len(b) - len(a) {
	case 0:
		return i == len(a) || a[i+1:] == b[i+1:] ||
			(i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:])
	case 1:
		return a[i:] == b[i+1:]
	default:
		return false
	}
}
