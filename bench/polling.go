package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pollRuns is how often the polls of each size are measured; the least time
// counts, as what else the machine does only adds to it.
const pollRuns = 5

// polled is what one poll of a keyspace took, server included.
type polled struct {
	shards        int
	took          time.Duration
	bytes, allocs int64
}

// measurePolling runs the benchmark of internal/vtctld, which polls Vitess's own
// vtctld in front of scripted tablets: no other command shows one poll alone.
func measurePolling(ctx context.Context, _ options) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkPoll$",
		"-benchtime", "20x", "-count", strconv.Itoa(pollRuns), "./internal/vtctld")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go test -bench: %w\n%s", err, out)
	}
	polls, err := parsePolls(out)
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return pollingReport(polls), nil
}

// parsePolls reads what go test prints of a benchmark, the least of each size,
// sorted.
func parsePolls(out []byte) ([]polled, error) {
	least := map[int]polled{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		_, line, found := strings.Cut(lines.Text(), "/shards=")
		if !found {
			continue
		}
		// 2-4   20   905617 ns/op   273629 B/op   3687 allocs/op, without the -4
		// on one core.
		shards, rest, _ := strings.Cut(line, "\t")
		shards, _, _ = strings.Cut(strings.TrimSpace(shards), "-")
		n, err := strconv.Atoi(shards)
		if err != nil {
			return nil, fmt.Errorf("a benchmark of %q shards: %w", shards, err)
		}
		p := polled{shards: n}
		fields := strings.Fields(rest)
		for i := 1; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("the benchmark of %d shards: %w", n, err)
			}
			switch fields[i+1] {
			case "ns/op":
				p.took = time.Duration(value)
			case "B/op":
				p.bytes = int64(value)
			case "allocs/op":
				p.allocs = int64(value)
			}
		}
		if p.took == 0 || p.allocs == 0 {
			return nil, fmt.Errorf("the benchmark of %d shards says no time or no allocations", n)
		}
		if before, ok := least[n]; !ok || p.took < before.took {
			least[n] = p
		}
	}
	var polls []polled
	for _, p := range least {
		polls = append(polls, p)
	}
	if len(polls) < 3 {
		return nil, fmt.Errorf("the benchmark shows %d sizes: growth takes three", len(polls))
	}
	slices.SortFunc(polls, func(a, b polled) int { return a.shards - b.shards })
	return polls, nil
}

// pollGrowth is how many times as much a shard costs in the upper half of the
// largest size as in the lower: 1 where it is linear, 3 where it is the square.
func pollGrowth(polls []polled, of func(polled) int64) float64 {
	first, half, last := polls[0], polls[len(polls)-2], polls[len(polls)-1]
	further := func(from, to polled) float64 {
		return float64(of(to)-of(from)) / float64(to.shards-from.shards)
	}
	return further(half, last) / max(further(first, half), 1)
}

// pollingReport is the text for the page.
func pollingReport(polls []polled) string {
	var w strings.Builder
	fmt.Fprintf(&w, "One look while a rollout waits for a migration: the rows of the migration, the pending ones, the recent ones and the workflows of a keyspace, asked of Vitess's own vtctld over gRPC, with scripted tablets behind it, all in one process; the least of %d times 20.\n\n", pollRuns)
	w.WriteString("| shards | one poll | for each shard | allocated | allocations |\n|---|---|---|---|---|\n")
	for _, p := range polls {
		fmt.Fprintf(&w, "| %d | %s | %s | %.1f MB | %d |\n", p.shards, millis(p.took), micros(p.took/time.Duration(p.shards)), float64(p.bytes)/1e6, p.allocs)
	}
	fmt.Fprintf(&w, "\n| of a shard in the upper half, beside the lower | at %d shards | aim | |\n|---|---|---|---|\n", polls[len(polls)-1].shards)
	for _, of := range []struct {
		name  string
		value func(polled) int64
	}{
		{"time", func(p polled) int64 { return p.took.Nanoseconds() }},
		{"allocations", func(p polled) int64 { return p.allocs }},
	} {
		g := pollGrowth(polls, of.value)
		fmt.Fprintf(&w, "| %s | %.2f times | at most %.1f times | %s |\n", of.name, g, growthAim, verdict(g <= growthAim))
	}
	return w.String()
}
