package lint

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/near"
)

// Ignore is a suppression: a person's word, with a reason, that findings of a
// place are known and do not count. It stands in the config, with a Path, or in
// the file itself, with a Line.
type Ignore struct {
	Codes  []string
	Reason string
	// Path is a glob of files, from the folder of Pos.File: ** stands for any
	// number of folders, and a folder for all that is below it.
	Path string
	// From is the current folder as seen from that of Pos.File. It is only
	// needed where the two differ and names begin at the current folder: how to
	// come down to it again they do not say.
	From string
	// Line is the line of Pos.File that the suppression is for.
	Line int
	// Pos is where the suppression stands. Its file and those of the findings
	// are named alike: both from the current folder, or both in full.
	Pos errs.Position
}

// Suppressed is a finding that does not count.
type Suppressed struct {
	Finding
	Reason string        `json:"reason"`
	By     errs.Position `json:"suppressed_at"`
}

// Judged is what suppressions leave of findings. Each list keeps the order that
// it came in.
type Judged struct {
	Kept       []Finding
	Suppressed []Suppressed
	// Bad are the suppressions that are none (VS106): they suppress nothing.
	Bad []Finding
	// Unused are those that no finding was found for (VS107).
	Unused []Finding
}

// Suppress parts findings, which know their positions, by the suppressions.
func Suppress(found []Finding, ignores []Ignore) Judged {
	var out Judged
	var valid []*suppression
	for _, ignore := range ignores {
		bad := ignore.check()
		out.Bad = append(out.Bad, bad...)
		if len(bad) == 0 {
			valid = append(valid, &suppression{Ignore: ignore, used: make([]bool, len(ignore.Codes))})
		}
	}
	for _, f := range found {
		if i := slices.IndexFunc(valid, func(s *suppression) bool { return s.takes(f) }); i >= 0 {
			out.Suppressed = append(out.Suppressed, Suppressed{Finding: f, Reason: valid[i].Reason, By: valid[i].Pos})
		} else {
			out.Kept = append(out.Kept, f)
		}
	}
	for _, s := range valid {
		out.Unused = append(out.Unused, s.unused()...)
	}
	return out
}

// suppression is an Ignore and which of its codes were of use.
type suppression struct {
	Ignore
	used []bool
}

func (s *suppression) takes(f Finding) bool {
	i := slices.Index(s.Codes, f.Code)
	if i < 0 || !s.covers(f.Pos) {
		return false
	}
	s.used[i] = true
	return true
}

func (s *suppression) unused() []Finding {
	var out []Finding
	for i, code := range s.Codes {
		if !s.used[i] {
			out = append(out, Finding{
				Code: "VS107", Severity: Warning, Pos: s.Pos,
				Message: fmt.Sprintf("nothing here is found by %s", code),
				Harm:    "it would hide the next mistake of that kind at this place",
				Next:    "remove the suppression",
			})
		}
	}
	return out
}

// covers tells whether the place is one that the suppression is for.
func (g Ignore) covers(pos errs.Position) bool {
	if g.Line > 0 {
		return pos.File == g.Pos.File && pos.Line == g.Line
	}
	file := filepath.Join(g.From, pos.File)
	if g.From == "" {
		var err error
		if file, err = filepath.Rel(filepath.Dir(g.Pos.File), pos.File); err != nil {
			return false
		}
	}
	return pos.File != "" && matchPath(strings.Split(path.Clean(g.Path), "/"), strings.Split(filepath.ToSlash(file), "/"))
}

// check gives what is wrong with a suppression.
func (g Ignore) check() []Finding {
	var out []Finding
	add := func(nearest, next, format string, args ...any) {
		out = append(out, Finding{
			Code: "VS106", Severity: Warning, Pos: g.Pos,
			Message: fmt.Sprintf(format, args...), Near: nearest,
			Harm: "it suppresses nothing", Next: next,
		})
	}
	if len(g.Codes) == 0 {
		add("", "name the code of a rule, such as VS301", "the suppression names no rule")
	}
	for _, code := range g.Codes {
		rule, known := RuleOf(code)
		switch {
		case !known:
			add(near.Name(code, Codes()), "vtsync lint --explain CODE shows a rule", "there is no rule %s", code)
		case strings.HasPrefix(code, "VS1"):
			add("", "correct the file", "%s cannot be suppressed: what cannot be read is not known", code)
		case rule.Change:
			add("", "allow the change when it is planned: --allow "+code, "%s is about a change, which no suppression outlives", code)
		}
	}
	if strings.TrimSpace(g.Reason) == "" {
		add("", "say why, and until when", "the suppression gives no reason")
	}
	if g.Line == 0 {
		if _, err := path.Match(g.Path, ""); err != nil || g.Path == "" {
			add("", "write it as keyspaces/customer/**, from the folder of this file", "%q is no pattern of paths", g.Path)
		}
	}
	return out
}

// matchPath tells whether the pattern names the file or a folder above it.
func matchPath(pattern, file []string) bool {
	switch {
	case len(pattern) == 0:
		return true
	case pattern[0] == "**":
		return matchPath(pattern[1:], file) || len(file) > 0 && matchPath(pattern, file[1:])
	case len(file) == 0:
		return false
	}
	ok, err := path.Match(pattern[0], file[0])
	return err == nil && ok && matchPath(pattern[1:], file[1:])
}

// RuleOf gives the rule of a code.
func RuleOf(code string) (Rule, bool) {
	i := slices.IndexFunc(All, func(r Rule) bool { return r.Code == code })
	if i < 0 {
		return Rule{}, false
	}
	return All[i], true
}

// Codes lists the codes of all rules, sorted.
func Codes() []string {
	codes := make([]string, len(All))
	for i, r := range All {
		codes[i] = r.Code
	}
	return codes
}
