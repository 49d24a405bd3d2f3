package lint

import "slices"

// Forbidden is a value that the schema of its file's kind forbids and the
// file's reader takes.
type Forbidden struct {
	Keyspace string
	Path     []string // as in a Finding
	Message  string
}

var forbiddenValue = Rule{
	Code: "VS108", Name: "value outside of what the format allows", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for _, v := range f.forbidden {
			out = append(out, Finding{
				Keyspace: v.Keyspace, Path: v.Path, Message: v.Message,
				Harm: "Vitess saves it and nobody can tell what it means there",
				Next: "correct the value; the format is what vtsync schema prints",
			})
		}
		return out
	},
}

// withoutTold leaves out the forbidden values of which a rule says more.
func withoutTold(found []Finding) []Finding {
	if !slices.ContainsFunc(found, isForbidden) {
		return found
	}
	return slices.DeleteFunc(slices.Clone(found), func(v Finding) bool {
		return isForbidden(v) && slices.ContainsFunc(found, func(f Finding) bool {
			return !isForbidden(f) && f.Keyspace == v.Keyspace && sameBranch(f.Path, v.Path)
		})
	})
}

func isForbidden(f Finding) bool { return f.Code == "VS108" }

// sameBranch tells that one path leads through the other, and deeper than to
// all tables or vindexes.
func sameBranch(a, b []string) bool {
	n := min(len(a), len(b))
	return n > 1 && slices.Equal(a[:n], b[:n])
}
