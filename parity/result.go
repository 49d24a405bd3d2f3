package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// result is all that was compared.
type result struct {
	files, mutants []outcome
}

// failures are the outcomes in which lint and Vitess disagree.
func (r *result) failures() []outcome {
	return slices.DeleteFunc(slices.Concat(r.files, r.mutants), func(o outcome) bool {
		return !o.missed() && len(o.tooMuch()) == 0
	})
}

// missed tells that Vitess minds and lint does not.
func (o outcome) missed() bool { return harm[o.vitess.verdict] > 0 && !o.found() }

// found tells that lint has an error for it: for a mistake that does harm, one
// that the file has not without it.
func (o outcome) found() bool {
	if o.proves() {
		return len(o.fresh()) > 0
	}
	return len(o.errors) > 0
}

// proves tells that it is a mistake whose effect can be told from what is wrong
// with the file anyway: Vitess finds the file better without it, or sound, and
// lint can read it.
func (o outcome) proves() bool {
	if o.base == nil || o.base.unread {
		return false
	}
	was := harm[o.base.vitess.verdict]
	return was == 0 || harm[o.vitess.verdict] > was
}

// fresh are the errors that the file has not without the mistake: none of their
// rule has the same message there, or stands in the same place.
func (o outcome) fresh() []said {
	if o.base == nil {
		return o.errors
	}
	return slices.DeleteFunc(slices.Clone(o.errors), func(e said) bool {
		return slices.ContainsFunc(o.base.errors, func(was said) bool {
			return e.code == was.code && (e.message == was.message || e.place() == was.place())
		})
	})
}

// tooMuch are the errors of lint in what builds and plans, but for those that
// are known to see more than the planner does.
func (o outcome) tooMuch() []said {
	if o.vitess.verdict != clean {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(o.errors), func(e said) bool { return excused(o.vitess.state, e) })
}

// proving are the mistakes that count.
func (r *result) proving() []outcome {
	return slices.DeleteFunc(slices.Clone(r.mutants), func(o outcome) bool { return !o.proves() })
}

// harmful counts the mistakes that do harm which the file does not have without.
func (r *result) harmful() int {
	n := 0
	for _, o := range r.proving() {
		n += min(1, harm[o.vitess.verdict])
	}
	return n
}

// text is the summary, as it stands on the page.
func (r *result) text() string {
	var w strings.Builder
	fmt.Fprintf(&w, "The %d VSchema files of Vitess's own tree, as they are:\n\n", len(r.files))
	w.WriteString(table("files", "lint says error", r.files))
	w.WriteString(r.asTheyAre())
	fmt.Fprintf(&w, "\n%d mistakes made in them, of which %d do harm; a mistake is found by an error that the file does not have without it:\n\n", len(r.proving()), r.harmful())
	w.WriteString(table("mistakes", "found by lint", r.proving()))
	if n := len(r.mutants) - len(r.proving()); n > 0 {
		fmt.Fprintf(&w, "\n%d more are not counted, as the file is broken without them: to Vitess no less than with them, or so that lint cannot read it and says nothing else.\n", n)
	}
	byCode := map[string]int{}
	for _, o := range r.proving() {
		if o.vitess.verdict == clean {
			for _, code := range codes(o.fresh()) {
				byCode[code]++
			}
		}
	}
	if len(byCode) > 0 {
		w.WriteString("\nThe errors in what builds and plans, where the planner cannot see the harm:\n\n| rule | mistakes | why it is an error all the same |\n|---|---|---|\n")
		for _, code := range slices.Sorted(maps.Keys(byCode)) {
			fmt.Fprintf(&w, "| %s | %d | %s |\n", code, byCode[code], beyondPlans[code].why)
		}
	}
	return w.String()
}

// table counts outcomes by verdict.
func table(what, found string, outcomes []outcome) string {
	var w strings.Builder
	fmt.Fprintf(&w, "| what Vitess does with it | %s | %s |\n|---|---|---|\n", what, found)
	for _, v := range verdicts {
		all, said := 0, 0
		for _, o := range outcomes {
			if o.vitess.verdict != v {
				continue
			}
			all++
			if o.found() {
				said++
			}
		}
		if all > 0 {
			fmt.Fprintf(&w, "| %s | %d | %d |\n", v, all, said)
		}
	}
	return w.String()
}

// asTheyAre lists the errors in files that build and plan as Vitess has them.
func (r *result) asTheyAre() string {
	var w strings.Builder
	for _, o := range r.files {
		if o.vitess.verdict != clean {
			continue
		}
		for _, code := range codes(o.errors) {
			fmt.Fprintf(&w, "\nOf those that build and plan, `%s` has %s: %s.\n", o.file, code, beyondPlans[code].why)
		}
	}
	return w.String()
}

// codes are those of the errors, each once, sorted.
func codes(errors []said) []string {
	var out []string
	for _, e := range errors {
		out = append(out, e.code)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// details lists every disagreement.
func (r *result) details() string {
	var w strings.Builder
	for _, o := range r.failures() {
		if o.missed() {
			fmt.Fprintf(&w, "\nMISSED %s, %s\n  Vitess: %s: %s\n", o.file, o.what, o.vitess.verdict, o.vitess.reason)
			continue
		}
		fmt.Fprintf(&w, "\nTOO MUCH %s, %s\n", o.file, o.what)
		for _, e := range o.tooMuch() {
			fmt.Fprintf(&w, "  %s: %s\n", e.code, e.message)
		}
	}
	return w.String()
}

// The marks on the page, between which the summary stands.
const (
	beginMark = "<!-- parity -->\n"
	endMark   = "<!-- /parity -->"
)

// insert replaces what stands between the marks of the page.
func insert(file, text string) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, begun := strings.Cut(string(page), beginMark)
	_, after, ended := strings.Cut(rest, endMark)
	if !begun || !ended {
		return fmt.Errorf("%s does not have the marks %q and %q", file, strings.TrimSpace(beginMark), endMark)
	}
	return os.WriteFile(file, []byte(before+beginMark+text+endMark+after), 0o644)
}
