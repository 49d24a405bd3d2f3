package desired

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/vtsync/vtsync/internal/errs"
)

// maxProblems bounds how many problems of one file are told at once.
const maxProblems = 20

// problems collects what is wrong with one file.
type problems struct {
	file string
	list []*errs.Invalid
	more string // the code of the first beyond maxProblems; empty when there is none
}

// add notes a problem at a point, under the rule of that code. Files are read from top to bottom, so those
// beyond the limit are the later ones.
func (p *problems) add(code string, at point, format string, args ...any) *errs.Invalid {
	e := &errs.Invalid{Code: code, Pos: at.in(p.file), Msg: fmt.Sprintf(format, args...)}
	if len(p.list) == maxProblems {
		p.more = cmp.Or(p.more, code)
		return e
	}
	p.list = append(p.list, e)
	return e
}

// full tells that further problems are not worth finding.
func (p *problems) full() bool { return p.more != "" }

// err joins the problems, sorted by position; nil when there are none.
func (p *problems) err() error {
	slices.SortStableFunc(p.list, func(a, b *errs.Invalid) int {
		if a.Pos.Line != b.Pos.Line {
			return a.Pos.Line - b.Pos.Line
		}
		return a.Pos.Column - b.Pos.Column
	})
	var out []error
	for _, e := range p.list {
		out = append(out, e)
	}
	if p.more != "" {
		out = append(out, &errs.Invalid{
			Code: p.more,
			Pos:  errs.Position{File: p.file},
			Msg:  fmt.Sprintf("has more than %d problems; the rest is not shown", maxProblems),
		})
	}
	return errors.Join(out...)
}
