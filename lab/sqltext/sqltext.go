// Package sqltext reads the rows of a statement as text, which is all that the
// lab compares. It must not import Vitess or any room of vtsync.
package sqltext

import (
	"context"
	"database/sql"
	"errors"
)

// Query runs any statement and returns its rows; one without rows returns none.
// NULL is an empty string.
func Query(ctx context.Context, db *sql.DB, statement string, args ...any) (rows [][]string, err error) {
	result, err := db.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, result.Close()) }()
	columns, err := result.Columns()
	if err != nil {
		return nil, err
	}
	for result.Next() {
		cells := make([]sql.NullString, len(columns))
		scan := make([]any, len(columns))
		for i := range cells {
			scan[i] = &cells[i]
		}
		if err := result.Scan(scan...); err != nil {
			return nil, err
		}
		row := make([]string, len(columns))
		for i := range cells {
			row[i] = cells[i].String
		}
		rows = append(rows, row)
	}
	return rows, result.Err()
}
