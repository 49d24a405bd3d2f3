package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/vtsync/vtsync/lab/cluster"
)

// scaleRuns is how often each size is measured; the least CPU counts, as what
// else the machine does only adds to it, and the most memory.
const scaleRuns = 7

// scaleSizes are the numbers of tables. The first tells what a process costs
// before it has looked at many, the last but one is half of the last.
var scaleSizes = []int{100, 1_000, 2_500, 5_000, 10_000}

// What the largest size may take.
const (
	cpuAim    = time.Second
	memoryAim = 300 << 20
	// growthAim bounds growth, to be called linear.
	growthAim = 1.5
)

// usage is what one run of a program took.
type usage struct {
	cpu    time.Duration // of all cores, user's and system's
	memory int64         // the largest it was, in bytes
}

// scaling is how one verb does at each size.
type scaling struct {
	verb string
	// with is what stands beside the VSchemas.
	with string
	took []usage // by scaleSizes
}

func (s scaling) String() string { return strings.TrimSpace("`vtsync " + s.verb + "` " + s.with) }

// measureScale lints, and plans against an equal live state, repositories of
// each size; then it lints them once more with the tables' SQL beside.
func measureScale(ctx context.Context, c *cluster.Cluster, dir string) ([]scaling, error) {
	b := &bench{cluster: c, dir: dir, vtsync: filepath.Join(dir, "bin", "vtsync")}
	if err := b.buildProgram(ctx); err != nil {
		return nil, err
	}
	for name, ks := range generate(scaleKeyspaces) {
		var shards []string
		if ks.Sharded {
			shards = []string{"-80", "80-"}
		}
		if err := c.CreateKeyspace(ctx, name, shards...); err != nil {
			return nil, err
		}
	}
	verbs := []scaling{{verb: "lint"}, {verb: "plan"}, {verb: "lint", with: "with every CREATE TABLE"}}
	for _, n := range scaleSizes {
		b.dir = filepath.Join(dir, fmt.Sprint(n))
		if err := b.settle(ctx, n); err != nil {
			return nil, fmt.Errorf("%d tables: %w", n, err)
		}
		for i := range verbs {
			if verbs[i].with != "" {
				if err := b.writeCreates(n); err != nil {
					return nil, err
				}
			}
			u, err := b.use(ctx, verbs[i].verb)
			if err != nil {
				return nil, fmt.Errorf("%d tables: %w", n, err)
			}
			verbs[i].took = append(verbs[i].took, u)
		}
	}
	return verbs, nil
}

// settle makes the VSchemas of that size live and pulls them into files.
func (b *bench) settle(ctx context.Context, n int) error {
	if err := os.Mkdir(b.dir, 0o755); err != nil {
		return err
	}
	if err := b.writeConfig(); err != nil {
		return err
	}
	all := generate(n)
	file := filepath.Join(b.dir, ".vschema.json") // too long for an argument
	for _, name := range slices.Sorted(maps.Keys(all)) {
		text, err := all[name].text()
		if err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
		if err := b.vtctldclient(ctx, "ApplyVSchema", "--skip-rebuild", "--vschema-file", file, name); err != nil {
			return err
		}
	}
	if err := b.cluster.RebuildVSchemaGraph(ctx); err != nil {
		return err
	}
	for name, ks := range all {
		last := slices.Max(slices.Collect(maps.Keys(ks.Tables)))
		for _, gate := range b.cluster.VTGates() {
			if err := cluster.Poll(ctx, func() error { return b.cluster.ServesTable(ctx, gate, name, last) }); err != nil {
				return err
			}
		}
	}
	return b.runVtsync(ctx, "pull")
}

// writeCreates puts the SQL of every table beside the VSchemas.
func (b *bench) writeCreates(n int) error {
	for name, ks := range generate(n) {
		dir := filepath.Join(b.dir, "keyspaces", name, "schema")
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "tables.sql"), []byte(ks.creates()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// use measures a verb, which must find nothing to do or to say.
func (b *bench) use(ctx context.Context, verb string) (usage, error) {
	var all []usage
	for range scaleRuns {
		cmd := exec.CommandContext(ctx, b.vtsync, verb)
		cmd.Dir = b.dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return usage{}, fmt.Errorf("vtsync %s: %w\n%s", verb, err, out)
		}
		u, err := used(cmd)
		if err != nil {
			return usage{}, err
		}
		all = append(all, u)
	}
	best := all[0]
	for _, u := range all {
		best = usage{min(best.cpu, u.cpu), max(best.memory, u.memory)}
	}
	return best, nil
}

// used tells what a program took that has ended.
func used(cmd *exec.Cmd) (usage, error) {
	rusage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return usage{}, errors.New("this system does not tell what a process took")
	}
	return usage{cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), rusage.Maxrss * rssUnit}, nil
}

// further is the CPU that each table costs by which a size is larger than an
// earlier one.
func (s scaling) further(from, to int) time.Duration {
	return (s.took[to].cpu - s.took[from].cpu) / time.Duration(scaleSizes[to]-scaleSizes[from])
}

// growth is how many times as much a table costs in the upper half of the
// largest size as in the lower: 1 where it is linear, 3 where it is the square.
// Smaller steps weigh no more than one collection of garbage, which falls into
// this one or that.
func (s scaling) growth() float64 {
	last := len(scaleSizes) - 1
	return float64(s.further(last-1, last)) / float64(max(s.further(0, last-1), 1))
}

// scaleReport is the text for the page.
func scaleReport(verbs []scaling) string {
	var w strings.Builder
	fmt.Fprintf(&w, "`vtsync lint`, and `vtsync plan` against an equal live state, in %d keyspaces, half of them sharded, with sequences, lookup vindexes and reference tables; CPU is of all cores and the least of %d runs, memory the most that the process had in any of them. A further table is one by which a size is larger than the one before.\n\n", scaleKeyspaces, scaleRuns)
	w.WriteString("| | tables | CPU | for each further table | memory |\n|---|---|---|---|---|\n")
	for _, s := range verbs {
		for i, u := range s.took {
			further := ""
			if i > 0 {
				further = micros(s.further(i-1, i))
			}
			fmt.Fprintf(&w, "| %s | %d | %s | %s | %d MB |\n", s, scaleSizes[i], millis(u.cpu), further, u.memory>>20)
		}
	}
	w.WriteString("\n| | at 10,000 tables | aim | |\n|---|---|---|---|\n")
	for _, s := range verbs {
		last := len(scaleSizes) - 1
		u := s.took[last]
		fmt.Fprintf(&w, "| %s: CPU | %s | at most %s | %s |\n", s, millis(u.cpu), millis(cpuAim), verdict(u.cpu <= cpuAim))
		fmt.Fprintf(&w, "| %s: memory | %d MB | at most %d MB | %s |\n", s, u.memory>>20, memoryAim>>20, verdict(u.memory <= memoryAim))
		fmt.Fprintf(&w, "| %s: CPU of a table in the upper half, beside the lower | %.2f times | at most %.1f times | %s |\n",
			s, s.growth(), growthAim, verdict(s.growth() <= growthAim))
	}
	return w.String()
}

func micros(d time.Duration) string { return fmt.Sprintf("%d µs", d.Microseconds()) }
