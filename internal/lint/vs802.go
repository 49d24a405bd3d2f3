package lint

import (
	"fmt"

	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

// vanished is the net under the rules about everything together: it builds what
// they found sound at once, and wants every table there and no keyspace in
// error.
var vanished = Rule{
	Code: "VS802", Name: "table that is gone once everything is built together", Severity: Error, Net: true,
	Check: func(f *Facts) []Finding {
		unresolved := make(map[tableName]bool)
		f.eachSequenceUse(func(use sequenceUse) {
			if use.to.table == nil {
				unresolved[tableName{use.ks, use.table}] = true
			}
		})
		explained := make(map[string]bool)
		for _, finding := range unresolvedSource.Check(f) {
			explained[finding.Keyspace] = true
		}
		f.eachTable(func(ks, _ string, t *vschema.Table) {
			if sourceKs, _ := splitSource(t.Source); f.absent(sourceKs) {
				explained[ks] = true // VS806
			}
		})
		built, err := buildAll(vschema.WithoutAutoIncrement(f.sound, func(ks, table string) bool {
			return unresolved[tableName{ks, table}]
		}), f.parser)
		if err != nil {
			return []Finding{{Message: err.Error(), Harm: "vtgate keeps what it served before, or does not start"}}
		}
		return f.missingFrom(built, explained)
	},
}

// tableName is a table's keyspace and name.
type tableName struct{ ks, name string }

// missingFrom says what of the sound state a build lacks.
func (f *Facts) missingFrom(built *vindexes.VSchema, explained map[string]bool) []Finding {
	var out []Finding
	for _, ref := range f.tables {
		if f.sound.Keyspaces[ref.ks].Tables[ref.name] != nil && built.Keyspaces[ref.ks].Tables[ref.name] == nil {
			out = append(out, Finding{
				Keyspace: ref.ks,
				Path:     []string{"tables", ref.name},
				Message:  fmt.Sprintf("table %s.%s is gone once vtgate builds all keyspaces and rules together", ref.ks, ref.name),
				Harm:     fmt.Sprintf("its queries fail: \"table %s not found\"", ref.name),
			})
		}
	}
	for _, ks := range f.keyspaces() {
		if err := built.Keyspaces[ks].Error; err != nil && !explained[ks] {
			out = append(out, Finding{
				Keyspace: ks,
				Message:  fmt.Sprintf("keyspace %s is in error once vtgate builds all keyspaces and rules together: %s", ks, err),
				Harm:     "vtgate shows the error in SHOW VSCHEMA KEYSPACES and keeps what it could build",
			})
		}
	}
	return out
}
