// Package runnertest has a cluster in memory that rollouts can be run against:
// the global topo with vtsync's own records in it, cells, locks and vtgates,
// with other writers, lost and late answers, and processes that die. Only tests
// import it. It must not import an adapter.
package runnertest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Other is the name of every writer that is not vtsync.
const Other = "other"

// Cluster is a cluster in memory. It keeps every revision of every record. It
// is safe for concurrent use.
type Cluster struct {
	mu        sync.Mutex
	records   map[string][]Revision // the last is what stands
	version   int                   // grows with every write, as etcd's
	flight    []flight
	keyspaces map[string][]string // shards, by keyspace
	cells     []string
	silent    map[string]bool // cells
	noHistory bool
	locks     map[string]lock
	elected   time.Time // when the topo server has a leader again
	vtgates   []VTGate
	shown     map[string]shown // by vtgate
	mysql     mysql
}

// Revision is one write of a record that landed.
type Revision struct {
	By      string // the process, or Other
	Value   []byte
	Deleted bool
	token   planes.Token
}

// flight is a write that is on its way, and lands after so many further calls.
type flight struct {
	calls int
	land  func()
}

type lock struct {
	id    int
	by    string
	until time.Time
}

// New gives a cluster whose keyspaces have the shards given, and no VSchema.
// Each cell has one vtgate.
func New(keyspaces map[string][]string, cells ...string) *Cluster {
	c := &Cluster{
		records: map[string][]Revision{}, keyspaces: keyspaces, cells: cells,
		silent: map[string]bool{}, locks: map[string]lock{}, shown: map[string]shown{},
	}
	for _, cell := range cells {
		c.vtgates = append(c.vtgates, VTGate{Target: "vtgate-" + cell, Cell: cell})
	}
	return c
}

// SetID gives the cluster its id.
func (c *Cluster) SetID(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(Other, idPath, []byte(id))
}

// idPath is where the cluster's id is kept.
const idPath = "vtsync/id"

// KeyspacePath is the path of a keyspace's VSchema.
func KeyspacePath(ks string) string { return path.Join("keyspaces", ks, "VSchema") }

// CellPath is the path of a cell's SrvVSchema.
func CellPath(cell string) string { return path.Join("cells", cell, "SrvVSchema") }

// History gives every write of a record that landed, oldest first.
func (c *Cluster) History(path string) []Revision {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.records[path])
}

// VSchema gives what global holds of a keyspace; nil where it is absent.
func (c *Cluster) VSchema(ks string) *vschema.Keyspace {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.keyspace(ks).VSchema
}

// Served gives what a cell serves; nil where it has no SrvVSchema.
func (c *Cluster) Served(cell string) *vschema.SrvVSchema {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cell(cell).Srv
}

// Edit changes a keyspace's VSchema as another careful writer does: what it
// read, with a change of its own.
func (c *Cluster) Edit(ks string, change func(*vschema.Keyspace)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	vs := c.keyspace(ks).VSchema
	if vs == nil {
		vs = &vschema.Keyspace{}
	}
	change(vs)
	c.put(Other, KeyspacePath(ks), must(vschema.EncodeTopo(vs)))
}

// Rebuild writes cells from global, blindly, as Vitess does; all where none is
// named.
func (c *Cluster) Rebuild(cells ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(cells) == 0 {
		cells = c.cells
	}
	raw := must(vschema.EncodeSrv(plan.FullSrv(c.global())))
	for _, cell := range cells {
		c.put(Other, CellPath(cell), raw)
	}
}

// Serve writes a cell blindly, as a rebuild with an old snapshot does.
func (c *Cluster) Serve(cell string, srv *vschema.SrvVSchema) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(Other, CellPath(cell), must(vschema.EncodeSrv(srv)))
}

// Drop deletes a record.
func (c *Cluster) Drop(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.records[path] = append(c.records[path], Revision{By: Other, Deleted: true})
}

// SilenceCell makes a cell answer nobody, or ends that.
func (c *Cluster) SilenceCell(cell string, on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent[cell] = on
}

// ForgetHistory makes the topo server one that cannot tell what was.
func (c *Cluster) ForgetHistory() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noHistory = true
}

// Arrive lets every write land that is still on its way.
func (c *Cluster) Arrive() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.flight {
		f.land()
	}
	c.flight = nil
}

// HoldLock takes a keyspace's lock for somebody else.
func (c *Cluster) HoldLock(ks, by string, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.locks[ks] = lock{by: by, until: time.Now().Add(d)}
}

// LockedBy names who holds a keyspace's lock, if anybody does.
func (c *Cluster) LockedBy(ks string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if held := c.locks[ks]; time.Now().Before(held.until) {
		return held.by
	}
	return ""
}

// called counts a call of anybody, and lets what is due arrive.
func (c *Cluster) called() {
	var rest []flight
	for _, f := range c.flight {
		if f.calls--; f.calls <= 0 {
			f.land()
			continue
		}
		rest = append(rest, f)
	}
	c.flight = rest
}

func (c *Cluster) current(path string) Revision {
	all := c.records[path]
	if len(all) == 0 || all[len(all)-1].Deleted {
		return Revision{token: planes.Absent()}
	}
	return all[len(all)-1]
}

func (c *Cluster) put(by, path string, value []byte) planes.Token {
	c.version++
	tok := planes.Token{Version: strconv.Itoa(c.version), Hash: hashOf(value)}
	c.records[path] = append(c.records[path], Revision{By: by, Value: slices.Clone(value), token: tok})
	return tok
}

func (c *Cluster) global() planes.Global {
	g := planes.Global{
		ClusterID: string(c.current(idPath).Value),
		Keyspaces: map[string]planes.Keyspace{},
		Rules: planes.Rules{
			Table: &vschema.RoutingRules{}, Shard: &vschema.ShardRoutingRules{},
			Keyspace: &vschema.KeyspaceRoutingRules{}, Mirror: &vschema.MirrorRules{},
			Tokens: map[vschema.RuleKind]planes.Token{},
		},
		Cells: slices.Clone(c.cells),
	}
	for _, kind := range vschema.RuleKinds {
		g.Rules.Tokens[kind] = planes.Absent()
	}
	for _, ks := range slices.Sorted(maps.Keys(c.keyspaces)) {
		g.Keyspaces[ks] = c.keyspace(ks)
	}
	return g
}

func (c *Cluster) keyspace(ks string) planes.Keyspace {
	now := c.current(KeyspacePath(ks))
	out := planes.Keyspace{Token: now.token}
	shards, ok := c.keyspaces[ks]
	out.HasRecord = ok
	for _, s := range shards {
		out.Shards = append(out.Shards, planes.Shard{Name: s, Serving: true})
	}
	if now.token.IsAbsent() {
		return out
	}
	var err error
	if out.VSchema, out.Unknown, err = vschema.DecodeTopo(now.Value); err != nil {
		out.Err = err.Error()
	}
	return out
}

func (c *Cluster) cell(name string) planes.Cell {
	if c.silent[name] {
		return planes.Cell{Name: name, Err: "no answer"}
	}
	now := c.current(CellPath(name))
	out := planes.Cell{Name: name, Token: now.token, Size: len(now.Value)}
	if now.token.IsAbsent() {
		return out
	}
	var err error
	if out.Srv, out.Unknown, err = vschema.DecodeSrv(now.Value); err != nil {
		out.Err = err.Error()
	}
	return out
}

func hashOf(value []byte) string {
	sum := sha256.Sum256(value)
	return hex.EncodeToString(sum[:])
}

func must(raw []byte, err error) []byte {
	if err != nil {
		panic(fmt.Sprintf("runnertest: %v", err))
	}
	return raw
}
