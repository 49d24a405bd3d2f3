// Command parity holds vtsync's lint to Vitess itself: it judges every VSchema
// file in Vitess's own tree, and thousands of mistakes made in them, by what
// vtctldclient, vtctld, vtgate's builder and its planner do, and by lint.
//
//	go run ./parity [-write docs/rules.md] [-mutations N]
//
// What Vitess rejects, damages or cannot plan must be an error to lint: for a
// mistake one that the file does not have without it. What builds and plans must
// have none, but by rules whose harm the planner cannot see, which stand in a
// list with where and why. It exits 1 when either is not so.
//
// It links Vitess's planner, as the rooms of vtsync must not.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	vtlog "vitess.io/vitess/go/vt/log"
)

// The mutations that count: enough for each mutator to reach each file often.
const (
	defaultMutations = 12_000
	seed             = 3
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "parity:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("parity", flag.ContinueOnError)
	flags.SetOutput(stderr)
	count := flags.Int("mutations", defaultMutations, "how many mistakes to make")
	page := flags.String("write", "", "the page to write the counts into")
	if err := flags.Parse(args); err != nil {
		return err
	}
	vtlog.SwapLogger(slog.New(slog.DiscardHandler)) // tells of each file that a vindex reads
	dir, err := vitessDir(ctx)
	if err != nil {
		return err
	}
	corpus, err := readCorpus(dir)
	if err != nil {
		return err
	}
	r, err := compare(corpus, mutants(corpus, *count, seed))
	if err != nil {
		return err
	}
	if _, err := io.WriteString(stdout, r.text()+r.details()); err != nil {
		return err
	}
	if *page != "" {
		if err := insert(*page, r.text()); err != nil {
			return err
		}
	}
	if len(r.failures()) > 0 {
		return errors.New("lint and Vitess disagree")
	}
	return nil
}
