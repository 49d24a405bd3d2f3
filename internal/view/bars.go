package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/ddl"
)

// barWidth is the width of a shard's bar, in columns.
const barWidth = 20

// Bars gives a bar per shard of each migration that is waited for, one line
// each below the migration's name; in at most so many rows, where that is more
// than none. What has no room is counted: the slowest shards are shown.
func Bars(answers []ddl.Answer, rows int) []string {
	var waited []ddl.Answer
	var all []string
	for _, a := range answers {
		if a.Need.Migration != "" && a.Status != ddl.Done {
			waited = append(waited, a)
			all = append(all, barsOf(a, a.Shards)...)
		}
	}
	if rows <= 0 || len(all) <= rows {
		return all
	}
	shown := waited[:min(len(waited), max(1, (rows-1)/leastRows))]
	room := rows
	if len(shown) < len(waited) {
		room--
	}
	var lines []string
	for i, a := range shown {
		lines = append(lines, fitted(a, (room-len(lines))/(len(shown)-i))...)
	}
	if more := len(waited) - len(shown); more > 0 {
		lines = append(lines, "and "+count(more, "more migration"))
	}
	return lines[:min(len(lines), rows)]
}

// leastRows has room for a migration's name, one shard and what is left out.
const leastRows = 3

// fitted gives the bars of a migration in so many rows, the slowest shards first
// where there is no room for all.
func fitted(a ddl.Answer, rows int) []string {
	if len(a.Shards)+len(a.VTGates) < rows {
		return barsOf(a, a.Shards)
	}
	slowest := slices.Clone(a.Shards)
	slices.SortStableFunc(slowest, func(s, t ddl.Shard) int { return cmp.Compare(progressOf(s), progressOf(t)) })
	n := min(len(slowest), max(rows-2, 0))
	var rest []string
	if more := slowest[n:]; len(more) > 0 {
		rest = append(rest, count(len(more), "more shard"))
		done := 0
		for _, s := range more {
			if s.Status == ddl.Done {
				done++
			}
		}
		if done > 0 {
			rest = append(rest, fmt.Sprintf("%d done", done))
		}
	}
	if len(a.VTGates) > 0 {
		rest = append(rest, count(len(a.VTGates), "vtgate"))
		a.VTGates = nil
	}
	return append(barsOf(a, slowest[:n]), "  and "+strings.Join(rest, ", "))
}

// progressOf gives how far a shard is, so that what has failed comes first.
func progressOf(s ddl.Shard) float64 {
	switch s.Status {
	case ddl.Done:
		return 101
	case ddl.Failed:
		return -1
	case ddl.Waiting, ddl.Unknown:
	}
	return min(max(s.Progress, 0), 100)
}

// barsOf gives the bars of a migration on some of its shards.
func barsOf(a ddl.Answer, shards []ddl.Shard) []string {
	lines := []string{fmt.Sprintf("migration %s on %s", a.Need.Migration, a.Need.Keyspace)}
	width := 0
	for _, s := range shards {
		width = max(width, len(s.Name))
	}
	for _, s := range shards {
		lines = append(lines, fmt.Sprintf("  %-*s [%s] %s", width, s.Name, bar(s), shardText(s)))
	}
	for _, g := range a.VTGates {
		lines = append(lines, fmt.Sprintf("  vtgate %s: %s", g.Target, g.Text))
	}
	return lines
}

func bar(s ddl.Shard) string {
	full := int(min(max(s.Progress, 0), 100)) * barWidth / 100
	if s.Status == ddl.Done {
		full = barWidth
	}
	return strings.Repeat("#", full) + strings.Repeat("-", barWidth-full)
}

// shardText says how far a migration is on one shard.
func shardText(s ddl.Shard) string {
	text := orStatus(s)
	if s.Status == ddl.Done {
		return text
	}
	switch {
	case s.TableRows > 0:
		text += fmt.Sprintf(", %d of about %d rows", s.RowsCopied, s.TableRows)
	case s.RowsCopied > 0:
		text += fmt.Sprintf(", %d rows", s.RowsCopied)
	}
	if s.Stage != "" {
		text += ", " + s.Stage
	}
	return text
}

// orStatus gives a shard's own words, or its status where it has none.
func orStatus(s ddl.Shard) string {
	if s.Text != "" {
		return s.Text
	}
	return string(s.Status)
}
