package lint

import (
	"fmt"
	"strings"
)

var sameButCase = Rule{
	Code: "VS214", Name: "names that differ by case only", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for _, ks := range f.keyspaces() {
			out = append(out, twins(ks, "tables", "table", sortedKeys(f.srv.Keyspaces[ks].Tables))...)
			out = append(out, twins(ks, "vindexes", "vindex", sortedKeys(f.srv.Keyspaces[ks].Vindexes))...)
		}
		return out
	},
}

// twins finds the names, sorted, that are an earlier one in other case.
func twins(ks, field, noun string, names []string) []Finding {
	var out []Finding
	first := make(map[string]string)
	for _, name := range names {
		folded := strings.ToLower(name)
		other, again := first[folded]
		if !again {
			first[folded] = name
			continue
		}
		out = append(out, Finding{
			Keyspace: ks,
			Path:     []string{field, name},
			Message:  fmt.Sprintf("%ss %s and %s of keyspace %s differ by case only", noun, other, name, ks),
			Harm:     fmt.Sprintf("to vtgate they are two: a query that spells the name in the other case uses the other %s", noun),
			Next:     "keep one of them, spelled as in MySQL and in the queries",
		})
	}
	return out
}
