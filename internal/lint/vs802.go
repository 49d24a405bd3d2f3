package lint

import (
	"fmt"

	"vitess.io/vitess/go/vt/vtgate/vindexes"
)

// vanished is the net under the other rules: it builds everything that they
// found sound at once, and wants every table there and no keyspace in error.
var vanished = Rule{
	Code: "VS802", Name: "table that is gone once everything is built together", Severity: Error,
	Check: func(f *Facts) []Finding {
		unresolved := make(map[string]bool)
		for _, finding := range unresolvedSequence.Check(f) {
			unresolved[join(finding.Keyspace, finding.Path[1])] = true
		}
		explained := make(map[string]bool)
		for _, finding := range unresolvedSource.Check(f) {
			explained[finding.Keyspace] = true
		}
		built := vindexes.BuildVSchema(withoutAutoIncrement(f.sound, func(ks, table string) bool {
			return !unresolved[join(ks, table)]
		}), f.parser)

		var out []Finding
		for _, ks := range sortedKeys(f.sound.Keyspaces) {
			for _, name := range sortedKeys(f.sound.Keyspaces[ks].GetTables()) {
				if built.Keyspaces[ks].Tables[name] == nil {
					out = append(out, Finding{
						Keyspace: ks,
						Path:     []string{"tables", name},
						Message:  fmt.Sprintf("table %s.%s is gone once vtgate builds all keyspaces and rules together", ks, name),
						Harm:     fmt.Sprintf("its queries fail: \"table %s not found\"", name),
					})
				}
			}
			if built.Keyspaces[ks].Error != nil && !explained[ks] {
				out = append(out, Finding{
					Keyspace: ks,
					Message:  fmt.Sprintf("keyspace %s is in error once vtgate builds all keyspaces and rules together", ks),
					Harm:     "vtgate shows the error in SHOW VSCHEMA KEYSPACES and keeps what it could build",
				})
			}
		}
		return out
	},
}
