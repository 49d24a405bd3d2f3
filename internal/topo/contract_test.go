package topo_test

import (
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/topo"
	"github.com/vtsync/vtsync/internal/topo/topotest"
)

func TestContractInMemory(t *testing.T) {
	backend := topotest.NewMemory(t, "zone1")
	topotest.Contract(t, topotest.Subject{
		Open: func(t *testing.T) *topo.Server {
			// A lock that is held makes the in-memory topo wait for as long.
			return topotest.Open(t, backend, topo.Options{CallTimeout: 200 * time.Millisecond})
		},
		Cell: "zone1",
	})
}
