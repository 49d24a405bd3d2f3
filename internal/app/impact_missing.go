package app

import (
	"fmt"
	"strings"

	"github.com/vtsync/vtsync/internal/impact"
)

// maxMissing is how many tables a note names.
const maxMissing = 10

// missingColumns names the tables whose columns nobody knows and without which
// queries have no plan after the change; empty where there are none.
func missingColumns(results []impact.Result) string {
	tables, n := map[string]bool{}, 0
	for _, res := range results {
		if !res.After.Error.LacksColumns() {
			continue
		}
		n++
		for _, table := range res.After.Error.Missing {
			tables[table] = true
		}
	}
	if len(tables) == 0 {
		return ""
	}
	names := sortedKeys(tables)
	named := strings.Join(names[:min(maxMissing, len(names))], ", ")
	if more := len(names) - maxMissing; more > 0 {
		named += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("%s no plan, since the columns of these tables are not known: %s", counted(n), named)
}

func counted(n int) string {
	if n == 1 {
		return "1 query has"
	}
	return fmt.Sprintf("%d queries have", n)
}
