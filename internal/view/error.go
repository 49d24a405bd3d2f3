package view

import (
	"errors"
	"io"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/plan"
)

// ErrorJSON is one error as programs read it.
type ErrorJSON struct {
	Kind     string         `json:"kind"`
	Message  string         `json:"message"`
	Position *errs.Position `json:"position,omitempty"`
	Near     string         `json:"near,omitempty"`
	Diff     string         `json:"diff,omitempty"`
	Next     string         `json:"next,omitempty"`
	// Denials and Findings say why a plan was denied.
	Denials  []plan.Denial  `json:"denials,omitempty"`
	Findings []lint.Finding `json:"findings,omitempty"`
}

// PlanDenied is the error of applying a plan that is denied. People were shown
// the plan; programs get its reasons here.
type PlanDenied struct {
	Plan *plan.Plan
	Err  error
}

func (e *PlanDenied) Error() string { return e.Err.Error() }
func (e *PlanDenied) Unwrap() error { return e.Err }

// ErrorsJSON is what stands on stderr with --format json.
type ErrorsJSON struct {
	Format   int         `json:"format"`
	Errors   []ErrorJSON `json:"errors"`
	ExitCode int         `json:"exit_code"`
}

// Errors gives an error as data, one entry per joined error.
func Errors(err error) ErrorsJSON {
	out := ErrorsJSON{Format: Format, ExitCode: errs.ExitCode(err)}
	for _, e := range flatten(err) {
		out.Errors = append(out.Errors, describe(e))
	}
	return out
}

// ErrorText writes an error for people: what is wrong, what was found instead,
// and the next thing to do.
func ErrorText(w io.Writer, err error, style Style) error {
	p := page{style: style}
	next := ""
	for _, e := range flatten(err) {
		d := describe(e)
		if next != "" && d.Next != next {
			p.line("%s %s", style.paint(bold, "next:"), next)
		}
		next = d.Next
		p.line("%s %s", style.paint(red, "error:"), d.Message)
		if d.Diff != "" {
			p.block("  ", style.paintDiff(d.Diff))
		}
	}
	if next != "" {
		p.line("%s %s", style.paint(bold, "next:"), next)
	}
	return p.writeTo(w)
}

// flatten gives the parts of joined errors; an error that wraps a join with
// words of its own stays whole.
func flatten(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error }) // only a bare join is taken apart
	if !ok {
		return []error{err}
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, flatten(e)...)
	}
	return out
}

func describe(err error) ErrorJSON {
	var (
		invalid  *errs.Invalid
		denied   *errs.Denied
		conflict *errs.Conflict
		unknown  *errs.Unknown
		reasons  *PlanDenied
	)
	d := ErrorJSON{Kind: "internal", Message: err.Error()}
	if errors.As(err, &reasons) {
		d.Denials, d.Findings = reasons.Plan.Denials, reasons.Plan.Findings
	}
	switch {
	case errors.As(err, &unknown):
		d.Kind, d.Next = "unknown", unknown.Next
	case errors.As(err, &conflict):
		d.Kind, d.Next, d.Diff = "conflict", conflict.Next, conflict.Diff
	case errors.As(err, &denied):
		d.Kind, d.Next = "denied", denied.Next
	case errors.As(err, &invalid):
		d.Kind, d.Next, d.Near = "invalid", invalid.Next, invalid.Near
		if invalid.Pos != (errs.Position{}) {
			d.Position = &invalid.Pos
		}
	}
	return d
}
