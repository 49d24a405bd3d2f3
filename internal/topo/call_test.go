package topo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	vtopo "vitess.io/vitess/go/vt/topo"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"github.com/vtsync/vtsync/internal/errs"
)

func TestErrorsAreTranslated(t *testing.T) {
	const (
		conflict = "conflict"
		unknown  = "unknown"
		refusal  = "refusal"
		notFound = "not found"
	)
	kind := func(err error) string {
		_, isConflict := errors.AsType[*errs.Conflict](err)
		_, isUnknown := errors.AsType[*errs.Unknown](err)
		switch {
		case isConflict:
			return conflict
		case isUnknown:
			return unknown
		case errors.Is(err, errs.ErrNotFound):
			return notFound
		default:
			return refusal
		}
	}
	for _, tt := range []struct {
		err         error
		read, write string
	}{
		{vtopo.NewError(vtopo.NoNode, "x"), notFound, conflict},
		{vtopo.NewError(vtopo.BadVersion, "x"), unknown, conflict},
		{vtopo.NewError(vtopo.NodeExists, "x"), unknown, conflict},
		{vtopo.NewError(vtopo.Timeout, "x"), unknown, unknown},
		{vtopo.NewError(vtopo.Interrupted, "x"), unknown, unknown},
		{vtopo.NewError(vtopo.ResourceExhausted, "x"), refusal, refusal},
		{vtopo.NewError(vtopo.NoImplementation, "x"), refusal, refusal},
		{rpctypes.ErrRequestTooLarge, refusal, refusal},
		{rpctypes.ErrPermissionDenied, refusal, refusal},
		{rpctypes.ErrNoLeader, unknown, unknown},
		{rpctypes.ErrTimeoutDueToConnectionLost, unknown, unknown},
		{status.Error(codes.PermissionDenied, "no"), refusal, refusal},
		{status.Error(codes.Unavailable, "connection reset"), unknown, unknown},
		{status.Error(codes.Internal, "stream terminated"), unknown, unknown},
		{context.DeadlineExceeded, unknown, unknown},
		{context.Canceled, unknown, unknown},
		{io.ErrUnexpectedEOF, unknown, unknown},
		{fmt.Errorf("wrapped: %w", vtopo.NewError(vtopo.BadVersion, "x")), unknown, conflict},
		{errClosed, refusal, refusal},
	} {
		if got := kind(readError("read", tt.err)); got != tt.read {
			t.Errorf("read: %v is %s, want %s", tt.err, got, tt.read)
		}
		if got := kind(writeError("write", tt.err)); got != tt.write {
			t.Errorf("write: %v is %s, want %s", tt.err, got, tt.write)
		}
	}
}

// A call that ignores its context is given up at the deadline, and what it
// gives in the end is taken back.
func TestAbandonedCallIsTakenBack(t *testing.T) {
	var (
		release  = make(chan struct{})
		taken    = make(chan int, 1)
		finished = make(chan struct{})
	)
	_, err := bounded(t.Context(), time.Millisecond, func(context.Context) (int, error) {
		<-release
		return 7, nil
	}, func(v int) { taken <- v }, func() { close(finished) })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, want the deadline", err)
	}
	close(release)
	<-finished
	select {
	case v := <-taken:
		if v != 7 {
			t.Fatalf("took back %d", v)
		}
	default:
		t.Fatal("the late result was lost")
	}
}
