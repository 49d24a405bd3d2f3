package lint

import (
	"path"
	"strings"

	"github.com/vtsync/vtsync/internal/errs"
)

// The rules about files say what the readers of the files found: nothing else
// can be judged before it is corrected.
var (
	unreadableFile = Rule{
		Code: "VS101", Name: "file cannot be read as JSON or YAML", Severity: Error,
		Check: fileProblems("VS101", "vtctldclient refuses such a file as a whole, and nothing in it can be judged"),
	}
	unknownField = Rule{
		Code: "VS102", Name: "field that Vitess does not know", Severity: Error,
		Check: fileProblems("VS102", "vtctldclient drops the field and all that is in it, and says that it succeeded"),
	}
	duplicateName = Rule{
		Code: "VS103", Name: "field or name that is written twice", Severity: Error,
		Check: fileProblems("VS103", "vtctldclient refuses the file; other readers keep one of the two and drop the other"),
	}
	impossibleValue = Rule{
		Code: "VS104", Name: "value that the field cannot hold", Severity: Error,
		Check: fileProblems("VS104", "vtctldclient refuses a value of another type; a name that is not in a list of names it drops, and says that it succeeded"),
	}
	misplacedFile = Rule{
		Code: "VS105", Name: "file that is not what its place says", Severity: Error,
		Check: misplaced,
	}
	badSuppression = Rule{
		Code: "VS106", Name: "suppression that suppresses nothing", Severity: Warning,
		Check: fileProblems("VS106", "what it is meant for is still reported"),
	}
	unusedSuppression = Rule{
		Code: "VS107", Name: "suppression that is of no use any more", Severity: Warning,
		Check: fileProblems("VS107", "it would hide the next mistake of that kind at this place"),
	}
)

// fileProblems gives a rule's check: the problems of its code.
func fileProblems(code, harm string) func(*Facts) []Finding {
	return func(f *Facts) []Finding {
		var out []Finding
		for _, p := range f.files {
			if p.Code == code {
				out = append(out, fileFinding(p, harm))
			}
		}
		return out
	}
}

// misplaced tells VSchemas from the SQL beside them, which no Vitess reads.
func misplaced(f *Facts) []Finding {
	out := fileProblems("VS105", "it would be left out of what is planned, or vtctldclient would save an empty VSchema in its place")(f)
	for i := range out {
		if strings.EqualFold(path.Ext(out[i].Pos.File), ".sql") {
			out[i].Harm = "the VSchema would be compared with other tables than MySQL's, or with none: mistakes in its columns, types and keys stay unseen"
		}
	}
	return out
}

// requiresFile stands beside a VSchema, and only vtsync reads it.
const requiresFile = "requires.yaml"

func fileFinding(p *errs.Invalid, harm string) Finding {
	message := p.Msg
	if p.Err != nil {
		message += ": " + p.Err.Error()
	}
	if path.Base(p.Pos.File) == requiresFile {
		harm = "the VSchema would be applied without waiting for the migration that is meant"
	}
	return Finding{Pos: p.Pos, Message: message, Near: p.Near, Harm: harm, Next: p.Next}
}
