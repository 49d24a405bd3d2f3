package store

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/rollout"
)

// Prune forgets a keyspace's rollouts that have ended, but for the newest
// keep, and then what is kept for no record any more. A rollout of several
// keyspaces stays as long as one of them keeps it, and so does one that a head
// names. While any record is damaged nothing is forgotten: who knows what it
// names.
func (s *Store) Prune(ctx context.Context, keyspace string, keep int) error {
	// Blobs first: one that is written from now on is not in this list.
	blobs, err := s.kv.List(ctx, blobDir)
	if err != nil {
		return err
	}
	heads, err := s.Heads(ctx)
	if err != nil {
		return err
	}
	records, err := s.Rollouts(ctx)
	if err != nil {
		return err
	}
	spared := spare(records, heads, keep)
	used := map[string]bool{}
	for _, h := range heads {
		used[h.Committed] = true
	}
	for _, r := range records {
		if spared[r.ID] || !slices.Contains(r.Keyspaces, keyspace) {
			used[r.Plan] = true
			continue
		}
		if err := s.forgetRollout(ctx, r.ID); err != nil {
			return err
		}
	}
	unused := slices.DeleteFunc(blobs, func(hash string) bool { return used[hash] })
	return s.forgetBlobs(ctx, unused)
}

// forgetBlobs forgets many at once; one that is damaged keeps no other.
func (s *Store) forgetBlobs(ctx context.Context, hashes []string) error {
	failed := make([]error, len(hashes))
	var group errgroup.Group
	group.SetLimit(maxReads)
	for i, hash := range hashes {
		group.Go(func() error {
			failed[i] = s.forgetBlob(ctx, hash)
			return nil
		})
	}
	_ = group.Wait() // each error is in its place
	return errors.Join(failed...)
}

// spare names the rollouts that stay. Records are newest first.
func spare(records []rollout.Record, heads []rollout.Head, keep int) map[string]bool {
	spared := map[string]bool{}
	for _, h := range heads {
		spared[h.Open], spared[h.CommittedBy] = true, true
		if h.Paused != nil {
			spared[h.Paused.Rollout] = true
		}
	}
	count := map[string]int{}
	for _, r := range records {
		if !r.State.Final() {
			spared[r.ID] = true
			continue
		}
		for _, ks := range r.Keyspaces {
			if count[ks]++; count[ks] <= keep {
				spared[r.ID] = true
			}
		}
	}
	return spared
}

// forgetRollout deletes a record, unless it is not final any more or was
// written since.
func (s *Store) forgetRollout(ctx context.Context, id string) error {
	r, tok, err := s.Rollout(ctx, id)
	if errors.Is(err, errs.ErrNotFound) || err == nil && !r.State.Final() {
		return nil
	}
	if err != nil {
		return err
	}
	return forgotten(s.kv.Delete(ctx, path.Join(rolloutDir, id), tok))
}

// forgetBlob deletes a blob that no record names, once it is old enough that
// no record naming it can be on its way.
func (s *Store) forgetBlob(ctx context.Context, hash string) error {
	key := path.Join(blobDir, hash)
	packed, tok, err := s.kv.Get(ctx, key)
	if err != nil || tok.IsAbsent() {
		return err
	}
	_, at, err := unpack(key, hash, packed)
	if err != nil {
		return fmt.Errorf("prune: %w", err)
	}
	if s.now().Sub(at) < blobGrace {
		return nil
	}
	return forgotten(s.kv.Delete(ctx, key, tok))
}

// forgotten ignores that another process was faster.
func forgotten(err error) error {
	if isConflict(err) || errors.Is(err, errs.ErrNotFound) {
		return nil
	}
	return err
}
