package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// comparison is a pair of ways to do the same.
type comparison struct {
	Name         string
	Before       func() error // before each pair, not measured
	Ours, Theirs side
	Aim          float64 // how many times theirs ours may take

	ours, theirs []time.Duration
}

type side struct {
	Name string
	run  func(context.Context) error
}

// measure runs the pairs, each in the other order than the one before.
func (c *comparison) measure(ctx context.Context, pairs int) error {
	for i := range warmUps + pairs {
		if c.Before != nil {
			if err := c.Before(); err != nil {
				return err
			}
		}
		ours, theirs, err := c.pair(ctx, i%2 == 0)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
		if i >= warmUps {
			c.ours, c.theirs = append(c.ours, ours), append(c.theirs, theirs)
		}
	}
	return nil
}

func (c *comparison) pair(ctx context.Context, oursFirst bool) (ours, theirs time.Duration, err error) {
	if oursFirst {
		if ours, err = c.Ours.time(ctx); err != nil {
			return 0, 0, err
		}
		theirs, err = c.Theirs.time(ctx)
		return ours, theirs, err
	}
	if theirs, err = c.Theirs.time(ctx); err != nil {
		return 0, 0, err
	}
	ours, err = c.Ours.time(ctx)
	return ours, theirs, err
}

func (s side) time(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	err := s.run(ctx)
	return time.Since(began), err
}

// ratio is how many times their median ours takes.
func (c *comparison) ratio() float64 {
	return float64(quantile(c.ours, 0.5)) / float64(quantile(c.theirs, 0.5))
}

// quantile is the smallest measure that a share q of all does not exceed.
func quantile(all []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// report is the text for the page.
func report(comparisons []comparison, pairs int) string {
	var w strings.Builder
	fmt.Fprintf(&w, "%d pairs, in turns, on %d cores; from the start of each process to its end.\n\n", pairs, runtime.NumCPU())
	w.WriteString("| | median | p90 |\n|---|---|---|\n")
	for _, c := range comparisons {
		for _, s := range []struct {
			name string
			took []time.Duration
		}{{c.Ours.Name, c.ours}, {c.Theirs.Name, c.theirs}} {
			fmt.Fprintf(&w, "| %s: %s | %s | %s |\n", c.Name, s.name, millis(quantile(s.took, 0.5)), millis(quantile(s.took, 0.9)))
		}
	}
	w.WriteString("\n| | ratio of medians | aim | |\n|---|---|---|---|\n")
	for _, c := range comparisons {
		fmt.Fprintf(&w, "| %s | %.2f | at most %.1f | %s |\n", c.Name, c.ratio(), c.Aim, verdict(c.ratio() <= c.Aim))
	}
	return w.String()
}

// missed is the verdict on what does not meet its aim.
const missed = "missed"

func verdict(met bool) string {
	if met {
		return "met"
	}
	return missed
}

// misses counts the verdicts of that kind in a section's text.
func misses(text string) int { return strings.Count(text, "| "+missed+" |") }

func millis(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }

// marks are those on the page between which a section stands.
func marks(section string) (begin, end string) {
	return "<!-- written by make bench: " + section + " begin -->\n", "<!-- written by make bench: " + section + " end -->\n"
}

// insert replaces what stands between a section's marks on the page.
func insert(path, section, text string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	beginMark, endMark := marks(section)
	before, rest, begun := strings.Cut(string(page), beginMark)
	_, after, ended := strings.Cut(rest, endMark)
	if !begun || !ended {
		return fmt.Errorf("%s does not have the marks %q and %q", path, strings.TrimSpace(beginMark), strings.TrimSpace(endMark))
	}
	return os.WriteFile(path, []byte(before+beginMark+text+endMark+after), 0o644)
}
