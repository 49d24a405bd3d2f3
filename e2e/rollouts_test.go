package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"

	"google.golang.org/protobuf/proto"
	topodatapb "vitess.io/vitess/go/vt/proto/topodata"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/view"
)

// addKeyspaces makes unsharded keyspaces that have no VSchema yet, straight in
// etcd, as a test needs more of them than vtctldclient could make in its time.
func (e *env) addKeyspaces(names ...string) {
	e.t.Helper()
	for _, ks := range names {
		dir := "/vitess/global/keyspaces/" + ks
		e.putProto("global", dir+"/Keyspace", &topodatapb.Keyspace{})
		e.putProto("global", dir+"/shards/0/Shard", &topodatapb.Shard{IsPrimaryServing: true})
	}
}

func (e *env) putProto(server, key string, m proto.Message) {
	e.t.Helper()
	raw, err := proto.Marshal(m)
	if err != nil {
		e.t.Fatal(err)
	}
	e.put(server, key, string(raw))
}

// startElsewhere is start in an empty folder: another host, which has nothing
// but the topo.
func (e *env) startElsewhere(args ...string) *proc {
	e.t.Helper()
	p := e.prepare(args...)
	p.cmd.Dir = e.t.TempDir()
	if err := p.cmd.Start(); err != nil {
		e.t.Fatal(err)
	}
	return p
}

// setTables writes the file of an unsharded keyspace with just these tables.
func (e *env) setTables(ks string, names ...string) {
	e.t.Helper()
	v := map[string]any{}
	for _, name := range names {
		table(v, name)
	}
	raw, err := json.Marshal(v)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(e.file(ks)), 0o755)
	}
	if err == nil {
		err = os.WriteFile(e.file(ks), raw, 0o644)
	}
	if err != nil {
		e.t.Fatal(err)
	}
}

// history is what vtsync remembers, newest first.
func (e *env) history() []rollout.Record {
	e.t.Helper()
	var shown view.Rollouts
	e.decode(e.ok("history", "--limit", "0", "--format", "json"), &shown)
	return shown.Rollouts
}

// rolloutOf is the newest rollout of a keyspace, if there is one.
func rolloutOf(records []rollout.Record, ks string) (rollout.Record, bool) {
	at := slices.IndexFunc(records, func(r rollout.Record) bool { return slices.Contains(r.Keyspaces, ks) })
	if at < 0 {
		return rollout.Record{}, false
	}
	return records[at], true
}

// head is vtsync's own record of a keyspace, read past every proxy.
func (e *env) head(ks string) rollout.Head {
	e.t.Helper()
	h, err := e.tryHead(ks)
	if err != nil {
		e.t.Fatal(err)
	}
	return h
}

// tryHead is head for any goroutine.
func (e *env) tryHead(ks string) (h rollout.Head, err error) {
	resp, err := e.Etcd("global").Get(e.t.Context(), "/vitess/global/vtsync/heads/"+ks)
	if err != nil || len(resp.Kvs) == 0 {
		return h, err
	}
	return h, json.Unmarshal(resp.Kvs[0].Value, &h)
}

// vschemaKey is where a keyspace's VSchema lies in the global topo.
func vschemaKey(ks string) string { return "/vitess/global/keyspaces/" + ks + "/VSchema" }

// show is the newest rollout of a keyspace as `show` gives it.
func (e *env) show(ks string) rollout.Record {
	e.t.Helper()
	rec, ok := rolloutOf(e.history(), ks)
	if !ok {
		e.t.Fatalf("no rollout of keyspace %s", ks)
	}
	var shown struct {
		Record rollout.Record `json:"record"`
	}
	out := e.ok("show", rec.ID, "--format", "json").stdout
	if err := json.Unmarshal([]byte(out), &shown); err != nil {
		e.t.Fatalf("show: %v\n%s", err, out)
	}
	return shown.Record
}
