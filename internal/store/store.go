// Package store keeps rollout records, history, pauses and the last committed
// values: in the cluster's own global topo under vtsync/, in a file of this host
// (Bolt), or in memory for tests. Every save is a compare-and-swap that the store settles itself. It
// declares the small key-value interface that it needs, and must not import an
// adapter, runner, cli or app.
//
//	vtsync/id              the cluster's random id
//	vtsync/heads/KEYSPACE  rollout.Head, JSON
//	vtsync/rollouts/ID     rollout.Record, JSON
//	vtsync/blobs/HASH      plans and values, compressed, by the hash of the plain bytes
package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
)

const (
	root       = "vtsync"
	idPath     = root + "/id"
	headDir    = root + "/heads"
	rolloutDir = root + "/rollouts"
	blobDir    = root + "/blobs"
)

const (
	// retryPause is the pause between two tries of a save without an answer.
	retryPause = 50 * time.Millisecond
	// defaultSaveTimeout is how long a save is tried, see Options.
	defaultSaveTimeout = 15 * time.Second
	// maxReads bounds how many records are read at a time.
	maxReads = 16
)

// KV is a key-value store with compare-and-swap: the global topo, a file, or
// memory.
// A write sends one compare-and-swap; it returns a token (landed),
// *errs.Conflict (refused, the record is not the token's), *errs.Unknown (it
// may have landed, and may still land), or another error (nothing written).
type KV interface {
	// Get gives nil and the absent token where there is no record.
	Get(ctx context.Context, path string) ([]byte, planes.Token, error)
	Put(ctx context.Context, path string, value []byte, tok planes.Token) (planes.Token, error)
	// List gives the names in a directory, sorted; none where there is none.
	List(ctx context.Context, dir string) ([]string, error)
	// Delete gives errs.ErrNotFound where there is no record any more.
	Delete(ctx context.Context, path string, tok planes.Token) error
}

// Options of a Store; the zero value is for use in production.
type Options struct {
	// Now is the clock by which blobs age; nil means time.Now.
	Now func() time.Time
	// Rand makes the cluster's id; nil means crypto/rand.
	Rand io.Reader
	// SaveTimeout bounds each save with all its tries, whatever the caller's
	// context allows: a server may answer reads and no write. Zero means 15 s.
	SaveTimeout time.Duration
}

// Store keeps vtsync's own records in a KV. It is safe for concurrent use.
type Store struct {
	kv          KV
	now         func() time.Time
	rand        io.Reader
	saveTimeout time.Duration
}

// New gives a Store over a KV.
func New(kv KV, o Options) *Store {
	s := &Store{kv: kv, now: o.Now, rand: o.Rand, saveTimeout: cmp.Or(o.SaveTimeout, defaultSaveTimeout)}
	if s.now == nil {
		s.now = time.Now
	}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	return s
}

// NewID gives a rollout's id: it sorts by time, to the second, and is unique
// by its random end.
func NewID(now time.Time, r io.Reader) (string, error) {
	b := make([]byte, 3)
	if _, err := io.ReadFull(r, b); err != nil {
		return "", fmt.Errorf("make a rollout's id: %w", err)
	}
	return now.UTC().Format("20060102t150405") + "-" + hex.EncodeToString(b), nil
}

// ClusterID gives the random id of the cluster, which ties plans to it. Where
// there is none yet it is empty, or made if create is set; whoever makes it
// first makes it for all.
func (s *Store) ClusterID(ctx context.Context, create bool) (string, error) {
	value, tok, err := s.kv.Get(ctx, idPath)
	if err != nil {
		return "", err
	}
	if tok.IsAbsent() && !create {
		return "", nil
	}
	if tok.IsAbsent() {
		b := make([]byte, 16)
		if _, err := io.ReadFull(s.rand, b); err != nil {
			return "", fmt.Errorf("make the cluster's id: %w", err)
		}
		made := hex.EncodeToString(b)
		_, err := s.save(ctx, idPath, []byte(made), tok)
		if err == nil {
			return made, nil
		}
		if !isConflict(err) {
			return "", err
		}
		if value, _, err = s.kv.Get(ctx, idPath); err != nil {
			return "", err
		}
	}
	id := strings.TrimSpace(string(value))
	if !planes.IsClusterID(id) {
		return "", damaged(idPath, fmt.Errorf("%.40q is not an id", id))
	}
	return id, nil
}

// save writes a record by compare-and-swap, and while there is no answer sends
// the very same one again until its time is up: at most one of them lands. A
// refusal after that may be the answer to our own first try, so the record is
// read back: bytes that are ours say that it landed. That holds because no two
// saves have equal bytes, or because equal bytes mean the same to everybody.
func (s *Store) save(ctx context.Context, p string, value []byte, tok planes.Token) (planes.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, s.saveTimeout)
	defer cancel()
	for {
		now, err := s.kv.Put(ctx, p, value, tok)
		if err == nil {
			return now, nil
		}
		if isConflict(err) {
			return s.whose(ctx, p, value, err)
		}
		if !isUnknown(err) {
			return planes.Token{}, err
		}
		if !pause(ctx, retryPause) {
			return planes.Token{}, err
		}
	}
}

// whose tells, after a refusal, whether the record holds our bytes.
func (s *Store) whose(ctx context.Context, p string, value []byte, refusal error) (planes.Token, error) {
	for {
		there, tok, err := s.kv.Get(ctx, p)
		switch {
		case err == nil && !tok.IsAbsent() && string(there) == string(value):
			return tok, nil
		case err == nil:
			return planes.Token{}, refusal
		case !isUnknown(err) || !pause(ctx, retryPause):
			return planes.Token{}, &errs.Unknown{
				Msg:  "save " + p + ": it was refused, and whether an earlier try landed could not be read",
				Next: "vtsync doctor shows which planes answer",
				Err:  err,
			}
		}
	}
}

// pause waits, and tells whether ctx still lives.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return ctx.Err() == nil
	}
}

// damaged is the error of a record that cannot be used.
func damaged(key string, err error) error {
	return &errs.Invalid{
		Msg:  "damaged record " + key,
		Err:  err,
		Next: fmt.Sprintf("put a backup of it back, or of the state file; in a topo vtctldclient GetTopologyPath /global/%s shows it, and to delete the key forgets what it says", key),
	}
}

// checkName refuses names that would address another record.
func checkName(kind, name string) error {
	if name == "" || name == "." || name == ".." || path.Base(name) != name || strings.Contains(name, "\x00") {
		return &errs.Invalid{Msg: fmt.Sprintf("%q is not the name of a %s", name, kind)}
	}
	return nil
}

func isConflict(err error) bool {
	_, ok := errors.AsType[*errs.Conflict](err)
	return ok
}

func isUnknown(err error) bool {
	_, ok := errors.AsType[*errs.Unknown](err)
	return ok
}
