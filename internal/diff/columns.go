package diff

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/vschema"
)

// columnChanges compares the column lists of a table by name: case matters, as
// the names are those of a "select *". A name listed twice, which Vitess
// refuses, is compared as the same place in turn.
func columnChanges(base Change, was, is *vschema.Table) []Change {
	var out []Change
	if was.GetColumnListAuthoritative() != is.GetColumnListAuthoritative() {
		c := base
		c.Type, c.Text = AuthoritativeOn, fmt.Sprintf("the column list of table %s becomes authoritative", base.Table)
		if !is.GetColumnListAuthoritative() {
			c.Type, c.Text = AuthoritativeOff, fmt.Sprintf("the column list of table %s is no longer authoritative", base.Table)
		}
		c.Before, c.After = strconv.FormatBool(was.GetColumnListAuthoritative()), strconv.FormatBool(is.GetColumnListAuthoritative())
		out = append(out, c)
	}
	oldKeys, old := columnIndex(was.GetColumns())
	nowKeys, now := columnIndex(is.GetColumns())
	for _, k := range oldKeys {
		if _, kept := now[k]; !kept {
			c := base
			c.Type, c.Column, c.Before = ColumnDropped, k.name, columnText(old[k])
			c.Text = fmt.Sprintf("column %s of table %s is dropped from the list", k.name, base.Table)
			out = append(out, c)
		}
	}
	for _, k := range nowKeys {
		c := base
		c.Column = k.name
		before, had := old[k]
		switch {
		case !had:
			c.Type, c.After = ColumnAdded, columnText(now[k])
			c.Text = fmt.Sprintf("column %s is added to the list of table %s: %s", k.name, base.Table, c.After)
			out = append(out, c)
		case !proto.Equal(before, now[k]):
			out = append(out, c.as(ColumnChanged, columnText(before), columnText(now[k]), fmt.Sprintf("column %s of table %s is", k.name, base.Table)))
		}
	}
	before := slices.DeleteFunc(oldKeys, func(k columnKey) bool { return now[k] == nil })
	after := slices.DeleteFunc(nowKeys, func(k columnKey) bool { return old[k] == nil })
	if !slices.Equal(before, after) {
		out = append(out, base.as(ColumnsOrdered, columnNames(before), columnNames(after), "the columns of table "+base.Table+" stand in the order"))
	}
	return out
}

type columnKey struct {
	name string
	nth  int
}

// columnIndex gives the keys of the columns in their order, and the columns.
func columnIndex(list []*vschemapb.Column) ([]columnKey, map[columnKey]*vschemapb.Column) {
	seen := map[string]int{}
	keys := make([]columnKey, len(list))
	byKey := make(map[columnKey]*vschemapb.Column, len(list))
	for i, c := range list {
		keys[i] = columnKey{c.GetName(), seen[c.GetName()]}
		seen[c.GetName()]++
		byKey[keys[i]] = c
	}
	return keys, byKey
}

func columnNames(keys []columnKey) string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.name
	}
	return strings.Join(names, ", ")
}

// columnText spells every attribute of a column, in SQL's words.
func columnText(c *vschemapb.Column) string {
	parts := []string{c.GetType().String()}
	if c.GetSize() != 0 || c.GetScale() != 0 {
		parts = append(parts, fmt.Sprintf("size %d scale %d", c.GetSize(), c.GetScale()))
	}
	if len(c.GetValues()) > 0 {
		quoted := make([]string, len(c.GetValues()))
		for i, v := range c.GetValues() {
			quoted[i] = strconv.Quote(v)
		}
		parts = append(parts, "values "+strings.Join(quoted, ", "))
	}
	if c.GetCollationName() != "" {
		parts = append(parts, "collate "+c.GetCollationName())
	}
	if c.Nullable != nil {
		parts = append(parts, "not null") // canonical: true is left out
	}
	if c.GetDefault() != "" {
		parts = append(parts, "default "+c.GetDefault())
	}
	if c.GetInvisible() {
		parts = append(parts, "invisible")
	}
	return strings.Join(parts, " ")
}
