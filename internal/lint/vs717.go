package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/vschema"
)

var brokenMirror = Rule{
	Code: "VS717", Name: "mirror rule that mirrors nothing", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for _, m := range f.mirrors() {
			base, _ := splitType(m.key)
			switch err := f.mirrorError(m.key); {
			case err == "":
				out = append(out, f.invented(m, "from_table", base)...)
				out = append(out, f.invented(m, "to_table", m.to)...)
			case strings.HasPrefix(err, fromTable) && f.inAbsentKeyspace(base),
				strings.HasPrefix(err, toTable) && f.inAbsentKeyspace(m.to):
			default:
				out = append(out, f.brokenMirror(m, err))
			}
		}
		return out
	},
}

// What vtgate says of a mirror rule begins with the side that it means.
const (
	fromTable = "from table: "
	toTable   = "to table: "
)

// mirrors gives the mirror rules, but those whose mistake is in what they match.
func (f *Facts) mirrors() []matched {
	var out []matched
	seen := make(map[string]bool)
	for _, m := range f.matches() {
		if m.kind != vschema.MirrorKind || seen[m.key] || m.key == "" {
			continue
		}
		seen[m.key] = true
		base, suffix := splitType(m.key)
		if suffix != "" && !slices.Contains(tabletTypes, suffix) || f.looksLikePattern(base) {
			continue
		}
		out = append(out, m)
	}
	return out
}

// inAbsentKeyspace tells that a table is written with an absent keyspace.
func (f *Facts) inAbsentKeyspace(table string) bool {
	ks, _, ok := splitTarget(table)
	return ok && f.absent(ks)
}

// mirrorError is what vtgate says of a mirror rule, but that there are two.
func (f *Facts) mirrorError(from string) string {
	rule := f.built.MirrorRules[from]
	if rule == nil || rule.Error == nil || strings.Contains(rule.Error.Error(), "duplicate rule") {
		return ""
	}
	return rule.Error.Error()
}

// brokenMirror places what vtgate says.
func (f *Facts) brokenMirror(m matched, why string) Finding {
	finding := Finding{
		Path:    m.path(),
		Message: fmt.Sprintf("%s to %s: %s", m.noun(), m.to, why),
		Harm:    fmt.Sprintf("nothing is mirrored, and queries are served without a word: %q shows only in /debug/vschema", why),
		Next:    "name two declared tables as KEYSPACE.TABLE, in two keyspaces",
	}
	base, suffix := splitType(m.key)
	switch {
	case strings.HasPrefix(why, fromTable):
		if near := f.nearTarget(base); near != "" {
			finding.Near = near + suffix
		}
		f.doubt(keyspaceOf(base), &finding)
	case strings.HasPrefix(why, toTable):
		finding.Path = rulePath(m.kind, m.i, "to_table")
		finding.Near = f.nearTarget(m.to)
		f.doubt(keyspaceOf(m.to), &finding)
	default:
		finding.Next = "mirror each table straight to where its queries are to go: a keyspace that is mirrored to is not mirrored itself"
	}
	return finding
}

// keyspaceOf is the keyspace that a table is written with, "" where it has none.
func keyspaceOf(written string) string {
	ks, _, ok := splitTarget(written)
	if !ok {
		return ""
	}
	return ks
}

// nearTarget is the declared table that is one slip away from a name; "" where
// the name is one already.
func (f *Facts) nearTarget(written string) string {
	ks, name, ok := splitTarget(written)
	switch {
	case !ok:
		if to := f.global(written); to.table != nil {
			return to.String()
		}
		return ""
	case f.srv.Keyspaces[ks].GetTables()[name] != nil:
		return ""
	}
	best := f.nearTable(ks, name, anyTable)
	if nearKs, _ := splitSource(best); !oneSlip(written, best) || nearKs != ks && f.srv.Keyspaces[ks] != nil {
		return "" // of another keyspace, and this one is there
	}
	return best
}

// invented is the finding about a side of a mirror rule that vtgate takes for
// a table only because its keyspace is unsharded.
func (f *Facts) invented(m matched, field, written string) []Finding {
	ks, name, ok := splitTarget(written)
	if !ok || f.srv.Keyspaces[ks].GetTables()[name] != nil || f.declaresNone(ks) {
		return nil
	}
	finding := Finding{
		Severity: Warning,
		Path:     rulePath(m.kind, m.i, field),
		Message:  fmt.Sprintf("%s to %s: table %s is not declared", m.noun(), m.to, written),
		Near:     f.nearTarget(written),
		Harm:     fmt.Sprintf("vtgate takes any name for a table of unsharded keyspace %s: where it does not exist nothing is mirrored, and nobody is told", ks),
		Next:     "name a declared table, or declare this one",
	}
	if _, suffix := splitType(m.key); field == "from_table" && finding.Near != "" {
		finding.Near += suffix
	}
	return []Finding{finding}
}
