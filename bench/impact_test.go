package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestLogged(t *testing.T) {
	got := logged("select id from orders_00_000 where email = 'c7@example.com' and total > 7 limit 10")
	want := "select id from orders_00_000 where email = :vtg1 /* VARCHAR */ and total > :vtg2 /* INT64 */ limit :vtg3 /* INT64 */"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestWriteLog(t *testing.T) {
	queries := corpus(corpusVSchema(2))
	for form := range logForms {
		var b bytes.Buffer
		if err := writeLog(&b, form, queries, 50); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(b.String()), "\n")
		if len(lines) != 50 {
			t.Fatalf("%s: %d lines, want 50", form, len(lines))
		}
		if strings.Contains(b.String(), "%!") {
			t.Errorf("%s: not filled in: %s", form, lines[0])
		}
		// As vtgate 24 writes it.
		switch form {
		case "text":
			if n := strings.Count(lines[0], "\t"); n != 25 {
				t.Errorf("text: %d tabs, want 25: %s", n, lines[0])
			}
		case "json":
			var fields map[string]any
			if err := json.Unmarshal([]byte(lines[0]), &fields); err != nil || len(fields) != 26 {
				t.Errorf("json: %d fields, want 26: %v", len(fields), err)
			}
		}
	}
}

func TestParseOverhead(t *testing.T) {
	const out = `goos: linux
BenchmarkPlan-2   	    2367	    615169 ns/op	      3305 plans/s	         1.9 times-bare
BenchmarkPlan-2   	    2367	    615169 ns/op	      3305 plans/s	         0.9 times-bare
BenchmarkPlan-2   	    2367	    615169 ns/op	      3305 plans/s	         1.2 times-bare
PASS
`
	got, err := parseOverhead([]byte(out))
	if err != nil || got != 1.2 {
		t.Errorf("got %v, %v, want 1.2, the median", got, err)
	}
	if _, err := parseOverhead([]byte("PASS\n")); err == nil {
		t.Error("no error without figures")
	}
}

func TestImpactReport(t *testing.T) {
	f := impactFigures{queries: 10, vtexplain: 80, compiles: 7000, overhead: 1.6, logs: map[string]logFigures{
		"text": {usage{21 * time.Second, 100 << 20}, 700 << 20},
	}}
	if n := misses(f.report()); n != 3 {
		t.Errorf("%d aims missed, want the rate, the overhead and the log's CPU:\n%s", n, f.report())
	}
	f.compiles, f.overhead = 8000, 1.5
	f.logs["text"] = logFigures{usage{20 * time.Second, 500 << 20}, 700 << 20}
	if n := misses(f.report()); n != 0 {
		t.Errorf("%d aims missed, want none:\n%s", n, f.report())
	}
}
