package app

import (
	"fmt"
	"maps"
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

// remade says of the vindexes that tables are sharded by and that become another
// function under the same name, which no plan shows.
func remade(before, after *vschema.SrvVSchema) []string {
	var out []string
	for _, name := range sortedKeys(after.GetKeyspaces()) {
		was, is := before.GetKeyspaces()[name], after.GetKeyspaces()[name]
		if !was.GetSharded() || !is.GetSharded() {
			continue
		}
		for _, vindex := range sortedKeys(is.GetVindexes()) {
			what := unlikeVindex(was.GetVindexes()[vindex], is.GetVindexes()[vindex])
			if what != "" && shardsBy(was, is, vindex) {
				out = append(out, fmt.Sprintf("%s.%s changes its %s: plans stay as they are, and rows may not be where it looks: vtsync plan judges that", name, vindex, what))
			}
		}
	}
	return out
}

// unlikeVindex names what differs between two vindexes; nothing where one is none.
func unlikeVindex(was, is *vschema.Vindex) string {
	if was == nil || is == nil {
		return ""
	}
	var what []string
	if was.Type != is.Type {
		what = append(what, "type")
	}
	if !maps.Equal(was.Params, is.Params) {
		what = append(what, "params")
	}
	return strings.Join(what, " and its ")
}

// shardsBy tells that a vindex is the primary one of a table, before and after.
func shardsBy(was, is *vschema.Keyspace, vindex string) bool {
	primary := func(t *vschema.Table) bool {
		by := t.GetColumnVindexes()
		return len(by) > 0 && by[0].GetName() == vindex
	}
	for name, t := range is.GetTables() {
		if primary(t) && primary(was.GetTables()[name]) {
			return true
		}
	}
	return false
}
