package main

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestGenerate holds what is measured to what the page says of it.
func TestGenerate(t *testing.T) {
	for _, n := range append([]int{scaleKeyspaces, 101, 777}, scaleSizes...) {
		all := generate(n)
		tables, sharded, sequences, lookups, references := 0, 0, 0, 0, 0
		seen := map[string]string{}
		for name, ks := range all {
			tables += len(ks.Tables)
			if ks.Sharded {
				sharded++
				lookups += len(ks.Vindexes) - 1
			}
			for tname, t := range ks.Tables {
				switch t.Type {
				case "sequence":
					sequences++
				case "reference":
					references++
					continue // of the same name as its source
				}
				seen[tname] += name
			}
		}
		if len(all) != scaleKeyspaces || sharded != scaleKeyspaces/2 || tables != n {
			t.Errorf("%d: %d tables in %d keyspaces, %d of them sharded", n, tables, len(all), sharded)
		}
		if n >= 1000 && (sequences < n/4 || lookups < n/20 || references == 0) {
			t.Errorf("%d: only %d sequences, %d lookup vindexes, %d reference tables", n, sequences, lookups, references)
		}
		if len(seen)+references != n {
			t.Errorf("%d: names stand in two keyspaces", n)
		}
	}
	if !reflect.DeepEqual(generate(1000), generate(1000)) {
		t.Error("it is another one each time")
	}
}

func TestScaleReport(t *testing.T) {
	of := func(ms ...int) scaling {
		s := scaling{verb: "lint"}
		for _, n := range ms {
			s.took = append(s.took, usage{time.Duration(n) * time.Millisecond, 20 << 20})
		}
		return s
	}
	// 100 µs a table, on top of 20 ms.
	text := scaleReport([]scaling{of(30, 120, 270, 520, 1020)})
	for _, want := range []string{
		"| `vtsync lint` | 1000 | 120.0 ms | 100 µs | 20 MB |",
		"| `vtsync lint` | 5000 | 520.0 ms | 100 µs | 20 MB |",
		"CPU | 1020.0 ms | at most 1000.0 ms | missed |",
		"memory | 20 MB | at most 300 MB | met |",
		"| 1.00 times | at most 1.5 times | met |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if n := misses(text); n != 1 {
		t.Errorf("%d aims are missed, want 1:\n%s", n, text)
	}
	for name, s := range map[string]scaling{
		"at the last size":                      of(30, 120, 270, 520, 1420),
		"by the square":                         of(30, 40, 92, 280, 1030),
		"by the square, on top of a slow start": of(400, 410, 460, 640, 1360),
	} {
		if text := scaleReport([]scaling{s}); !strings.Contains(text, "at most 1.5 times | missed |") {
			t.Errorf("what grows faster than its tables %s is called linear:\n%s", name, text)
		}
	}
}
