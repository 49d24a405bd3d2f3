package compile_test

import (
	"fmt"
	"testing"

	"github.com/vtsync/vtsync/internal/compile"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/impact/catalog"
)

// TestCatalog holds the planner and the judgement to the catalogue of changes, with
// few shards and many; a test in e2e holds the catalogue to real vtgates.
func TestCatalog(t *testing.T) {
	entries, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		for _, shards := range catalog.ShardCounts {
			t.Run(fmt.Sprintf("%s/%d", e.Name, shards), func(t *testing.T) {
				t.Parallel()
				e := e.At(shards)
				queries := make([]impact.Query, len(e.Expect))
				for i, x := range e.Expect {
					queries[i] = x.Query
				}
				results, err := compile.Compare(t.Context(), side(t, e.Before), side(t, e.After), queries)
				if err != nil {
					t.Fatal(err)
				}
				for i, r := range results {
					if problem := e.Expect[i].Differs(r); problem != "" {
						t.Error(problem)
					}
				}
			})
		}
	}
}

func side(t *testing.T, s catalog.Side) compile.Side {
	t.Helper()
	p, err := compile.New(compile.Input{Routing: s.Routing})
	if err != nil {
		t.Fatal(err)
	}
	return compile.Side{Planner: p, Ground: impact.GroundOf(s.Routing, s.Shards)}
}
