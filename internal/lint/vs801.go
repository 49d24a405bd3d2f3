package lint

import "fmt"

var unbuildable = Rule{
	Code: "VS801", Name: "vindex or table that vtgate cannot build", Severity: Error, Whole: true, Net: true,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for _, ks := range sortedKeys(f.bad) {
			bad := f.bad[ks]
			for _, name := range sortedKeys(bad.vindexes) {
				out = append(out, Finding{
					Keyspace: ks,
					Path:     []string{"vindexes", name},
					Message:  fmt.Sprintf("vindex %s.%s cannot be built: %s", ks, name, bad.vindexes[name]),
					Harm:     stopsBuild(ks),
				})
			}
			for _, name := range sortedKeys(bad.tables) {
				out = append(out, Finding{
					Keyspace: ks,
					Path:     []string{"tables", name},
					Message:  fmt.Sprintf("table %s.%s cannot be built: %s", ks, name, bad.tables[name]),
					Harm:     stopsBuild(ks),
				})
			}
		}
		return out
	},
}

// stopsBuild is the harm of whatever vtgate refuses in one entry: it hits the
// others too.
func stopsBuild(ks string) string {
	return fmt.Sprintf("ApplyVSchema refuses it; where it reaches a vtgate all the same, that stops building keyspace %s at the first error, in no fixed order: which tables are left differs from vtgate to vtgate and from reload to reload", ks)
}
