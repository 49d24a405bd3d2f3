package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"

	"github.com/vtsync/vtsync/lab/proxy"
)

// GlobalServers are the names of the members of the global etcd: only Global
// where there is one, else global-1 and so on. A client has a proxy to each.
func (c *Cluster) GlobalServers() []string {
	if c.options.GlobalMembers == 1 {
		return []string{Global}
	}
	names := make([]string, c.options.GlobalMembers)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%d", Global, i+1)
	}
	return names
}

// startEtcds starts the members of the global etcd and one etcd per cell, at the
// same time.
func (c *Cluster) startEtcds(ctx context.Context) error {
	type etcd struct {
		server       string
		client, peer int // ports
	}
	global := c.GlobalServers()
	var etcds []etcd
	var peers []string
	for _, server := range append(slices.Clone(global), c.options.Cells...) {
		ports, err := c.freePorts(ctx, 2)
		if err != nil {
			return err
		}
		etcds = append(etcds, etcd{server, ports[0], ports[1]})
		c.etcds[server] = loopback(ports[0])
		if len(global) > 1 && slices.Contains(global, server) {
			peers = append(peers, server+"=http://"+loopback(ports[1]))
		}
	}
	var group errgroup.Group
	for _, e := range etcds {
		args := []string{
			"etcd", "--name", e.server, "--dir", "data",
			"--client-port", strconv.Itoa(e.client),
			"--peer-port", strconv.Itoa(e.peer),
		}
		if slices.Contains(global, e.server) {
			args = append(args, "--peers", strings.Join(peers, ","))
		}
		process, err := c.newProcess("etcd-"+e.server, "", args, func(ctx context.Context) error {
			return waitHealthy(ctx, loopback(e.client))
		})
		if err != nil {
			return errors.Join(err, group.Wait())
		}
		process.wire = etcdWire{cluster: c, server: e.server}
		group.Go(func() error { return c.run(ctx, process) })
	}
	return group.Wait()
}

// EtcdAddr is the address of the etcd of a cell, or of a global one, without a
// proxy. Of several global members, Global gives all addresses, with commas.
func (c *Cluster) EtcdAddr(server string) string {
	if server == Global {
		return addresses(c.GlobalServers(), func(member string) string { return c.etcds[member] })
	}
	addr, ok := c.etcds[server]
	if !ok {
		panic(fmt.Sprintf("lab: no etcd %q", server))
	}
	return addr
}

// addresses joins those of several servers as Vitess takes them.
func addresses(servers []string, of func(server string) string) string {
	list := make([]string, len(servers))
	for i, server := range servers {
		list[i] = of(server)
	}
	return strings.Join(list, ",")
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
	client, err := clientv3.New(clientv3.Config{Endpoints: strings.Split(addr, ","), DialTimeout: 5 * time.Second})
	if err != nil {
		panic(fmt.Sprintf("lab: client of etcd %s at %s: %v", server, addr, err)) // not dialled yet: a bad address
	}
	c.clients[server] = client
	return client
}

// EtcdLeader is the member that leads the global etcd, once there is one.
func (c *Cluster) EtcdLeader(ctx context.Context) (*Process, error) {
	var leader string
	err := Poll(ctx, func() error {
		term := uint64(0)
		for _, server := range c.GlobalServers() {
			if !c.Process("etcd-" + server).Alive() {
				continue
			}
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			status, err := c.Etcd(server).Status(ctx, c.etcds[server])
			cancel()
			// One that was cut off may still believe that it leads.
			if err == nil && status.Leader == status.Header.MemberId && status.RaftTerm > term {
				leader, term = server, status.RaftTerm
			}
		}
		if term == 0 {
			return errors.New("lab: no member of the global etcd leads")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.Process("etcd-" + leader), nil
}

// Proxy is the proxy between a client process and the etcd of a cell, or of
// Global, or of one of its members where there are several. The clients of the
// lab are vtctld, the vtgates and vttablets by name, and Vtsync; any other name
// makes a proxy for that client.
//
// CellInfo holds the addresses of Vtsync's proxies. The lab's own processes
// swap them for their own, but what else opens the topology of a cell goes
// through Vtsync's, whichever proxy it takes to the global one.
func (c *Cluster) Proxy(client, server string) *proxy.Proxy {
	addr := c.EtcdAddr(server)
	if strings.Contains(addr, ",") {
		panic(fmt.Sprintf("lab: no proxy to %q: name one of its members, such as %s-1", server, server))
	}
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
	for _, server := range append(c.GlobalServers(), c.options.Cells...) {
		c.Proxy(client, server).OnWrite(h)
	}
}

// Topo is the address of the topology for vtsync, through its proxies.
func (c *Cluster) Topo() string { return topoURL(c.globalProxies(Vtsync)) }

// TopoDirect is the address of the topology, its global server without a proxy.
func (c *Cluster) TopoDirect() string { return topoURL(c.EtcdAddr(Global)) }

// globalProxies are the addresses of a client's proxies to the global etcd.
func (c *Cluster) globalProxies(client string) string {
	return addresses(c.GlobalServers(), func(server string) string { return c.Proxy(client, server).Addr() })
}

func topoURL(addr string) string { return "etcd2://" + addr + globalRoot }

// topoFlags makes a component of Vitess use its own proxies.
func (c *Cluster) topoFlags(client string) []string {
	swap := make([]string, len(c.options.Cells))
	for i, cell := range c.options.Cells {
		swap[i] = c.Proxy(Vtsync, cell).Addr() + "=" + c.Proxy(client, cell).Addr()
	}
	return []string{
		"--topo-implementation", "etcd2",
		"--topo-global-server-address", c.globalProxies(client),
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
