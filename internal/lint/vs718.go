package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/vschema"
)

var mirrorPercent = Rule{
	Code: "VS718", Name: "mirror rule with a percentage outside 0 to 100", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for i, r := range f.srv.GetMirrorRules().GetRules() {
			if r.GetPercent() >= 0 && r.GetPercent() <= 100 {
				continue
			}
			harm := "vtgate mirrors all queries"
			if r.GetPercent() < 0 {
				harm = "vtgate mirrors no query"
			}
			out = append(out, Finding{
				Path:    rulePath(vschema.MirrorKind, i, "percent"),
				Message: fmt.Sprintf("%s for %q mirrors %v percent", ruleNouns[vschema.MirrorKind], r.GetFromTable(), r.GetPercent()),
				Harm:    harm,
				Next:    "write a number from 0 to 100",
			})
		}
		return out
	},
}
