package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// corpusTables is how many sharded tables the corpus is about.
	corpusTables = 170
	// simulated is how many of its queries vtexplain gets: it takes some ten
	// milliseconds for each.
	simulated = 240
	// impactRuns is how often each is measured; the least counts.
	impactRuns = 3

	logLines    = 1_000_000
	logDistinct = 2_000
)

// The aims.
const (
	compileAim   = 100 // times what vtexplain does
	plannerAim   = 1.5 // times what the planner alone takes
	logCPUAim    = 20 * time.Second
	logMemoryAim = 500 << 20
)

// impactFigures is what the section says.
type impactFigures struct {
	queries   int
	vtexplain float64 // queries per second
	compiles  float64 // of one side, per second
	overhead  float64 // times the planner's own cost
	logs      map[string]logFigures
}

// logFigures is what it takes to read a log.
type logFigures struct {
	usage
	size int64 // in bytes
}

func measureImpact(ctx context.Context, _ options) (text string, err error) {
	dir, err := os.MkdirTemp("", "vtsync-bench-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b := &bench{dir: dir, vtsync: filepath.Join(dir, "bin", "vtsync")}
	if err := b.buildProgram(ctx); err != nil {
		return "", err
	}
	vschema := corpusVSchema(corpusTables)
	queries := corpus(vschema)
	f := impactFigures{queries: len(queries), logs: map[string]logFigures{}}
	if f.vtexplain, err = measureVTExplain(ctx, dir, vschema, queries); err != nil {
		return "", err
	}
	if f.compiles, err = b.measureCompiles(ctx, vschema, queries); err != nil {
		return "", err
	}
	if f.overhead, err = measureOverhead(ctx); err != nil {
		return "", err
	}
	for form := range logForms {
		if f.logs[form], err = b.measureLog(ctx, form, queries[:logDistinct]); err != nil {
			return "", err
		}
	}
	return f.report(), nil
}

// measureVTExplain gives how many queries Vitess's own simulator does in a
// second, without its start.
func measureVTExplain(ctx context.Context, dir string, vschema map[string]*keyspace, queries []string) (float64, error) {
	program := filepath.Join(dir, "vtexplain")
	build := exec.CommandContext(ctx, "go", "build", "-C", filepath.Join("lab", "v24"), "-o", program, "vitess.io/vitess/go/cmd/vtexplain")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build vtexplain: %w\n%s", err, out)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // it refuses to run as root
		return 0, err
	}
	text, err := json.Marshal(vschema)
	if err != nil {
		return 0, err
	}
	var creates strings.Builder
	for _, name := range slices.Sorted(maps.Keys(vschema)) {
		creates.WriteString(vschema[name].creates())
	}
	few := len(mix)
	files := map[string]string{
		"vschema.json": string(text), "schema.sql": creates.String(),
		"few.sql": statements(queries[:few]), "many.sql": statements(queries[:few+simulated]),
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			return 0, err
		}
	}
	took := func(file string) (time.Duration, error) {
		return least(impactRuns, func() error {
			cmd := exec.CommandContext(ctx, program, "--vschema-file", "vschema.json", "--schema-file", "schema.sql",
				"--shards", "4", "--dbname", corpusKeyspace, "--output-mode", "json", "--sql-file", file)
			cmd.Dir = dir
			if os.Geteuid() == 0 {
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			}
			return quietly(cmd)
		})
	}
	return perSecond(took, "few.sql", "many.sql", simulated)
}

// measureCompiles gives how many compilations of one side `vtsync impact` does
// in a second on all cores, without its start: it compiles each query on both
// sides.
func (b *bench) measureCompiles(ctx context.Context, vschema map[string]*keyspace, queries []string) (float64, error) {
	few := len(mix)
	for _, side := range []string{"before", "after"} {
		if side == "after" {
			vschema = withoutLookups(vschema)
		}
		for name, ks := range vschema {
			dir := filepath.Join(b.dir, side, "keyspaces", name)
			if err := os.MkdirAll(filepath.Join(dir, "schema"), 0o755); err != nil {
				return 0, err
			}
			text, err := ks.text()
			if err != nil {
				return 0, err
			}
			err = errors.Join(
				os.WriteFile(filepath.Join(dir, "vschema.json"), []byte(text), 0o644),
				os.WriteFile(filepath.Join(dir, "schema", "tables.sql"), []byte(ks.creates()), 0o644))
			if err != nil {
				return 0, err
			}
		}
	}
	// The same statements in the keyspace's own session, often enough to be
	// measured beside the start of a process.
	for file, n := range map[string]int{"few-ours.sql": few, "many-ours.sql": len(queries)} {
		text := "use " + corpusKeyspace + ";\n" + statements(queries[:n])
		if err := os.WriteFile(filepath.Join(b.dir, file), []byte(text), 0o644); err != nil {
			return 0, err
		}
	}
	took := func(file string) (time.Duration, error) {
		return least(impactRuns, func() error {
			cmd := exec.CommandContext(ctx, b.vtsync, "impact", "--before", "before", "--after", "after", "--shards", corpusKeyspace+"=4", "--queries", file, "--format", "json")
			cmd.Dir = b.dir
			return quietly(cmd)
		})
	}
	perQuery, err := perSecond(took, "few-ours.sql", "many-ours.sql", len(queries)-few)
	return 2 * perQuery, err
}

// perSecond gives how many of n further queries are done in a second.
func perSecond(took func(file string) (time.Duration, error), few, many string, n int) (float64, error) {
	start, err := took(few)
	if err != nil {
		return 0, err
	}
	end, err := took(many)
	if err != nil {
		return 0, err
	}
	if end <= start {
		return 0, fmt.Errorf("%d further queries took no time: %s after %s", n, end, start)
	}
	return float64(n) / (end - start).Seconds(), nil
}

// least is the least time of some runs: what else the machine does only adds.
func least(runs int, run func() error) (time.Duration, error) {
	best := time.Duration(1<<63 - 1)
	for range runs {
		begin := time.Now()
		if err := run(); err != nil {
			return 0, err
		}
		best = min(best, time.Since(begin))
	}
	return best, nil
}

// quietly runs a command and shows the end of what it printed where it fails.
func quietly(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(cmd.Path), err, out[max(0, len(out)-2000):])
	}
	return nil
}

// statements gives queries as a file of SQL.
func statements(queries []string) string { return strings.Join(queries, ";\n") + ";\n" }

// measureOverhead runs the benchmark of internal/compile, which plans the same
// queries by the planner alone and as vtsync does, in turns.
func measureOverhead(ctx context.Context) (float64, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkPlan$",
		"-benchtime", "3s", "-count", "3", "./internal/compile")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("go test -bench: %w\n%s", err, out)
	}
	return parseOverhead(out)
}

// parseOverhead gives the median of how many times the planner's own cost ours
// is, as the benchmark prints it.
func parseOverhead(out []byte) (float64, error) {
	var times []float64
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		i := slices.Index(fields, "times-bare")
		if i < 1 {
			continue
		}
		n, err := strconv.ParseFloat(fields[i-1], 64)
		if err != nil {
			return 0, fmt.Errorf("the benchmark of the planner: %w", err)
		}
		times = append(times, n)
	}
	if len(times) == 0 {
		return 0, fmt.Errorf("the benchmark of the planner says not how many times it takes:\n%s", out)
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}

// measureLog reads a vtgate log into a file of queries, which must hold them all.
func (b *bench) measureLog(ctx context.Context, form string, queries []string) (logFigures, error) {
	log := filepath.Join(b.dir, "query-"+form+".log")
	size, err := saveLog(log, form, queries)
	if err != nil {
		return logFigures{}, err
	}
	out := filepath.Join(b.dir, "queries-"+form+".json")
	cmd := exec.CommandContext(ctx, b.vtsync, "queries", "import", log, "--out", out)
	cmd.Dir = b.dir
	if err := quietly(cmd); err != nil {
		return logFigures{}, err
	}
	if err := checkImported(out, len(queries)); err != nil {
		return logFigures{}, err
	}
	used, err := used(cmd)
	return logFigures{used, size}, errors.Join(err, os.Remove(log))
}

func saveLog(path, form string, queries []string) (size int64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := writeLog(f, form, queries, logLines); err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// checkImported holds a file of queries to what was in the log.
func checkImported(path string, distinct int) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var file struct {
		Queries []struct{ Executions int }
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	executions := 0
	for _, q := range file.Queries {
		executions += q.Executions
	}
	if len(file.Queries) != distinct || executions != logLines {
		return fmt.Errorf("%s has %d queries and %d executions, want %d and %d", filepath.Base(path), len(file.Queries), executions, distinct, logLines)
	}
	return nil
}

// report is the text for the page.
func (f impactFigures) report() string {
	var w strings.Builder
	fmt.Fprintf(&w, "The same %d queries, schema and VSchema of %d sharded tables on 4 shards: point reads, reads through a lookup vindex, updates, IN, aggregates, joins on a shard and over shards, sorted and distinct scatters. Both are measured from the start of the process to its end, at two numbers of queries, and what the smaller number took is taken off.\n\n", f.queries, corpusTables)
	w.WriteString("| | in a second |\n|---|---|\n")
	fmt.Fprintf(&w, "| `vtexplain`: queries | %.0f |\n", f.vtexplain)
	fmt.Fprintf(&w, "| `vtsync impact`: compilations, one side counted | %.0f |\n", f.compiles)
	w.WriteString("\n| a log of vtgate, 1,000,000 lines, 2,000 distinct queries | size | CPU | memory |\n|---|---|---|---|\n")
	forms := slices.Sorted(maps.Keys(f.logs))
	for _, form := range forms {
		l := f.logs[form]
		fmt.Fprintf(&w, "| %s | %d MB | %.1f s | %d MB |\n", form, l.size>>20, l.cpu.Seconds(), l.memory>>20)
	}
	w.WriteString("\n| | | aim | |\n|---|---|---|---|\n")
	times := f.compiles / f.vtexplain
	fmt.Fprintf(&w, "| compilations beside vtexplain's queries | %.0f times | at least %d times | %s |\n", times, compileAim, verdict(times >= compileAim))
	fmt.Fprintf(&w, "| a compilation, beside the planner alone | %.2f times | at most %.1f times | %s |\n", f.overhead, plannerAim, verdict(f.overhead <= plannerAim))
	for _, form := range forms {
		l := f.logs[form]
		fmt.Fprintf(&w, "| the %s log: CPU | %.1f s | at most %.0f s | %s |\n", form, l.cpu.Seconds(), logCPUAim.Seconds(), verdict(l.cpu <= logCPUAim))
		fmt.Fprintf(&w, "| the %s log: memory | %d MB | at most %d MB | %s |\n", form, l.memory>>20, logMemoryAim>>20, verdict(l.memory <= logMemoryAim))
	}
	return w.String()
}
