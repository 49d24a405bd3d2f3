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
	// comes with addresses.
	quoting = regexp.MustCompile(`(?s)( at position \d+) near '.*|(extra characters encountered after end of DDL): '.*|(Incorrect \w+ value): '.*|%!\(EXTRA \*.*`)
)

// failure is why a query has no plan, without what the error repeats of it.
func failure(err error) *impact.Error {
	out := &impact.Error{Text: quoting.ReplaceAllString(err.Error(), "$1$2$3")}
	var vitess *vterrors.VitessError
	if errors.As(err, &vitess) {
		out.Code = vitess.ID
	}
	if m := coded.FindStringSubmatch(out.Text); m != nil {
		out.Code, out.Text = m[1], m[2]
	}
	return out
}

// panicked says of a panic what it means: vtgate closes the connection of a query
// that makes its planner panic.
func panicked(r any) *impact.Error {
	return &impact.Error{Text: fmt.Sprintf("vtgate's planner panics, which closes the connection: %v", r)}
}
