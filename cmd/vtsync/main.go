// Command vtsync keeps the VSchema of Vitess clusters in files, and the
// clusters true to them.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // the timezones of freeze windows, where the machine has none

	"github.com/vtsync/vtsync/internal/app"
	"github.com/vtsync/vtsync/internal/cli"
)

// gcPercent is how much the heap may grow between two collections of garbage.
// A run is short and its heap small: Go's default would take a fifth of its CPU
// time for nothing.
const gcPercent = 400

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	os.Exit(run())
}

func run() int {
	return cli.Run(context.Background(), cli.Env{
		Args:    os.Args[1:],
		Stdin:   os.Stdin,
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
		Getenv:  os.Getenv,
		Park:    firstSignal(),
		Open:    app.Open,
		Version: app.Version(),
	})
}

// firstSignal gives a channel that is closed at the first request to stop. The
// second one has its usual effect and ends the process: a rollout goes on from
// its record.
func firstSignal() <-chan struct{} {
	signals := make(chan os.Signal, 1)
	park := make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		signal.Stop(signals)
		close(park)
	}()
	return park
}
