// Package observe reads all live planes at once into one Snapshot: the global
// topo, each cell's SrvVSchema and each vtgate. It judges nothing and writes
// nothing, and must not import an adapter: it is given what it reads with.
package observe

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/vtsync/vtsync/internal/planes"
)

// Timeout bounds the reading of one plane. Adapters have shorter bounds of
// their own; this one holds where they have none.
const Timeout = 10 * time.Second

// Topo reads the global topo and the cells. Both methods return when their
// context ends.
type Topo interface {
	ReadGlobal(ctx context.Context) (planes.Global, error)
	// ReadCell says in the Cell why it could not be read.
	ReadCell(ctx context.Context, name string) planes.Cell
}

// VTGate reads one vtgate. Read returns when its context ends, and says in the
// result what did not answer.
type VTGate interface {
	Read(ctx context.Context) planes.VTGate
}

// Observer reads Snapshots. It may be used by several goroutines at once.
type Observer struct {
	topo    Topo
	vtgates []VTGate
	ignored []string
	tracer  trace.Tracer

	mu    sync.Mutex // guards cells
	cells []string   // as the last snapshot knew them
}

// New makes an Observer. The ignored cells are those that the config names as
// decommissioned: they stand in Global.Cells and are not read.
func New(topo Topo, vtgates []VTGate, ignoredCells []string) *Observer {
	return &Observer{
		topo: topo, vtgates: vtgates, ignored: ignoredCells,
		tracer: otel.Tracer("vtsync/observe"),
	}
}

// Snapshot reads all planes at once. It fails only when the global topo cannot
// be read; a cell or a vtgate that does not answer says so in its place.
func (o *Observer) Snapshot(ctx context.Context) (*planes.Snapshot, error) {
	ctx, span := o.tracer.Start(ctx, "observe.Snapshot")
	defer span.End()
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel() // nothing is waited for once the global topo has failed

	var wg sync.WaitGroup
	vtgates := make([]planes.VTGate, len(o.vtgates))
	for i, g := range o.vtgates {
		wg.Go(func() { vtgates[i] = o.readVTGate(ctx, g) })
	}
	cells := cellReads{read: func(name string) planes.Cell { return o.readCell(ctx, name) }}
	// The cells of the last time are most likely those of this time: they
	// need not wait for the global topo to name them.
	cells.start(o.lastCells())
	global, err := o.readGlobal(ctx)
	if err != nil {
		span.SetStatus(codes.Error, "global topo")
		cancel()
		cells.wait(nil)
		wg.Wait()
		return nil, fmt.Errorf("read the global topo: %w", err)
	}
	names := o.judged(global.Cells)
	cells.start(names)
	o.remember(names)
	snap := &planes.Snapshot{Global: global, Cells: cells.wait(names)}
	wg.Wait()
	slices.SortStableFunc(vtgates, func(a, b planes.VTGate) int { return strings.Compare(a.Target, b.Target) })
	snap.VTGates = vtgates
	return snap, nil
}

// judged gives the names without the ignored ones, sorted, each once.
func (o *Observer) judged(names []string) []string {
	var out []string
	for _, n := range names {
		if !slices.Contains(o.ignored, n) {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (o *Observer) lastCells() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.cells
}

func (o *Observer) remember(cells []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cells = cells
}

func (o *Observer) readGlobal(ctx context.Context) (planes.Global, error) {
	ctx, span := o.tracer.Start(ctx, "observe.Global")
	defer span.End()
	global, err := o.topo.ReadGlobal(ctx)
	end(span, errorText(err))
	return global, err
}

func (o *Observer) readCell(ctx context.Context, name string) planes.Cell {
	ctx, span := o.tracer.Start(ctx, "observe.Cell", trace.WithAttributes(attribute.String("vitess.cell", name)))
	defer span.End()
	cell := o.topo.ReadCell(ctx, name)
	end(span, cell.Err)
	return cell
}

func (o *Observer) readVTGate(ctx context.Context, g VTGate) planes.VTGate {
	ctx, span := o.tracer.Start(ctx, "observe.VTGate")
	defer span.End()
	vtgate := g.Read(ctx)
	span.SetAttributes(attribute.String("vitess.vtgate", vtgate.Target), attribute.String("vitess.cell", vtgate.Cell))
	end(span, vtgate.Silent+vtgate.Unreadable)
	return vtgate
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// end marks a span as failed where there is a problem.
func end(span trace.Span, problem string) {
	if problem != "" {
		span.SetStatus(codes.Error, problem)
	}
}

// cellReads are readings of cells in flight. It belongs to one goroutine.
type cellReads struct {
	read    func(name string) planes.Cell
	started map[string]*planes.Cell
	wg      sync.WaitGroup
}

// start begins to read the named cells that are not being read yet.
func (c *cellReads) start(names []string) {
	if c.started == nil {
		c.started = map[string]*planes.Cell{}
	}
	for _, name := range names {
		if c.started[name] != nil {
			continue
		}
		cell := &planes.Cell{}
		c.started[name] = cell
		c.wg.Go(func() { *cell = c.read(name) })
	}
}

// wait waits for all readings and gives those of the named cells.
func (c *cellReads) wait(names []string) []planes.Cell {
	c.wg.Wait()
	out := make([]planes.Cell, 0, len(names))
	for _, name := range names {
		out = append(out, *c.started[name])
	}
	return out
}
