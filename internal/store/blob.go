package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"time"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
)

const (
	// maxBlobBytes bounds a blob's plain bytes, so that no damaged or hostile
	// record makes us unpack for ever.
	maxBlobBytes = 64 << 20
	// blobGrace is how long a blob that no record names is kept: its record
	// may be on its way.
	blobGrace = 24 * time.Hour
	// blobFresh is how old a blob may be and still be taken over as it is;
	// an older one gets a new date first, or it could be pruned meanwhile.
	blobFresh = time.Hour
)

var validHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

// BlobHash gives the hash that bytes are kept under.
func (*Store) BlobHash(plain []byte) string { return hashOf(plain) }

func hashOf(plain []byte) string {
	sum := sha256.Sum256(plain)
	return hex.EncodeToString(sum[:])
}

// PutBlob keeps bytes under the hash of them, and gives the hash. What is kept
// already is not written again.
func (s *Store) PutBlob(ctx context.Context, plain []byte) (hash string, err error) {
	if len(plain) > maxBlobBytes {
		return "", &errs.Invalid{Msg: fmt.Sprintf("a plan or value of %d bytes is too large to keep, the limit is %d", len(plain), maxBlobBytes)}
	}
	hash = hashOf(plain)
	key := path.Join(blobDir, hash)
	packed, err := pack(plain, s.now())
	if err != nil {
		return "", fmt.Errorf("pack %s: %w", key, err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.saveTimeout)
	defer cancel()
	tok := planes.Absent()
	for {
		_, err := s.save(ctx, key, packed, tok)
		if err == nil {
			return hash, nil
		}
		if !isConflict(err) {
			return "", err
		}
		// Somebody keeps it already, packed at another time, or it was pruned
		// between our read and our write.
		there, now, err := s.kv.Get(ctx, key)
		if err != nil {
			return "", err
		}
		if tok = now; tok.IsAbsent() {
			continue
		}
		_, at, err := unpack(key, hash, there)
		if err == nil && s.now().Sub(at) < blobFresh {
			return hash, nil
		}
		// It is old, or damaged: ours goes over it, on its token.
	}
}

// Blob gives the bytes of a hash, checked against it; errs.ErrNotFound where
// there are none.
func (s *Store) Blob(ctx context.Context, hash string) ([]byte, error) {
	if !validHash.MatchString(hash) {
		return nil, &errs.Invalid{Msg: fmt.Sprintf("%.80q is not the hash of a kept value", hash)}
	}
	key := path.Join(blobDir, hash)
	packed, tok, err := s.kv.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	if tok.IsAbsent() {
		return nil, fmt.Errorf("value %s: %w", hash, errs.ErrNotFound)
	}
	plain, _, err := unpack(key, hash, packed)
	return plain, err
}

// pack compresses bytes and notes when. The same bytes and time give the same.
func pack(plain []byte, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.ModTime = at.UTC().Truncate(time.Second)
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// unpack reverses pack and checks the hash.
func unpack(key, hash string, packed []byte) (plain []byte, at time.Time, err error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, time.Time{}, damaged(key, err)
	}
	plain, err = io.ReadAll(io.LimitReader(r, maxBlobBytes+1))
	if err == nil && len(plain) > maxBlobBytes {
		err = errors.New("it unpacks to more than any value of vtsync's")
	}
	if err != nil {
		return nil, time.Time{}, damaged(key, err)
	}
	if hashOf(plain) != hash {
		return nil, time.Time{}, damaged(key, errors.New("its bytes do not have the hash that it is kept under"))
	}
	return plain, r.ModTime, nil
}
