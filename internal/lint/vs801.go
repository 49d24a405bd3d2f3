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
					Harm:     f.stopsTables(ks),
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

// stopsBuild is the harm of whatever vtgate refuses in one table: it hits the
// others too.
func stopsBuild(ks string) string {
	return fmt.Sprintf("ApplyVSchema refuses it; where it reaches a vtgate all the same, that stops building keyspace %s at the first error, in no fixed order: which tables are left differs from vtgate to vtgate and from reload to reload", ks)
}

// stopsTables is the harm of a vindex that vtgate cannot build: it builds all
// vindexes of a keyspace before the first table, used or not.
func (f *Facts) stopsTables(ks string) string {
	left := fmt.Sprintf("no table of keyspace %s is served", ks)
	if !f.srv.Keyspaces[ks].GetSharded() {
		left = fmt.Sprintf("nothing that keyspace %s declares is known, neither sequences nor reference tables", ks)
	}
	return "ApplyVSchema refuses it; where it reaches a vtgate all the same, that stops before the first table: " + left
}
