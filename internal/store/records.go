package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
)

// Head gives a keyspace's head. One that was never saved is the zero Head with
// the absent token.
func (s *Store) Head(ctx context.Context, keyspace string) (rollout.Head, planes.Token, error) {
	if err := checkName("keyspace", keyspace); err != nil {
		return rollout.Head{}, planes.Token{}, err
	}
	key := path.Join(headDir, keyspace)
	raw, tok, err := s.kv.Get(ctx, key)
	if err != nil || tok.IsAbsent() {
		return rollout.Head{}, tok, err
	}
	h, err := decodeHead(key, keyspace, raw)
	if err != nil {
		return rollout.Head{}, planes.Token{}, err
	}
	return h, tok, nil
}

// SaveHead saves a keyspace's head by compare-and-swap. The caller has set Seq
// and Writer, which make the bytes unlike any other save's. *errs.Conflict
// says that another process saved first.
func (s *Store) SaveHead(ctx context.Context, h rollout.Head, tok planes.Token) (planes.Token, error) {
	if err := checkName("keyspace", h.Keyspace); err != nil {
		return planes.Token{}, err
	}
	key := path.Join(headDir, h.Keyspace)
	if err := checkSave(key, h.Format, h.Seq, h.Writer); err != nil {
		return planes.Token{}, err
	}
	raw, err := json.Marshal(h)
	if err != nil {
		return planes.Token{}, fmt.Errorf("encode %s: %w", key, err)
	}
	return s.save(ctx, key, raw, tok)
}

// Heads gives all heads, sorted by keyspace. Damaged ones are left out and
// told in the error, which stands beside the others.
func (s *Store) Heads(ctx context.Context) ([]rollout.Head, error) {
	names, err := s.kv.List(ctx, headDir)
	if err != nil {
		return nil, err
	}
	return readAll(ctx, names, s.Head)
}

// Rollout gives a rollout's record; errs.ErrNotFound where there is none.
func (s *Store) Rollout(ctx context.Context, id string) (rollout.Record, planes.Token, error) {
	if err := checkName("rollout", id); err != nil {
		return rollout.Record{}, planes.Token{}, err
	}
	key := path.Join(rolloutDir, id)
	raw, tok, err := s.kv.Get(ctx, key)
	if err != nil {
		return rollout.Record{}, planes.Token{}, err
	}
	if tok.IsAbsent() {
		return rollout.Record{}, tok, fmt.Errorf("rollout %s: %w", id, errs.ErrNotFound)
	}
	r, err := decodeRecord(key, id, raw)
	if err != nil {
		return rollout.Record{}, planes.Token{}, err
	}
	return r, tok, nil
}

// SaveRollout saves a rollout's record by compare-and-swap; see SaveHead. A
// record that would be too large loses the oldest lines of its log.
func (s *Store) SaveRollout(ctx context.Context, r *rollout.Record, tok planes.Token) (planes.Token, error) {
	if err := checkName("rollout", r.ID); err != nil {
		return planes.Token{}, err
	}
	key := path.Join(rolloutDir, r.ID)
	if err := checkSave(key, r.Format, r.Seq, r.Writer); err != nil {
		return planes.Token{}, err
	}
	raw, err := encodeRecord(r)
	if err != nil {
		return planes.Token{}, err
	}
	return s.save(ctx, key, raw, tok)
}

// Rollouts gives all records, newest first: by when they were made, since ids
// tell that to the second only. Damaged ones are left out and told in the
// error, which stands beside the others.
func (s *Store) Rollouts(ctx context.Context) ([]rollout.Record, error) {
	ids, err := s.kv.List(ctx, rolloutDir)
	if err != nil {
		return nil, err
	}
	records, err := readAll(ctx, ids, s.Rollout)
	slices.SortFunc(records, func(a, b rollout.Record) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(b.ID, a.ID))
	})
	return records, err
}

// checkSave refuses a save that could not be recognised or read back.
func checkSave(key string, format int, seq int64, writer string) error {
	switch {
	case format != rollout.Format:
		return fmt.Errorf("save %s: its format is %d, this vtsync writes %d", key, format, rollout.Format)
	case seq < 1 || writer == "":
		return fmt.Errorf("save %s: it has no sequence number or no writer", key)
	}
	return nil
}

// readAll reads records at once and keeps their order. Records that vanished
// since they were listed are left out; damaged ones too, and are told.
func readAll[T any](ctx context.Context, names []string, read func(context.Context, string) (T, planes.Token, error)) ([]T, error) {
	type result struct {
		value T
		ok    bool
		err   error
	}
	results := make([]result, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxReads)
	for i, name := range names {
		group.Go(func() error {
			v, tok, err := read(ctx, name)
			if _, ok := errors.AsType[*errs.Invalid](err); ok {
				results[i].err = err
				return nil
			}
			if errors.Is(err, errs.ErrNotFound) || err == nil && tok.IsAbsent() {
				return nil
			}
			results[i] = result{value: v, ok: true}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var (
		values []T
		bad    []error
	)
	for _, r := range results {
		if r.ok {
			values = append(values, r.value)
		}
		if r.err != nil {
			bad = append(bad, r.err)
		}
	}
	return values, errors.Join(bad...)
}
