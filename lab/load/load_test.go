package load

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-sql-driver/mysql"
)

// answers is a target that says the same to each statement, after a while.
type answers struct {
	after time.Duration
	rows  [][]string
	err   error
}

func (a answers) run(ctx context.Context, n int, _ Call) ([][]string, string, error) {
	select {
	case <-time.After(a.after):
		return a.rows, fmt.Sprint("vtgate-", n%2), a.err
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
}

func (answers) close() error { return nil }

func ping(int) Call { return Call{SQL: "select 1"} }

func TestRate(t *testing.T) {
	for name, c := range map[string]struct {
		after         time.Duration
		sent, leftOut int
	}{
		"quick answers":            {after: time.Millisecond, sent: 1000},
		"slow, but workers enough": {after: 30 * time.Millisecond, sent: 1000},
		// Four workers, each free again for every 20th statement.
		"too slow": {after: 99 * time.Millisecond, sent: 200, leftOut: 800},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				options, err := Options{Addrs: []string{"x"}, Rate: 200, Workers: 10, Statements: []Statement{{Name: "ping", Make: ping}}}.withDefaults()
				if err != nil {
					t.Fatal(err)
				}
				if name == "too slow" {
					options.Workers = 4
				}
				l := start(t.Context(), options, answers{after: c.after})
				time.Sleep(5*time.Second - time.Nanosecond)
				got, err := l.Stop()
				if err != nil {
					t.Fatal(err)
				}
				if got.Sent != c.sent || got.LeftOut != c.leftOut {
					t.Errorf("sent %d and left out %d, want %d and %d", got.Sent, got.LeftOut, c.sent, c.leftOut)
				}
				if got.OK["ping"] != got.Sent {
					t.Errorf("%d of %d were right", got.OK["ping"], got.Sent)
				}
				if got.Slowest != c.after {
					t.Errorf("the slowest took %s, want %s", got.Slowest, c.after)
				}
			})
		})
	}
}

func TestWeights(t *testing.T) {
	choose := chooser([]Statement{{Name: "select", Weight: 7}, {Name: "insert", Weight: 2}, {Name: "update"}})
	counts := map[string]int{}
	for range 10000 {
		counts[choose().Name]++
	}
	for name, want := range map[string]int{"select": 7000, "insert": 2000, "update": 1000} {
		if off := counts[name] - want; off < -200 || off > 200 {
			t.Errorf("%d %s, want about %d", counts[name], name, want)
		}
	}
}

func TestErrors(t *testing.T) {
	for name, c := range map[string]struct {
		answers answers
		check   func([][]string) error
		errors  map[string]int
		wrong   int
	}{
		"a MySQL error":  {answers: answers{err: &mysql.MySQLError{Number: 1054, Message: "Unknown column"}}, errors: map[string]int{"1054": 10}},
		"Vitess's own":   {answers: answers{err: &mysql.MySQLError{Number: 1105, Message: "VT09004: INSERT should contain column list"}}, errors: map[string]int{"VT09004": 10}},
		"no answer":      {answers: answers{after: time.Hour}, errors: map[string]int{"other": 10}},
		"a row missing":  {answers: answers{rows: nil}, check: one, wrong: 10},
		"the row is not": {answers: answers{rows: [][]string{{"1"}}}, check: one},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				options, err := Options{Addrs: []string{"x"}, Rate: 10, Statements: []Statement{{Name: "read", Make: func(n int) Call {
					return Call{SQL: "select ?", Args: []any{n}, Check: c.check}
				}}}}.withDefaults()
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				l := start(t.Context(), options, c.answers)
				time.Sleep(time.Second - time.Nanosecond)
				got, err := l.Stop()
				if err != nil {
					t.Fatal(err)
				}
				if fmt.Sprint(got.Codes()) != fmt.Sprint(c.errors) || len(got.Wrong) != c.wrong {
					t.Errorf("got %s\nwant errors %v, and %d wrong", got, c.errors, c.wrong)
				}
				for i, e := range append(got.Errors, got.Wrong...) {
					if want := began.Add(time.Duration(i) * 100 * time.Millisecond); !e.At.Equal(want) || e.Statement != "read" || e.Args[0] != i {
						t.Errorf("event %d is %s, want it at %s", i, e, want)
					}
				}
			})
		})
	}
}

func one(rows [][]string) error {
	if len(rows) != 1 {
		return errors.New("the row is missing")
	}
	return nil
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{{}, {Addrs: []string{"x"}}, {Addrs: []string{"x"}, Rate: 1}} {
		if _, err := Start(t.Context(), o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}
