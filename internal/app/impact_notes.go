package app

import (
	"fmt"
	"strings"

	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/vschema"
)

// cheapYet says of a keyspace that queries begin to scatter to, and that has one
// shard: nothing of it shows until there are more.
func cheapYet(results []impact.Result, srv *vschema.SrvVSchema, shards map[string]int) []string {
	cheap := map[string]bool{}
	for _, res := range results {
		if res.Verdict == impact.Same {
			continue
		}
		had := scattered(res.Before)
		for name := range scattered(res.After) {
			if !had[name] && shards[name] == 1 && srv.GetKeyspaces()[name].GetSharded() {
				cheap[name] = true
			}
		}
	}
	var out []string
	for _, name := range sortedKeys(cheap) {
		out = append(out, fmt.Sprintf("keyspace %s has 1 shard, so asking all its shards costs nothing yet: vtsync impact --shards %s=N shows what it will cost", name, name))
	}
	return out
}

func scattered(s impact.Side) map[string]bool {
	out := map[string]bool{}
	for _, r := range s.Routes {
		if r.Opcode == "Scatter" {
			out[r.Keyspace] = true
		}
	}
	return out
}

// moved says of the tables that another function shards, and of those that look rows
// up in another table, what no plan shows: whether the rows are there.
func moved(before, after *vschema.SrvVSchema) []string {
	var out []string
	for _, name := range sortedKeys(after.GetKeyspaces()) {
		was, is := before.GetKeyspaces()[name], after.GetKeyspaces()[name]
		if !was.GetSharded() || !is.GetSharded() {
			continue
		}
		sharded, found := map[string][]string{}, map[string][]string{}
		for _, table := range sortedKeys(is.GetTables()) {
			old, now := usesOf(was, table), usesOf(is, table)
			if len(old) == 0 || len(now) == 0 {
				continue
			}
			full := name + "." + table
			if text := resharded(old[0], now[0]); text != "" {
				sharded[text] = append(sharded[text], full)
			}
			for _, use := range now[1:] {
				if text := lookedUpElsewhere(old[1:], use); text != "" {
					found[text] = append(found[text], full)
				}
			}
		}
		for _, text := range sortedKeys(sharded) {
			out = append(out, tablesAre(sharded[text], " is ", " are ")+"sharded by "+text+": plans cannot show whether rows are where it looks; vtsync plan judges that")
		}
		for _, text := range sortedKeys(found) {
			out = append(out, tablesAre(found[text], " looks up ", " look up ")+text+": plans cannot show whether it has their rows; vtsync plan judges that")
		}
	}
	return out
}

func tablesAre(names []string, one, many string) string {
	if len(names) == 1 {
		return "table " + names[0] + one
	}
	return "tables " + listed(names) + many
}

// vindexUse is a vindex as one table uses it.
type vindexUse struct {
	name, kind string
	columns    string // as vtgate reads them, in lower case
	params     map[string]string
}

func usesOf(ks *vschema.Keyspace, table string) []vindexUse {
	var out []vindexUse
	for _, cv := range ks.GetTables()[table].GetColumnVindexes() {
		columns := cv.GetColumns()
		if cv.GetColumn() != "" {
			columns = []string{cv.GetColumn()}
		}
		v := ks.GetVindexes()[cv.GetName()]
		out = append(out, vindexUse{cv.GetName(), v.GetType(), strings.ToLower(strings.Join(columns, ", ")), v.GetParams()})
	}
	return out
}

func (u vindexUse) text() string { return u.name + "(" + u.columns + ")" }

// resharded tells one primary vindex from another; empty where both place each row
// alike, whatever their names.
func resharded(was, is vindexUse) string {
	switch {
	case was.kind != is.kind && was.text() == is.text():
		return fmt.Sprintf("%s of type %s, was of type %s", is.text(), is.kind, was.kind)
	case was.kind != is.kind || was.columns != is.columns:
		return is.text() + ", was " + was.text()
	}
	var params []string
	for _, key := range sortedKeys(is.params) {
		if old, ok := was.params[key]; !ok || old != is.params[key] {
			params = append(params, key)
		}
	}
	for _, key := range sortedKeys(was.params) {
		if _, ok := is.params[key]; !ok {
			params = append(params, key)
		}
	}
	if len(params) == 0 {
		return ""
	}
	return is.text() + " with other params (" + listed(params) + ")"
}

// lookedUpElsewhere tells of a table's lookup that none of those before it, of the
// same columns, reads the same table in the same way.
func lookedUpElsewhere(before []vindexUse, is vindexUse) string {
	if !vschema.IsLookup(is.kind) {
		return ""
	}
	was := ""
	for _, old := range before {
		switch {
		case !vschema.IsLookup(old.kind) || old.columns != is.columns:
		case old.lookupTable() == is.lookupTable():
			return ""
		case was == "":
			was = old.lookupTable()
		}
	}
	if was == "" {
		return "" // plans show that it was none
	}
	return is.columns + " in " + is.lookupTable() + ", was " + was
}

// lookupTable is the table of a lookup and its columns, the last of which leads to
// the rows.
func (u vindexUse) lookupTable() string {
	return u.params["table"] + "(" + u.params["from"] + " -> " + u.params["to"] + ")"
}
