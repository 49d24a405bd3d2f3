package view

import (
	"fmt"
	"strings"

	"github.com/vtsync/vtsync/internal/ddl"
)

// barWidth is the width of a shard's bar, in columns.
const barWidth = 20

// Bars gives a bar per shard of each migration that is waited for, one line
// each below the migration's name.
func Bars(answers []ddl.Answer) []string {
	var lines []string
	for _, a := range answers {
		if a.Need.Migration == "" || a.Status == ddl.Done {
			continue
		}
		lines = append(lines, fmt.Sprintf("migration %s on %s", a.Need.Migration, a.Need.Keyspace))
		width := 0
		for _, s := range a.Shards {
			width = max(width, len(s.Name))
		}
		for _, s := range a.Shards {
			lines = append(lines, fmt.Sprintf("  %-*s [%s] %s", width, s.Name, bar(s), shardText(s)))
		}
		for _, g := range a.VTGates {
			lines = append(lines, fmt.Sprintf("  vtgate %s: %s", g.Target, g.Text))
		}
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
