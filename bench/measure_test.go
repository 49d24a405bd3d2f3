package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	all := []time.Duration{50, 10, 40, 20, 30, 60, 70, 80, 100, 90}
	for q, want := range map[float64]time.Duration{0: 10, 0.5: 50, 0.9: 90, 0.91: 100, 1: 100} {
		if got := quantile(all, q); got != want {
			t.Errorf("quantile %v is %d, want %d", q, got, want)
		}
	}
	if got := quantile(all[:1], 0.5); got != 50 {
		t.Errorf("the median of one is %d", got)
	}
}

// TestMeasureAlternates holds the pairs to turns, and the warm-ups to not
// being counted.
func TestMeasureAlternates(t *testing.T) {
	var order []string
	note := func(name string) side {
		return side{name, func(context.Context) error { order = append(order, name); return nil }}
	}
	c := comparison{Ours: note("ours"), Theirs: note("theirs"), Before: func() error { order = append(order, "before"); return nil }}
	if err := c.measure(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if len(c.ours) != 2 || len(c.theirs) != 2 {
		t.Errorf("%d and %d are counted, want 2 each", len(c.ours), len(c.theirs))
	}
	for i, pair := range slices.Collect(slices.Chunk(order, 3)) {
		want := []string{"before", "ours", "theirs"}
		if i%2 == 1 {
			want = []string{"before", "theirs", "ours"}
		}
		if !slices.Equal(pair, want) {
			t.Errorf("pair %d ran %v, want %v", i, pair, want)
		}
	}
}

func TestMeasureFails(t *testing.T) {
	broken := errors.New("broken")
	good := side{"good", func(context.Context) error { return nil }}
	bad := side{"bad", func(context.Context) error { return broken }}
	for _, c := range []comparison{
		{Ours: bad, Theirs: good},
		{Ours: good, Theirs: bad},
		{Ours: good, Theirs: good, Before: func() error { return broken }},
	} {
		if err := c.measure(t.Context(), 1); !errors.Is(err, broken) {
			t.Errorf("a broken side gave %v", err)
		}
	}
}

func TestReport(t *testing.T) {
	text := report([]comparison{
		{Name: "a", Ours: side{Name: "x"}, Theirs: side{Name: "y"}, Aim: 1.5, ours: []time.Duration{15 * time.Millisecond}, theirs: []time.Duration{10 * time.Millisecond}},
		{Name: "b", Ours: side{Name: "x"}, Theirs: side{Name: "y"}, Aim: 2.5, ours: []time.Duration{26 * time.Millisecond}, theirs: []time.Duration{10 * time.Millisecond}},
	}, 1)
	for _, want := range []string{"| a: x | 15.0 ms | 15.0 ms |", "| a | 1.50 | at most 1.5 | met |", "| b | 2.60 | at most 2.5 | missed |"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestInsert(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	write := func(text string) {
		if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	begin, end := marks("one")
	otherBegin, otherEnd := marks("other")
	other := otherBegin + "kept\n" + otherEnd
	write("before\n" + other + begin + "old\n" + end + "after\n")
	if err := insert(page, "one", "new\n"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(page)
	if want := "before\n" + other + begin + "new\n" + end + "after\n"; err != nil || string(got) != want {
		t.Errorf("the page is %q, %v", got, err)
	}
	for _, damaged := range []string{"", begin, end, end + begin, other} {
		write(damaged)
		if err := insert(page, "one", "new\n"); err == nil {
			t.Errorf("a page without its marks was written: %q", damaged)
		}
	}
}

func TestGrower(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	if err := os.WriteFile(from, []byte("{\n  \"tables\": {\n    \"t\": {}\n  }\n}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	g, err := newGrower(from, to, "bench")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := g.grow(); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(to)
	if err != nil || g.newest() != "bench_2" || strings.Count(string(got), "bench_") != 2 || !strings.Contains(string(got), `"t": {}`) {
		t.Errorf("it grew to %s, %v", got, err)
	}
	if _, err := newGrower(to, to, "bench"); err != nil {
		t.Errorf("a grown file does not grow: %v", err)
	}
	if err := os.WriteFile(from, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := newGrower(from, to, "bench"); err == nil {
		t.Error("a file without tables grows")
	}
}
