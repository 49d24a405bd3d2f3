package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	topodatapb "vitess.io/vitess/go/vt/proto/topodata"
	"vitess.io/vitess/go/vt/servenv"
	"vitess.io/vitess/go/vt/topo"
	"vitess.io/vitess/go/vt/topo/etcd2topo"
)

// setupTimeout bounds what a component does in topo before it serves.
const setupTimeout = 10 * time.Second

var (
	topoSwap map[string]string
	topoAdd  map[string]string
)

func init() {
	for _, component := range []string{"vtctld", "vtgate", "vttablet"} {
		servenv.OnParseFor(component, func(fs *pflag.FlagSet) {
			fs.StringToStringVar(&topoSwap, "lab-topo-swap", nil,
				"addresses of topology servers to replace when dialling, as FROM=TO,FROM=TO")
		})
	}
	servenv.OnParseFor("vtctld", func(fs *pflag.FlagSet) {
		fs.StringToStringVar(&topoAdd, "lab-add-cells", nil,
			"cells to create at the start if they don't exist, as CELL=ADDRESS,CELL=ADDRESS; a cell's root is /vitess/CELL")
	})
}

// swapFactory is Vitess's etcd2 factory, but each process dials its own fault
// proxy where CellInfo names another's.
type swapFactory struct {
	etcd2topo.Factory
	swap map[string]string
}

// Create implements topo.Factory.
func (f swapFactory) Create(cell, serverAddr, root string) (topo.Conn, error) {
	if to, ok := f.swap[serverAddr]; ok {
		serverAddr = to
	}
	return f.Factory.Create(cell, serverAddr, root)
}

// openTopo is topo.Open with the addresses swapped.
func openTopo() (*topo.Server, error) {
	address, err := pflag.CommandLine.GetString("topo-global-server-address")
	if err != nil {
		return nil, err
	}
	root, err := pflag.CommandLine.GetString("topo-global-root")
	if err != nil {
		return nil, err
	}
	ts, err := topo.NewWithFactory(swapFactory{swap: topoSwap}, address, root)
	if err != nil {
		return nil, fmt.Errorf("opening topo at %s%s: %w", address, root, err)
	}
	return ts, nil
}

// addCells creates the missing cells and gives each new one a SrvVSchema, as
// any cell has that has served before. Existing cells stay as they are, stale
// or not, so that a restart heals nothing by itself.
func addCells(ctx context.Context, ts *topo.Server, cells map[string]string) error {
	ctx, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()

	var added []string
	for cell, address := range cells {
		err := ts.CreateCellInfo(ctx, cell, &topodatapb.CellInfo{
			ServerAddress: address,
			Root:          "/vitess/" + cell,
		})
		if topo.IsErrType(err, topo.NodeExists) {
			continue
		}
		if err != nil {
			return fmt.Errorf("adding cell %s: %w", cell, err)
		}
		added = append(added, cell)
	}
	if len(added) == 0 {
		return nil
	}
	slices.Sort(added)
	if err := ts.RebuildSrvVSchema(ctx, added); err != nil {
		return fmt.Errorf("writing the first SrvVSchema of %s: %w", strings.Join(added, ", "), err)
	}
	return nil
}
