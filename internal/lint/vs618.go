package lint

import (
	"fmt"
	"slices"

	"vitess.io/vitess/go/vt/schema"

	"github.com/vtsync/vtsync/internal/near"
)

var undeclaredTable = Rule{
	Code: "VS618", Name: "table of a sharded keyspace that the VSchema lacks", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for _, ks := range f.keyspaces() {
			if !f.srv.Keyspaces[ks].GetSharded() {
				continue // vtgate knows such a table without being told
			}
			undeclared, uncreated := f.unpaired(ks)
			meant := nearTables(uncreated, undeclared)
			for _, name := range undeclared {
				if slices.Contains(meant, name) || schema.IsInternalOperationTableName(name) {
					continue // VS619 names it as the one that is meant
				}
				out = append(out, Finding{
					Keyspace: ks,
					Path:     []string{"tables", name},
					Pos:      f.schemas[ks].Tables[name].Pos,
					Message:  fmt.Sprintf("table %s is created in sharded keyspace %s, and its VSchema does not have it", name, ks),
					Harm:     fmt.Sprintf("queries fail: \"table %s not found\"; where vtgate tracks schemas, reads go to all shards and inserts fail: \"table '%s' does not have a primary vindex\"", name, name),
					Next:     "add it to the VSchema with a primary vindex",
				})
			}
		}
		return out
	},
}

// unpaired gives the tables of a keyspace that only MySQL has, and those that
// only the VSchema has, sorted. There are none where MySQL's are not known.
func (f *Facts) unpaired(ks string) (undeclared, uncreated []string) {
	known := f.schemas[ks]
	if known == nil {
		return nil, nil
	}
	tables := f.srv.Keyspaces[ks].GetTables()
	for _, name := range sortedKeys(known.Tables) {
		if tables[name] == nil {
			undeclared = append(undeclared, name)
		}
	}
	for _, name := range sortedKeys(tables) {
		if !known.Creates(name) {
			uncreated = append(uncreated, name)
		}
	}
	return undeclared, uncreated
}

// maxMeant bounds how many tables are searched for one that is meant: with more
// the folder is about something else.
const maxMeant = 50

// nearTables gives, for each declared table that is not created, the created one
// that is meant: the one whose name differs by one slip. "" says that there is
// none.
func nearTables(uncreated, undeclared []string) []string {
	out := make([]string, len(uncreated))
	if len(uncreated) > maxMeant || len(undeclared) > maxMeant {
		return out
	}
	for i, name := range uncreated {
		if best := near.Name(name, undeclared); oneSlip(name, best) {
			out[i] = best
		}
	}
	return out
}
