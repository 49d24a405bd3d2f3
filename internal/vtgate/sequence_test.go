package vtgate

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestSequenceRow(t *testing.T) {
	var asked []string
	gives := func(err error, rows ...[]string) queryFunc {
		return func(_ context.Context, statement string) ([]string, [][]string, error) {
			asked = append(asked, statement)
			return []string{"next_id", "cache"}, rows, err
		}
	}
	refused := gives(errors.New("refused"))
	cases := []struct {
		name    string
		ways    []queryFunc
		next    string
		found   bool
		problem string
	}{
		{"the row", []queryFunc{gives(nil, []string{"7", "100"})}, "7", true, ""},
		{"no row", []queryFunc{gives(nil)}, "", false, ""},
		{"by the second way", []queryFunc{refused, gives(nil, []string{"7", "100"})}, "7", true, ""},
		{"by no way", []queryFunc{refused, gives(errors.New("closed"))}, "", false, "read sequence commerce.a`b through vtgate h:1: refused"},
		{"there is no way", nil, "", false, "no SQL port is known"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			asked = nil
			r := &Reader{target: Target{HTTP: "h:1"}, timeout: time.Minute, links: &links{queries: c.ways}}
			next, _, found, err := r.SequenceRow(t.Context(), "commerce", "a`b")
			if next != c.next || found != c.found || (err == nil) != (c.problem == "") {
				t.Fatalf("got %q, %t, %v", next, found, err)
			}
			if err != nil && !strings.Contains(err.Error(), c.problem) {
				t.Errorf("got %v, want %q", err, c.problem)
			}
			for _, statement := range asked {
				if statement != "select next_id, cache from `commerce`.`a``b` where id = 0" {
					t.Errorf("asked %s", statement)
				}
			}
		})
	}
}
