package lint

import (
	"fmt"
	"slices"
)

var chainedRule = Rule{
	Code: "VS711", Name: "routing rule to a table that a rule leads elsewhere", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		hops := f.hops()
		swapped := make(map[[2]string]bool)
		for _, a := range f.aims() {
			base, suffix := splitType(a.key)
			if a.to.err != "" || hops[a.key].name == "" {
				continue // broken, which is said there, or one of several
			}
			then, leads := f.secondHop(hops, a.to, suffix)
			_, name := splitSource(base)
			if !leads || name == a.to.name && then == base {
				continue // one rule, or a swap of two tables of the same name
			}
			if pair := [2]string{min(a.to.String(), then), max(a.to.String(), then)}; f.declared(splitSource(base)).String() == then {
				if swapped[pair] {
					continue // two tables that are swapped are one decision
				}
				swapped[pair] = true
			}
			finding := Finding{
				Severity: Warning,
				Path:     a.path(),
				Message:  fmt.Sprintf("%s leads to %s, for which a rule leads to %s", a.noun(), a.to, then),
				Harm:     fmt.Sprintf("vtgate takes one rule and no second one: queries of %s end at %s, and those that name %s do not", base, a.to, a.to),
				Next:     "name the table at which both are to end, or take one of the rules out",
			}
			if name != a.to.name {
				finding.Severity = Error
				finding.Harm = fmt.Sprintf("where a rule changes the name of a table, vtgate looks the new name up once more for selects, and not for inserts: those of %s write to %s, and selects read %s", base, a.to, then)
			}
			out = append(out, finding)
		}
		return out
	},
}

// secondHop says where vtgate leads what asks for a rule's target by its name,
// if that is elsewhere.
func (f *Facts) secondHop(hops map[string]target, to target, suffix string) (then string, leads bool) {
	typed := suffix
	if !slices.Contains(tabletTypes, suffix) {
		typed = primarySuffix
	}
	if next := f.routed(to.keyspace, to.name, typed); next.err == "" {
		return next.String(), next.String() != to.String()
	}
	for _, key := range []string{to.String() + suffix, to.String()} {
		if hop, ok := hops[key]; ok {
			return "nothing", hop.name == ""
		}
	}
	return "", false // that rule, or that table, is broken, which is said there
}
