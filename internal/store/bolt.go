package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
)

// boltFormat is the version of the file's layout. A reader refuses any other.
const boltFormat = "1"

// boltWait is how long one operation waits for other processes to let the file
// go. They hold it for one operation at a time.
const boltWait = 3 * time.Second

var (
	boltMeta      = []byte("vtsync")
	boltFormatKey = []byte("format")
	boltRecords   = []byte("records")
)

// Bolt is a key-value store in a file of this host, for clusters whose topo is
// out of reach. The file is opened for each operation and let go after it, so
// that `status` can read while an `apply` of another process waits for hours.
// It is safe for concurrent use, by several processes too.
//
// A record's version is a number that the file gives once and never again: one
// that was deleted and is created again is another record.
type Bolt struct {
	path string
	wait time.Duration
	mu   sync.RWMutex // goroutines of this process need not poll for the file's lock
}

// NewBolt gives the store in the file at path. The file is made by the first
// write, and only the one who runs vtsync may read it.
func NewBolt(path string) *Bolt { return &Bolt{path: path, wait: boltWait} }

// String names the file for people.
func (b *Bolt) String() string { return "the state file " + b.path }

// Get is part of the KV.
func (b *Bolt) Get(ctx context.Context, path string) ([]byte, planes.Token, error) {
	var (
		value []byte
		tok   = planes.Absent()
	)
	err := b.read(ctx, "read "+path, func(records *bbolt.Bucket) error {
		raw := records.Get([]byte(path))
		if raw == nil {
			return nil
		}
		version, plain, err := splitRecord(path, raw)
		value, tok = slices.Clone(plain), boltToken(version, plain)
		return err
	})
	if err != nil {
		return nil, planes.Token{}, err
	}
	return value, tok, nil
}

// List is part of the KV.
func (b *Bolt) List(ctx context.Context, dir string) ([]string, error) {
	var names []string
	err := b.read(ctx, "list "+dir, func(records *bbolt.Bucket) error {
		prefix, cursor := dir+"/", records.Cursor()
		for key, _ := cursor.Seek([]byte(prefix)); key != nil; key, _ = cursor.Next() {
			rest, below := strings.CutPrefix(string(key), prefix)
			if !below {
				break
			}
			name, _, _ := strings.Cut(rest, "/")
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Put is part of the KV.
func (b *Bolt) Put(ctx context.Context, path string, value []byte, tok planes.Token) (planes.Token, error) {
	what := "write " + path
	if tok.IsZero() {
		return planes.Token{}, fmt.Errorf("%s: no write without the token of a read", what)
	}
	var now planes.Token
	err := b.write(ctx, what, func(records *bbolt.Bucket) error {
		if err := current(records, path, what, tok); err != nil {
			return err
		}
		version, err := records.NextSequence()
		if err != nil {
			return err
		}
		now = boltToken(version, value)
		return records.Put([]byte(path), append(binary.BigEndian.AppendUint64(nil, version), value...))
	})
	if err != nil {
		return planes.Token{}, err
	}
	return now, nil
}

// Delete is part of the KV.
func (b *Bolt) Delete(ctx context.Context, path string, tok planes.Token) error {
	what := "delete " + path
	if tok.IsZero() {
		return fmt.Errorf("%s: no write without the token of a read", what)
	}
	return b.write(ctx, what, func(records *bbolt.Bucket) error {
		if records.Get([]byte(path)) == nil {
			return fmt.Errorf("%s: %w", what, errs.ErrNotFound)
		}
		if err := current(records, path, what, tok); err != nil {
			return err
		}
		return records.Delete([]byte(path))
	})
}

// current refuses a write whose token is not that of the record.
func current(records *bbolt.Bucket, path, what string, tok planes.Token) error {
	is := planes.Absent()
	if raw := records.Get([]byte(path)); raw != nil {
		version, plain, err := splitRecord(path, raw)
		if err != nil {
			return err
		}
		is = boltToken(version, plain)
	}
	if is == tok {
		return nil
	}
	return &errs.Conflict{Msg: what + ": another vtsync wrote this record since it was read", Next: "plan again, on what is there now"}
}

// splitRecord takes a record's version from its value. What it gives is the
// file's memory: it must not outlive the transaction.
func splitRecord(path string, raw []byte) (version uint64, value []byte, err error) {
	if len(raw) < 8 {
		return 0, nil, fmt.Errorf("%w: record %s has %d bytes", bolterrors.ErrInvalid, path, len(raw))
	}
	return binary.BigEndian.Uint64(raw), raw[8:], nil
}

func boltToken(version uint64, value []byte) planes.Token {
	sum := sha256.Sum256(value)
	return planes.Token{Version: strconv.FormatUint(version, 10), Hash: hex.EncodeToString(sum[:])}
}

// read does one look. A file that was never written holds nothing.
func (b *Bolt) read(ctx context.Context, what string, fn func(*bbolt.Bucket) error) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if info, err := os.Stat(b.path); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return ctx.Err()
	}
	return b.do(ctx, what, true, func(db *bbolt.DB) error {
		return db.View(func(tx *bbolt.Tx) error {
			records, err := recordsOf(tx)
			if err != nil || records == nil {
				return err
			}
			return fn(records)
		})
	})
}

// write does one transaction, which stands in the file when it returns.
func (b *Bolt) write(ctx context.Context, what string, fn func(*bbolt.Bucket) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.do(ctx, what, false, func(db *bbolt.DB) error {
		return db.Update(func(tx *bbolt.Tx) error {
			records, err := recordsOf(tx)
			if err == nil && records == nil {
				records, err = layOut(tx)
			}
			if err != nil {
				return err
			}
			return fn(records)
		})
	})
}

// recordsOf gives the bucket of the records; nil in a file that is new.
func recordsOf(tx *bbolt.Tx) (*bbolt.Bucket, error) {
	meta := tx.Bucket(boltMeta)
	if meta == nil {
		if name, _ := tx.Cursor().First(); name != nil {
			return nil, fmt.Errorf("%w: it is a bbolt file of another program", bolterrors.ErrInvalid)
		}
		return nil, nil
	}
	if format := string(meta.Get(boltFormatKey)); format != boltFormat {
		return nil, &errs.Invalid{
			Msg:  fmt.Sprintf("it has format %q, and this vtsync reads format %s", format, boltFormat),
			Next: "use the vtsync that wrote it, or a newer one",
		}
	}
	records := tx.Bucket(boltRecords)
	if records == nil {
		return nil, fmt.Errorf("%w: it has no records", bolterrors.ErrInvalid)
	}
	return records, nil
}

func layOut(tx *bbolt.Tx) (*bbolt.Bucket, error) {
	meta, err := tx.CreateBucket(boltMeta)
	if err != nil {
		return nil, err
	}
	if err := meta.Put(boltFormatKey, []byte(boltFormat)); err != nil {
		return nil, err
	}
	return tx.CreateBucket(boltRecords)
}

// do opens the file, works on it and lets it go. bbolt panics on pages that
// make no sense, and reading beyond the end of a file that was cut off faults:
// both say that the file is damaged.
func (b *Bolt) do(ctx context.Context, what string, readOnly bool, fn func(*bbolt.DB) error) (err error) {
	if ctx.Err() != nil {
		return b.failed(what, fmt.Errorf("%w: %w", errs.ErrNotSent, ctx.Err()))
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	var file *os.File
	defer func() {
		if p := recover(); p != nil {
			unlock(file) // bbolt still holds it
			_ = file.Close()
			err = b.failed(what, fmt.Errorf("%w: %v", bolterrors.ErrInvalid, p))
		}
	}()
	db, err := bbolt.Open(b.path, 0o600, &bbolt.Options{
		Timeout: b.wait, ReadOnly: readOnly,
		OpenFile: func(name string, flag int, perm os.FileMode) (*os.File, error) {
			var err error
			file, err = os.OpenFile(name, flag, perm)
			return file, err
		},
	})
	if err != nil {
		return b.failed(what, err)
	}
	defer func() {
		if closeErr := db.Close(); closeErr != nil && err == nil {
			err = b.failed(what, closeErr)
		}
	}()
	return b.failed(what, fn(db))
}

// failed says of an error of the file what to do. What another vtsync holds may
// be tried again: nothing was written.
func (b *Bolt) failed(what string, err error) error {
	what += " in " + b.String()
	invalid, isInvalid := errors.AsType[*errs.Invalid](err)
	switch {
	case err == nil, isConflict(err), errors.Is(err, errs.ErrNotFound):
		return err
	case isInvalid:
		return &errs.Invalid{Msg: what, Next: invalid.Next, Err: err}
	case errors.Is(err, bolterrors.ErrTimeout):
		return &errs.Unknown{
			Msg:  what + ": another vtsync runs and holds the file",
			Next: "wait for it to end, or end it; then try again",
			Err:  fmt.Errorf("%w for %s", errs.ErrNotSent, b.wait),
		}
	case errors.Is(err, errs.ErrNotSent):
		return &errs.Unknown{Msg: what, Next: "try again", Err: err}
	case slices.ContainsFunc([]error{bolterrors.ErrInvalid, bolterrors.ErrChecksum, bolterrors.ErrVersionMismatch, bolterrors.ErrInvalidMapping},
		func(damage error) bool { return errors.Is(err, damage) }):
		return &errs.Invalid{
			Msg:  what + ": the file is damaged",
			Next: "put a backup of " + b.path + " back; without one, move it away and look at the cluster first: vtsync plan starts anew then, and a rollout that was open is not known any more",
			Err:  err,
		}
	default:
		return fmt.Errorf("%s: %w", what, err)
	}
}
