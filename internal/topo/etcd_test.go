package topo_test

import (
	"testing"

	"github.com/vtsync/vtsync/internal/topo"
	"github.com/vtsync/vtsync/internal/topo/topotest"
	"github.com/vtsync/vtsync/lab/cluster"
)

func TestContractOnEtcd(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	topotest.Contract(t, topotest.Subject{
		Open: func(t *testing.T) *topo.Server { return openURL(t, c.Topo()) },
		Cell: "zone1", History: true, Holders: true,
	})
}

func openURL(t *testing.T, url string) *topo.Server {
	t.Helper()
	o, err := topo.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	s, err := topo.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}
