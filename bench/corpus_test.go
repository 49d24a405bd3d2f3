package main

import (
	"strings"
	"testing"
)

func TestCorpus(t *testing.T) {
	vschema := corpusVSchema(40)
	if n := len(vschema[corpusKeyspace].Vindexes); n != 11 {
		t.Errorf("%d vindexes, want the primary one and ten lookups", n)
	}
	queries := corpus(vschema)
	if want := 40 * len(mix); len(queries) != want {
		t.Fatalf("%d queries, want %d", len(queries), want)
	}
	seen := map[string]bool{}
	for _, q := range queries {
		if seen[q] {
			t.Errorf("twice: %s", q)
		}
		seen[q] = true
		if strings.Contains(q, "%!") {
			t.Errorf("not filled in: %s", q)
		}
	}
}
