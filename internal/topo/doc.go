// Package topo is the adapter to Vitess's topology service: reads that give
// tokens, compare-and-swap writes that need them, settling of writes whose
// answer was lost, and short keyspace locks. It is the only package that may
// import vitess.io/vitess/go/vt/topo; it must import no other adapter, and it
// decides nothing.
//
// Every call is bounded by Options.CallTimeout, also where the client library
// of a topo server ignores contexts: such a call runs in a goroutine that is
// abandoned at the deadline.
//
// # Outcomes of a write
//
// One call sends one compare-and-swap, once. It returns
//   - a token: the write landed;
//   - *errs.Conflict: it was refused, because the record is not the one that
//     the token was read from;
//   - *errs.Unknown: nobody can tell yet; it may have landed, and it may still
//     land. Repeat it with the same token, Settle it, or Fence it. Where
//     errors.Is(err, errs.ErrNotSent) holds, nothing left this process;
//   - any other error: it was refused and nothing was written.
//
// # Tokens
//
// A token is the server's version of a record together with the hash of its
// bytes. Two tokens are only ever compared for equality, and as a whole: on
// ZooKeeper the version is a counter per node that starts again when the node
// is deleted and created, so an equal version with another hash is another
// record. Only a History, which knows its server, may order versions.
package topo
