package vtctld

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/vtsync/vtsync/internal/errs"
)

// translate gives the error of an RPC its kind: silence is *errs.Unknown, what
// the config must say otherwise is *errs.Invalid, and any other answer is the
// server's own. The code stays readable with status.Code.
func (c *Client) translate(method, what string, err error) error {
	said := &answer{err}
	code := status.Code(err)
	if code == codes.Unknown && topoSilent(said.Error()) {
		code = codes.Unavailable
	}
	switch code {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		// vtctld hands on the code of a tablet that it asked.
		return &errs.Unknown{
			Msg:  fmt.Sprintf("%s: no answer from vtctld %s, or from a tablet or a topo server that it asked", what, c.address),
			Next: "vtsync doctor shows which planes answer",
			Err:  said,
		}
	case codes.Unauthenticated, codes.PermissionDenied:
		return &errs.Invalid{
			Msg:  fmt.Sprintf("%s: vtctld %s refuses this client", what, c.address),
			Next: "give `user`, `password_env` and `tls` below `vtctld` in the config, as its --grpc-auth-mode wants",
			Err:  said,
		}
	case codes.Unimplemented:
		return &errs.Invalid{
			Msg:  fmt.Sprintf("%s: vtctld %s is too old for %s, or is none", what, c.address, method),
			Next: "name a vtctld of Vitess 22 or newer that serves grpc-vtctld (--service-map)",
			Err:  said,
		}
	default:
		return fmt.Errorf("%s: vtctld %s: %w", what, c.address, said)
	}
}

// topoSilent tells from vtctld's words that its own topo server did not answer:
// topo.Error has no code that gRPC would carry. The rest is what etcd's, Consul's
// and ZooKeeper's clients say.
func topoSilent(text string) bool {
	return slices.ContainsFunc([]string{
		"deadline exceeded", "interrupted: ", "context canceled",
		"code = Unavailable", "code = DeadlineExceeded", "code = Canceled",
		"etcdserver: request timed out", "etcdserver: no leader", "etcdserver: leader changed",
		"connection refused", "connection reset", "i/o timeout", "No cluster leader",
		"zk: could not connect", "zk: connection closed",
	}, func(s string) bool { return strings.Contains(text, s) })
}

// silent tells that nothing answered.
func silent(err error) bool {
	_, ok := errors.AsType[*errs.Unknown](err)
	return ok
}

// answer shows what the server said, without gRPC's words around it.
type answer struct{ err error }

func (a *answer) Error() string {
	if s, ok := status.FromError(a.err); ok {
		return s.Message()
	}
	return a.err.Error()
}

func (a *answer) Unwrap() error { return a.err }
