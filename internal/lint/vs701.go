package lint

import "fmt"

var ruleToNothing = Rule{
	Code: "VS701", Name: "routing rule to a table that is not declared", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for _, a := range f.aims() {
			ks, name, ok := splitTarget(a.written)
			if a.to.table != nil || !ok || f.absent(ks) {
				continue
			}
			finding := Finding{
				Path:    a.path(),
				Message: fmt.Sprintf("%s: target %s is not declared", a.noun(), a.written),
				Near:    f.nearTable(ks, name, anyTable),
				Harm:    fmt.Sprintf("every query that the rule matches fails: %q", a.to.err),
				Next:    "name a declared table as KEYSPACE.TABLE, or declare this one",
			}
			finding.guess = f.moves(ks, finding.Near)
			bare, suffix := splitType(name)
			switch {
			case f.srv.Keyspaces[ks] == nil:
				finding.Message = fmt.Sprintf("%s: target %s: keyspace %s does not exist", a.noun(), a.written, ks)
			case suffix != "" && f.srv.Keyspaces[ks].GetTables()[bare] != nil:
				finding.Near, finding.guess = join(ks, bare), false
				finding.Next = "a target takes no tablet type: put it behind from_table"
			}
			if a.to.err == "" {
				// An unsharded keyspace may well have tables that nobody
				// declared; a name one slip away from a declared one is none.
				finding.Harm = fmt.Sprintf("vtgate takes any name for a table of unsharded keyspace %s: queries that the rule matches work only if the table exists there", ks)
				slip := finding.Near != "" && !finding.guess && (suffix != "" || oneSlip(join(ks, name), finding.Near))
				if !slip && f.declaresNone(ks) {
					continue
				}
				if !slip {
					finding.Severity = Warning
				}
			}
			f.doubt(ks, &finding)
			out = append(out, finding)
		}
		return out
	},
}

// declaresNone tells that nobody declares ordinary tables in the keyspace:
// unsharded ones need none, but of sequences, and rules for their tables are no
// mistake.
func (f *Facts) declaresNone(ks string) bool {
	vs := f.srv.Keyspaces[ks]
	if vs == nil || vs.Sharded {
		return false
	}
	for _, t := range vs.Tables {
		if !isSequence(t) {
			return false
		}
	}
	return true
}
