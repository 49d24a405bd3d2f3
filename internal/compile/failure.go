package compile

import (
	"errors"
	"fmt"
	"regexp"

	"vitess.io/vitess/go/vt/vterrors"

	"github.com/vtsync/vtsync/internal/impact"
)

var (
	coded = regexp.MustCompile(`(?s)^(VT\d{5}): (.*)$`)
	// quoting finds where an error repeats a part of the query, which may be a
	// literal: the parser and the normaliser do. A tree that is printed by mistake
	// comes with addresses, and of several updates that read a column which one of
	// them writes any can be the one that is told.
	quoting = regexp.MustCompile(`(?s)( at position \d+) near '.*|(extra characters encountered after end of DDL): '.*|(Incorrect \w+ value): '.*|%!\(EXTRA \*.*|(column referenced in update expression) '.*'( is itself updated)`)
)

// failure is why a query has no plan, without what the error repeats of it.
func failure(err error) *impact.Error {
	out := &impact.Error{Text: withoutQuotes(err.Error())}
	var vitess *vterrors.VitessError
	if errors.As(err, &vitess) {
		out.Code = vitess.ID
	}
	if m := coded.FindStringSubmatch(out.Text); m != nil {
		out.Code, out.Text = m[1], m[2]
	}
	return out
}

func withoutQuotes(text string) string { return quoting.ReplaceAllString(text, "$1$2$3$4$5") }

// panicked says of a panic what it means: vtgate closes the connection of a query
// that makes its planner panic.
func panicked(r any) *impact.Error {
	return &impact.Error{Text: fmt.Sprintf("vtgate's planner panics, which closes the connection: %v", r)}
}
