// Package cluster starts a Vitess cluster on this machine: real etcds, a real
// vtctld and real vtgates, each a process of its own on a loopback port, with a
// fault proxy in front of each etcd for each client process. Only a full lab has
// MySQL and tablets: topology, VSchema and plans need none.
//
// It is what the demo and the integration tests run against. It must not import
// Vitess, which is in the programs that it starts (lab/v24, lab/v23), nor any room of
// vtsync: a test brings the two together.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"

	"github.com/vtsync/vtsync/lab/proxy"
)

// Global is the name of the global topology's server where a cell is asked for.
// Of several members each has a name of its own as well: see GlobalServers.
const Global = "global"

// Vtsync is the name of the client whose proxies vtsync dials. CellInfo holds
// the addresses of its proxies to the cells.
const Vtsync = "vtsync"

const (
	globalRoot = "/vitess/global"
	// startTimeout bounds a start, the building of the programs not included.
	// Each of its steps is bounded by patience.
	startTimeout = 3 * patience
	// portAttempts bounds the tries when another process takes a free port
	// before ours does.
	portAttempts = 3
)

// Options choose the shape of a cluster. The zero value is two cells with one
// vtgate each, a global etcd of one member, and no MySQL.
type Options struct {
	Cells          []string   // names; zone1 and zone2 if empty
	VTGatesPerCell int        // 1 if zero; AddVTGate adds more
	GlobalMembers  int        // of the global etcd, 1 if zero
	Keyspaces      []Keyspace // with tablets and MySQL, such as Shop's; makes it a full lab
	VTGateRelease  Release    // of the vtgates, V24 if empty
	VTGateFlags    []string   // more flags of every vtgate
	VTTabletFlags  []string   // more flags of every vttablet
	Log            io.Writer  // progress that takes long, such as building; discarded if nil
}

// full says whether there are tablets.
func (o Options) full() bool { return len(o.Keyspaces) > 0 }

func (o Options) withDefaults() (Options, error) {
	if len(o.Cells) == 0 {
		o.Cells = []string{"zone1", "zone2"}
	}
	if o.VTGatesPerCell == 0 {
		o.VTGatesPerCell = 1
	}
	if o.GlobalMembers == 0 {
		o.GlobalMembers = 1
	}
	if o.VTGateRelease == "" {
		o.VTGateRelease = V24
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	seen := map[string]bool{}
	for _, cell := range o.Cells {
		if cell == "" || seen[cell] || strings.HasPrefix(cell, Global) {
			return o, fmt.Errorf("lab: cell %q is empty, given twice, or named as the %s etcd", cell, Global)
		}
		seen[cell] = true
	}
	o.Keyspaces = slices.Clone(o.Keyspaces)
	for i, ks := range o.Keyspaces {
		if len(ks.Shards) == 0 {
			o.Keyspaces[i].Shards = []string{"0"}
		}
	}
	return o, nil
}

// Cluster is a running cluster. Its methods may be called concurrently.
type Cluster struct {
	options  Options
	programs programs
	dir      string
	spawner  *spawner

	etcds  map[string]string // server to address; fixed once started
	vtctld string            // gRPC address; fixed once started
	// tablets are in the order of the keyspaces and shards; fixed once started.
	tablets []*tablet

	stopOnce sync.Once
	stopErr  error // set by stopOnce

	mu      sync.Mutex // guards all below
	procs   []*Process // in the order of their start
	proxies map[link]*proxy.Proxy
	clients map[string]*clientv3.Client
	gates   []VTGate
	ports   map[int]bool // given out by freePorts
}

// link is one client's way to one etcd.
type link struct{ client, server string }

// Start builds the programs if need be, starts a cluster, and returns when all
// of it serves. Stop must be called.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	programs, err := build(ctx, options.Log, options.VTGateRelease, options.full())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for attempt := 1; ; attempt++ {
		c, err := start(ctx, options, programs)
		if err == nil {
			return c, nil
		}
		if attempt == portAttempts || !strings.Contains(strings.ToLower(err.Error()), "address already in use") {
			return nil, err
		}
	}
}

func start(ctx context.Context, options Options, programs programs) (*Cluster, error) {
	dir, err := os.MkdirTemp("", "vtsync-lab-")
	if err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	c := &Cluster{
		options:  options,
		programs: programs,
		dir:      dir,
		spawner:  newSpawner(),
		etcds:    map[string]string{},
		proxies:  map[link]*proxy.Proxy{},
		clients:  map[string]*clientv3.Client{},
		ports:    map[int]bool{},
	}
	if err := c.startAll(ctx); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func (c *Cluster) startAll(ctx context.Context) error {
	if err := os.Mkdir(c.logs(), 0o755); err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	if err := c.startEtcds(ctx); err != nil {
		return err
	}
	if err := c.startVtctld(ctx); err != nil {
		return err
	}
	if err := c.declareTablets(ctx); err != nil {
		return err
	}
	if err := c.startKeyspaces(ctx); err != nil {
		return err
	}
	var group errgroup.Group
	for _, cell := range c.options.Cells {
		for range c.options.VTGatesPerCell {
			// Created in order, for names that don't depend on timing.
			_, process, err := c.newVTGate(ctx, cell, "")
			if err != nil {
				return errors.Join(err, group.Wait())
			}
			group.Go(func() error { return c.run(ctx, process) })
		}
	}
	return group.Wait()
}

// Stop ends every process, waits for each, and removes the cluster's folder.
// Only the first call does anything; others return what it returned.
func (c *Cluster) Stop() error { return c.stop(false) }

func (c *Cluster) stop(keepLogs bool) error {
	c.stopOnce.Do(func() { c.stopErr = c.tearDown(keepLogs) })
	return c.stopErr
}

func (c *Cluster) tearDown(keepLogs bool) error {
	c.mu.Lock()
	procs, clients, proxies := c.procs, c.clients, c.proxies
	c.procs, c.clients, c.proxies = nil, nil, nil
	c.mu.Unlock()

	for _, p := range procs {
		p.end()
	}
	c.spawner.stop()
	var errs []error
	for _, client := range clients {
		errs = append(errs, client.Close())
	}
	for _, p := range proxies {
		errs = append(errs, p.Close())
	}
	if !keepLogs {
		return errors.Join(append(errs, os.RemoveAll(c.dir))...)
	}
	entries, err := os.ReadDir(c.dir)
	errs = append(errs, err)
	for _, e := range entries {
		if path := filepath.Join(c.dir, e.Name()); path != c.logs() {
			errs = append(errs, os.RemoveAll(path))
		}
	}
	return errors.Join(errs...)
}

// Dir is the cluster's own folder, which Stop removes.
func (c *Cluster) Dir() string { return c.dir }

// Cells are the names of the cells, in the order of the options.
func (c *Cluster) Cells() []string { return c.options.Cells }

// Processes are all components, in the order in which they were started.
func (c *Cluster) Processes() []*Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*Process(nil), c.procs...)
}

// Process is the component of that name: etcd-global or etcd-global-N, etcd-CELL,
// vtctld, a vtgate's name, mysqld-KEYSPACE-SHARD, or vttablet-KEYSPACE-SHARD. It
// panics where there is none: names are written by hand.
func (c *Cluster) Process(name string) *Process {
	for _, p := range c.Processes() {
		if p.Name == name {
			return p
		}
	}
	panic(fmt.Sprintf("lab: no process %q", name))
}

func (c *Cluster) logs() string { return filepath.Join(c.dir, "logs") }

// newProcess declares a process without starting it.
func (c *Cluster) newProcess(name, dir string, args []string, ready func(context.Context) error) (*Process, error) {
	if dir == "" {
		dir = filepath.Join(c.dir, name)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	return &Process{
		Name:    name,
		Dir:     dir,
		Log:     filepath.Join(c.logs(), name+".log"),
		path:    c.programs.vtlab,
		args:    args,
		spawner: c.spawner,
		ready:   ready,
		wire:    noWire{},
	}, nil
}

// run starts a declared process and waits until it serves.
func (c *Cluster) run(ctx context.Context, p *Process) error {
	if err := p.start(); err != nil {
		return err
	}
	c.mu.Lock()
	c.procs = append(c.procs, p)
	c.mu.Unlock()
	return p.wait(ctx)
}
