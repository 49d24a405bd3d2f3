package runner_test

import (
	"testing"

	"github.com/vtsync/vtsync/internal/runner/runnertest"
	"github.com/vtsync/vtsync/internal/store"
	"github.com/vtsync/vtsync/internal/store/storetest"
)

// TestDouble holds the cluster in memory to the contract of the real stores.
func TestDouble(t *testing.T) {
	storetest.Contract(t, func(*testing.T) store.KV {
		return runnertest.New(nil).Process("one")
	})
}
