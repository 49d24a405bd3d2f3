package lint

import (
	"fmt"

	"vitess.io/vitess/go/vt/vterrors"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

// Files need not manage every keyspace, so one mistake is made, or one thing is
// to be told, for each that they name and do not have. A plan knows what there
// is: there each place is a mistake by itself, and an old one stops nobody.
var absentKeyspace = Rule{
	Code: "VS806", Name: "keyspace that is named and has no file", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		absences := f.absences()
		count := make(map[string]int)
		for _, a := range absences {
			count[a.absent]++
		}
		for _, a := range absences {
			n, first := count[a.absent]
			switch {
			case f.whole:
				out = append(out, a.missing())
			case first:
				out = append(out, a.fileless(n-1))
				delete(count, a.absent)
			}
		}
		return out
	},
}

// absence is a place that does not work without a keyspace that is absent.
type absence struct {
	absent   string
	keyspace string // in which the place is, "" for rules
	path     []string
	what     string // how the message begins
	harm     string
}

// missing is the finding about a keyspace that is not there.
func (a absence) missing() Finding {
	return Finding{
		Keyspace: a.keyspace,
		Path:     a.path,
		Message:  fmt.Sprintf("%s: keyspace %s does not exist", a.what, a.absent),
		Harm:     a.harm,
		Next:     fmt.Sprintf("create keyspace %s first", a.absent),
	}
}

// fileless is the finding about a keyspace that may be there, and is named in
// other places too.
func (a absence) fileless(others int) Finding {
	finding := a.missing()
	finding.Message = fmt.Sprintf("%s: keyspace %s has no file here%s", a.what, a.absent, alsoNamed(others))
	finding.Harm = fmt.Sprintf("unless keyspace %s is live all the same, %s", a.absent, a.harm)
	finding.Next = fmt.Sprintf("vtsync pull --keyspace %s takes it in; if it is not to be managed here, say so under lint.ignore in vtsync.yaml: {rule: VS806, path: %q, reason: %s is not managed here}", a.absent, a.glob(), a.absent)
	return finding
}

func alsoNamed(others int) string {
	switch others {
	case 0:
		return ""
	case 1:
		return "; 1 other place names it"
	default:
		return fmt.Sprintf("; %d other places name it", others)
	}
}

// glob is the pattern of the files that hold the place.
func (a absence) glob() string {
	if a.keyspace == "" {
		return a.path[0] + ".*"
	}
	return "keyspaces/" + a.keyspace + "/**"
}

// absences gives all of them: keyspaces by name, then rules by kind.
func (f *Facts) absences() []absence {
	var out []absence
	f.eachSequenceUse(func(use sequenceUse) {
		if f.namesAbsent(use.to) {
			out = append(out, absence{
				use.to.keyspace, use.ks, use.path(),
				fmt.Sprintf("sequence %s of %s.%s", use.written, use.table, use.column), use.harm(),
			})
		}
	})
	f.eachLookup(func(ks, name string, v *vschema.Vindex) {
		if to, _ := f.lookupTarget(ks, v); f.namesAbsent(to) {
			out = append(out, absence{
				to.keyspace, ks, []string{"vindexes", name, "params", "table"},
				fmt.Sprintf("lookup table %s of vindex %s", v.GetParams()["table"], name), lookupHarm(to.err),
			})
		}
	})
	f.eachTable(func(ks, name string, t *vschema.Table) {
		sourceKs, sourceName, ok := splitTarget(t.Source)
		if t.Type == vindexes.TypeReference && ok && f.absent(sourceKs) {
			out = append(out, absence{
				sourceKs, ks, []string{"tables", name, "source"},
				fmt.Sprintf("source %s of reference table %s", join(sourceKs, sourceName), name), sourceHarm(ks, name),
			})
		}
	})
	return append(out, f.ruleAbsences()...)
}

// namesAbsent tells that a name led into an absent keyspace by itself: of what a
// rule leads there the rule is the place.
func (f *Facts) namesAbsent(to target) bool {
	return to.rule == "" && to.keyspaceRule == "" && f.absent(to.keyspace)
}

// ruleAbsences are those of rules.
func (f *Facts) ruleAbsences() []absence {
	var out []absence
	for _, a := range f.aims() {
		if ks, _, ok := splitTarget(a.written); ok && f.absent(ks) {
			out = append(out, absence{ks, "", a.path(), fmt.Sprintf("%s: target %s", a.noun(), a.written), ruleHarm(ks)})
		}
	}
	for _, m := range f.matches() {
		harm := ""
		switch m.kind {
		case vschema.ShardRules:
			harm = shardRuleHarm
		case vschema.KeyspaceRules:
			harm = ruleHarm(m.to)
		default:
			continue
		}
		if m.key != "" && f.absent(m.to) {
			out = append(out, absence{m.to, "", rulePath(m.kind, m.i, "to_keyspace"), fmt.Sprintf("%s to %s", m.noun(), m.to), harm})
		}
	}
	for _, m := range f.mirrors() {
		base, _ := splitType(m.key)
		for _, side := range []struct{ field, table string }{{"from_table", base}, {"to_table", m.to}} {
			if ks, _, ok := splitTarget(side.table); ok && f.absent(ks) {
				out = append(out, absence{ks, "", rulePath(m.kind, m.i, side.field), fmt.Sprintf("%s to %s", m.noun(), m.to), mirrorHarm})
			}
		}
	}
	return out
}

// ruleHarm is what becomes of a rule to a keyspace that is not there.
func ruleHarm(ks string) string {
	return fmt.Sprintf("every query that the rule matches fails: %q", vterrors.VT05003(ks).Error())
}

// mirrorHarm is what becomes of a mirror rule between keyspaces of which one is
// not there.
const mirrorHarm = "nothing is mirrored, and queries are served without a word"
