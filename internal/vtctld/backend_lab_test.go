package vtctld_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/store/storetest"
	"github.com/vtsync/vtsync/internal/topo"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/vtctld"
	"github.com/vtsync/vtsync/lab/cluster"
	"github.com/vtsync/vtsync/lab/proxy"
)

// subject is a real cluster, reached through its vtctld and, to compare,
// through its topo.
type subject struct {
	*cluster.Cluster
	wire  *proxy.Proxy // between the backend and vtctld
	state *storetest.Memory
	logs  *strings.Builder
}

// TestBackendContract is topotest's contract as far as it can hold without a
// compare-and-swap. What cannot:
//
//   - "an update lands on its own token only" and "a create lands once" hold for
//     writes that come one after the other. Of two at once both may land, and
//     the one that was replaced is told in the log.
//   - "a fence kills what is in flight": nothing does.
//   - "settle: overwritten" and "not landed" are told apart by what this host
//     has noted, not by the history of the record; what was not answered is
//     unclear.
//   - "a lock excludes": there is none.
//   - "a delete needs the current token": the backend deletes nothing.
func TestBackendContract(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Cells: []string{"zone1", "zone2"}})
	wire, err := proxy.New("vtsync", "vtctld", c.VTCtld())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = wire.Close() })
	s := &subject{Cluster: c, wire: wire, state: storetest.NewMemory(), logs: &strings.Builder{}}
	for _, test := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"reads what topo holds", s.reads},
		{"a write needs the token of a read", s.needsToken},
		{"a create lands once", s.createsOnce},
		{"an update lands on its own token only", s.updates},
		{"a token survives its process", s.tokenSurvives},
		{"a damaged token is refused", s.damagedToken},
		{"names stay inside", s.names},
		{"a field that nobody knows is told", s.unknownField},
		{"a cell is rebuilt from global", s.cells},
		{"settle: nothing was sent", s.settleNotSent},
		{"a refusal of vtctld's is final", s.refused},
		{"the answer is lost", s.answerLost},
		{"the request is lost", s.requestLost},
		{"the request lands late", s.landsLate},
		{"the record moves while a write is unanswered", s.unclear},
		{"our write is overwritten at once", s.overwritten},
		{"our write replaces another's", s.replaces},
		{"no vtctld", s.silent},
	} {
		t.Run(test.name, test.run)
	}
}

// open gives the backend as another process would have it.
func (s *subject) open(t *testing.T) *vtctld.Backend {
	t.Helper()
	client, err := vtctld.New(vtctld.Options{Address: s.wire.Addr(), Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	s.logs.Reset()
	return vtctld.NewBackend(client, vtctld.BackendOptions{State: s.state, Log: slog.New(slog.NewTextHandler(s.logs, nil))})
}

// keyspace makes a keyspace with an empty VSchema and gives its token.
func (s *subject) keyspace(t *testing.T, b *vtctld.Backend, ks string) planes.Token {
	t.Helper()
	if err := s.CreateKeyspace(t.Context(), ks); err != nil {
		t.Fatal(err)
	}
	return s.token(t, b, ks)
}

func (s *subject) token(t *testing.T, b *vtctld.Backend, ks string) planes.Token {
	t.Helper()
	k, err := b.ReadKeyspace(t.Context(), ks)
	if err != nil || k.Err != "" {
		t.Fatalf("read keyspace %s: %v %s", ks, err, k.Err)
	}
	return k.Token
}

// tables gives the bytes of a VSchema with these tables.
func tables(t *testing.T, names ...string) []byte {
	t.Helper()
	ks := &vschema.Keyspace{Tables: map[string]*vschema.Table{}}
	for _, n := range names {
		ks.Tables[n] = &vschema.Table{}
	}
	raw, err := vschema.EncodeTopo(ks)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// foreign writes as another person would, past the backend.
func (s *subject) foreign(t *testing.T, ks, table string) {
	t.Helper()
	if err := s.ApplyVSchema(t.Context(), ks, `{"tables": {"`+table+`": {}}}`, "--skip-rebuild"); err != nil {
		t.Fatal(err)
	}
}

// live refuses a keyspace that does not hold exactly this table.
func (s *subject) live(t *testing.T, ks, table string) {
	t.Helper()
	k, err := s.topo(t).ReadKeyspace(t.Context(), ks)
	if err != nil || len(k.VSchema.GetTables()) != 1 || k.VSchema.Tables[table] == nil {
		t.Fatalf("keyspace %s holds %v (%v), want table %s", ks, k.VSchema, err, table)
	}
}

func (s *subject) topo(t *testing.T) *topo.Server {
	t.Helper()
	o, err := topo.ParseURL(s.TopoDirect())
	if err != nil {
		t.Fatal(err)
	}
	server, err := topo.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// applies meets the next write with a fault. The one before it is vtctld's
// judgement, which writes nothing.
func (s *subject) applies(f proxy.Fault) *proxy.Armed {
	return s.wire.Arm(proxy.Rule{Method: "Vtctld/ApplyVSchema", Skip: 1, Times: 1, Fault: f})
}

func (s *subject) reads(t *testing.T) {
	b, direct := s.open(t), s.topo(t)
	g, err := b.ReadGlobal(t.Context())
	if err != nil || len(g.Keyspaces) != 0 {
		t.Fatalf("of an empty cluster: %+v, %v", g, err)
	}
	if err := s.Commerce(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if err := s.ApplyRoutingRules(t.Context(), `{"rules": [{"from_table": "p", "to_tables": ["commerce.product"]}]}`); err != nil {
		t.Fatal(err)
	}
	got, err := b.ReadGlobal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want, err := direct.ReadGlobal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The hash of a token is of our own encoding, its version is topo's.
	for name, w := range want.Keyspaces {
		g := got.Keyspaces[name]
		if g.Token.Version != w.Token.Version || g.HasRecord != w.HasRecord || !vschema.Equal(g.VSchema, w.VSchema) {
			t.Errorf("keyspace %s: %+v, want %+v", name, g, w)
		}
		if a, b := mustJSON(t, g.Shards), mustJSON(t, w.Shards); a != b {
			t.Errorf("shards of %s: %s, want %s", name, a, b)
		}
	}
	if len(got.Keyspaces) != len(want.Keyspaces) || mustJSON(t, got.Cells) != mustJSON(t, want.Cells) {
		t.Errorf("got %d keyspaces and cells %v, want %d and %v", len(got.Keyspaces), got.Cells, len(want.Keyspaces), want.Cells)
	}
	for _, kind := range vschema.RuleKinds {
		if got.Rules.Tokens[kind].IsAbsent() != want.Rules.Tokens[kind].IsAbsent() {
			t.Errorf("%s: token %v, want %v", kind, got.Rules.Tokens[kind], want.Rules.Tokens[kind])
		}
	}
	if !vschema.EqualRules(vschema.TableRules, got.Rules.Table, want.Rules.Table) || len(got.Rules.Table.Rules) != 1 {
		t.Errorf("routing rules %v, want %v", got.Rules.Table, want.Rules.Table)
	}
	cell, wantCell := b.ReadCell(t.Context(), "zone1"), direct.ReadCell(t.Context(), "zone1")
	if cell.Err != "" || cell.Token.Version != wantCell.Token.Version || mustJSON(t, cell.Srv) != mustJSON(t, wantCell.Srv) {
		t.Errorf("cell zone1: %+v, want %+v", cell, wantCell)
	}
	if nowhere := b.ReadCell(t.Context(), "nowhere"); nowhere.Err == "" {
		t.Errorf("a cell that does not exist was read: %+v", nowhere)
	}
	if k, err := b.ReadKeyspace(t.Context(), "nowhere"); err != nil || !k.Token.IsAbsent() || k.HasRecord {
		t.Errorf("a keyspace that does not exist: %+v, %v", k, err)
	}
}

func (s *subject) needsToken(t *testing.T) {
	b := s.open(t)
	was := s.keyspace(t, b, "token")
	if _, err := b.WriteKeyspace(t.Context(), "token", tables(t, "a"), planes.Token{}); err == nil {
		t.Error("a write without a token was accepted")
	}
	if _, err := b.WriteCell(t.Context(), "zone1", nil, planes.Token{}); err == nil {
		t.Error("a cell was written without a token")
	}
	if _, err := b.FenceKeyspace(t.Context(), "token", planes.Token{}, nil); err == nil {
		t.Error("a fence without a token was accepted")
	}
	if now := s.token(t, b, "token"); now != was {
		t.Errorf("a refused write left %v, want %v", now, was)
	}
}

func (s *subject) createsOnce(t *testing.T) {
	b := s.open(t)
	was := s.keyspace(t, b, "created")
	if err := s.topo(t).Delete(t.Context(), "keyspaces/created/VSchema", s.raw(t, "created")); err != nil {
		t.Fatal(err)
	}
	if now := s.token(t, b, "created"); !now.IsAbsent() || was.IsAbsent() {
		t.Fatalf("token %v, want the absent one", now)
	}
	first, err := b.WriteKeyspace(t.Context(), "created", tables(t, "a"), planes.Absent())
	if err != nil || first != s.token(t, b, "created") {
		t.Fatalf("create: %v, %v", first, err)
	}
	if _, err := b.WriteKeyspace(t.Context(), "created", tables(t, "b"), planes.Absent()); !isConflict(err) {
		t.Fatalf("second create: %v", err)
	}
	s.live(t, "created", "a")
}

// raw gives the token that topo itself has for a keyspace.
func (s *subject) raw(t *testing.T, ks string) planes.Token {
	t.Helper()
	k, err := s.topo(t).ReadKeyspace(t.Context(), ks)
	if err != nil {
		t.Fatal(err)
	}
	return k.Token
}

func (s *subject) updates(t *testing.T) {
	b := s.open(t)
	base := s.keyspace(t, b, "updated")
	s.foreign(t, "updated", "theirs")
	if _, err := b.WriteKeyspace(t.Context(), "updated", tables(t, "ours"), base); !isConflict(err) {
		t.Fatalf("on a dead token: %v", err)
	}
	s.live(t, "updated", "theirs")
	now := s.token(t, b, "updated")
	ours, err := b.WriteKeyspace(t.Context(), "updated", tables(t, "ours"), now)
	if err != nil || ours != s.token(t, b, "updated") {
		t.Fatalf("on the live token: %v, %v", ours, err)
	}
	s.live(t, "updated", "ours")
	if s.logs.Len() > 0 {
		t.Errorf("told of a write that was fine: %s", s.logs)
	}
}

func (s *subject) tokenSurvives(t *testing.T) {
	raw := mustJSON(t, s.keyspace(t, s.open(t), "survives"))
	var tok planes.Token
	if err := json.Unmarshal([]byte(raw), &tok); err != nil {
		t.Fatal(err)
	}
	if _, err := s.open(t).WriteKeyspace(t.Context(), "survives", tables(t, "a"), tok); err != nil {
		t.Fatal(err)
	}
}

func (s *subject) damagedToken(t *testing.T) {
	b := s.open(t)
	good := s.keyspace(t, b, "damaged")
	for _, tok := range []planes.Token{
		{Version: "no version", Hash: good.Hash}, {Version: "-1", Hash: good.Hash}, {Version: good.Version}, {Hash: good.Hash},
	} {
		_, err := b.WriteKeyspace(t.Context(), "damaged", tables(t, "a"), tok)
		if _, ok := errors.AsType[*errs.Invalid](err); !ok {
			t.Errorf("token %+v: %v, want *errs.Invalid", tok, err)
		}
	}
}

func (s *subject) names(t *testing.T) {
	b := s.open(t)
	for _, name := range []string{"", "..", "a/b", "../cells"} {
		if _, err := b.WriteKeyspace(t.Context(), name, tables(t, "a"), planes.Absent()); err == nil {
			t.Errorf("keyspace %q was accepted", name)
		}
		if cell := b.ReadCell(t.Context(), name); cell.Err == "" {
			t.Errorf("cell %q was read", name)
		}
	}
}

func (s *subject) unknownField(t *testing.T) {
	b := s.open(t)
	s.keyspace(t, b, "newer")
	raw := protowire.AppendString(protowire.AppendTag(tables(t, "a"), 999, protowire.BytesType), "of a newer Vitess")
	if _, err := s.topo(t).Put(t.Context(), "keyspaces/newer/VSchema", raw, s.raw(t, "newer")); err != nil {
		t.Fatal(err)
	}
	k, err := b.ReadKeyspace(t.Context(), "newer")
	if err != nil || len(k.Unknown) != 1 || !strings.Contains(k.Unknown[0], "999") {
		t.Fatalf("unknown fields %v, %v, want field 999", k.Unknown, err)
	}
}

func (s *subject) cells(t *testing.T) {
	b := s.open(t)
	tok := s.keyspace(t, b, "shown")
	before, other := b.ReadCell(t.Context(), "zone1"), b.ReadCell(t.Context(), "zone2")
	if _, err := b.WriteKeyspace(t.Context(), "shown", tables(t, "a"), tok); err != nil {
		t.Fatal(err)
	}
	if now := b.ReadCell(t.Context(), "zone1"); now.Token != before.Token {
		t.Fatal("the write of global rebuilt a cell")
	}
	now, err := b.WriteCell(t.Context(), "zone1", nil, before.Token)
	if err != nil {
		t.Fatal(err)
	}
	after := b.ReadCell(t.Context(), "zone1")
	if after.Token != now || after.Srv.Keyspaces["shown"].GetTables()["a"] == nil {
		t.Fatalf("after the rebuild: %+v, want token %v and the table", after, now)
	}
	if again := b.ReadCell(t.Context(), "zone2"); again.Token != other.Token {
		t.Error("another cell was rebuilt as well")
	}
	if _, err := b.WriteCell(t.Context(), "zone1", nil, before.Token); !isConflict(err) {
		t.Fatalf("on a dead token: %v", err)
	}
	if _, err := b.WriteCell(t.Context(), "nowhere", nil, planes.Absent()); err == nil || isConflict(err) {
		t.Fatalf("a cell that does not exist: %v", err)
	}
	s.wire.Arm(proxy.Rule{Method: "Vtctld/RebuildVSchemaGraph", Times: 1, Fault: proxy.DropReply()})
	if _, err := b.WriteCell(t.Context(), "zone1", nil, now); !isUnknown(err) || errors.Is(err, errs.ErrNotSent) {
		t.Fatalf("without an answer: %v", err)
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func isConflict(err error) bool {
	_, ok := errors.AsType[*errs.Conflict](err)
	return ok
}

func isUnknown(err error) bool {
	_, ok := errors.AsType[*errs.Unknown](err)
	return ok
}
