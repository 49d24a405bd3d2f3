package topo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	vtopo "vitess.io/vitess/go/vt/topo"

	"github.com/vtsync/vtsync/internal/errs"
)

// errNoToken refuses a write that was decided on no read (law 1).
var errNoToken = errors.New("no write without the token of a read")

const nextDoctor = "vtsync doctor shows which planes answer"

// bounded runs fn in a goroutine of its own and waits for it no longer than
// the timeout and ctx allow: dialling, locking and unlocking in Vitess's
// clients ignore contexts. A call that is given up runs on by itself; if it
// succeeds after all, late (which may be nil) takes its result. The goroutine's
// last act is finally.
func bounded[T any](ctx context.Context, timeout time.Duration, fn func(context.Context) (T, error), late func(T), finally func()) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	type result struct {
		value T
		err   error
	}
	var (
		answer    = make(chan result)
		abandoned = make(chan struct{})
	)
	go func() {
		defer finally()
		v, err := fn(ctx)
		select {
		case answer <- result{v, err}:
		case <-abandoned:
			if err == nil && late != nil {
				late(v)
			}
		}
	}()
	select {
	case r := <-answer:
		return r.value, r.err
	case <-ctx.Done():
		close(abandoned)
		var zero T
		return zero, ctx.Err()
	}
}

// readError translates the error of a read, once: an answer that says no, or
// silence.
func readError(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case vtopo.IsErrType(err, vtopo.NoNode):
		return fmt.Errorf("%s: %w", what, errs.ErrNotFound)
	case refused(err):
		return fmt.Errorf("%s: %w", what, err)
	default:
		return silence(what, err)
	}
}

// silence is the error of a plane that did not answer.
func silence(what string, err error) error {
	return &errs.Unknown{Msg: what + ": no answer from topo", Next: nextDoctor, Err: err}
}

// writeError translates the error of a compare-and-swap, once. What is not
// surely a refusal is unknown.
func writeError(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case vtopo.IsErrType(err, vtopo.BadVersion), vtopo.IsErrType(err, vtopo.NodeExists), vtopo.IsErrType(err, vtopo.NoNode):
		return &errs.Conflict{
			Msg:  what + ": somebody else wrote this record since it was read",
			Next: "plan again, on what is there now",
			Err:  err,
		}
	case refused(err):
		return fmt.Errorf("%s: nothing was written: %w", what, err)
	default:
		return &errs.Unknown{
			Msg:  what + ": no answer, it may have landed and may still land",
			Next: nextDoctor,
			Err:  err,
		}
	}
}

// refused tells that a server, or our own client before it sent anything,
// answered no. Connections that break and deadlines that pass answer nothing.
func refused(err error) bool {
	if errors.Is(err, errClosed) {
		return true
	}
	if vtopo.IsErrType(err, vtopo.ResourceExhausted) || vtopo.IsErrType(err, vtopo.NoImplementation) {
		return true // too large, out of space, or not offered
	}
	var coded interface{ Code() codes.Code } // etcd's own errors
	code := codes.Unknown
	if errors.As(err, &coded) {
		code = coded.Code()
	} else if s, ok := status.FromError(err); ok {
		code = s.Code()
	}
	switch code {
	case codes.InvalidArgument, codes.PermissionDenied, codes.Unauthenticated, codes.ResourceExhausted, codes.Unimplemented:
		return true
	default:
		return false
	}
}
