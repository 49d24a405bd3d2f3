package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/vschema"
)

// shardsDisagree is about what only the shards themselves tell. vtgate plans as
// if they were all alike.
var shardsDisagree = Rule{
	Code: "VS620", Name: "shards of a keyspace that disagree on a table", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachTable(func(ks, name string, t *vschema.Table) {
			for _, finding := range f.disagreements(ks, name, t) {
				finding.Keyspace, finding.Path = ks, []string{"tables", name}
				out = append(out, finding)
			}
		})
		return out
	},
}

// shardTable is a table as one shard has it.
type shardTable struct {
	shard string
	table *physical.Table
}

// disagreements tells what the shards disagree on about one table. One that is
// pinned lies on a single shard.
func (f *Facts) disagreements(ks, name string, t *vschema.Table) []Finding {
	schemas := f.shardSchemas[ks]
	if len(schemas) < 2 || t.GetPinned() != "" {
		return nil
	}
	var have []shardTable
	var with, without []string
	for _, shard := range sortedKeys(schemas) {
		switch table := schemas[shard].Tables[name]; {
		case table != nil:
			have, with = append(have, shardTable{shard, table}), append(with, shard)
		case !schemas[shard].Creates(name):
			without = append(without, shard)
		}
	}
	if len(have) == 0 {
		return nil // VS619
	}
	var out []Finding
	if len(without) > 0 {
		out = append(out, Finding{
			Message: fmt.Sprintf("table %s is missing on %s of keyspace %s, and is on %s", name, shardNames(without), ks, shardNames(with)),
			Harm:    fmt.Sprintf("queries and inserts fail where they reach a shard without it: \"Table '%s' doesn't exist\"", name),
			Next:    "create it there: vtctldclient ApplySchema runs the same statement on every shard",
		})
	}
	columns := columnDisagreements(name, have)
	if len(columns) == 0 {
		columns = orderDisagreement(name, have)
	}
	return append(append(out, columns...), keyDisagreements(name, have)...)
}

// columnDisagreements tells which columns only some shards have, and which are
// of different types.
func columnDisagreements(name string, have []shardTable) []Finding {
	var out []Finding
	for _, column := range allColumns(have) {
		types := make(map[string][]string) // shards by what they say of the column; "" says that they lack it
		for _, h := range have {
			says := ""
			if c := h.table.Column(column); c != nil {
				says = columnWords(*c)
			}
			types[says] = append(types[says], h.shard)
		}
		without := types[""]
		delete(types, "")
		if len(without) > 0 {
			with := slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Values(types))...)))
			out = append(out, Finding{
				Message: fmt.Sprintf("column %s of table %s is missing on %s, and is on %s", column, name, shardNames(without), shardNames(with)),
				Harm:    fmt.Sprintf("statements that name it fail where they reach a shard without it: \"Unknown column '%s'\"; so does \"select *\" where vtgate writes out the columns that it knows", column),
				Next:    "wait for, or retry, the migration that adds or drops it; vtctldclient OnlineDDL show tells how far it is on each shard",
			})
		}
		if len(types) > 1 {
			var parts []string
			for _, words := range sortedKeys(types) {
				parts = append(parts, words+" on "+shardNames(types[words]))
			}
			out = append(out, Finding{
				Severity: Warning,
				Message:  fmt.Sprintf("column %s of table %s is %s", column, name, strings.Join(parts, ", ")),
				Harm:     "vtgate compares and sorts the rows of all shards as if it were one type, and a value that one shard takes another refuses or cuts",
				Next:     "alter it to one type on every shard",
			})
		}
	}
	return out
}

// orderDisagreement is for shards that have the same columns.
func orderDisagreement(name string, have []shardTable) []Finding {
	for _, h := range have[1:] {
		if slices.EqualFunc(mysqlNames(have[0].table), mysqlNames(h.table), strings.EqualFold) {
			continue
		}
		return []Finding{{
			Severity: Warning,
			Message: fmt.Sprintf("the columns of table %s are in another order on shard %s (%s) than on shard %s (%s)",
				name, h.shard, list(mysqlNames(h.table)), have[0].shard, list(mysqlNames(have[0].table))),
			Harm: "where vtgate does not know the columns it passes \"select *\" and inserts without columns on as they are: values stand under, or go to, other columns",
			Next: "put the columns into one order: alter table ... modify column ... after ...",
		}}
	}
	return nil
}

// keyDisagreements tells which unique keys only some shards have.
func keyDisagreements(name string, have []shardTable) []Finding {
	with := make(map[string][]string)
	for _, h := range have {
		for _, key := range uniqueKeys(h.table) {
			with[key] = append(with[key], h.shard)
		}
	}
	var out []Finding
	for _, key := range sortedKeys(with) {
		if len(with[key]) == len(have) {
			continue
		}
		var without []string
		for _, h := range have {
			if !slices.Contains(with[key], h.shard) {
				without = append(without, h.shard)
			}
		}
		out = append(out, Finding{
			Severity: Warning,
			Message:  fmt.Sprintf("the unique key (%s) of table %s is missing on %s, and is on %s", key, name, shardNames(without), shardNames(with[key])),
			Harm:     "a duplicate that some shards refuse others take",
			Next:     "add the key there, or drop it everywhere",
		})
	}
	return out
}

// allColumns gives every name that some shard has, in the order in which they
// are first met.
func allColumns(have []shardTable) []string {
	var out []string
	for _, h := range have {
		for _, name := range mysqlNames(h.table) {
			if !slices.ContainsFunc(out, func(n string) bool { return strings.EqualFold(n, name) }) {
				out = append(out, name)
			}
		}
	}
	return out
}

// columnWords says what counts of a column's definition, near to how MySQL
// writes it.
func columnWords(c physical.Column) string {
	words := c.Type
	if c.Length > 0 {
		words = fmt.Sprintf("%s(%d)", words, c.Length)
	}
	add := func(is bool, word string) {
		if is {
			words += " " + word
		}
	}
	add(c.Unsigned, "unsigned")
	add(c.Collation != "", "collate "+c.Collation)
	add(!c.Nullable, "not null")
	add(c.Generated, "generated")
	add(c.AutoIncrement, "auto_increment")
	add(c.Invisible, "invisible")
	return words
}

// uniqueKeys gives the columns of each unique key, as text.
func uniqueKeys(t *physical.Table) []string {
	var out []string
	for _, key := range t.Keys {
		if !key.Unique {
			continue
		}
		parts := make([]string, len(key.Columns))
		for i, column := range key.Columns {
			if parts[i] = strings.ToLower(column); column == "" {
				parts[i] = "an expression"
			}
			if key.Prefixes != nil && key.Prefixes[i] > 0 {
				parts[i] = fmt.Sprintf("%s(%d)", parts[i], key.Prefixes[i])
			}
		}
		out = append(out, strings.Join(parts, ", "))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// maxShards bounds how many shards a finding names.
const maxShards = 4

func shardNames(shards []string) string {
	switch n := len(shards); {
	case n == 1:
		return "shard " + shards[0]
	case n > maxShards:
		return fmt.Sprintf("shards %s and %d more", strings.Join(shards[:maxShards], ", "), n-maxShards)
	}
	return "shards " + strings.Join(shards, ", ")
}
