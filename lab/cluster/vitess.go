package cluster

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// VTGate is where one vtgate is reached.
type VTGate struct {
	Name  string `json:"name"` // of its process and its proxies' client
	Cell  string `json:"cell"`
	HTTP  string `json:"http"`
	GRPC  string `json:"grpc"`
	MySQL string `json:"mysql"`
}

func (c *Cluster) startVtctld(ctx context.Context) error {
	ports, err := c.freePorts(ctx, 2)
	if err != nil {
		return err
	}
	c.vtctld = loopback(ports[1])
	cells := make([]string, len(c.options.Cells))
	for i, cell := range c.options.Cells {
		cells[i] = cell + "=" + c.Proxy(Vtsync, cell).Addr()
	}
	args := append([]string{"vtctld"}, c.topoFlags("vtctld")...)
	args = append(args, serverFlags(ports[0], ports[1])...)
	args = append(args, "--lab-add-cells", strings.Join(cells, ","))
	process, err := c.newProcess("vtctld", "", args, func(ctx context.Context) error {
		return waitHealthy(ctx, c.vtctld)
	})
	if err != nil {
		return err
	}
	return c.run(ctx, process)
}

// serverFlags keep a component of Vitess on loopback, and its log on a line
// per entry that a person can read.
func serverFlags(http, grpc int) []string {
	return []string{
		"--bind-address", "127.0.0.1", "--port", strconv.Itoa(http),
		"--grpc-bind-address", "127.0.0.1", "--grpc-port", strconv.Itoa(grpc),
		unstructuredLog, "--logtostderr",
	}
}

const unstructuredLog = "--log-structured=false"

// AddVTGate starts one more vtgate in a cell and returns when it serves. Its
// working folder matters to vindexes that read a file; an empty dir gives it
// one of its own.
func (c *Cluster) AddVTGate(ctx context.Context, cell, dir string) (VTGate, error) {
	c.EtcdAddr(cell) // panics for a cell that there is not
	gate, process, err := c.newVTGate(ctx, cell, dir)
	if err != nil {
		return VTGate{}, err
	}
	return gate, c.run(ctx, process)
}

// newVTGate declares a vtgate, the nth of its cell, without starting it.
func (c *Cluster) newVTGate(ctx context.Context, cell, dir string) (VTGate, *Process, error) {
	ports, err := c.freePorts(ctx, 3)
	if err != nil {
		return VTGate{}, nil, err
	}
	c.mu.Lock()
	n := 1
	for _, g := range c.gates {
		if g.Cell == cell {
			n++
		}
	}
	gate := VTGate{
		Name:  fmt.Sprintf("vtgate-%s-%d", cell, n),
		Cell:  cell,
		HTTP:  loopback(ports[0]),
		GRPC:  loopback(ports[1]),
		MySQL: loopback(ports[2]),
	}
	c.gates = append(c.gates, gate)
	c.mu.Unlock()

	args := append([]string{"vtgate"}, c.topoFlags(gate.Name)...)
	args = append(args, serverFlags(ports[0], ports[1])...)
	args = append(args,
		"--cell", cell,
		"--mysql-server-bind-address", "127.0.0.1",
		"--mysql-server-port", strconv.Itoa(ports[2]),
		"--mysql-auth-server-impl", "none",
		"--service-map", "grpc-vtgateservice",
		"--vschema-ddl-authorized-users=%",
		// Off, a vtgate reads shard routing rules and follows none.
		"--enable-partial-keyspace-migration",
	)
	args = append(args, c.tabletFlags(cell)...)
	args = append(args, c.options.VTGateFlags...)
	if c.options.VTGateRelease == V23 {
		args = slices.DeleteFunc(args, func(arg string) bool { return arg == unstructuredLog }) // 23 has no structured log, nor its flag
	}
	process, err := c.newProcess(gate.Name, dir, args, func(ctx context.Context) error {
		if err := waitHealthy(ctx, gate.GRPC); err != nil {
			return err
		}
		return waitHTTP(ctx, "http://"+gate.HTTP+"/debug/health")
	})
	if err != nil {
		return VTGate{}, nil, err
	}
	process.path = c.programs.vtgate
	return gate, process, nil
}

// tabletFlags are about the tablets that a vtgate of the cell should find.
func (c *Cluster) tabletFlags(cell string) []string {
	if !c.options.full() {
		// There is none to ask for its schema; nor to wait for, which a vtgate
		// does only if told.
		return []string{"--cells-to-watch", cell, "--schema-change-signal=false"}
	}
	return []string{
		"--cells-to-watch", strings.Join(c.options.Cells, ","),
		"--tablet-types-to-wait", "PRIMARY",
		"--tablet-refresh-interval", "1s",
	}
}

// VTGates are all vtgates, by cell in the order of the options, later ones last.
func (c *Cluster) VTGates() []VTGate {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]VTGate(nil), c.gates...)
}

// VTCtld is vtctld's gRPC address.
func (c *Cluster) VTCtld() string { return c.vtctld }

// VTCtldClientPath is the real vtctldclient, for printing how to use it.
func (c *Cluster) VTCtldClientPath() string { return c.programs.vtctldclient }

// VTCtldClient runs the real vtctldclient against vtctld and returns what it
// printed.
func (c *Cluster) VTCtldClient(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.programs.vtctldclient, append([]string{"--server", c.vtctld}, args...)...)
	out, err := cmd.Output()
	if err == nil {
		return string(out), nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
	}
	return string(out), fmt.Errorf("lab: vtctldclient %s: %w", strings.Join(args, " "), err)
}
