package vtgate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Schema is what a vtgate knows of MySQL's tables in one keyspace: from its schema
// tracker, and where that is off from the VSchema alone.
type Schema struct {
	Tables map[string]Table
	Views  map[string]string // SELECT by name
}

// Table is one table, as far as /debug/vschema shows it. Collations, defaults as
// MySQL has them, and CHECKs are not shown.
type Table struct {
	// Columns are all columns of the table; nil where the vtgate does not take
	// those that it knows for all.
	Columns    []Column
	PrimaryKey []string
	// UniqueKeys are those over columns; one over an expression is left out.
	UniqueKeys [][]string
	// ForeignKeys tells that it has some, or that others have some to it. What they
	// do ON DELETE and ON UPDATE is not shown.
	ForeignKeys bool
}

// Column is one column. Vitess leaves out what is false or zero.
type Column struct {
	Name      string   `json:"name"`
	Type      string   `json:"type"` // as in Vitess's query.proto: INT64, VARCHAR
	Default   string   `json:"default"`
	Invisible bool     `json:"invisible"`
	Nullable  bool     `json:"nullable"`
	Size      int32    `json:"size"`
	Scale     int32    `json:"scale"`
	Values    []string `json:"values"` // of ENUM and SET
}

// Schemas reads what a vtgate knows of MySQL's tables, per keyspace. Refused tells
// its errors apart.
func (r *Reader) Schemas(ctx context.Context) (map[string]Schema, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	page, err := get(ctx, r.http, r.target.HTTP, vschemaPath, maxPage)
	if err != nil {
		return nil, err
	}
	schemas, err := parseSchemas(page)
	if err != nil {
		return nil, &refusedError{fmt.Sprintf("decode %s: %v", vschemaPath, err)}
	}
	return schemas, nil
}

func parseSchemas(page []byte) (map[string]Schema, error) {
	var decoded struct {
		Keyspaces map[string]struct {
			Tables map[string]shownTable `json:"tables"`
			Views  map[string]string     `json:"views"`
		} `json:"keyspaces"`
	}
	if err := json.Unmarshal(page, &decoded); err != nil {
		return nil, err
	}
	if decoded.Keyspaces == nil {
		return nil, errors.New("it shows no keyspaces")
	}
	out := map[string]Schema{}
	for name, ks := range decoded.Keyspaces {
		schema := Schema{Tables: map[string]Table{}, Views: ks.Views}
		for table, shown := range ks.Tables {
			schema.Tables[table] = shown.table()
		}
		out[name] = schema
	}
	return out, nil
}

type shownTable struct {
	Columns       []Column            `json:"columns"`
	Authoritative bool                `json:"column_list_authoritative"`
	PrimaryKey    []string            `json:"primary_key"`
	UniqueKeys    [][]json.RawMessage `json:"unique_keys"`
	Parents       []json.RawMessage   `json:"parent_foreign_keys"`
	Children      []json.RawMessage   `json:"child_foreign_keys"`
}

func (t shownTable) table() Table {
	out := Table{PrimaryKey: t.PrimaryKey, ForeignKeys: len(t.Parents)+len(t.Children) > 0}
	if t.Authoritative {
		out.Columns = t.Columns
	}
	for _, key := range t.UniqueKeys {
		if columns, ok := columnsOf(key); ok {
			out.UniqueKeys = append(out.UniqueKeys, columns)
		}
	}
	return out
}

// columnsOf reads a key's parts, which vtgate prints as nodes of its syntax tree; ok
// is false where one of them is no column.
func columnsOf(parts []json.RawMessage) (columns []string, ok bool) {
	for _, part := range parts {
		var column struct {
			Name      string
			Qualifier struct{ Name, Qualifier string }
		}
		dec := json.NewDecoder(bytes.NewReader(part))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&column); err != nil || column.Name == "" {
			return nil, false
		}
		columns = append(columns, column.Name)
	}
	return columns, true
}
