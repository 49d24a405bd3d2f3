package vtctld_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/vtctld"
	"github.com/vtsync/vtsync/lab/proxy"
)

func (s *subject) settleNotSent(t *testing.T) {
	b := s.open(t)
	base := s.keyspace(t, b, "notsent")
	s.settles(t, b, "notsent", base, "ours", planes.LandingOpen)
	if tok, err := b.FenceKeyspace(t.Context(), "notsent", base, nil); err != nil || tok != base {
		t.Errorf("there was nothing to give up: %v, %v", tok, err)
	}
	s.foreign(t, "notsent", "theirs")
	s.settles(t, b, "notsent", base, "ours", planes.LandingNever)
	s.foreign(t, "notsent", "ours")
	s.settles(t, b, "notsent", base, "ours", planes.LandingHere)
}

func (s *subject) settles(t *testing.T, b *vtctld.Backend, ks string, tok planes.Token, table string, want planes.Landing) {
	t.Helper()
	got, now, err := b.SettleKeyspace(t.Context(), ks, tok, tables(t, table))
	if err != nil || got != want || now != s.token(t, b, ks) {
		t.Fatalf("settle: %s at %v, %v, want %s", got, now, err, want)
	}
}

func (s *subject) refused(t *testing.T) {
	b := s.open(t)
	base := s.keyspace(t, b, "refused")
	broken, err := vschema.EncodeTopo(&vschema.Keyspace{Sharded: true, Tables: map[string]*vschema.Table{
		"a": {ColumnVindexes: []*vschema.ColumnVindex{{Name: "none", Column: "id"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.WriteKeyspace(t.Context(), "refused", broken, base)
	if err == nil || isUnknown(err) || isConflict(err) || !strings.Contains(err.Error(), "nothing was written") || !strings.Contains(err.Error(), "vindex none not found") {
		t.Fatalf("refused with %v", err)
	}
	if now := s.token(t, b, "refused"); now != base {
		t.Errorf("a refused write left %v", now)
	}
	if _, err := b.FenceKeyspace(t.Context(), "refused", base, nil); err != nil {
		t.Errorf("there was nothing to give up: %v", err)
	}
}

func (s *subject) answerLost(t *testing.T) {
	b := s.open(t)
	base := s.keyspace(t, b, "answer")
	s.applies(proxy.DropReply())
	tok, err := b.WriteKeyspace(t.Context(), "answer", tables(t, "ours"), base)
	if err != nil || tok != s.token(t, b, "answer") {
		t.Fatalf("it landed, and is there to be read: %v, %v", tok, err)
	}
	s.settles(t, b, "answer", base, "ours", planes.LandingHere)
	s.foreign(t, "answer", "theirs")
	s.settles(t, b, "answer", base, "ours", planes.LandingLost)
}

func (s *subject) requestLost(t *testing.T) {
	b := s.open(t)
	base := s.keyspace(t, b, "request")
	rule := s.applies(proxy.DropRequest())
	if _, err := b.WriteKeyspace(t.Context(), "request", tables(t, "ours"), base); !isUnknown(err) || errors.Is(err, errs.ErrNotSent) {
		t.Fatalf("no answer: %v", err)
	}
	rule.Disarm()
	_, err := b.WriteKeyspace(t.Context(), "request", tables(t, "ours"), base)
	if !isUnknown(err) || !strings.Contains(err.Error(), "may still land") {
		t.Fatalf("the same process repeats it: %v", err)
	}
	if now := s.token(t, b, "request"); now != base {
		t.Fatal("a write without an answer was sent again")
	}
	s.settles(t, b, "request", base, "ours", planes.LandingOpen)
	if _, err := b.FenceKeyspace(t.Context(), "request", base, nil); !isUnknown(err) || !strings.Contains(err.Error(), "cannot be fenced") {
		t.Fatalf("fence: %v", err)
	}
	later := s.open(t)
	if _, err := later.FenceKeyspace(t.Context(), "request", base, nil); !isUnknown(err) {
		t.Fatalf("fence by another process: %v", err)
	}
	if _, err := later.WriteKeyspace(t.Context(), "request", tables(t, "ours"), base); err != nil {
		t.Fatalf("another process sends it again: %v", err)
	}
	s.live(t, "request", "ours")
}

func (s *subject) landsLate(t *testing.T) {
	b := s.open(t)
	base := s.keyspace(t, b, "late")
	held := s.applies(proxy.Hold())
	if _, err := b.WriteKeyspace(t.Context(), "late", tables(t, "ours"), base); !isUnknown(err) {
		t.Fatalf("no answer: %v", err)
	}
	hit, err := held.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := hit.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.WriteKeyspace(t.Context(), "late", tables(t, "ours"), base); !isConflict(err) {
		t.Fatalf("after it landed: %v", err)
	}
	s.settles(t, b, "late", base, "ours", planes.LandingHere)
	if _, err := b.FenceKeyspace(t.Context(), "late", base, nil); !isConflict(err) {
		t.Fatalf("fence: %v", err)
	}
}

func (s *subject) unclear(t *testing.T) {
	b := s.open(t)
	base := s.keyspace(t, b, "unclear")
	s.applies(proxy.DropRequest())
	if _, err := b.WriteKeyspace(t.Context(), "unclear", tables(t, "ours"), base); !isUnknown(err) {
		t.Fatalf("no answer: %v", err)
	}
	s.foreign(t, "unclear", "theirs")
	if _, err := b.WriteKeyspace(t.Context(), "unclear", tables(t, "ours"), base); !isConflict(err) {
		t.Fatalf("the record has moved: %v", err)
	}
	s.settles(t, s.open(t), "unclear", base, "ours", planes.LandingUnclear)
	s.settles(t, b, "unclear", base, "other", planes.LandingNever)
	s.live(t, "unclear", "theirs")
}

func (s *subject) overwritten(t *testing.T) {
	b := s.open(t)
	base := s.keyspace(t, b, "lost")
	after := s.wire.Arm(proxy.Rule{Method: "Vtctld/GetTopologyPath", Skip: 3, Times: 1, Fault: proxy.Hold()})
	done := make(chan error, 1)
	go func() {
		_, err := b.WriteKeyspace(t.Context(), "lost", tables(t, "ours"), base)
		done <- err
	}()
	hit, err := after.Next(t.Context()) // our write has landed, and is read back
	if err != nil {
		t.Fatal(err)
	}
	s.live(t, "lost", "ours")
	s.foreign(t, "lost", "theirs")
	if err := hit.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !isConflict(err) {
		t.Fatalf("overwritten: %v", err)
	}
	s.settles(t, b, "lost", base, "ours", planes.LandingLost)
}

func (s *subject) replaces(t *testing.T) {
	b := s.open(t)
	base := s.keyspace(t, b, "replaced")
	held := s.applies(proxy.Hold())
	done := make(chan error, 1)
	var landed planes.Token
	go func() {
		tok, err := b.WriteKeyspace(t.Context(), "replaced", tables(t, "ours"), base)
		landed = tok
		done <- err
	}()
	hit, err := held.Next(t.Context()) // checked, and not written yet
	if err != nil {
		t.Fatal(err)
	}
	s.foreign(t, "replaced", "theirs")
	version := s.token(t, b, "replaced").Version
	if err := hit.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatalf("the write: %v", err)
	}
	s.live(t, "replaced", "ours")
	told := s.open(t).Replaced(t.Context(), "replaced", base, landed)
	if !strings.Contains(told, "replaced another's") || !strings.Contains(told, "--version "+version+" /global/keyspaces/replaced/VSchema") {
		t.Errorf("what was replaced (version %s) is not told: %s", version, told)
	}
	after, err := b.WriteKeyspace(t.Context(), "replaced", tables(t, "ours", "more"), landed)
	if err != nil {
		t.Fatal(err)
	}
	if told := b.Replaced(t.Context(), "replaced", landed, after); told != "" {
		t.Errorf("nothing was replaced: %s", told)
	}
	// The base of this host's first write is forgotten once etcd compacts.
	if told := b.Replaced(t.Context(), "replaced", planes.Token{Version: "0", Hash: "h"}, after); !strings.Contains(told, "could not be read") {
		t.Errorf("without a history: %q", told)
	}
}

func (s *subject) silent(t *testing.T) {
	b := s.open(t)
	base := s.keyspace(t, b, "silent")
	s.wire.Cut()
	defer s.wire.Restore()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := b.ReadGlobal(ctx); !isUnknown(err) {
		t.Errorf("read: %v", err)
	}
	if _, err := b.WriteKeyspace(ctx, "silent", tables(t, "ours"), base); !errors.Is(err, errs.ErrNotSent) {
		t.Errorf("write: %v, want that nothing was sent", err)
	}
	if tok, err := b.FenceKeyspace(ctx, "silent", base, nil); err != nil || tok != base {
		t.Errorf("there was nothing to give up: %v, %v", tok, err)
	}
	if cell := b.ReadCell(ctx, "zone1"); cell.Err == "" {
		t.Error("a cell was read")
	}
}
