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
	files, mutations int
	outcomes         []outcome
}

// failures are the outcomes in which lint and Vitess disagree.
func (r *result) failures() []outcome {
	var out []outcome
	for _, o := range r.outcomes {
		if o.missed() || len(o.unexcused()) > 0 {
			out = append(out, o)
		}
	}
	return out
}

// missed tells that Vitess minds and lint does not.
func (o outcome) missed() bool {
	return slices.Contains([]verdict{rejected, damaged, unplanned}, o.vitess.verdict) && len(o.errors) == 0
}

// unexcused are the errors of lint in what builds and plans, but for the rules
// that are known to see more than the planner does.
func (o outcome) unexcused() []string {
	if o.vitess.verdict != clean {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(o.errors), func(code string) bool { _, ok := beyondPlans[code]; return ok })
}

// text is the summary, as it stands on the page.
func (r *result) text() string {
	var w strings.Builder
	fmt.Fprintf(&w, "%d VSchema files of Vitess's own tree, and %d mistakes made in them:\n\n", r.files, r.mutations)
	w.WriteString("| what Vitess does with it | files | lint says error |\n|---|---|---|\n")
	for _, v := range verdicts {
		n, found := 0, 0
		for _, o := range r.outcomes {
			if o.vitess.verdict == v {
				n++
				found += min(1, len(o.errors))
			}
		}
		fmt.Fprintf(&w, "| %s | %d | %d |\n", v, n, found)
	}
	byCode := map[string]int{}
	for _, o := range r.outcomes {
		if o.vitess.verdict == clean {
			for _, code := range o.errors {
				byCode[code]++
			}
		}
	}
	if len(byCode) > 0 {
		w.WriteString("\nThe errors in what builds and plans, where the planner cannot see the harm:\n\n| rule | files | why it is an error all the same |\n|---|---|---|\n")
		for _, code := range slices.Sorted(maps.Keys(byCode)) {
			fmt.Fprintf(&w, "| %s | %d | %s |\n", code, byCode[code], beyondPlans[code])
		}
	}
	return w.String()
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
		for _, code := range o.unexcused() {
			fmt.Fprintf(&w, "  %s: %s\n", code, o.messages[code])
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
