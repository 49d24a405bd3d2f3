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
)

const usage = `usage: go run ./lab up|status|down|build [flags]

  up      start two etcd cells with a vtgate each, a global etcd and a vtctld
            --full           with a MySQL and a vttablet per shard; fetches MySQL
            --shards N       of customer: up to 256 (default 2)
            --empty          without the example keyspaces commerce and customer
            --vtgates N      vtgates per cell (default 1)
            --members N      of the global etcd (default 1)
  status  print how to talk to it, and which processes are alive
  down    stop it
  build   only build Vitess's programs and fetch MySQL, which up does if need be,
          and the vtgate of another release, for the tests
            --lite           without MySQL

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
	state       string
	full, empty bool
	shards      int
	vtgates     int
	members     int
	lite        bool
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return errUsage
	}
	var s settings
	flags := flag.NewFlagSet("lab "+args[0], flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the error says it
	flags.StringVar(&s.state, "state", ".lab", "")
	switch args[0] {
	case "up", "serve":
		flags.BoolVar(&s.full, "full", false, "")
		flags.IntVar(&s.shards, "shards", 2, "")
		flags.BoolVar(&s.empty, "empty", false, "")
		flags.IntVar(&s.vtgates, "vtgates", 1, "")
		flags.IntVar(&s.members, "members", 1, "")
	case "build":
		flags.BoolVar(&s.lite, "lite", false, "")
	}
	if err := flags.Parse(args[1:]); err != nil || flags.NArg() > 0 || s.full && s.empty {
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
		return build(ctx, s, stderr)
	case "serve": // what up leaves running; not for people
		return serve(ctx, s, stderr)
	default:
		return errUsage
	}
}
