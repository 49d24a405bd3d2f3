package compile

import (
	"fmt"
	"maps"
	"slices"

	"vitess.io/vitess/go/vt/sqlparser"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/impact"
)

// Reached is the plan after a change, or why it cannot be run: a table that vtgate
// found before, it finds no more, and yet it makes a plan. Where the other tables of
// a query are all of one unsharded keyspace vtgate sends it the whole text, and
// where an unsharded keyspace is named it takes any table to be there.
func Reached(before, after *Planner, q impact.Query, plan impact.Plan) impact.Plan {
	if plan.Tree == nil {
		return plan
	}
	was, err := before.cursor(q)
	if err != nil {
		return plan
	}
	is, err := after.cursor(q)
	if err != nil {
		return plan
	}
	s, err := after.read(q.SQL)
	if err != nil {
		return plan
	}
	for _, name := range was.named(s.ast, nil) {
		if failed := lost(was, is, name, plan); failed != nil {
			return impact.Plan{Tables: plan.Tables, Err: failed}
		}
	}
	return plan
}

// named gives the tables of a statement, and those of its views in their place.
func (c *cursor) named(ast sqlparser.Statement, within []string) []sqlparser.TableName {
	var out []sqlparser.TableName
	for _, name := range tablesIn(ast, false) {
		out = append(out, name)
		view, _ := c.FindView(name)
		if text := sqlparser.String(name); view != nil && !slices.Contains(within, text) {
			out = append(out, c.named(view, append(slices.Clip(within), text))...)
		}
	}
	return out
}

// lost says of a table that was found, and to which the plan does not lead.
func lost(was, is *cursor, name sqlparser.TableName, plan impact.Plan) *impact.Error {
	had, vindex := was.found(name)
	if vindex || !was.knows(had) {
		return nil
	}
	has, vindex := is.found(name)
	if view, _ := is.FindView(name); vindex || view != nil || is.knows(has) {
		return nil
	}
	guessed := has.keyspace != ""
	if !guessed {
		// vtgate skips it: it is looked for where all others are.
		keyspaces := keyspacesOf(*plan.Tree)
		if len(keyspaces) != 1 {
			return &impact.Error{Text: fmt.Sprintf("table %s is not routed any more", sqlparser.String(name))}
		}
		has = place{keyspaces[0], name.Name.String()}
	}
	if has == had || was.knows(has) || is.knows(has) || guessed && !was.lists(has.keyspace) && !is.lists(has.keyspace) {
		return nil
	}
	return &impact.Error{Text: fmt.Sprintf("table %s is not routed any more: vtgate would send the query to keyspace %s, which has no such table as far as is known",
		sqlparser.String(name), has.keyspace)}
}

// place is where a table is.
type place struct{ keyspace, table string }

// found is where vtgate finds a table, be it one that it takes to be there, or a
// vindex.
func (c *cursor) found(name sqlparser.TableName) (at place, vindex bool) {
	t, v, _, _, _, err := c.FindTableOrVindex(name)
	if view, routed := c.FindView(name); view != nil {
		if at, ok := c.viewed(name, routed); ok {
			return at, false
		}
	}
	if err != nil || t == nil || t.Keyspace == nil {
		return place{}, v != nil
	}
	return place{t.Keyspace.Name, t.Name.String()}, false
}

// viewed is where a view is: where a rule says, or else where its name leads.
func (c *cursor) viewed(name sqlparser.TableName, routed *sqlparser.TableName) (place, bool) {
	if routed != nil {
		return place{routed.Qualifier.String(), routed.Name.String()}, true
	}
	keyspace, err := c.FindViewTarget(name)
	if err != nil || keyspace == nil {
		return place{}, false
	}
	return place{keyspace.Name, name.Name.String()}, true
}

// knows tells that a table or view is declared, or is in MySQL, or that a rule names
// it: a rule's author has seen it.
func (c *cursor) knows(at place) bool {
	ks := c.planner.built.Keyspaces[at.keyspace]
	if ks == nil {
		return false
	}
	if ks.Tables[at.table] != nil || ks.Views[at.table] != nil {
		return true
	}
	for _, rule := range c.planner.built.RoutingRules {
		if slices.ContainsFunc(rule.Tables, func(t *vindexes.BaseTable) bool {
			return t.Keyspace.Name == at.keyspace && t.Name.String() == at.table
		}) {
			return true
		}
	}
	return false
}

// lists tells that something is known of the tables of a keyspace. An unsharded one
// works without any, and often declares its sequences only.
func (c *cursor) lists(keyspace string) bool {
	ks := c.planner.built.Keyspaces[keyspace]
	if ks == nil {
		return false
	}
	for _, t := range ks.Tables {
		if t.Type == "" {
			return true
		}
	}
	return false
}

// keyspacesOf are those of a plan's operators.
func keyspacesOf(n impact.Node) []string {
	found := map[string]bool{}
	var visit func(impact.Node)
	visit = func(n impact.Node) {
		if n.Keyspace != "" {
			found[n.Keyspace] = true
		}
		for _, in := range n.Inputs {
			visit(in)
		}
	}
	visit(n)
	return slices.Sorted(maps.Keys(found))
}
