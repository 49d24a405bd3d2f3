package store_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/store"
	"github.com/vtsync/vtsync/internal/store/storetest"
)

func TestContractInMemory(t *testing.T) {
	storetest.Contract(t, func(*testing.T) store.KV { return storetest.NewMemory() })
}

// A save is settled by the store: whatever happens to its first tries, it is
// saved exactly once, and the token is that of the record.
func TestSaveIsSettled(t *testing.T) {
	for _, fault := range []storetest.Fault{storetest.None, storetest.LandedUnanswered, storetest.NotLanded, storetest.LandsLate} {
		for _, tries := range []int{1, 3} {
			t.Run(fmt.Sprintf("fault %d, %d times", fault, tries), func(t *testing.T) {
				kv := storetest.NewMemory()
				kv.Fail(func(_ string, nth int) storetest.Fault {
					if nth <= tries {
						return fault
					}
					return storetest.None
				})
				s := store.New(kv, store.Options{})
				want := storetest.NewHead("customer", 1, "w")
				tok, err := s.SaveHead(t.Context(), want, planes.Absent())
				if err != nil {
					t.Fatal(err)
				}
				got, now, err := s.Head(t.Context(), "customer")
				if err != nil || !cmp.Equal(got, want) || now != tok {
					t.Fatalf("got %+v %v %v, want %+v %v", got, now, err, want, tok)
				}
				if kv.Landed() != 1 {
					t.Fatalf("%d writes landed, want 1", kv.Landed())
				}
			})
		}
	}
}

// Another process's save is never taken for ours, and never written over.
func TestSaveConflict(t *testing.T) {
	for _, fault := range []storetest.Fault{storetest.None, storetest.NotLanded} {
		kv := storetest.NewMemory()
		s := store.New(kv, store.Options{})
		theirs := storetest.NewHead("customer", 1, "them")
		kv.Fail(func(_ string, nth int) storetest.Fault {
			if nth == 1 {
				return storetest.None
			}
			if nth == 2 {
				return fault
			}
			return storetest.None
		})
		if _, err := s.SaveHead(t.Context(), theirs, planes.Absent()); err != nil {
			t.Fatal(err)
		}
		_, err := s.SaveHead(t.Context(), storetest.NewHead("customer", 1, "us"), planes.Absent())
		if _, ok := errors.AsType[*errs.Conflict](err); !ok {
			t.Fatalf("got %v, want *errs.Conflict", err)
		}
		if got, _, err := s.Head(t.Context(), "customer"); err != nil || !cmp.Equal(got, theirs) {
			t.Fatalf("got %+v, %v", got, err)
		}
	}
}

func TestSaveWithoutAnswerIsUnknown(t *testing.T) {
	for name, setup := range map[string]func(*storetest.Memory){
		"writes": func(kv *storetest.Memory) {
			kv.Fail(func(string, int) storetest.Fault { return storetest.NotLanded })
		},
		"reading back": func(kv *storetest.Memory) {
			kv.Set("vtsync/heads/customer", []byte("theirs"))
			kv.Silence(true)
		},
	} {
		t.Run(name, func(t *testing.T) {
			kv := storetest.NewMemory()
			setup(kv)
			ctx, cancel := context.WithTimeout(t.Context(), 120*time.Millisecond)
			defer cancel()
			_, err := store.New(kv, store.Options{}).SaveHead(ctx, storetest.NewHead("customer", 1, "w"), planes.Absent())
			if _, ok := errors.AsType[*errs.Unknown](err); !ok {
				t.Fatalf("got %v, want *errs.Unknown", err)
			}
		})
	}
}

func TestRefusedSaveIsNotRepeated(t *testing.T) {
	kv := storetest.NewMemory()
	kv.Fail(func(string, int) storetest.Fault { return storetest.Refused })
	if _, err := store.New(kv, store.Options{}).SaveHead(t.Context(), storetest.NewHead("customer", 1, "w"), planes.Absent()); err == nil {
		t.Fatal("a refused save is no success")
	}
	if n := kv.Writes("vtsync/heads/customer"); n != 1 {
		t.Fatalf("%d tries, want 1", n)
	}
}

func TestDamagedRecords(t *testing.T) {
	const id = "20261122t160102-000001"
	record := storetest.NewRecord(id, rollout.Committed, "customer")
	good, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) []byte { return bytes.Replace(good, []byte(old), []byte(new), 1) }
	for name, raw := range map[string][]byte{
		"empty":            {},
		"truncated":        good[:len(good)/2],
		"more behind":      append(slices.Clone(good), good...),
		"unknown field":    replace(`"seq"`, `"sequence":1,"seq"`),
		"doubled field":    replace(`"seq":1`, `"seq":1,"seq":1`),
		"another case":     replace(`"seq"`, `"Seq"`),
		"unknown state":    replace(`"committed"`, `"done"`),
		"no state":         replace(`"state":"committed"`, `"state":""`),
		"another id":       replace(id, "20261122t160102-000002"),
		"plan by no hash":  replace(`"plan":"`, `"plan":"r`),
		"newer format":     replace(`"format":1`, `"format":2`),
		"no format":        replace(`"format":1,`, ``),
		"bad utf-8":        replace("planned", "pl\xffnned"),
		"byte order mark":  append([]byte("\ufeff"), good...),
		"deep":             []byte(strings.Repeat("[", 1<<20)),
		"huge":             bytes.Repeat([]byte(" "), 3<<20),
		"null":             []byte("null"),
		"wrong type":       replace(`"seq":1`, `"seq":"1"`),
		"number too large": replace(`"seq":1`, `"seq":1e99`),
	} {
		t.Run(name, func(t *testing.T) {
			kv := storetest.NewMemory()
			kv.Set("vtsync/rollouts/"+id, raw)
			s := store.New(kv, store.Options{})
			whole := storetest.NewRecord("20261122t160101-000000", rollout.Committed, "customer")
			if _, err := s.SaveRollout(t.Context(), &whole, planes.Absent()); err != nil {
				t.Fatal(err)
			}
			_, _, err := s.Rollout(t.Context(), id)
			invalid, ok := errors.AsType[*errs.Invalid](err)
			if !ok || !strings.Contains(err.Error(), "vtsync/rollouts/"+id) || invalid.Next == "" {
				t.Fatalf("got %v, want *errs.Invalid with the key and what to do", err)
			}
			all, err := s.Rollouts(t.Context())
			if err == nil || len(all) != 1 {
				t.Fatalf("the others beside it: %d, %v", len(all), err)
			}
			if err := s.Prune(t.Context(), "customer", 0); err == nil {
				t.Fatal("pruned beside a damaged record")
			}
			if _, _, err := s.Rollout(t.Context(), whole.ID); err != nil {
				t.Fatalf("the record beside it: %v", err)
			}
		})
	}
}

// White space is no damage: people look at records with tools that add it.
func TestIndentedRecordIsRead(t *testing.T) {
	raw, err := json.MarshalIndent(storetest.NewHead("customer", 1, "w"), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	kv := storetest.NewMemory()
	kv.Set("vtsync/heads/customer", append(raw, '\r', '\n'))
	if _, _, err := store.New(kv, store.Options{}).Head(t.Context(), "customer"); err != nil {
		t.Fatal(err)
	}
}

// A head whose hash is damaged is told by its own name, before anything looks
// for a value that never was.
func TestDamagedHead(t *testing.T) {
	head := storetest.NewHead("customer", 1, "w")
	head.Committed = strings.Repeat("0", 63) + "r"
	raw, err := json.Marshal(head)
	if err != nil {
		t.Fatal(err)
	}
	kv := storetest.NewMemory()
	kv.Set("vtsync/heads/customer", raw)
	if _, _, err := store.New(kv, store.Options{}).Head(t.Context(), "customer"); !isInvalid(err) || !strings.Contains(err.Error(), "vtsync/heads/customer") {
		t.Fatalf("got %v, want *errs.Invalid with the key", err)
	}
}

func TestDamagedBlob(t *testing.T) {
	kv := storetest.NewMemory()
	s := store.New(kv, store.Options{})
	hash, err := s.PutBlob(t.Context(), []byte("plan"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.PutBlob(t.Context(), []byte("another"))
	if err != nil {
		t.Fatal(err)
	}
	swapped, _, err := kv.Get(t.Context(), "vtsync/blobs/"+other)
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{"another's bytes": swapped, "no gzip": []byte("plan"), "cut": swapped[:len(swapped)-3], "empty": {}} {
		kv.Set("vtsync/blobs/"+hash, raw)
		if _, err := s.Blob(t.Context(), hash); !isInvalid(err) {
			t.Errorf("%s: got %v, want *errs.Invalid", name, err)
		}
	}
	// Who has the bytes mends it.
	if _, err := s.PutBlob(t.Context(), []byte("plan")); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Blob(t.Context(), hash); err != nil || string(got) != "plan" {
		t.Fatalf("mended: %q, %v", got, err)
	}
}

func TestDamagedClusterID(t *testing.T) {
	kv := storetest.NewMemory()
	kv.Set("vtsync/id", []byte("prod"))
	if _, err := store.New(kv, store.Options{}).ClusterID(t.Context(), true); !isInvalid(err) {
		t.Fatalf("got %v, want *errs.Invalid", err)
	}
}

func TestLargeRecordLosesItsOldestLines(t *testing.T) {
	r := storetest.NewRecord("20261122t160102-000001", rollout.Applying, "customer")
	for i := range 5000 {
		r.Log = append(r.Log, rollout.LogLine{At: r.Created, Text: fmt.Sprintf("line %d", i)})
	}
	kv := storetest.NewMemory()
	s := store.New(kv, store.Options{})
	if _, err := s.SaveRollout(t.Context(), &r, planes.Absent()); err != nil {
		t.Fatal(err)
	}
	got, _, err := s.Rollout(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(got.Log); n < 500 || got.Log[n-1].Text != "line 4999" || got.Log[0].Text == "line 0" {
		t.Fatalf("%d lines from %q to %q", n, got.Log[0].Text, got.Log[n-1].Text)
	}
	r = storetest.NewRecord("20261122t160102-000002", rollout.Applying, strings.Repeat("k", rollout.MaxRecordBytes))
	if _, err := s.SaveRollout(t.Context(), &r, planes.Absent()); err == nil {
		t.Fatal("a record over the limit was saved")
	}
}

// Two rollouts of one second have ids in any order; what was made last is still
// given first, since a rollback without a name takes that.
func TestRolloutsOfOneSecond(t *testing.T) {
	s := store.New(storetest.NewMemory(), store.Options{})
	older := storetest.NewRecord("20261122t160102-ffffff", rollout.Committed, "customer")
	newer := storetest.NewRecord("20261122t160102-000000", rollout.Committed, "customer")
	newer.Created = older.Created.Add(time.Millisecond)
	for _, r := range []rollout.Record{newer, older} {
		if _, err := s.SaveRollout(t.Context(), &r, planes.Absent()); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Rollouts(t.Context())
	if err != nil || len(got) != 2 || got[0].ID != newer.ID {
		t.Fatalf("got %+v, %v, want %s first", got, err, newer.ID)
	}
}

func TestNewID(t *testing.T) {
	at := time.Date(2026, 11, 22, 17, 1, 2, 0, time.FixedZone("CET", 3600))
	id, err := store.NewID(at, bytes.NewReader([]byte{0xab, 0xcd, 0xef}))
	if err != nil || id != "20261122t160102-abcdef" {
		t.Fatalf("got %q, %v", id, err)
	}
	if _, err := store.NewID(at, strings.NewReader("")); err == nil {
		t.Fatal("an id without its random end")
	}
	if !regexp.MustCompile(`^[0-9a-z-]+$`).MatchString(id) {
		t.Fatalf("%q does not suit a path", id)
	}
}

func isInvalid(err error) bool {
	_, ok := errors.AsType[*errs.Invalid](err)
	return ok
}

// A server that answers reads and no write holds nobody up for ever: each kind
// of save ends by itself, in a context that never does.
func TestSaveEndsByItself(t *testing.T) {
	record := storetest.NewRecord("20261122t160102-000001", rollout.Pending, "customer")
	for name, save := range map[string]func(context.Context, *store.Store) error{
		"head": func(ctx context.Context, s *store.Store) error {
			_, err := s.SaveHead(ctx, storetest.NewHead("customer", 1, "w"), planes.Absent())
			return err
		},
		"rollout": func(ctx context.Context, s *store.Store) error {
			_, err := s.SaveRollout(ctx, &record, planes.Absent())
			return err
		},
		"blob": func(ctx context.Context, s *store.Store) error {
			_, err := s.PutBlob(ctx, []byte("plan"))
			return err
		},
		"cluster's id": func(ctx context.Context, s *store.Store) error {
			_, err := s.ClusterID(ctx, true)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				kv := storetest.NewMemory()
				kv.Fail(func(string, int) storetest.Fault { return storetest.NotLanded })
				for limit, most := range map[time.Duration]time.Duration{0: 15 * time.Second, 2 * time.Second: 2 * time.Second} {
					begin := time.Now()
					err := save(t.Context(), store.New(kv, store.Options{SaveTimeout: limit}))
					if _, ok := errors.AsType[*errs.Unknown](err); !ok {
						t.Fatalf("got %v, want *errs.Unknown", err)
					}
					if took := time.Since(begin); took > most {
						t.Fatalf("it took %v", took)
					}
				}
			})
		})
	}
}
