package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/view"
	"github.com/vtsync/vtsync/lab/cluster"
)

// in gives the same lab to a subtest.
func (e *env) in(t *testing.T) *env {
	sub := *e
	sub.t = t
	return &sub
}

// alter changes a keyspace as others do, with vtctldclient.
func (e *env) alter(ks, sql string, args ...string) {
	e.t.Helper()
	args = append([]string{"ApplyVSchema", "--sql", sql}, append(args, ks)...)
	if _, err := e.VTCtldClient(e.t.Context(), args...); err != nil {
		e.t.Fatal(err)
	}
}

func globalKey(ks string) string { return "/vitess/global/keyspaces/" + ks + "/VSchema" }

// cellsServe fails the test unless every cell holds the table.
func (e *env) cellsServe(ks, table string) {
	e.t.Helper()
	for _, cell := range e.Cells() {
		if e.srv(cell).Keyspaces[ks].GetTables()[table] == nil {
			e.t.Errorf("cell %s does not hold %s.%s", cell, ks, table)
		}
	}
}

// vtgatesServe fails the test unless every vtgate serves the table now.
func (e *env) vtgatesServe(ks, table string) {
	e.t.Helper()
	for _, g := range e.VTGates() {
		if err := e.ServesTable(e.t.Context(), g, ks, table); err != nil {
			e.t.Error(err)
		}
	}
}

// serves tells whether a vtgate serves the table now.
func (e *env) serves(g cluster.VTGate, ks, table string) bool {
	e.t.Helper()
	return e.ServesTable(e.t.Context(), g, ks, table) == nil
}

// latest is the newest record in the store.
func (e *env) latest() rollout.Record {
	e.t.Helper()
	var list view.Rollouts
	e.decode(e.ok("history", "--format", "json", "--limit", "1"), &list)
	if len(list.Rollouts) == 0 {
		e.t.Fatal("there is no rollout")
	}
	var shown view.Rollout
	e.decode(e.ok("show", list.Rollouts[0].ID, "--format", "json"), &shown)
	return shown.Record
}

func (e *env) decode(r result, into any) {
	e.t.Helper()
	if err := json.Unmarshal([]byte(r.stdout), into); err != nil {
		e.t.Fatalf("%v in:\n%s", err, r)
	}
}

// omits fails the test if one of the texts stands in the output.
func (r result) omits(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(r.String(), text) {
			t.Errorf("%q should not stand in:\n%s", text, r)
		}
	}
}
