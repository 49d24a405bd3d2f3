package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/vschema"
)

var chainedRule = Rule{
	Code: "VS711", Name: "routing rule to a table that a rule leads elsewhere", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		hops := f.hops()
		for _, a := range f.aims() {
			base, suffix := splitType(a.key)
			if _, sound := hops[a.key]; !sound || a.to.err != "" || a.to.String() == base {
				continue
			}
			next, ok := hops[a.to.String()+suffix]
			if !ok {
				next, ok = hops[a.to.String()]
			}
			home, _, _ := f.otherName(base)
			if !ok || next.String() == a.to.String() || next.String() == base || next.String() == home.String() {
				continue // no rule, or none that leads on, or a legal swap of two tables
			}
			then := fmt.Sprintf("leads to %s", next)
			if next.name == "" {
				then = "disables it"
			}
			out = append(out, Finding{
				Path:    rulePath(vschema.TableRules, a.i, "to_tables", fmt.Sprint(a.nth)),
				Message: fmt.Sprintf("%s leads to %s, and the rule for that %s", a.noun(), a.to, then),
				Harm:    fmt.Sprintf("vtgate takes one rule and no second one: these queries end at %s, and those that name %s do not", a.to, a.to),
				Next:    "name the table at which both are to end",
			})
		}
		return out
	},
}
