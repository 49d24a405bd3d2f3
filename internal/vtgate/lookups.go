package vtgate

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"vitess.io/vitess/go/vt/sqlparser"
)

// lookup is a lookup vindex as /debug/vschema shows it.
type lookup struct {
	Table string   `json:"table"` // KEYSPACE.TABLE, or a table alone
	From  []string `json:"from_columns"`
	To    string   `json:"to"`
}

// parseLookups finds the lookup vindexes of all keyspaces, by their tables.
func parseLookups(page []byte) (map[string][]lookup, error) {
	var decoded struct {
		Keyspaces map[string]struct {
			Vindexes map[string]json.RawMessage `json:"vindexes"`
		} `json:"keyspaces"`
	}
	if err := json.Unmarshal(page, &decoded); err != nil {
		return nil, err
	}
	out := map[string][]lookup{}
	for _, ks := range decoded.Keyspaces {
		for _, raw := range ks.Vindexes {
			var l lookup
			// A vindex of another form is none with a table.
			if err := json.Unmarshal(raw, &l); err == nil && l.Table != "" {
				_, table, qualified := strings.Cut(l.Table, ".")
				if !qualified {
					table = l.Table
				}
				out[table] = append(out[table], l)
			}
		}
	}
	return out, nil
}

// own tells whether a plan is of a statement that vtgate itself sends to a lookup
// table: it is of that table alone, and its bind variables are the vindex's columns
// and have no types, which those that vtgate makes of a client's literals have.
func own(p QueryPlan, lookups map[string][]lookup) bool {
	if len(p.TablesUsed) != 1 {
		return false
	}
	_, table, _ := strings.Cut(p.TablesUsed[0], ".")
	return slices.ContainsFunc(lookups[table], func(l lookup) bool {
		return (l.Table == table || l.Table == p.TablesUsed[0]) && speaksOf(p.SQL, l)
	})
}

// row is what vtgate adds to a variable's name for the row of an INSERT.
var row = regexp.MustCompile(`_[0-9]+$`)

func speaksOf(sql string, l lookup) bool {
	parser, err := sqlParser()
	if err != nil {
		return false
	}
	variables := 0
	tokens := parser.NewStringTokenizer(sql)
	for {
		kind, text := tokens.Scan()
		switch kind {
		case 0:
			return variables > 0
		case sqlparser.VALUE_ARG, sqlparser.LIST_ARG:
			name := strings.TrimLeft(text, ":")
			if !l.has(name) && !l.has(row.ReplaceAllString(name, "")) {
				return false
			}
			variables++
		case sqlparser.LEX_ERROR, sqlparser.COMMENT, sqlparser.INTEGRAL, sqlparser.STRING:
			return false
		}
	}
}

func (l lookup) has(column string) bool { return column == l.To || slices.Contains(l.From, column) }
