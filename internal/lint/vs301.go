package lint

import (
	"fmt"

	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

var unresolvedSequence = Rule{
	Code: "VS301", Name: "auto_increment sequence is not declared", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachSequenceUse(func(use sequenceUse) {
			if use.to.table != nil || f.inAbsent(use.to) {
				return
			}
			finding := f.unreached(use.seqKs, use.seqName, use.to, isSequence, "name a declared table of type sequence, or declare this one in its unsharded keyspace first")
			finding.Keyspace, finding.Path = use.ks, use.path()
			finding.Message = fmt.Sprintf("sequence %s of %s.%s %s", use.written, use.table, use.column, finding.Message)
			if use.written == "" {
				finding.Message = fmt.Sprintf("auto_increment of table %s names no sequence", use.table)
			}
			finding.Harm = use.harm()
			f.doubt(use.to.keyspace, &finding)
			out = append(out, finding)
		})
		return out
	},
}

// sequenceUse is one table's auto_increment and where its sequence leads.
type sequenceUse struct {
	ks, table, column string
	written           string // as the VSchema spells it
	seqKs, seqName    string
	to                target
}

func (u sequenceUse) path() []string {
	return []string{"tables", u.table, "auto_increment", "sequence"}
}

func (u sequenceUse) harm() string {
	if u.to.err == "" {
		return fmt.Sprintf("vtgate takes any name for a table of unsharded keyspace %s: the VSchema loads, and inserts into %s fail when no such sequence is found there", u.to.keyspace, u.table)
	}
	return fmt.Sprintf("vtgate says \"cannot resolve sequence %s: %s\" and drops %s from routing: its queries fail with \"table %s not found\" or \"table does not have a primary vindex\"",
		u.written, u.to.err, u.table, u.table)
}

// eachSequenceUse calls fn for every auto_increment, by keyspace and table.
func (f *Facts) eachSequenceUse(fn func(sequenceUse)) {
	if f.sequences == nil {
		f.sequences = f.findSequences()
	}
	for _, use := range f.sequences {
		fn(use)
	}
}

func (f *Facts) findSequences() []sequenceUse {
	out := []sequenceUse{}
	f.eachTable(func(ks, name string, t *vschema.Table) {
		if t.AutoIncrement == nil {
			return
		}
		use := sequenceUse{ks: ks, table: name, column: t.AutoIncrement.Column, written: t.AutoIncrement.Sequence}
		var err error
		use.seqKs, use.seqName, err = f.parser.ParseTable(use.written)
		if err != nil {
			use.seqName = use.written
			use.to = target{err: err.Error()}
		} else {
			use.to = f.resolve(use.seqKs, use.seqName)
		}
		out = append(out, use)
	})
	return out
}

func isSequence(t *vschema.Table) bool { return t.GetType() == vindexes.TypeSequence }
