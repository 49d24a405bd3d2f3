package observe

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/vtsync/vtsync/internal/planes"
)

func TestMain(m *testing.M) {
	// Vitess's logger flushes for as long as the process lives.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/golang/glog.(*fileSink).flushDaemon"))
}

// fakeTopo answers with what it is given; a cell in slow waits for its context.
type fakeTopo struct {
	mu     sync.Mutex
	global planes.Global
	err    error
	slow   []string
	// block, if set, holds the global read until it is closed.
	block chan struct{}
	reads []string
	began chan string // each cell that is begun to be read, if set
}

func (f *fakeTopo) ReadGlobal(ctx context.Context) (planes.Global, error) {
	f.mu.Lock()
	block := f.block
	f.mu.Unlock()
	if block != nil {
		select {
		case <-block:
		case <-ctx.Done():
			return planes.Global{}, ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.global, f.err
}

func (f *fakeTopo) ReadCell(ctx context.Context, name string) planes.Cell {
	f.mu.Lock()
	f.reads = append(f.reads, name)
	began := f.began
	f.mu.Unlock()
	if began != nil {
		began <- name
	}
	if slices.Contains(f.slow, name) {
		<-ctx.Done()
		return planes.Cell{Name: name, Err: "no answer in time"}
	}
	return planes.Cell{Name: name, Size: len(name)}
}

// set changes what the global topo holds from now on.
func (f *fakeTopo) set(cells ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.global.Cells, f.reads = cells, nil
}

func (f *fakeTopo) read() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(slices.Values(f.reads))
}

type fakeVTGate func(ctx context.Context) planes.VTGate

func (f fakeVTGate) Read(ctx context.Context) planes.VTGate { return f(ctx) }

func vtgate(target string) VTGate {
	return fakeVTGate(func(context.Context) planes.VTGate { return planes.VTGate{Target: target} })
}

func cellNames(snap *planes.Snapshot) []string {
	var out []string
	for _, c := range snap.Cells {
		out = append(out, c.Name)
	}
	return out
}

func TestSnapshotIsSortedAndLeavesOutIgnoredCells(t *testing.T) {
	topo := &fakeTopo{global: planes.Global{ClusterID: "id", Cells: []string{"zone2", "old", "zone1", "zone2"}}}
	o := New(topo, []VTGate{vtgate("b:1"), vtgate("a:1")}, []string{"old"})
	snap, err := o.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := &planes.Snapshot{
		Global:  topo.global,
		Cells:   []planes.Cell{{Name: "zone1", Size: 5}, {Name: "zone2", Size: 5}},
		VTGates: []planes.VTGate{{Target: "a:1"}, {Target: "b:1"}},
	}
	if diff := cmp.Diff(want, snap); diff != "" {
		t.Errorf("snapshot (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"zone1", "zone2"}, topo.read()); diff != "" {
		t.Errorf("cells read (-want +got):\n%s", diff)
	}
}

func TestSnapshotWithSilentPlanes(t *testing.T) {
	topo := &fakeTopo{global: planes.Global{Cells: []string{"zone1", "zone2"}}, slow: []string{"zone2"}}
	silent := fakeVTGate(func(ctx context.Context) planes.VTGate {
		<-ctx.Done()
		return planes.VTGate{Target: "b:1", Silent: "no answer in time"}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	snap, err := New(topo, []VTGate{silent, vtgate("a:1")}, nil).Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if snap.Cells[0].Err != "" || snap.Cells[1].Err == "" || snap.VTGates[0].Silent != "" || snap.VTGates[1].Silent == "" {
		t.Errorf("got %+v, want zone2 and b:1 silent, the others not", snap)
	}
}

func TestSnapshotWithoutTheGlobalTopo(t *testing.T) {
	down := errors.New("global topo is down")
	// The vtgate would answer only at the deadline: it is not waited for.
	hanging := fakeVTGate(func(ctx context.Context) planes.VTGate { <-ctx.Done(); return planes.VTGate{} })
	began := time.Now()
	snap, err := New(&fakeTopo{err: down}, []VTGate{hanging}, nil).Snapshot(t.Context())
	if snap != nil || !errors.Is(err, down) || !strings.HasPrefix(err.Error(), "read the global topo: ") {
		t.Errorf("got %v, %v, want the error of the global topo", snap, err)
	}
	if took := time.Since(began); took >= Timeout {
		t.Errorf("it took %v", took)
	}
}

// A poller's cells are read while the global topo still answers.
func TestSnapshotAgainDoesNotWaitForTheNamesOfCells(t *testing.T) {
	topo := &fakeTopo{global: planes.Global{Cells: []string{"zone1", "zone2"}}}
	o := New(topo, nil, nil)
	if _, err := o.Snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	topo.set("zone2", "zone3")
	topo.began, topo.block = make(chan string), make(chan struct{})
	done := make(chan *planes.Snapshot)
	go func() {
		snap, err := o.Snapshot(t.Context())
		if err != nil {
			t.Error(err)
			snap = &planes.Snapshot{}
		}
		done <- snap
	}()
	early := []string{<-topo.began, <-topo.began} // global is held until here
	slices.Sort(early)
	close(topo.block)
	late := <-topo.began
	snap := <-done
	if diff := cmp.Diff([]string{"zone1", "zone2"}, early); diff != "" || late != "zone3" {
		t.Errorf("read early %v, then %s", early, late)
	}
	if diff := cmp.Diff([]string{"zone2", "zone3"}, cellNames(snap)); diff != "" {
		t.Errorf("cells of the snapshot (-want +got):\n%s", diff)
	}
	topo.set("zone2", "zone3")
	topo.began, topo.block = nil, nil
	if _, err := o.Snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"zone2", "zone3"}, topo.read()); diff != "" {
		t.Errorf("cells read after zone1 has gone (-want +got):\n%s", diff)
	}
}

func TestSnapshotsAtOnce(t *testing.T) {
	topo := &fakeTopo{global: planes.Global{Cells: []string{"zone1", "zone2"}}}
	o := New(topo, []VTGate{vtgate("a:1")}, nil)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			snap, err := o.Snapshot(t.Context())
			if err != nil || len(snap.Cells) != 2 || len(snap.VTGates) != 1 {
				t.Errorf("got %+v, %v", snap, err)
			}
		})
	}
	wg.Wait()
}

func TestSnapshotHasASpanPerPlane(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))
	t.Cleanup(func() { otel.SetTracerProvider(before) })
	topo := &fakeTopo{global: planes.Global{Cells: []string{"zone1"}}}
	if _, err := New(topo, []VTGate{vtgate("a:1")}, nil).Snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range spans.Ended() {
		names = append(names, s.Name())
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"observe.Cell", "observe.Global", "observe.Snapshot", "observe.VTGate"}, names); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
}
