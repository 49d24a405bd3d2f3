package topotest

import (
	"errors"
	"testing"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/topo"
)

func (s Subject) settlePending(t *testing.T) {
	srv := s.Open(t)
	const p = "vtsync/test/pending"
	base := put(t, srv, p, "base", planes.Absent())
	settles(t, srv, p, base, "ours", planes.LandingOpen, base)
	// Not even bytes equal to the base are taken for ours.
	settles(t, srv, p, base, "base", planes.LandingOpen, base)
}

func (s Subject) settleLanded(t *testing.T) {
	srv := s.Open(t)
	const p = "vtsync/test/landed"
	base := put(t, srv, p, "base", planes.Absent())
	ours := put(t, srv, p, "ours", base)
	settles(t, srv, p, base, "ours", planes.LandingHere, ours)
}

func (s Subject) settleOverwritten(t *testing.T) {
	srv, other := s.Open(t), s.Open(t)
	const p = "vtsync/test/overwritten"
	base := put(t, srv, p, "base", planes.Absent())
	tok := put(t, srv, p, "ours", base)
	for _, v := range []string{"theirs", "theirs again", "base"} {
		tok = put(t, other, p, v, tok)
	}
	settles(t, srv, p, base, "ours", s.past(planes.LandingLost), tok)
	if err := other.Delete(t.Context(), p, tok); err != nil {
		t.Fatal(err)
	}
	settles(t, srv, p, base, "ours", s.past(planes.LandingLost), planes.Absent())
}

func (s Subject) settleNotLanded(t *testing.T) {
	srv, other := s.Open(t), s.Open(t)
	const p = "vtsync/test/not-landed"
	base := put(t, srv, p, "base", planes.Absent())
	tok := put(t, other, p, "theirs", base)
	settles(t, srv, p, base, "ours", s.past(planes.LandingNever), tok)
	if err := other.Delete(t.Context(), p, tok); err != nil {
		t.Fatal(err)
	}
	settles(t, srv, p, base, "ours", s.past(planes.LandingNever), planes.Absent())
}

func (s Subject) settleCreate(t *testing.T) {
	srv, other := s.Open(t), s.Open(t)
	const p = "vtsync/test/created"
	settles(t, srv, p, planes.Absent(), "ours", planes.LandingOpen, planes.Absent())
	tok := put(t, srv, p, "ours", planes.Absent())
	settles(t, srv, p, planes.Absent(), "ours", planes.LandingHere, tok)
	tok = put(t, other, p, "theirs", tok)
	settles(t, srv, p, planes.Absent(), "ours", s.past(planes.LandingLost), tok)
	settles(t, srv, p, planes.Absent(), "never sent", s.past(planes.LandingNever), tok)
}

func (s Subject) fence(t *testing.T) {
	srv := s.Open(t)
	const p = "vtsync/test/fence"
	base := put(t, srv, p, "base", planes.Absent())
	ref := topo.GlobalRef(p)
	fenced, err := srv.Fence(t.Context(), ref, base, []byte("only where it is absent"))
	if err != nil {
		t.Fatal(err)
	}
	if fenced == base {
		t.Fatal("the fence left the token valid")
	}
	conflict(t, srv, p, "late", base)
	if v, tok := get(t, srv, p); v != "base" || tok != fenced {
		t.Fatalf("got %q %v, want base %v", v, tok, fenced)
	}
	settles(t, srv, p, base, "late", s.past(planes.LandingFenced), fenced)
	if _, err := srv.Fence(t.Context(), ref, base, nil); !isConflict(err) {
		t.Fatalf("fence on a dead token: %v", err)
	}
}

func (s Subject) fenceAbsent(t *testing.T) {
	srv := s.Open(t)
	const p = "vtsync/test/fence-absent"
	fenced, err := srv.Fence(t.Context(), topo.GlobalRef(p), planes.Absent(), nil)
	if err != nil {
		t.Fatal(err)
	}
	conflict(t, srv, p, "late", planes.Absent())
	if v, tok := get(t, srv, p); v != "" || tok != fenced || tok.IsAbsent() {
		t.Fatalf("got %q %v, want an empty record with %v", v, tok, fenced)
	}
	settles(t, srv, p, planes.Absent(), "late", s.past(planes.LandingFenced), fenced)
}

// past is a landing that takes a history to tell.
func (s Subject) past(l planes.Landing) planes.Landing {
	if s.History {
		return l
	}
	return planes.LandingUnclear
}

func settles(t *testing.T, srv *topo.Server, p string, tok planes.Token, value string, want planes.Landing, current planes.Token) {
	t.Helper()
	got, now, err := srv.Settle(t.Context(), topo.GlobalRef(p), tok, []byte(value))
	if err != nil {
		t.Fatalf("settle: %v", err)
	}
	if got != want || now != current {
		t.Fatalf("settle: got %s at %v, want %s at %v", got, now, want, current)
	}
}

func get(t *testing.T, srv *topo.Server, p string) (string, planes.Token) {
	t.Helper()
	v, tok, err := srv.Get(t.Context(), p)
	if err != nil {
		t.Fatalf("get: %v", err)
	}
	return string(v), tok
}

func put(t *testing.T, srv *topo.Server, p, value string, tok planes.Token) planes.Token {
	t.Helper()
	now, err := srv.Put(t.Context(), p, []byte(value), tok)
	if err != nil {
		t.Fatalf("put: %v", err)
	}
	return now
}

func conflict(t *testing.T, srv *topo.Server, p, value string, tok planes.Token) {
	t.Helper()
	if _, err := srv.Put(t.Context(), p, []byte(value), tok); !isConflict(err) {
		t.Fatalf("put %q on a dead token: got %v, want *errs.Conflict", value, err)
	}
}

func isConflict(err error) bool {
	_, ok := errors.AsType[*errs.Conflict](err)
	return ok
}
