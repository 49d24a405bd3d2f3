// Package errs holds the four kinds of error that drive vtsync's behaviour;
// every other error is internal. Exit codes, metric labels and retries come
// from the kind, never from the text. It must import nothing of vtsync.
//
// Texts are lower case and say what was being done, with identifiers. Next is
// the command or the edit that a user should try, shown on a line of its own.
package errs

import (
	"errors"
	"fmt"
	"strings"
)

// Position is a place in a file that a user wrote. Line and Column count from
// 1; zero means unknown.
type Position struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// String gives file:line:column, as far as they are known.
func (p Position) String() string {
	switch {
	case p.File == "":
		return ""
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
}

// Invalid is bad input: a file, a flag, a plan or a record that cannot be used.
type Invalid struct {
	// Code is the lint rule that says the same, such as VS102; empty where
	// none does.
	Code string
	Pos  Position
	Msg  string
	Near string // nearest valid name, if any
	Next string
	Err  error
}

func (e *Invalid) Error() string {
	var b strings.Builder
	if p := e.Pos.String(); p != "" {
		b.WriteString(p + ": ")
	}
	b.WriteString(e.Msg)
	if e.Near != "" {
		fmt.Fprintf(&b, " (did you mean %q?)", e.Near)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

func (e *Invalid) Unwrap() error { return e.Err }

// Denied is a refusal by a rule of vtsync's own: nothing was changed, and Next
// says what would change the verdict.
type Denied struct {
	Msg  string
	Next string
	Err  error
}

func (e *Denied) Error() string { return join(e.Msg, e.Err) }
func (e *Denied) Unwrap() error { return e.Err }

// Conflict is someone else's write in the way of ours. Diff shows what changed
// since the plan, in the words of the plan.
type Conflict struct {
	Msg  string
	Diff string
	Next string
	Err  error
}

func (e *Conflict) Error() string { return join(e.Msg, e.Err) }
func (e *Conflict) Unwrap() error { return e.Err }

// Unknown is an outcome that cannot be told yet: a write without an answer, a
// plane that does not answer. A person has to look first.
type Unknown struct {
	Msg  string
	Next string
	Err  error
}

func (e *Unknown) Error() string { return join(e.Msg, e.Err) }
func (e *Unknown) Unwrap() error { return e.Err }

func join(msg string, err error) string {
	if err == nil {
		return msg
	}
	return fmt.Sprintf("%s: %v", msg, err)
}

// ErrNotFound says that a named record does not exist. It is an answer, not a
// fault: adapters return it so that callers can tell absence from silence.
var ErrNotFound = errors.New("not found")

// ErrNotSent marks an Unknown of a write that never left this process: whoever
// has not sent it before knows that it did not land, and never will.
var ErrNotSent = errors.New("nothing was sent")

// Exit codes of the process; the table is in the README.
const (
	ExitOK         = 0
	ExitFindings   = 1
	ExitError      = 2
	ExitDenied     = 3
	ExitUnknown    = 4
	ExitRolledBack = 5
)

// ExitCode maps an error to the process's exit code by its kind. Where several
// kinds are joined the one that asks for most care wins.
func ExitCode(err error) int {
	var (
		unknown  *Unknown
		conflict *Conflict
		denied   *Denied
	)
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &unknown):
		return ExitUnknown
	case errors.As(err, &conflict), errors.As(err, &denied):
		return ExitDenied
	default:
		return ExitError
	}
}
