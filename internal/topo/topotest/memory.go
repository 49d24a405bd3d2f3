// Package topotest tests topo servers: the contract that every Backend keeps,
// and an in-memory one for tests of other packages. Only tests import it.
package topotest

import (
	"strconv"
	"testing"

	vtopo "vitess.io/vitess/go/vt/topo"
	"vitess.io/vitess/go/vt/topo/memorytopo"

	"github.com/vtsync/vtsync/internal/topo"
)

// NewMemory gives an empty cluster with these cells, kept in Vitess's own
// in-memory topo. It keeps no history, and its locks tell no holder.
func NewMemory(t testing.TB, cells ...string) topo.Backend {
	_, factory := memorytopo.NewServerAndFactory(t.Context(), cells...)
	return topo.Backend{Factory: factory, ParseVersion: parseMemoryVersion}
}

func parseMemoryVersion(s string) (vtopo.Version, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	return memorytopo.NodeVersion(n), err
}

// Open connects to a Backend as one process would, until the test ends.
func Open(t testing.TB, b topo.Backend, o topo.Options) *topo.Server {
	t.Helper()
	s, err := topo.OpenBackend(t.Context(), b, o)
	if err != nil {
		t.Fatalf("open topo: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}
