package lint

import "github.com/vtsync/vtsync/internal/vschema"

// withoutNamed leaves out what a net found in an entry of which a rule without
// a net already said that vtgate cannot build it.
func withoutNamed(found []Finding) []Finding {
	named := make(map[vschema.Entry]bool)
	for _, f := range found {
		if e, ok := f.Entry(); ok && f.whole && !f.net && f.Severity == Error {
			named[e] = true
		}
	}
	var out []Finding
	for _, f := range found {
		if e, ok := f.Entry(); f.net && ok && named[e] {
			continue
		}
		out = append(out, f)
	}
	return out
}
