// Command bench measures vtsync on a real Vitess cluster that it starts, and
// writes the results into docs/performance.md, each between two marks:
//
//   - pairs compares it with what people use instead. Each pair is measured one
//     right after the other, in turns, so that what else the machine does weighs
//     on both alike.
//   - scale runs it over 100 to 10,000 tables.
//   - polling asks Vitess's own vtctld what a waiting rollout asks, over 2 to
//     1,024 shards.
//   - impact compiles queries beside vtexplain, and reads logs of vtgate.
//
// The command is
//
//	go run ./bench [--pairs N] [--out docs/performance.md] [pairs] [scale] [polling] [impact]
//
// It exits 1 where an aim is missed, with the page written all the same.
//
// Programs are measured as people run them, from the start of the process to
// its end, and polls by a benchmark that stands beside them: it must not import
// vtsync's rooms.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/vtsync/vtsync/lab/cluster"
)

// warmUps are pairs that are run and not counted.
const warmUps = 3

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// sections are the parts of the page, by the name in their marks.
var sections = []struct {
	name    string
	cluster bool // it is measured in one
	measure func(ctx context.Context, o options) (string, error)
}{
	{"pairs", true, measurePairs},
	{"scale", true, measureSizes},
	{"polling", false, measurePolling},
	{"impact", false, measureImpact},
}

// known refuses names that are no section's.
func known(names []string) error {
	var all []string
	for _, s := range sections {
		all = append(all, s.name)
	}
	for _, name := range names {
		if !slices.Contains(all, name) {
			return fmt.Errorf("there is no section %q, only %s", name, strings.Join(all, ", "))
		}
	}
	return nil
}

// options are those of the command, and what a section measures in.
type options struct {
	pairs   int
	cluster *cluster.Cluster
	dir     string // empty at first
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	pairs := flags.Int("pairs", 40, "how many pairs to measure of each comparison")
	out := flags.String("out", filepath.Join("docs", "performance.md"), "the page to write the results into")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *pairs < 1 {
		return fmt.Errorf("--pairs must be positive, not %d", *pairs)
	}
	if err := known(flags.Args()); err != nil {
		return err
	}
	missing := 0
	for _, s := range sections {
		if flags.NArg() > 0 && !slices.Contains(flags.Args(), s.name) {
			continue
		}
		measure := s.measure
		if s.cluster {
			measure = inCluster(stderr, measure)
		}
		text, err := measure(ctx, options{pairs: *pairs})
		if err != nil {
			return err
		}
		if _, err := io.WriteString(stdout, text+"\n"); err != nil {
			return err
		}
		if err := insert(*out, s.name, text); err != nil {
			return err
		}
		missing += misses(text)
	}
	if missing > 0 {
		return fmt.Errorf("%d aims are missed", missing)
	}
	return nil
}

// inCluster measures in a cluster and a folder that are gone afterwards.
func inCluster(log io.Writer, measure func(context.Context, options) (string, error)) func(context.Context, options) (string, error) {
	return func(ctx context.Context, o options) (text string, err error) {
		if o.dir, err = os.MkdirTemp("", "vtsync-bench-"); err != nil {
			return "", err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.dir)) }()
		if o.cluster, err = cluster.Start(ctx, cluster.Options{Log: log}); err != nil {
			return "", err
		}
		defer func() { err = errors.Join(err, o.cluster.Stop()) }()
		return measure(ctx, o)
	}
}

func measurePairs(ctx context.Context, o options) (text string, err error) {
	b, err := newBench(ctx, o.cluster, o.dir)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	comparisons := []comparison{b.nothing(), b.change()}
	for i := range comparisons {
		if err := comparisons[i].measure(ctx, o.pairs); err != nil {
			return "", err
		}
	}
	return report(comparisons, o.pairs), nil
}

func measureSizes(ctx context.Context, o options) (string, error) {
	verbs, err := measureScale(ctx, o.cluster, o.dir)
	if err != nil {
		return "", err
	}
	return scaleReport(verbs), nil
}

// bench is one cluster with the same VSchema in two keyspaces: vtsync changes
// the one, people the other.
type bench struct {
	cluster *cluster.Cluster
	dir     string // holds all files
	vtsync  string // the program
	poll    *poller
	ours    *grower // vtsync's file
	theirs  *grower // the file for ApplyVSchema
}

// The keyspaces that are changed.
const (
	ourKeyspace   = "customer"
	theirKeyspace = "peer"
)

func newBench(ctx context.Context, c *cluster.Cluster, dir string) (*bench, error) {
	b := &bench{cluster: c, dir: dir, vtsync: filepath.Join(dir, "bin", "vtsync")}
	if err := b.buildProgram(ctx); err != nil {
		return nil, err
	}
	if err := c.Commerce(ctx, 2); err != nil {
		return nil, err
	}
	if err := c.CreateKeyspace(ctx, theirKeyspace, "-80", "80-"); err != nil {
		return nil, err
	}
	if err := c.ApplyVSchema(ctx, theirKeyspace, cluster.CustomerVSchema); err != nil {
		return nil, err
	}
	if err := b.writeConfig(); err != nil {
		return nil, err
	}
	if err := b.runVtsync(ctx, "pull", "--keyspace", "commerce", "--keyspace", ourKeyspace); err != nil {
		return nil, err
	}
	ours := filepath.Join(dir, "keyspaces", ourKeyspace, "vschema.json")
	var err error
	if b.ours, err = newGrower(ours, ours, "ours"); err != nil {
		return nil, err
	}
	if b.theirs, err = newGrower(ours, filepath.Join(dir, "peer.json"), "theirs"); err != nil {
		return nil, err
	}
	if b.poll, err = newPoller(ctx, c.VTGates()[0], theirKeyspace); err != nil {
		return nil, err
	}
	return b, nil
}

func (b *bench) close() error { return b.poll.close() }

func (b *bench) buildProgram(ctx context.Context) error {
	return b.command(ctx, "go", "build", "-o", b.vtsync, "github.com/vtsync/vtsync/cmd/vtsync")
}

// writeConfig names the cluster and every vtgate, as an operator does.
func (b *bench) writeConfig() error {
	config := "clusters:\n  bench:\n    topo: " + b.cluster.Topo() + "\n    vtgates:\n"
	for _, g := range b.cluster.VTGates() {
		config += "      - " + g.HTTP + "\n"
	}
	return os.WriteFile(filepath.Join(b.dir, "vtsync.yaml"), []byte(config), 0o644)
}

func (b *bench) runVtsync(ctx context.Context, args ...string) error {
	return b.command(ctx, b.vtsync, args...)
}

func (b *bench) vtctldclient(ctx context.Context, args ...string) error {
	return b.command(ctx, b.cluster.VTCtldClientPath(), append([]string{"--server", b.cluster.VTCtld()}, args...)...)
}

// command runs a program in the folder of files; what it printed is told where
// it fails.
func (b *bench) command(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	if filepath.IsAbs(name) {
		cmd.Dir = b.dir
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w\n%s", filepath.Base(name), args, err, out)
	}
	return nil
}

// nothing compares the look at a cluster where there is nothing to do.
func (b *bench) nothing() comparison {
	return comparison{
		Name:   "nothing to do",
		Ours:   side{"`vtsync apply`", func(ctx context.Context) error { return b.runVtsync(ctx, "apply", "--yes") }},
		Theirs: side{"`vtctldclient GetVSchema`", func(ctx context.Context) error { return b.vtctldclient(ctx, "GetVSchema", ourKeyspace) }},
		Aim:    1.5,
	}
}

// change compares a change of one table until a vtgate is seen to serve it.
func (b *bench) change() comparison {
	return comparison{
		Name: "one change, until it serves",
		Before: func() error {
			return errors.Join(b.ours.grow(), b.theirs.grow())
		},
		Ours: side{"`vtsync apply`", func(ctx context.Context) error { return b.runVtsync(ctx, "apply", "--yes") }},
		Theirs: side{"`vtctldclient ApplyVSchema`, then `SHOW VSCHEMA TABLES` until it serves", func(ctx context.Context) error {
			if err := b.vtctldclient(ctx, "ApplyVSchema", "--vschema-file", b.theirs.path, theirKeyspace); err != nil {
				return err
			}
			return b.poll.untilServed(ctx, b.theirs.newest())
		}},
		Aim: 2.5,
	}
}
