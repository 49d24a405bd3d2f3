package cluster

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"

	"github.com/vtsync/vtsync/lab/proxy"
)

// startEtcds starts the global etcd and one per cell, at the same time.
func (c *Cluster) startEtcds(ctx context.Context) error {
	var group errgroup.Group
	for _, server := range append([]string{Global}, c.options.Cells...) {
		ports, err := c.freePorts(ctx, 2)
		if err != nil {
			return errors.Join(err, group.Wait())
		}
		addr := loopback(ports[0])
		c.etcds[server] = addr
		process, err := c.newProcess("etcd-"+server, "", []string{
			"etcd", "--name", server, "--dir", "data",
			"--client-port", strconv.Itoa(ports[0]),
			"--peer-port", strconv.Itoa(ports[1]),
		}, func(ctx context.Context) error { return waitHealthy(ctx, addr) })
		if err != nil {
			return errors.Join(err, group.Wait())
		}
		process.wire = etcdWire{cluster: c, server: server}
		group.Go(func() error { return c.run(ctx, process) })
	}
	return group.Wait()
}

// EtcdAddr is the address of the etcd of a cell, or of Global, without a proxy.
func (c *Cluster) EtcdAddr(server string) string {
	addr, ok := c.etcds[server]
	if !ok {
		panic(fmt.Sprintf("lab: no etcd %q", server))
	}
	return addr
}

// Etcd is a client of the etcd of a cell, or of Global, without a proxy: for
// looking on, or for writing as nobody else would. Stop closes it.
func (c *Cluster) Etcd(server string) *clientv3.Client {
	addr := c.EtcdAddr(server)
	c.mu.Lock()
	defer c.mu.Unlock()
	if client, ok := c.clients[server]; ok {
		return client
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{addr}, DialTimeout: 5 * time.Second})
	if err != nil {
		panic(fmt.Sprintf("lab: client of etcd %s at %s: %v", server, addr, err)) // not dialled yet: a bad address
	}
	c.clients[server] = client
	return client
}

// Proxy is the proxy between a client process and the etcd of a cell, or of
// Global. The clients of the lab are vtctld, the vtgates by name, and Vtsync;
// any other name makes a proxy for that client.
//
// CellInfo holds the addresses of Vtsync's proxies. The lab's own processes
// swap them for their own, but what else opens the topology of a cell goes
// through Vtsync's, whichever proxy it takes to the global one.
func (c *Cluster) Proxy(client, server string) *proxy.Proxy {
	addr := c.EtcdAddr(server)
	c.mu.Lock()
	defer c.mu.Unlock()
	if p, ok := c.proxies[link{client, server}]; ok {
		return p
	}
	p, err := proxy.New(client, server, addr)
	if err != nil {
		panic(fmt.Sprintf("lab: %v", err)) // loopback without a free port
	}
	c.proxies[link{client, server}] = p
	return p
}

// OnWrite adds a hook to all proxies of a client, those of the cells included.
func (c *Cluster) OnWrite(client string, h proxy.Hook) {
	for _, server := range append([]string{Global}, c.options.Cells...) {
		c.Proxy(client, server).OnWrite(h)
	}
}

// Topo is the address of the topology for vtsync, through its proxies.
func (c *Cluster) Topo() string { return topoURL(c.Proxy(Vtsync, Global).Addr()) }

// TopoDirect is the address of the topology, its global server without a proxy.
func (c *Cluster) TopoDirect() string { return topoURL(c.EtcdAddr(Global)) }

func topoURL(addr string) string { return "etcd2://" + addr + globalRoot }

// topoFlags makes a component of Vitess use its own proxies.
func (c *Cluster) topoFlags(client string) []string {
	swap := make([]string, len(c.options.Cells))
	for i, cell := range c.options.Cells {
		swap[i] = c.Proxy(Vtsync, cell).Addr() + "=" + c.Proxy(client, cell).Addr()
	}
	return []string{
		"--topo-implementation", "etcd2",
		"--topo-global-server-address", c.Proxy(client, Global).Addr(),
		"--topo-global-root", globalRoot,
		"--lab-topo-swap", strings.Join(swap, ","),
	}
}

// etcdWire does to the proxies in front of an etcd what was done to it: a
// proxy that answers for a dead server would be a milder fault than a real one.
type etcdWire struct {
	cluster *Cluster
	server  string
}

func (w etcdWire) Cut()     { w.each((*proxy.Proxy).Cut) }
func (w etcdWire) Freeze()  { w.each((*proxy.Proxy).Freeze) }
func (w etcdWire) Restore() { w.each((*proxy.Proxy).Restore) }

func (w etcdWire) each(do func(*proxy.Proxy)) {
	w.cluster.mu.Lock()
	defer w.cluster.mu.Unlock()
	for l, p := range w.cluster.proxies {
		if l.server == w.server {
			do(p)
		}
	}
}

func loopback(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }
