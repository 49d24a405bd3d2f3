package view

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
)

// Version says what this program is.
type Version struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Vitess  string `json:"vitess"` // version of the Vitess module it is built with
	Go      string `json:"go"`
}

// VersionText writes a version on one line.
func VersionText(w io.Writer, v Version) error {
	commit := ""
	if v.Commit != "" {
		commit = " (" + v.Commit + ")"
	}
	_, err := fmt.Fprintf(w, "vtsync %s%s, Vitess module %s, %s\n", v.Version, commit, v.Vitess, v.Go)
	return err
}

// PullMode is what becomes of the edits that a file has.
type PullMode string

// The modes of pull.
const (
	PullPlain PullMode = ""      // they are never overwritten
	PullForce PullMode = "force" // they are given up
	PullMerge PullMode = "merge" // they stay, beside what others changed
)

// PullAction is what pull did with one keyspace's file.
type PullAction string

// The actions of pull.
const (
	PullWritten PullAction = "written" // a new file
	PullUpdated PullAction = "updated" // the live value replaced the file's
	PullMerged  PullAction = "merged"  // what others changed was taken into the file
	PullKept    PullAction = "kept"    // nothing to take: left as it is
	PullEmpty   PullAction = "empty"   // the keyspace has no VSchema
	PullRefused PullAction = "refused"
)

// Pulled is one keyspace of a pull.
type Pulled struct {
	Keyspace string     `json:"keyspace"`
	Action   PullAction `json:"action"`
	File     string     `json:"file,omitempty"`
	// Reason says why it was refused, Next what would change that.
	Reason string `json:"reason,omitempty"`
	Next   string `json:"next,omitempty"`
	// Changes lead from the file to the live value, where they differ; of a
	// file that was merged into they are what it took.
	Changes []diff.EntryChange `json:"changes,omitempty"`
	// Conflicts are why a merge was refused.
	Conflicts []PullConflict `json:"conflicts,omitempty"`
}

// PullConflict is a value that the file and the cluster both changed. Path
// leads to it inside the VSchema; File and Live are empty where it is not.
type PullConflict struct {
	Position errs.Position `json:"position"`
	Path     []string      `json:"path"`
	File     string        `json:"file,omitempty"`
	Live     string        `json:"live,omitempty"`
}

// Pull is what a pull did, per keyspace in the order of names. A refusal
// anywhere means that nothing was written.
type Pull struct {
	Format    int      `json:"format"`
	Keyspaces []Pulled `json:"keyspaces"`
	Notes     []string `json:"notes,omitempty"`
}

// Refused tells that a keyspace was refused, and so nothing was written.
func (p Pull) Refused() bool {
	for _, k := range p.Keyspaces {
		if k.Action == PullRefused {
			return true
		}
	}
	return false
}

// PullText writes what a pull did.
func PullText(w io.Writer, pull Pull, style Style) error {
	p := page{style: style}
	for _, k := range pull.Keyspaces {
		switch k.Action {
		case PullRefused:
			p.line("%s %s: %s", style.paint(red, "refused"), k.Keyspace, k.Reason)
			p.block("  ", style.paintDiff(diff.Text(k.Changes)))
			for _, c := range k.Conflicts {
				p.line("  %s: %s", c.Position, strings.Join(c.Path, "."))
				p.line("    file: %s", orAbsent(c.File))
				p.line("    live: %s", orAbsent(c.Live))
			}
			if k.Next != "" {
				p.line("  next: %s", k.Next)
			}
		case PullEmpty:
			p.line("empty   %s: the keyspace has no VSchema", k.Keyspace)
		case PullKept:
			p.line("kept    %s", k.File)
		case PullMerged:
			p.line("%s  %s", style.paint(green, string(k.Action)), k.File)
			p.block("  ", style.paintDiff(takenText(k.Changes)))
		case PullWritten, PullUpdated:
			p.line("%s %s", style.paint(green, fmt.Sprintf("%-7s", k.Action)), k.File)
		}
	}
	for _, note := range pull.Notes {
		p.line("note: %s", note)
	}
	return p.writeTo(w)
}

// takenText says what a file took, without what it does to traffic: the cluster
// has it already.
func takenText(changes []diff.EntryChange) string {
	var b strings.Builder
	for _, ec := range changes {
		fmt.Fprintf(&b, "%s %s %s\n", ec.Sign(), ec.Entry.Kind, ec.Entry.Name)
		for _, c := range ec.Changes {
			fmt.Fprintf(&b, "    %s\n", c.Text)
		}
	}
	return b.String()
}

// orAbsent names a value that is not there.
func orAbsent(value string) string { return cmp.Or(value, "(absent)") }

// CheckResult is how one check of doctor ended.
type CheckResult string

// The results of a check.
const (
	CheckOK      CheckResult = "ok"
	CheckWarning CheckResult = "warning" // something will not work
	CheckFailed  CheckResult = "failed"
)

// Check is one thing that doctor looked at.
type Check struct {
	Plane  string      `json:"plane"` // such as "topo", "cell zone1", "vtgate 10.0.0.1:15001"
	What   string      `json:"what"`
	Result CheckResult `json:"result"`
	Detail string      `json:"detail,omitempty"`
	Next   string      `json:"next,omitempty"`
}

// Doctor is what doctor found, in the order in which it looked.
type Doctor struct {
	Format int     `json:"format"`
	Checks []Check `json:"checks"`
}

// Failed tells that a check failed.
func (d Doctor) Failed() bool {
	for _, c := range d.Checks {
		if c.Result == CheckFailed {
			return true
		}
	}
	return false
}

// DoctorText writes what doctor found.
func DoctorText(w io.Writer, d Doctor, style Style) error {
	p := page{style: style}
	colors := map[CheckResult]string{CheckOK: green, CheckWarning: yellow, CheckFailed: red}
	for _, c := range d.Checks {
		text := c.Plane + ": " + c.What
		if c.Detail != "" {
			text += ": " + c.Detail
		}
		p.line("%s %s", style.paint(colors[c.Result], fmt.Sprintf("%-7s", c.Result)), text)
		if c.Next != "" {
			p.line("        next: %s", c.Next)
		}
	}
	return p.writeTo(w)
}
