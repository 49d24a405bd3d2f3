// Command lab keeps a real Vitess cluster running on this machine, for trying
// things by hand:
//
//	go run ./lab up       start one and print how to talk to it
//	go run ./lab status   print that again, and which processes are alive
//	go run ./lab down     stop it; nothing is left
//
// The cluster belongs to the current folder, where .lab/ says how to reach it.
// This package is the command line only: package cluster does the work.
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

	"github.com/vtsync/vtsync/lab/cluster"
)

const usage = `usage: go run ./lab up|status|down|build [flags]

  up      start two etcd cells with a vtgate each, a global etcd and a vtctld
            --empty          without the example keyspaces commerce and customer
            --vtgates N      vtgates per cell (default 1)
  status  print how to talk to it, and which processes are alive
  down    stop it
  build   only build Vitess's programs, which up does if need be

  --state DIR   where to note how to reach the cluster (default .lab)`

var errUsage = errors.New(usage)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// settings are the flags of all verbs.
type settings struct {
	state   string
	empty   bool
	vtgates int
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return errUsage
	}
	var s settings
	flags := flag.NewFlagSet("lab "+args[0], flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the error says it
	flags.StringVar(&s.state, "state", ".lab", "")
	if args[0] == "up" || args[0] == "serve" {
		flags.BoolVar(&s.empty, "empty", false, "")
		flags.IntVar(&s.vtgates, "vtgates", 1, "")
	}
	if err := flags.Parse(args[1:]); err != nil || flags.NArg() > 0 {
		return errors.Join(err, errUsage)
	}
	switch args[0] {
	case "up":
		return up(ctx, s, args[1:], stdout, stderr)
	case "status":
		return status(ctx, s, stdout)
	case "down":
		return down(ctx, s, stdout)
	case "build":
		return cluster.Build(ctx, stderr, true)
	case "serve": // what up leaves running; not for people
		return serve(ctx, s, stderr)
	default:
		return errUsage
	}
}
