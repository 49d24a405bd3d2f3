package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestParsePolls(t *testing.T) {
	out := `goos: linux
BenchmarkPoll/shards=1024-2  	      20	 418835147 ns/op	80160408 B/op	 1366487 allocs/op
BenchmarkPoll/shards=2-2     	      20	    905617 ns/op	  273629 B/op	    3687 allocs/op
BenchmarkPoll/shards=2-2     	      20	    805617.5 ns/op	  273630 B/op	    3688 allocs/op
BenchmarkPoll/shards=512     	      20	 216285204 ns/op	39840533 B/op	  650938 allocs/op
PASS
`
	polls, err := parsePolls([]byte(out))
	if err != nil || len(polls) != 3 {
		t.Fatalf("polls %v, %v", polls, err)
	}
	if want := (polled{2, 805617 * time.Nanosecond, 273630, 3688}); polls[0] != want || polls[1].shards != 512 || polls[2].shards != 1024 {
		t.Errorf("polls %v, want %v first", polls, want)
	}
	for name, bad := range map[string]string{
		"none":           "PASS\n",
		"two sizes":      strings.Join(strings.Split(out, "\n")[1:3], "\n"),
		"no allocations": strings.ReplaceAll(out, "allocs/op", "x"),
		"no number":      strings.ReplaceAll(out, "shards=2", "shards=two"),
	} {
		if polls, err := parsePolls([]byte(bad)); err == nil {
			t.Errorf("%s: read as %v", name, polls)
		}
	}
}

func TestPollingReport(t *testing.T) {
	report := func(cost func(n int) int) string {
		var polls []polled
		for _, n := range []int{2, 256, 512, 1024} {
			polls = append(polls, polled{n, time.Duration(cost(n)) * time.Microsecond, int64(1000 * n), int64(cost(n))})
		}
		return pollingReport(polls)
	}
	linear := report(func(n int) int { return 500 + 400*n })
	for _, want := range []string{"| 1024 | 410.1 ms | 400 µs | 1.0 MB | 410100 |", "| time | 1.00 times | at most 1.5 times | met |", "| allocations | 1.00 times |"} {
		if !strings.Contains(linear, want) {
			t.Errorf("no %q in\n%s", want, linear)
		}
	}
	if text := report(func(n int) int { return 500 + n*n }); misses(text) != 2 {
		t.Errorf("the square is called linear:\n%s", text)
	}
}

// TestSections holds the flags, the page's marks and what is measured together.
func TestSections(t *testing.T) {
	for _, s := range sections {
		if err := known([]string{s.name}); err != nil {
			t.Error(err)
		}
	}
	err := known([]string{"pairs", "others"})
	if err == nil || !strings.Contains(fmt.Sprint(err), `"others"`) || !strings.Contains(fmt.Sprint(err), "pairs, scale, polling") {
		t.Errorf("error %v", err)
	}
}
