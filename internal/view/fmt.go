package view

import "io"

// Formatted is what fmt did, or with --check would do.
type Formatted struct {
	Format  int      `json:"format"`
	Files   int      `json:"files"` // that it looked at
	Changed []string `json:"changed"`
	Check   bool     `json:"check"` // nothing was written
}

// FormattedText lists the files.
func FormattedText(w io.Writer, f Formatted) error {
	var p page
	for _, file := range f.Changed {
		p.line("%s", file)
	}
	return p.writeTo(w)
}
