package compile

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"vitess.io/vitess/go/vt/sqlparser"
	"vitess.io/vitess/go/vt/vterrors"

	"github.com/vtsync/vtsync/internal/impact"
)

var coded = regexp.MustCompile(`^(VT\d{5}): `)

// failure is why a query has no plan. The parser quotes the text near a mistake,
// which may be a literal: that is cut.
func failure(err error) *impact.Error {
	var positioned sqlparser.PositionedErr
	if errors.As(err, &positioned) {
		return &impact.Error{Text: fmt.Sprintf("%s at position %d", positioned.Err, positioned.Pos)}
	}
	out := &impact.Error{Text: err.Error()}
	var vitess *vterrors.VitessError
	if errors.As(err, &vitess) {
		out.Code = vitess.ID
	}
	if m := coded.FindStringSubmatch(out.Text); m != nil {
		out.Code, out.Text = m[1], strings.TrimPrefix(out.Text, m[0])
	}
	return out
}

// panicked says of a panic what it means: vtgate closes the connection of a query
// that makes its planner panic.
func panicked(r any) *impact.Error {
	return &impact.Error{Text: fmt.Sprintf("vtgate's planner panics, which closes the connection: %v", r)}
}
