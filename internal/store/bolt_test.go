package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/store"
	"github.com/vtsync/vtsync/internal/store/storetest"
)

func TestBoltContract(t *testing.T) {
	storetest.Contract(t, func(t *testing.T) store.KV {
		return store.NewBolt(filepath.Join(t.TempDir(), "state.db"))
	})
}

// TestBoltKeepsTokensApart holds what the contract cannot ask for through a
// Store: a record that is made again is another one, after a restart too.
func TestBoltKeepsTokensApart(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "state.db")
	kv := store.NewBolt(path)
	first, err := kv.Put(ctx, "vtsync/a", []byte("x"), planes.Absent())
	if err != nil {
		t.Fatal(err)
	}
	if err := kv.Delete(ctx, "vtsync/a", first); err != nil {
		t.Fatal(err)
	}
	if err := kv.Delete(ctx, "vtsync/a", first); !errors.Is(err, errs.ErrNotFound) {
		t.Fatalf("second delete: %v", err)
	}
	again := store.NewBolt(path)
	second, err := again.Put(ctx, "vtsync/a", []byte("x"), planes.Absent())
	if err != nil || second == first {
		t.Fatalf("made again: %v, %v, the first was %v", second, err, first)
	}
	if _, err := again.Put(ctx, "vtsync/a", []byte("y"), first); !isConflict(err) {
		t.Fatalf("a write on the token of the first: %v", err)
	}
	if err := again.Delete(ctx, "vtsync/a", first); !isConflict(err) {
		t.Fatalf("a delete on the token of the first: %v", err)
	}
	if _, err := again.Put(ctx, "vtsync/a", []byte("y"), planes.Token{}); err == nil {
		t.Fatal("a write without a token was accepted")
	}
	if value, tok, err := kv.Get(ctx, "vtsync/a"); err != nil || string(value) != "x" || tok != second {
		t.Fatalf("read %q %v, %v", value, tok, err)
	}
}

func TestBoltReadsWriteNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	kv := store.NewBolt(path)
	if _, tok, err := kv.Get(t.Context(), "vtsync/id"); err != nil || !tok.IsAbsent() {
		t.Fatalf("read before any write: %v, %v", tok, err)
	}
	if names, err := kv.List(t.Context(), "vtsync/heads"); err != nil || len(names) != 0 {
		t.Fatalf("list before any write: %v, %v", names, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("reading made the file: %v", err)
	}
	if _, err := kv.Put(t.Context(), "vtsync/id", []byte("x"), planes.Absent()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the file: %v, %v, want it private", info.Mode(), err)
	}
}

// TestBoltIsShared counts with several stores over one file, as several
// processes have them: the file's lock is per opening, not per process.
func TestBoltIsShared(t *testing.T) {
	const writers, each = 3, 5
	path := filepath.Join(t.TempDir(), "state.db")
	var group sync.WaitGroup
	for range writers {
		kv := store.NewBolt(path)
		group.Go(func() {
			for done := 0; done < each; {
				value, tok, err := kv.Get(t.Context(), "vtsync/n")
				if err != nil {
					t.Error(err)
					return
				}
				n, _ := strconv.Atoi(string(value)) // absent is 0
				_, err = kv.Put(t.Context(), "vtsync/n", []byte(strconv.Itoa(n+1)), tok)
				switch {
				case err == nil:
					done++
				case !isConflict(err):
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	if value, _, err := store.NewBolt(path).Get(t.Context(), "vtsync/n"); err != nil || string(value) != strconv.Itoa(writers*each) {
		t.Fatalf("counted to %s (%v), want %d: writes were lost", value, err, writers*each)
	}
}

func TestBoltHeldByAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	kv := store.NewBolt(path)
	tok, err := kv.Put(t.Context(), "vtsync/id", []byte("x"), planes.Absent())
	if err != nil {
		t.Fatal(err)
	}
	other, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	kv.SetWait(100 * time.Millisecond)
	_, _, readErr := kv.Get(t.Context(), "vtsync/id")
	_, writeErr := kv.Put(t.Context(), "vtsync/id", []byte("y"), tok)
	for what, err := range map[string]error{"read": readErr, "write": writeErr} {
		if _, ok := errors.AsType[*errs.Unknown](err); !ok || !errors.Is(err, errs.ErrNotSent) ||
			!strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "another vtsync runs") {
			t.Errorf("%s: %v, want that another vtsync holds %s", what, err, path)
		}
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Put(t.Context(), "vtsync/id", []byte("y"), tok); err != nil {
		t.Fatalf("after the other has ended: %v", err)
	}
}

func TestBoltDamaged(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, path string){
		"not a bbolt file": func(t *testing.T, path string) {
			write(t, path, []byte(strings.Repeat("clusters: {}\n", 1000)))
		},
		"a few bytes": func(t *testing.T, path string) { write(t, path, []byte("hello")) },
		"cut off": func(t *testing.T, path string) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			write(t, path, raw[:len(raw)/4])
		},
		"pages overwritten": func(t *testing.T, path string) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for i := 2 * os.Getpagesize(); i < len(raw); i++ {
				raw[i] = 0xa5
			}
			write(t, path, raw)
		},
		"another program's": func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			db, err := bbolt.Open(path, 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			err = db.Update(func(tx *bbolt.Tx) error {
				_, err := tx.CreateBucket([]byte("members"))
				return err
			})
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.db")
			kv := store.NewBolt(path)
			kv.SetWait(time.Second)
			tok, err := kv.Put(t.Context(), "vtsync/id", []byte(strings.Repeat("x", 1<<16)), planes.Absent())
			if err != nil {
				t.Fatal(err)
			}
			damage(t, path)
			_, _, readErr := kv.Get(t.Context(), "vtsync/id")
			_, writeErr := kv.Put(t.Context(), "vtsync/id", []byte("y"), tok)
			_, againErr := kv.Put(t.Context(), "vtsync/id", []byte("y"), tok) // no lock was left behind
			for what, err := range map[string]error{"read": readErr, "write": writeErr, "write again": againErr} {
				invalid, ok := errors.AsType[*errs.Invalid](err)
				if !ok || !strings.Contains(err.Error(), path) || !strings.Contains(invalid.Next, "backup") {
					t.Errorf("%s: %v, want that %s is damaged, and what to do", what, err, path)
				}
			}
		})
	}
}

func TestBoltOfANewerVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	kv := store.NewBolt(path)
	if _, err := kv.Put(t.Context(), "vtsync/id", []byte("x"), planes.Absent()); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("vtsync")).Put([]byte("format"), []byte("2"))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	_, _, err = kv.Get(t.Context(), "vtsync/id")
	if invalid, ok := errors.AsType[*errs.Invalid](err); !ok || !strings.Contains(err.Error(), `format "2"`) || strings.Contains(invalid.Next, "backup") {
		t.Fatalf("read: %v, want that the format is newer", err)
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func isConflict(err error) bool {
	_, ok := errors.AsType[*errs.Conflict](err)
	return ok
}
