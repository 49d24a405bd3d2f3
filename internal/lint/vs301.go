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
			if use.to.table != nil {
				return
			}
			out = append(out, Finding{
				Keyspace: use.ks,
				Path:     use.path(),
				Message:  use.undeclared(),
				Near:     f.nearTable(use.seqKs, use.seqName, isSequence),
				Harm:     use.harm(),
				Next:     "name a declared table of type sequence, or declare this one in its unsharded keyspace first",
			})
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
	// declared tells that there is a table of that name, wherever it leads.
	declared bool
}

func (u sequenceUse) path() []string {
	return []string{"tables", u.table, "auto_increment", "sequence"}
}

func (u sequenceUse) undeclared() string {
	switch {
	case u.written == "":
		return fmt.Sprintf("auto_increment of table %s names no sequence", u.table)
	case u.declared:
		return fmt.Sprintf("sequence %s of %s.%s cannot be reached: %s", u.written, u.table, u.column, u.to.err)
	}
	return fmt.Sprintf("sequence %s of %s.%s is not declared", u.written, u.table, u.column)
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
			use.declared = f.srv.Keyspaces[use.seqKs].GetTables()[use.seqName] != nil || use.seqKs == "" && len(f.answering[use.seqName]) > 0
		}
		out = append(out, use)
	})
	return out
}

func isSequence(t *vschema.Table) bool { return t.GetType() == vindexes.TypeSequence }
