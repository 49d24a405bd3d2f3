package view

import (
	"io"

	"github.com/vtsync/vtsync/internal/impact"
)

// ImpactExplain writes one query of a report in full: both plans side by side,
// or one under the other where there is no room.
func ImpactExplain(w io.Writer, res impact.Result, style Style) error {
	p := page{style: style}
	p.line("%s", oneLine(res.SQL))
	p.line("%s: %s", style.paint(verdictColors[res.Verdict], string(res.Verdict)), reasons(&res))
	p.line("  before  %s", sideText(res.Before))
	p.line("  after   %s", sideText(res.After))
	return p.writeTo(w)
}
