package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/lab/cluster"
)

// showTables asks every vtgate over MySQL which tables of a keyspace it
// routes. All of with must be among them, and none of without.
func (s *session) showTables(ctx context.Context, gates []cluster.VTGate, keyspace string, with, without []string) {
	const statement = "SHOW VSCHEMA TABLES"
	for _, g := range gates {
		if s.err != nil {
			return
		}
		s.line(cyan, fmt.Sprintf("mysql %s (vtgate of %s)> USE %s; %s", g.MySQL, g.Cell, keyspace, statement))
		rows, err := g.Query(ctx, keyspace, statement)
		if err != nil {
			s.err = err
			return
		}
		var tables []string
		for _, row := range rows {
			tables = append(tables, strings.Join(row, " "))
		}
		s.print(strings.Join(tables, "\n") + "\n")
		for _, t := range with {
			if !slices.Contains(tables, t) {
				s.err = fmt.Errorf("%s does not route %s.%s", g.Name, keyspace, t)
			}
		}
		for _, t := range without {
			if slices.Contains(tables, t) {
				s.err = fmt.Errorf("%s still routes %s.%s", g.Name, keyspace, t)
			}
		}
	}
}

// traffic sends a statement to every vtgate that often, as an application does.
// That each fails for want of a tablet is expected; any other error is not.
func (s *session) traffic(ctx context.Context, gates []cluster.VTGate, times int, statement string) {
	for _, g := range gates {
		if s.err != nil {
			return
		}
		s.line(cyan, fmt.Sprintf("mysql %s (vtgate of %s)> %s;   %d times", g.MySQL, g.Cell, statement, times))
		for range times {
			switch _, err := g.Query(ctx, "customer", statement); {
			case err == nil:
				s.err = fmt.Errorf("%s: it ran without a tablet", statement)
				return
			case !strings.Contains(err.Error(), "no healthy tablet"):
				s.err = fmt.Errorf("%s: %w", statement, err)
				return
			}
		}
	}
}

// showTable shows a table as every vtgate's /debug/vschema has it.
func (s *session) showTable(ctx context.Context, gates []cluster.VTGate, keyspace, table string, wants ...string) {
	for _, g := range gates {
		if s.err != nil {
			return
		}
		s.line(cyan, fmt.Sprintf("GET http://%s/debug/vschema (vtgate of %s), %s.%s in it:", g.HTTP, g.Cell, keyspace, table))
		page, err := g.Debug(ctx, "vschema")
		if err != nil {
			s.err = err
			return
		}
		var served struct {
			Keyspaces map[string]struct {
				Tables map[string]json.RawMessage `json:"tables"`
			} `json:"keyspaces"`
		}
		var compact bytes.Buffer
		if err = json.Unmarshal(page, &served); err == nil {
			err = json.Compact(&compact, served.Keyspaces[keyspace].Tables[table])
		}
		if err != nil {
			s.err = fmt.Errorf("%s: %s.%s in /debug/vschema: %w", g.Name, keyspace, table, err)
			return
		}
		s.print(compact.String() + "\n")
		s.expect(g.Name+" /debug/vschema", compact.String(), wants...)
	}
}
