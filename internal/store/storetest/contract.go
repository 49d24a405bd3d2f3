package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/store"
)

var errRefused = errors.New("refused by the server")

// Contract checks a store over a KV. Each call of open gives an empty one.
func Contract(t *testing.T, open func(t *testing.T) store.KV) {
	for name, test := range map[string]func(*testing.T, store.KV){
		"a head is saved by compare-and-swap":    heads,
		"a rollout is saved by compare-and-swap": rollouts,
		"blobs are kept by their hash":           blobs,
		"the cluster's id is made once":          clusterID,
		"pruning keeps what is needed":           prune,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// NewHead gives a head as a runner would save it.
func NewHead(keyspace string, seq int64, writer string) rollout.Head {
	return rollout.Head{Format: rollout.Format, Keyspace: keyspace, Seq: seq, Writer: writer}
}

// NewRecord gives a record as a runner would save it.
func NewRecord(id string, state rollout.State, keyspaces ...string) rollout.Record {
	at := time.Date(2026, 11, 22, 16, 1, 2, 345, time.UTC)
	return rollout.Record{
		Format: rollout.Format, ID: id, Seq: 1, Writer: "w", State: state,
		Keyspaces: keyspaces, Created: at, Updated: at,
		Log: []rollout.LogLine{{At: at, Text: "planned <&> \u2028 é"}},
	}
}

func heads(t *testing.T, kv store.KV) {
	ctx, s := t.Context(), store.New(kv, store.Options{})
	h, tok, err := s.Head(ctx, "customer")
	if err != nil || !tok.IsAbsent() || !cmp.Equal(h, rollout.Head{}) {
		t.Fatalf("no head yet: %+v, %v, %v", h, tok, err)
	}
	want := NewHead("customer", 1, "one")
	want.Open = "20261122t160102-abcdef"
	first, err := s.SaveHead(ctx, want, tok)
	if err != nil {
		t.Fatal(err)
	}
	other := NewHead("customer", 1, "two")
	if _, err := s.SaveHead(ctx, other, tok); !isConflict(err) {
		t.Fatalf("second creation: %v", err)
	}
	got, read, err := s.Head(ctx, "customer")
	if err != nil || read != first || !cmp.Equal(got, want) {
		t.Fatalf("head: %+v, %v, %v", got, read, err)
	}
	if _, err := s.SaveHead(ctx, NewHead("commerce", 1, "one"), planes.Absent()); err != nil {
		t.Fatal(err)
	}
	all, err := s.Heads(ctx)
	if err != nil || len(all) != 2 || all[0].Keyspace != "commerce" || all[1].Keyspace != "customer" {
		t.Fatalf("heads: %+v, %v", all, err)
	}
	if _, err := s.SaveHead(ctx, NewHead("customer", 2, "one"), planes.Token{}); err == nil {
		t.Fatal("a save without a token was accepted")
	}
	if _, err := s.SaveHead(ctx, NewHead("customer", 2, ""), first); err == nil {
		t.Fatal("a save that cannot be recognised was accepted")
	}
}

func rollouts(t *testing.T, kv store.KV) {
	ctx, s := t.Context(), store.New(kv, store.Options{})
	if _, _, err := s.Rollout(ctx, "none"); !errors.Is(err, errs.ErrNotFound) {
		t.Fatalf("no rollout: %v", err)
	}
	ids := []string{"20261122t160102-000001", "20261122t160102-000002", "20261123t000000-000000"}
	for _, id := range ids {
		want := NewRecord(id, rollout.Pending, "customer")
		tok, err := s.SaveRollout(ctx, &want, planes.Absent())
		if err != nil {
			t.Fatal(err)
		}
		got, read, err := s.Rollout(ctx, id)
		if err != nil || read != tok || !cmp.Equal(got, want) {
			t.Fatalf("rollout: %v, %v\n%s", read, err, cmp.Diff(want, got))
		}
		want.Seq, want.State = 2, rollout.Waiting
		if _, err := s.SaveRollout(ctx, &want, tok); err != nil {
			t.Fatal(err)
		}
		want.Seq = 3
		if _, err := s.SaveRollout(ctx, &want, tok); !isConflict(err) {
			t.Fatalf("save on an old token: %v", err)
		}
	}
	all, err := s.Rollouts(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range all {
		got = append(got, r.ID)
	}
	slices.Reverse(ids)
	if !slices.Equal(got, ids) {
		t.Fatalf("rollouts %v, want newest first %v", got, ids)
	}
}

func blobs(t *testing.T, kv store.KV) {
	ctx, s := t.Context(), store.New(kv, store.Options{})
	for _, plain := range [][]byte{{}, []byte("{}"), bytes.Repeat([]byte("plan "), 1<<16)} {
		hash, err := s.PutBlob(ctx, plain)
		if err != nil {
			t.Fatal(err)
		}
		_, before, err := kv.Get(ctx, "vtsync/blobs/"+hash)
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.PutBlob(ctx, plain)
		if err != nil || again != hash {
			t.Fatalf("second put: %s, %v", again, err)
		}
		if _, after, err := kv.Get(ctx, "vtsync/blobs/"+hash); err != nil || after != before {
			t.Fatalf("a blob that was there was written again: %v, %v", after, err)
		}
		got, err := s.Blob(ctx, hash)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("blob: %d bytes, %v", len(got), err)
		}
	}
	if _, err := s.Blob(ctx, strings.Repeat("0", 64)); !errors.Is(err, errs.ErrNotFound) {
		t.Fatalf("no blob: %v", err)
	}
	if _, err := s.Blob(ctx, "../id"); err == nil || errors.Is(err, errs.ErrNotFound) {
		t.Fatalf("not a hash: %v", err)
	}
}

func clusterID(t *testing.T, kv store.KV) {
	ctx, s, other := t.Context(), store.New(kv, store.Options{}), store.New(kv, store.Options{})
	if id, err := s.ClusterID(ctx, false); err != nil || id != "" {
		t.Fatalf("before it is made: %q, %v", id, err)
	}
	id, err := s.ClusterID(ctx, true)
	if err != nil || len(id) != 32 {
		t.Fatalf("made: %q, %v", id, err)
	}
	for _, create := range []bool{true, false} {
		if again, err := other.ClusterID(ctx, create); err != nil || again != id {
			t.Fatalf("read: %q, %v, want %q", again, err, id)
		}
	}
}

func prune(t *testing.T, kv store.KV) {
	ctx := t.Context()
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	s := store.New(kv, store.Options{Now: func() time.Time { return now }})
	blob := func(text string) string {
		t.Helper()
		hash, err := s.PutBlob(ctx, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return hash
	}
	save := func(n int, state rollout.State, keyspaces ...string) {
		t.Helper()
		r := NewRecord(fmt.Sprintf("20261122t16010%d-000000", n), state, keyspaces...)
		r.Plan = blob("plan of " + r.ID)
		if _, err := s.SaveRollout(ctx, &r, planes.Absent()); err != nil {
			t.Fatal(err)
		}
	}
	save(0, rollout.Applying, "a")        // open
	save(1, rollout.Committed, "a")       // old
	save(2, rollout.Committed, "a")       // old, but the head names it
	save(3, rollout.RolledBack, "a", "b") // old in a, kept by b
	save(4, rollout.Committed, "b")       // not this keyspace's
	save(5, rollout.Committed, "a")
	save(6, rollout.Failed, "a")
	h := NewHead("a", 1, "w")
	h.Committed, h.CommittedBy = blob("committed"), "20261122t160102-000000"
	if _, err := s.SaveHead(ctx, h, planes.Absent()); err != nil {
		t.Fatal(err)
	}
	stray := blob("stray")

	want := []string{"6", "5", "4", "3", "2", "0"}
	expect := func(blobs int) {
		t.Helper()
		if err := s.Prune(ctx, "a", 2); err != nil {
			t.Fatal(err)
		}
		all, err := s.Rollouts(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range all {
			got = append(got, r.ID[14:15])
			if _, err := s.Blob(ctx, r.Plan); err != nil {
				t.Errorf("plan of %s: %v", r.ID, err)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("kept rollouts %v, want %v", got, want)
		}
		if names, err := kv.List(ctx, "vtsync/blobs"); err != nil || len(names) != blobs {
			t.Fatalf("kept %d blobs, want %d (%v)", len(names), blobs, err)
		}
	}
	expect(9) // no blob is old enough
	now = now.Add(23 * time.Hour)
	if again := blob("stray"); again != stray {
		t.Fatal("another hash for the same bytes")
	}
	now = now.Add(2 * time.Hour)
	expect(8) // the plan of 1 is gone; stray was taken up again since
	now = now.Add(25 * time.Hour)
	expect(7)
	if _, err := s.Blob(ctx, h.Committed); err != nil {
		t.Fatalf("the committed value: %v", err)
	}
}

func isConflict(err error) bool {
	_, ok := errors.AsType[*errs.Conflict](err)
	return ok
}
