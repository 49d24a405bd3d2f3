package store

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/errs"
)

// Whatever lies in the store: it is read, and then means what our encoder
// would have written, or it is refused as *errs.Invalid.
func FuzzDecodeHead(f *testing.F) {
	f.Add([]byte(`{"format":1,"keyspace":"customer","seq":1,"writer":"w"}`))
	f.Add([]byte(`{"format":1,"keyspace":"customer","seq":2,"writer":"w","paused":{"reason":"r","since":"2026-11-22T16:01:02Z"}}`))
	f.Add([]byte(`{"format":2}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, err := decodeHead("key", "customer", raw)
		stable(t, h, err, func(again []byte) (any, error) { return decodeHead("key", "customer", again) })
	})
}

// FuzzDecodeRecord is FuzzDecodeHead for records.
func FuzzDecodeRecord(f *testing.F) {
	f.Add([]byte(`{"format":1,"id":"i","seq":1,"writer":"w","plan_id":"p","plan":"","keyspaces":["a"],"by":{},"state":"pending","phase":0,"phases":null,"auto_undo":false,"created":"2026-11-22T16:01:02Z","updated":"2026-11-22T16:01:02Z"}`))
	f.Add([]byte(`{"format":1,"id":"i","state":"nowhere"}`))
	f.Add([]byte(`{"format":1`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := decodeRecord("key", "i", raw)
		stable(t, r, err, func(again []byte) (any, error) { return decodeRecord("key", "i", again) })
	})
}

// Whatever lies under a hash: it unpacks to bytes of that hash, or is refused.
func FuzzUnpack(f *testing.F) {
	at := time.Date(2026, 11, 22, 16, 1, 2, 0, time.UTC)
	packed, err := pack([]byte("plan"), at)
	if err != nil {
		f.Fatal(err)
	}
	hash := fmt.Sprintf("%x", sha256.Sum256([]byte("plan")))
	f.Add(packed)
	f.Add(packed[:len(packed)-3])
	f.Add(append(slices.Clone(packed), packed...))
	f.Fuzz(func(t *testing.T, raw []byte) {
		plain, _, err := unpack("key", hash, raw)
		if _, ok := errors.AsType[*errs.Invalid](err); err != nil && !ok {
			t.Fatalf("got %T %v, want *errs.Invalid", err, err)
		}
		if err == nil && string(plain) != "plan" {
			t.Fatalf("unpacked %q under the hash of another value", plain)
		}
	})
}

func stable(t *testing.T, got any, err error, decode func([]byte) (any, error)) {
	if err != nil {
		if _, ok := errors.AsType[*errs.Invalid](err); !ok {
			t.Fatalf("got %T %v, want *errs.Invalid", err, err)
		}
		return
	}
	raw, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	again, err := decode(raw)
	if err != nil || !cmp.Equal(got, again) {
		t.Fatalf("read again: %v\n%s", err, cmp.Diff(got, again))
	}
}
