package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/vtsync/vtsync/lab/cluster"
)

// errNotUp is the answer where no cluster runs.
var errNotUp = errors.New("the lab is not up; start it with: go run ./lab up")

// description is what a person, or a script, needs to use the cluster.
type description struct {
	Control      string           `json:"control"` // socket of the process that owns the cluster
	Topo         string           `json:"topo"`
	VTCtld       string           `json:"vtctld"`
	VTCtldClient string           `json:"vtctldclient"` // path of the program
	VTGates      []cluster.VTGate `json:"vtgates"`
	Tablets      []cluster.Tablet `json:"tablets,omitempty"` // of a full lab
	Dir          string           `json:"dir"`
	Processes    []process        `json:"processes"`
}

type process struct {
	Name  string `json:"name"`
	PID   int    `json:"pid"`
	Alive bool   `json:"alive"`
	Log   string `json:"log"`
}

func describe(c *cluster.Cluster, control string) description {
	d := description{
		Control:      control,
		Topo:         c.Topo(),
		VTCtld:       c.VTCtld(),
		VTCtldClient: c.VTCtldClientPath(),
		VTGates:      c.VTGates(),
		Tablets:      c.Tablets(),
		Dir:          c.Dir(),
	}
	for _, p := range c.Processes() {
		d.Processes = append(d.Processes, process{Name: p.Name, PID: p.PID(), Alive: p.Alive(), Log: p.Log})
	}
	return d
}

// String says how to use the cluster, in the words of the commands.
func (d description) String() string {
	var w strings.Builder
	fmt.Fprintf(&w, "topology   %s\n", d.Topo)
	fmt.Fprintf(&w, "vtctld     %s\n", d.VTCtld)
	for _, g := range d.VTGates {
		fmt.Fprintf(&w, "vtgate     %s: http %s, grpc %s, mysql %s\n", g.Cell, g.HTTP, g.GRPC, g.MySQL)
	}
	for _, t := range d.Tablets {
		fmt.Fprintf(&w, "tablet     %s/%s: %s, http %s, grpc %s\n", t.Keyspace, t.Shard, t.Alias, t.HTTP, t.GRPC)
	}
	fmt.Fprintf(&w, "logs       %s\n", filepath.Join(d.Dir, "logs"))
	for _, p := range d.Processes {
		state := "alive"
		if !p.Alive {
			state = "dead"
		}
		fmt.Fprintf(&w, "process    %-24s %s, pid %d\n", p.Name, state, p.PID)
	}
	fmt.Fprintf(&w, "\nby hand:\n  %s --server %s GetKeyspaces\n", d.VTCtldClient, d.VTCtld)
	for _, g := range d.VTGates {
		if host, port, err := net.SplitHostPort(g.MySQL); err == nil {
			fmt.Fprintf(&w, "  mysql -h %s -P %s   # %s\n", host, port, g.Cell)
		}
		fmt.Fprintf(&w, "  curl http://%s/debug/vschema\n", g.HTTP)
	}
	for _, t := range d.Tablets {
		fmt.Fprintf(&w, "  mysql -u vt_dba -S %s   # %s/%s, past Vitess\n", t.Socket, t.Keyspace, t.Shard)
	}
	return w.String()
}

func stateFile(dir string) string { return filepath.Join(dir, "state.json") }

// save writes the note whole or not at all.
func (d description) save(dir string) error {
	content, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	tmp := stateFile(dir) + ".tmp"
	if err := os.WriteFile(tmp, append(content, '\n'), 0o644); err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	if err := os.Rename(tmp, stateFile(dir)); err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	return nil
}

func load(dir string) (description, error) {
	var d description
	content, err := os.ReadFile(stateFile(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return d, errNotUp
	}
	if err != nil {
		return d, fmt.Errorf("lab: %w", err)
	}
	if err := json.Unmarshal(content, &d); err != nil {
		return d, fmt.Errorf("lab: %s is damaged; remove it: %w", stateFile(dir), err)
	}
	return d, nil
}
