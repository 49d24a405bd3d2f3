package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/vschema"
)

var sessionsLookupTable = Rule{
	Code: "VS412", Name: "lookup table that depends on the session's keyspace", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachLookup(func(ks, name string, v *vschema.Vindex) {
			written := v.GetParams()["table"]
			tableKs, table, err := f.parser.ParseTable(written)
			if err != nil || tableKs != "" {
				return
			}
			own, global := f.bareLookup(ks, table)
			finding := Finding{
				Keyspace: ks,
				Path:     []string{"vindexes", name, "params", "table"},
				Message:  fmt.Sprintf("lookup table %s of vindex %s is written without its keyspace, and which table that is depends on the session", written, name),
				Next:     "write it as KEYSPACE.TABLE",
			}
			switch {
			case own.table == nil && global.table == nil, own.table != nil && own.String() == global.String():
				return
			case own.table == nil:
				finding.Near = global.String()
				finding.Harm = fmt.Sprintf("in a session with keyspace %s, queries by the vindex's column and inserts fail: \"%s\"; in one with an unsharded keyspace, lookup rows are read and written there", ks, own.err)
			case global.table == nil:
				finding.Severity = Warning
				finding.Near = own.String()
				finding.Harm = fmt.Sprintf("in a session without a keyspace, queries by the vindex's column and inserts fail: \"%s\"", global.err)
			default:
				finding.Harm = fmt.Sprintf("sessions with keyspace %s read and write lookup rows in %s, those without a keyspace in %s: rows of one are not found by the other", ks, own, global)
			}
			out = append(out, finding)
		})
		return out
	},
}

// bareLookup looks up a lookup table that is written without its keyspace:
// vtgate runs the lookup in the session of the query, so it finds it from that
// session's keyspace. The first is for sessions with the vindex's own keyspace,
// the second for those without any.
func (f *Facts) bareLookup(ks, table string) (own, global target) {
	return f.resolve(ks, table), f.resolve("", table)
}
