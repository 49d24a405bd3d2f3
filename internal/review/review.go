// Package review judges folders of files: it loads them, runs lint on all of a
// folder together, and says of each finding where it stands and what stands
// there. It is pure but for the fs.FS that it is given: it must import no
// adapter, no clock and no logger.
package review

import (
	"cmp"
	"io/fs"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/lint"
)

// Options are what is known beside the files of a folder.
type Options struct {
	// Dir is the folder's name, put in front of each position.
	Dir string
	// OpaqueVindexes are vindex types that this build cannot construct.
	OpaqueVindexes []string
	// Shards holds, per keyspace, its serving shards in topo; nil when unknown.
	Shards map[string][]string
	// MaxCellBytes is how large a cell's SrvVSchema may be; 0 means as large
	// as etcd takes by default.
	MaxCellBytes int
	// Live is what the cluster holds; nil offline.
	Live *Live
}

// Suppressions are those of the config.
type Suppressions struct {
	Ignores []lint.Ignore
	// Source is the content of the file in which they stand.
	Source []byte
	// Partial tells that they are also for folders that are not reviewed: it
	// cannot be told then that one is of no use.
	Partial bool
}

// Finding is what lint says of a place, and what stands there.
type Finding struct {
	lint.Finding
	Span
	// Fix corrects a misspelled name; nil where it takes a person.
	Fix *Fix
}

// Suppressed is a finding that does not count.
type Suppressed struct {
	Finding
	Reason string
	By     errs.Position
}

// Report is what was found, by file, line, column and code.
type Report struct {
	Findings   []Finding
	Suppressed []Suppressed
	// Keyspaces are those that have a file, sorted.
	Keyspaces []string
	// About are the keyspaces that Only restricted the report to, and Hidden
	// counts the findings that it left out.
	About  []string
	Hidden int
	// Files counts those that were read, the config with its suppressions too.
	Files int
	// Unreadable tells that some file cannot be read as what it should be.
	Unreadable bool
	// Unjudged tells that it is a VSchema or rules: what the files of its
	// folder say together was not judged. SQL is only left out of account.
	Unjudged bool
	// Notes says what else was taken for true or left out, and Unread what of
	// the cluster could not be read.
	Notes, Unread []string
}

// Run judges the files below fsys.
func Run(fsys fs.FS, opts Options) (Report, error) {
	return All([]Folder{{FS: fsys, Options: opts}}, Suppressions{})
}

// All judges folders, each by itself. An error says that nothing can be judged:
// a folder has no keyspaces, or its files cannot be got at.
func All(folders []Folder, config Suppressions) (Report, error) {
	var (
		report  Report
		found   []lint.Finding
		ignores = slices.Clone(config.Ignores)
		texts   = newSources(config)
	)
	for _, folder := range folders {
		one, err := folder.judge()
		if err != nil {
			return Report{}, err
		}
		found = append(found, one.findings...)
		ignores = append(ignores, one.ignores...)
		report.Keyspaces = append(report.Keyspaces, one.keyspaces...)
		report.Files += one.files
		report.Unreadable = report.Unreadable || one.unreadable
		report.Unjudged = report.Unjudged || one.unjudged
		report.Notes = append(report.Notes, one.notes...)
		if folder.Live != nil {
			report.Notes = append(report.Notes, folder.Live.Notes...)
			report.Unread = append(report.Unread, folder.Live.Unread...)
		}
		texts.add(folder, one.documents)
	}
	if len(config.Ignores) > 0 {
		report.Files++
	}
	report.Keyspaces = slices.Compact(slices.Sorted(slices.Values(report.Keyspaces)))
	judged := lint.Suppress(found, ignores)
	found = append(judged.Kept, judged.Bad...)
	if !report.Unreadable {
		found = append(found, worthTelling(judged.Unused, config)...)
	}
	for _, f := range found {
		report.Findings = append(report.Findings, texts.finding(f))
	}
	for _, s := range judged.Suppressed {
		report.Suppressed = append(report.Suppressed, Suppressed{texts.finding(s.Finding), s.Reason, s.By})
	}
	slices.SortStableFunc(report.Findings, Finding.compare)
	slices.SortStableFunc(report.Suppressed, func(a, b Suppressed) int { return a.compare(b.Finding) })
	return report, nil
}

// Only leaves out what stands in, or is about, other keyspaces alone. What makes
// a file unreadable stays: nothing was judged because of it. So does what stands
// in the files of rules: they route the tables of any keyspace.
func (r Report) Only(keyspaces []string) Report {
	others := slices.DeleteFunc(slices.Clone(r.Keyspaces), func(ks string) bool { return slices.Contains(keyspaces, ks) })
	about := func(f Finding, keyspaces []string) bool {
		return slices.ContainsFunc(keyspaces, func(ks string) bool {
			return f.Keyspace == ks || strings.Contains("/"+f.Pos.File, "/"+desired.KeyspacesDir+"/"+ks+"/")
		})
	}
	other := func(f Finding) bool {
		unreadable := strings.HasPrefix(f.Code, "VS1") && f.Severity == lint.Error
		return !unreadable && about(f, others) && !about(f, keyspaces)
	}
	all := len(r.Findings)
	r.Findings = slices.DeleteFunc(slices.Clone(r.Findings), other)
	r.About, r.Hidden = keyspaces, all-len(r.Findings)
	r.Suppressed = slices.DeleteFunc(slices.Clone(r.Suppressed), func(s Suppressed) bool { return other(s.Finding) })
	return r
}

// worthTelling leaves out the config's unused suppressions where not all that
// they are for was reviewed.
func worthTelling(unused []lint.Finding, config Suppressions) []lint.Finding {
	if !config.Partial {
		return unused
	}
	inConfig := func(f lint.Finding) bool {
		return slices.ContainsFunc(config.Ignores, func(i lint.Ignore) bool { return i.Pos.File == f.Pos.File })
	}
	return slices.DeleteFunc(slices.Clone(unused), inConfig)
}

// compare orders by place; what has none comes last.
func (f Finding) compare(o Finding) int {
	nowhere := func(f Finding) int {
		if f.Pos.File == "" {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(nowhere(f), nowhere(o)),
		strings.Compare(f.Pos.File, o.Pos.File),
		cmp.Compare(f.Pos.Line, o.Pos.Line),
		cmp.Compare(f.Pos.Column, o.Pos.Column),
		strings.Compare(f.Code, o.Code),
		f.Compare(o.Finding),
	)
}
