package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/vschema"
)

var halfMoved = Rule{
	Code: "VS710", Name: "routing rule for only one of a table's two names", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		hops := f.hops()
		for _, a := range f.aims() {
			home, other, ok := f.otherName(a.key)
			if !ok || a.to.err != "" || a.to.String() == home.String() {
				continue
			}
			if _, ruled := hops[other]; ruled || hops[a.key].name == "" {
				continue
			}
			how := "name it without its keyspace, in a session without one,"
			if other == home.String() {
				how = fmt.Sprintf("name it as %s, or have %s as their session's keyspace,", other, home.keyspace)
			}
			out = append(out, Finding{
				Path:    rulePath(vschema.TableRules, a.i, "from_table"),
				Message: fmt.Sprintf("%s sends table %s to %s under one of its names only", a.noun(), home, a.to),
				Harm:    fmt.Sprintf("queries that %s still go to %s: reads and writes of one table are split between two", how, home),
				Next:    fmt.Sprintf("add the same rule for %q, or take this one out", other),
			})
		}
		return out
	},
}

// otherName gives the table that a rule's key names as it is declared, and the
// other key under which the same queries could come: its name with, or
// without, the keyspace.
func (f *Facts) otherName(key string) (home target, other string, ok bool) {
	base, suffix := splitType(key)
	if suffix != "" {
		return target{}, "", false // a rule beside that of the primary
	}
	ks, name := splitSource(base)
	home = f.global(name)
	if home.table == nil || ks != "" && ks != home.keyspace {
		return target{}, "", false
	}
	if ks == "" {
		return home, home.String(), true
	}
	return home, name, true
}
