package topotest

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/topo"
)

// Subject is a cluster under the contract. Each use of Open is another
// process's view of it.
type Subject struct {
	Open func(t *testing.T) *topo.Server
	// Cell is a cell that the cluster has.
	Cell string
	// History tells that the past of a record can be asked for.
	History bool
	// Holders tells that a lock names its holder.
	Holders bool
}

// Contract checks what vtsync believes of every topo server.
func Contract(t *testing.T, s Subject) {
	t.Run("a write needs the token of a read", s.needsToken)
	t.Run("a create lands once", s.createsOnce)
	t.Run("an update lands on its own token only", s.updates)
	t.Run("a token survives its process", s.tokenSurvives)
	t.Run("a damaged token is refused", s.damagedToken)
	t.Run("a delete needs the current token", s.deletes)
	t.Run("paths stay inside the cell", s.paths)
	t.Run("a cell is written like a keyspace", s.cells)
	t.Run("settle: pending", s.settlePending)
	t.Run("settle: landed", s.settleLanded)
	t.Run("settle: overwritten", s.settleOverwritten)
	t.Run("settle: not landed", s.settleNotLanded)
	t.Run("settle: of a create", s.settleCreate)
	t.Run("a fence kills what is in flight", s.fence)
	t.Run("a fence of an absent record stays", s.fenceAbsent)
	t.Run("a lock excludes", s.lock)
}

func (s Subject) needsToken(t *testing.T) {
	srv := s.Open(t)
	const p = "vtsync/test/token"
	if _, err := srv.Put(t.Context(), p, []byte("x"), planes.Token{}); err == nil {
		t.Fatal("a write without a token was accepted")
	}
	if err := srv.Delete(t.Context(), p, planes.Token{}); err == nil {
		t.Fatal("a delete without a token was accepted")
	}
	if _, err := srv.Fence(t.Context(), topo.GlobalRef(p), planes.Token{}, nil); err == nil {
		t.Fatal("a fence without a token was accepted")
	}
	if v, tok := get(t, srv, p); v != "" || !tok.IsAbsent() {
		t.Fatalf("a refused write left %q, %v", v, tok)
	}
}

func (s Subject) createsOnce(t *testing.T) {
	srv := s.Open(t)
	const p = "vtsync/test/create"
	first := put(t, srv, p, "one", planes.Absent())
	conflict(t, srv, p, "two", planes.Absent())
	if v, tok := get(t, srv, p); v != "one" || tok != first {
		t.Fatalf("got %q %v, want one %v", v, tok, first)
	}
}

func (s Subject) updates(t *testing.T) {
	srv, other := s.Open(t), s.Open(t)
	const p = "vtsync/test/update"
	base := put(t, srv, p, "base", planes.Absent())
	foreign := put(t, other, p, "foreign", base)
	conflict(t, srv, p, "ours", base)
	if v, tok := get(t, srv, p); v != "foreign" || tok != foreign {
		t.Fatalf("got %q %v, want foreign %v", v, tok, foreign)
	}
	put(t, srv, p, "ours", foreign)
	// The very bytes of the base give no right to the base's token.
	again, tok := get(t, other, p)
	back := put(t, other, p, "base", tok)
	if again != "ours" || back == base {
		t.Fatalf("got %q and token %v of the base again", again, back)
	}
	conflict(t, srv, p, "late", base)
}

func (s Subject) tokenSurvives(t *testing.T) {
	const p = "vtsync/test/survive"
	raw, err := json.Marshal(put(t, s.Open(t), p, "base", planes.Absent()))
	if err != nil {
		t.Fatal(err)
	}
	var tok planes.Token
	if err := json.Unmarshal(raw, &tok); err != nil {
		t.Fatal(err)
	}
	later := s.Open(t)
	put(t, later, p, "next", tok)
	conflict(t, later, p, "next", tok)
}

func (s Subject) damagedToken(t *testing.T) {
	srv := s.Open(t)
	const p = "vtsync/test/damaged"
	good := put(t, srv, p, "base", planes.Absent())
	for _, tok := range []planes.Token{
		{Version: "not a version", Hash: good.Hash},
		{Version: "-1", Hash: good.Hash},
		{Version: good.Version},
		{Hash: good.Hash},
	} {
		_, err := srv.Put(t.Context(), p, []byte("x"), tok)
		if _, ok := errors.AsType[*errs.Invalid](err); !ok {
			t.Errorf("token %+v: got %v, want *errs.Invalid", tok, err)
		}
	}
	if v, tok := get(t, srv, p); v != "base" || tok != good {
		t.Fatalf("a refused write left %q, %v", v, tok)
	}
}

func (s Subject) deletes(t *testing.T) {
	srv := s.Open(t)
	const p = "vtsync/test/delete/it"
	old := put(t, srv, p, "one", planes.Absent())
	now := put(t, srv, p, "two", old)
	if err := srv.Delete(t.Context(), p, old); !isConflict(err) {
		t.Fatalf("delete with an old token: %v", err)
	}
	if names, err := srv.List(t.Context(), "vtsync/test/delete"); err != nil || len(names) != 1 || names[0] != "it" {
		t.Fatalf("list: %v, %v", names, err)
	}
	if err := srv.Delete(t.Context(), p, now); err != nil {
		t.Fatal(err)
	}
	if err := srv.Delete(t.Context(), p, now); !errors.Is(err, errs.ErrNotFound) {
		t.Fatalf("second delete: %v", err)
	}
	if names, err := srv.List(t.Context(), "vtsync/test/delete"); err != nil || len(names) != 0 {
		t.Fatalf("list: %v, %v", names, err)
	}
	// A record that is created again is another record.
	put(t, srv, p, "two", planes.Absent())
	conflict(t, srv, p, "three", now)
}

func (s Subject) paths(t *testing.T) {
	srv := s.Open(t)
	for _, p := range []string{"", "/vtsync/id", "../id", "vtsync/../../id", "vtsync//id", "vtsync/"} {
		_, err := srv.Put(t.Context(), p, []byte("x"), planes.Absent())
		if _, ok := errors.AsType[*errs.Invalid](err); !ok {
			t.Errorf("path %q: got %v, want *errs.Invalid", p, err)
		}
	}
	if _, err := srv.WriteKeyspace(t.Context(), "a/b", nil, planes.Absent()); err == nil {
		t.Error("keyspace a/b was accepted")
	}
}

func (s Subject) cells(t *testing.T) {
	srv := s.Open(t)
	before := srv.ReadCell(t.Context(), s.Cell)
	if before.Err != "" {
		t.Fatal(before.Err)
	}
	value := []byte{}
	tok, err := srv.WriteCell(t.Context(), s.Cell, value, before.Token)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := srv.WriteCell(t.Context(), s.Cell, value, before.Token); !isConflict(err) {
		t.Fatalf("second write on one token: %v", err)
	}
	after := srv.ReadCell(t.Context(), s.Cell)
	if after.Token != tok || after.Srv == nil || after.Size != len(value) {
		t.Fatalf("after the write: %+v, want token %v", after, tok)
	}
	missing := srv.ReadCell(t.Context(), "nowhere")
	if missing.Err == "" {
		t.Fatal("a cell that does not exist was read")
	}
	_, err = srv.WriteCell(t.Context(), "nowhere", value, planes.Absent())
	if !errors.Is(err, errs.ErrNotFound) {
		t.Fatalf("write to a cell that does not exist: %v", err)
	}
}

func (s Subject) lock(t *testing.T) {
	srv, other := s.Open(t), s.Open(t)
	const ks = "locked"
	if _, err := srv.LockKeyspace(t.Context(), ks, "early"); !errors.Is(err, errs.ErrNotFound) {
		t.Fatalf("lock of a keyspace that does not exist: %v", err)
	}
	put(t, srv, "keyspaces/"+ks+"/Keyspace", "", planes.Absent())
	unlock, err := srv.LockKeyspace(t.Context(), ks, "vtsync apply")
	if err != nil {
		t.Fatal(err)
	}
	_, err = other.LockKeyspace(t.Context(), ks, "second")
	if err == nil {
		t.Fatal("two hold the lock")
	}
	held, ok := errors.AsType[*topo.Held](err)
	if s.Holders && (!ok || held.By == "" || held.Keyspace != ks) {
		t.Fatalf("the second lock: %v, want *Held with its holder", err)
	}
	if err := unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	unlock, err = other.LockKeyspace(t.Context(), ks, "third")
	if err != nil {
		t.Fatalf("lock after unlock: %v", err)
	}
	if err := unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
}
