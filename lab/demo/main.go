// Command demo tells the main story of vtsync on a real Vitess cluster that it
// starts: each step is one line of narration, the command as typed, and what it
// printed. A step that does anything else than told ends the demo with exit
// code 1. When it ends, no process and no file is left.
//
//	go run ./lab/demo          tell the story
//	go run ./lab/demo --keep   leave the cluster up, as `go run ./lab up` does
//
// It knows vtsync as people do, by its commands: it must not import its rooms.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	keep := flags.Bool("keep", false, "leave the cluster and the files, and print how to talk to them")
	if err := flags.Parse(args); err != nil {
		return err
	}
	stage, err := newStage(ctx, *keep, stderr)
	if err != nil {
		return err
	}
	began := time.Now()
	s := &session{out: stdout, dir: stage.repo, env: stage.env(), color: isTerminal(stdout)}
	story(ctx, s, stage)
	took := time.Since(began).Round(100 * time.Millisecond)
	if err := errors.Join(s.err, stage.leave(ctx, stdout)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "\n%d commands in %s, each with the outcome that was told.\n", s.commands, took)
	return err
}

// isTerminal tells whether colours are for a person's eyes.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
