package runnertest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vtsync/vtsync/internal/converge"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// VTGate is how one vtgate behaves. One with nothing set serves what its cell
// holds.
type VTGate struct {
	Target, Cell string
	// Silent: it does not answer.
	Silent bool
	// CutOff: it goes on with what it served before.
	CutOff bool
	// Untracked: its schema tracker is off. Tracks holds the columns, by
	// KEYSPACE.TABLE, that one which is on has seen.
	Untracked bool
	Tracks    map[string][]string
	// Breaks gives the error of a keyspace that it cannot load.
	Breaks func(ks string, vs *vschema.Keyspace) string
}

// shown is what a vtgate served last.
type shown struct {
	started time.Time    // zero for one that was there from the beginning
	token   planes.Token // of its cell then
	view    *planes.View
	reloads int64
}

// SetVTGate changes how the vtgate of a cell behaves.
func (c *Cluster) SetVTGate(cell string, change func(*VTGate)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.vtgates {
		if c.vtgates[i].Cell == cell {
			c.look(c.vtgates[i]) // it has loaded what its cell held until now
			change(&c.vtgates[i])
		}
	}
}

// RestartVTGate makes the vtgate of a cell a new process, which has loaded what
// its cell holds.
func (c *Cluster) RestartVTGate(cell string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, g := range c.vtgates {
		if g.Cell == cell {
			c.shown[g.Target] = shown{started: time.Now()}
			c.look(g)
		}
	}
}

// ForgetVTGates leaves nobody to ask what is served, as where none is configured.
func (c *Cluster) ForgetVTGates() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.vtgates = nil
}

// Snapshot reads all planes.
func (p *Process) Snapshot(ctx context.Context) (*planes.Snapshot, error) {
	if p.look != nil {
		p.look()
	}
	done, err := p.call(ctx, "read all planes")
	if err != nil {
		return nil, err
	}
	defer done()
	return p.cluster.snapshot(), nil
}

// Snapshot reads all planes, as nobody in particular.
func (c *Cluster) Snapshot() *planes.Snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.snapshot()
}

func (c *Cluster) snapshot() *planes.Snapshot {
	s := &planes.Snapshot{Global: c.global()}
	for _, name := range c.cells {
		s.Cells = append(s.Cells, c.cell(name))
	}
	for _, g := range c.vtgates {
		s.VTGates = append(s.VTGates, c.look(g))
	}
	return s
}

// look asks a vtgate what it serves.
func (c *Cluster) look(g VTGate) planes.VTGate {
	out := planes.VTGate{Target: g.Target, Cell: g.Cell, SQL: true}
	last := c.shown[g.Target]
	now := c.current(CellPath(g.Cell))
	if last.view == nil || !g.CutOff && last.token != now.token {
		last = shown{token: now.token, view: view(now.Value), reloads: last.reloads + 1, started: last.started}
		c.shown[g.Target] = last
	}
	if g.Silent {
		out.Silent = "no answer"
		return out
	}
	out.Reloads, out.Started = last.reloads, last.started
	out.View = &planes.View{Keyspaces: maps.Clone(last.view.Keyspaces), Rules: last.view.Rules}
	out.Untracked = g.Untracked
	for name, columns := range g.Tracks {
		track(out.View.Keyspaces, name, columns)
	}
	if g.Breaks == nil {
		return out
	}
	srv, _, err := vschema.DecodeSrv(now.Value)
	if err != nil {
		out.View = nil
		return out
	}
	for _, ks := range slices.Sorted(maps.Keys(srv.Keyspaces)) {
		if text := g.Breaks(ks, srv.Keyspaces[ks]); text != "" {
			out.View.Keyspaces[ks] = planes.ViewKeyspace{Error: text}
		}
	}
	return out
}

// view is what a vtgate shows of a cell's record.
func view(raw []byte) *planes.View {
	srv, _, err := vschema.DecodeSrv(raw)
	if err != nil {
		return &planes.View{Keyspaces: map[string]planes.ViewKeyspace{}}
	}
	return converge.Project(srv)
}

// track shows a table's columns as a schema tracker adds them.
func track(shown map[string]planes.ViewKeyspace, name string, columns []string) {
	keyspace, table, _ := strings.Cut(name, ".")
	ks := shown[keyspace]
	tables := maps.Clone(ks.Tables)
	if tables == nil {
		tables = map[string]planes.ViewTable{}
	}
	t := tables[table]
	t.Authoritative = true
	for _, c := range columns {
		t.Columns = append(t.Columns, c+" VARCHAR")
	}
	tables[table] = t
	ks.Tables = tables
	shown[keyspace] = ks
}
