package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/lab/cluster"
)

// A vindex that reads a file beside each vtgate cannot be built by the one
// vtgate that lacks the file, nor by vtsync, which plans it all the same. That
// vtgate's error is evidence: the rollout takes itself back everywhere, and the
// keyspace stays paused until a person lifts it.
func TestBrokenVTGateIsRolledBack(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	for _, g := range e.VTGates() {
		writeMap(t, e.Process(g.Name).Dir)
	}
	lacking, err := e.AddVTGate(t.Context(), "zone2", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e.args = append(e.args, "--vtgate", lacking.HTTP)
	before, served := e.global("customer"), e.srv("zone1").Keyspaces["customer"]
	e.edit("customer", func(v map[string]any) {
		v["vindexes"].(map[string]any)["region"] = map[string]any{
			"type": "numeric_static_map", "params": map[string]any{"json_path": mapFile},
		}
		table(v, "visit")["column_vindexes"] = []any{map[string]any{"column": "region_id", "name": "region"}}
	})
	e.ok("plan", e.dir).wants(t, "vindex region", "table visit")

	e.exits(5, "apply", "--yes", e.dir).wants(t, "rolled_back", lacking.HTTP+" is broken", mapFile)
	if rec := e.latest(); rec.State != rollout.RolledBack || rec.Code != rollout.CodeBroken || !rec.Auto {
		t.Errorf("the record is %s for %s, by itself %v; want rolled_back for broken, by itself", rec.State, rec.Code, rec.Auto)
	}
	if now := e.global("customer"); !proto.Equal(now, before) {
		t.Errorf("global is not as before: %v", now)
	}
	for _, cell := range e.Cells() {
		if now := e.srv(cell).Keyspaces["customer"]; !proto.Equal(now, served) {
			t.Errorf("cell %s is not as before: %v", cell, now)
		}
	}
	e.vtgatesServe("customer", "corder")
	for _, g := range e.VTGates() {
		if e.serves(g, "customer", "visit") {
			t.Errorf("%s still serves visit", g.Name)
		}
		if text := e.errorAt(g, "customer"); text != "" {
			t.Errorf("%s is in error: %s", g.Name, text)
		}
	}

	writeMap(t, e.Process(lacking.Name).Dir)
	e.untouched(func() {
		e.exits(3, "apply", "--yes", e.dir).wants(t, "keyspace customer is paused", "vtsync unpause customer")
		e.exits(1, "status", e.dir).wants(t, "paused since", "vtsync unpause customer")
	})
	e.ok("unpause", "customer")
	e.ok("apply", "--yes", e.dir).wants(t, "committed")
	e.cellsServe("customer", "visit")
	e.vtgatesServe("customer", "visit")
	e.ok("status", e.dir).wants(t, "all planes agree")
}

// mapFile is the relative json_path of the vindex.
const mapFile = "regions.json"

func writeMap(t *testing.T, dir string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, mapFile), []byte(`{"1": 2, "3": 4}`), 0o600); err != nil {
		t.Fatal(err)
	}
}

// errorAt is the error that a vtgate shows for a keyspace, if any.
func (e *env) errorAt(g cluster.VTGate, ks string) string {
	e.t.Helper()
	page, err := e.Debug(e.t.Context(), g, "vschema")
	if err != nil {
		e.t.Fatal(err)
	}
	var shown struct {
		Keyspaces map[string]struct {
			Error string `json:"error"`
		} `json:"keyspaces"`
	}
	if err := json.Unmarshal(page, &shown); err != nil {
		e.t.Fatal(err)
	}
	return shown.Keyspaces[ks].Error
}
