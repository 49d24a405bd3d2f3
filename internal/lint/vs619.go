package lint

import "fmt"

var uncreatedTable = Rule{
	Code: "VS619", Name: "table of the VSchema that MySQL does not have", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for _, ks := range f.keyspaces() {
			undeclared, uncreated := f.unpaired(ks)
			for i, meant := range nearTables(uncreated, undeclared) {
				name := uncreated[i]
				out = append(out, Finding{
					Keyspace: ks,
					Path:     []string{"tables", name},
					Message:  fmt.Sprintf("the VSchema of keyspace %s has table %s, and MySQL has no such table", ks, name),
					Near:     meant,
					Harm:     fmt.Sprintf("vtgate plans its queries, and MySQL refuses them: \"Table '%s' doesn't exist\"", name),
					Next:     "correct the name (case matters), add the CREATE TABLE, or take the table out of the VSchema",
				})
			}
		}
		return out
	},
}
