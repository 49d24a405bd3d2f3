package topo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path"
	"strings"
	"time"

	vtopo "vitess.io/vitess/go/vt/topo"
)

// LockTTL is how long a keyspace lock lives when its holder dies. Vitess does
// not keep its lease alive, so it is also how long the lock holds at most.
const LockTTL = 10 * time.Second

// locksDir is where etcd's and ZooKeeper's locks of a directory lie.
const locksDir = "locks"

// Held says that somebody else holds a keyspace's lock: to wait is all there
// is to do.
type Held struct {
	Keyspace string
	// By describes the holder, as far as it says: the action, who and where.
	By string
}

func (e *Held) Error() string {
	by := e.By
	if by == "" {
		by = "somebody else"
	}
	return fmt.Sprintf("the lock on keyspace %s is held by %s", e.Keyspace, by)
}

// LockKeyspace takes Vitess's lock on a keyspace, for LockTTL at most, and
// does not wait for it: where somebody holds it the error is *Held. The lock
// keeps workflows and DDL out for a moment; it protects no write.
//
// The caller calls unlock once, with a context that still lives.
func (s *Server) LockKeyspace(ctx context.Context, ks, action string) (unlock func(context.Context) error, err error) {
	if err := checkName("keyspace", ks); err != nil {
		return nil, err
	}
	contents, err := lockContents(action)
	if err != nil {
		return nil, err
	}
	if err := s.checkFree(ctx, ks); err != nil {
		return nil, err
	}
	dir := path.Join(vtopo.KeyspacesPath, ks)
	what := "lock keyspace " + ks
	// Vitess's non-blocking lock takes no TTL (30 s): the check above and its
	// blocking lock, given up at the deadline, are the same with one.
	lock, err := run(ctx, s, func(ctx context.Context) (vtopo.LockDescriptor, error) {
		return s.global.LockWithTTL(ctx, dir, contents, LockTTL)
	}, func(late vtopo.LockDescriptor) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opts.CallTimeout)
		defer cancel()
		_ = late.Unlock(ctx) // its lease ends by itself as well
	})
	if err == nil {
		return func(ctx context.Context) error { return s.unlock(ctx, ks, contents, lock) }, nil
	}
	if !vtopo.IsErrType(err, vtopo.NoNode) && !refused(err) {
		s.leave(contents)
		// It waited: somebody was faster, unless topo is silent.
		if held, ok := errors.AsType[*Held](s.checkFree(ctx, ks)); ok {
			return nil, held
		}
	}
	return nil, readError(what, err)
}

// unlock releases the lock, and may be repeated. One whose lease has ended is
// released already.
func (s *Server) unlock(ctx context.Context, ks, contents string, lock vtopo.LockDescriptor) error {
	s.leave(contents)
	_, err := run(ctx, s, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, lock.Unlock(ctx)
	}, nil)
	if vtopo.IsErrType(err, vtopo.NoNode) {
		return nil
	}
	return readError("unlock keyspace "+ks, err)
}

// leave notes that a lock of ours is not held any more, though it may stand: what
// took or released it may have got no answer. It would outlive its time, too, as
// a leader of etcd gives each lease all of it anew when it is elected.
func (s *Server) leave(contents string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == nil {
		s.left = map[string]bool{}
	}
	s.left[contents] = true
}

func (s *Server) wasLeft(contents []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.left[string(contents)]
}

// checkFree returns *Held when somebody holds a keyspace's lock. What this
// server has left of its own is taken away.
func (s *Server) checkFree(ctx context.Context, ks string) error {
	dir := path.Join(vtopo.KeyspacesPath, ks, locksDir)
	what := "read the lock of keyspace " + ks
	found, err := run(ctx, s, func(ctx context.Context) ([]vtopo.KVInfo, error) {
		return s.global.List(ctx, dir)
	}, nil)
	if vtopo.IsErrType(err, vtopo.NoNode) {
		return nil
	}
	if err != nil {
		return readError(what, err)
	}
	for _, kv := range found {
		name := s.relative(kv.Key, dir)
		switch {
		case name == "":
		case s.wasLeft(kv.Value):
			_, err := run(ctx, s, func(ctx context.Context) (struct{}, error) {
				return struct{}{}, s.global.Delete(ctx, path.Join(dir, name), kv.Version)
			}, nil)
			if err != nil && !vtopo.IsErrType(err, vtopo.NoNode) {
				return readError(what, err)
			}
		default:
			return &Held{Keyspace: ks, By: describeHolder(kv.Value)}
		}
	}
	return nil
}

// lockContents are what Vitess writes into its own locks.
func lockContents(action string) (string, error) {
	l := vtopo.Lock{Action: action, HostName: "unknown", UserName: "unknown", Time: time.Now().Format(time.RFC3339Nano), Status: "Running"}
	if h, err := os.Hostname(); err == nil {
		l.HostName = h
	}
	if u, err := user.Current(); err == nil {
		l.UserName = u.Username
	}
	return l.ToJSON()
}

// describeHolder reads what a holder wrote into its lock.
func describeHolder(contents []byte) string {
	var l struct{ Action, HostName, UserName, Time string }
	if err := json.Unmarshal(contents, &l); err != nil || l.Action == "" {
		return strings.TrimSpace(string(contents))
	}
	return fmt.Sprintf("%q of %s@%s since %s", l.Action, l.UserName, l.HostName, l.Time)
}
