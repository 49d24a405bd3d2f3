package vtgate

import (
	"context"
	"fmt"
	"strings"
)

// SequenceRow reads the row that a sequence counts in, as the vtgate's MySQL or
// gRPC port gives it: NULL is "". It takes no value. Found is false where there is
// no such row.
func (r *Reader) SequenceRow(ctx context.Context, keyspace, table string) (nextID, cache string, found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	links, err := r.linked(ctx)
	if err != nil {
		return "", "", false, fmt.Errorf("read sequence %s.%s: %w", keyspace, table, err)
	}
	statement := fmt.Sprintf("select next_id, cache from %s.%s where id = 0", quoted(keyspace), quoted(table))
	problem := errNoSQL
	for i, query := range links.queries {
		_, rows, err := query(ctx, statement)
		switch {
		case err == nil && len(rows) == 0:
			return "", "", false, nil
		case err == nil:
			return rows[0][0], rows[0][1], true, nil
		case i == 0:
			problem = err // the first way is the one that was asked for
		}
	}
	return "", "", false, fmt.Errorf("read sequence %s.%s through vtgate %s: %w", keyspace, table, r.target.HTTP, problem)
}

// quoted makes a name one that SQL takes whatever it holds.
func quoted(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
