package main

import (
	"context"

	"vitess.io/vitess/go/vt/servenv"
	"vitess.io/vitess/go/vt/vtctl/grpcvtctldserver"
	"vitess.io/vitess/go/vt/vtenv"

	// The only implementation of the tablet manager's client.
	_ "vitess.io/vitess/go/vt/vttablet/grpctmclient"
)

// runVtctld serves vtctld's gRPC API until it is told to stop. It is vtctld's
// own main without servenv.Init, which refuses root, and without the old web
// pages.
func runVtctld() error {
	servenv.RegisterDefaultFlags()
	servenv.RegisterFlags()
	servenv.RegisterGRPCServerFlags()
	servenv.RegisterServiceMapFlag()
	servenv.InitServiceMap("grpc", "vtctld")
	servenv.ParseFlags("vtctld")

	ts, err := openTopo()
	if err != nil {
		return err
	}
	defer ts.Close()
	if err := addCells(context.Background(), ts, topoAdd); err != nil {
		return err
	}
	env, err := vtenv.New(vtenv.Options{MySQLServerVersion: servenv.MySQLServerVersion()})
	if err != nil {
		return err
	}
	servenv.OnRun(func() {
		grpcvtctldserver.StartServer(servenv.GRPCServer, env, ts)
	})
	servenv.RunDefault()
	return nil
}
