package main

import (
	"context"
	"time"

	"github.com/spf13/pflag"

	"vitess.io/vitess/go/acl"
	"vitess.io/vitess/go/stats"
	"vitess.io/vitess/go/stats/prometheusbackend"
	topodatapb "vitess.io/vitess/go/vt/proto/topodata"
	"vitess.io/vitess/go/vt/servenv"
	"vitess.io/vitess/go/vt/srvtopo"
	"vitess.io/vitess/go/vt/topo/topoproto"
	"vitess.io/vitess/go/vt/vtenv"
	"vitess.io/vitess/go/vt/vtgate"
	"vitess.io/vitess/go/vt/vtgate/planbuilder/plancontext"

	// vtgate's gRPC service and its way to tablets, as its own main links them.
	_ "vitess.io/vitess/go/vt/vtgate/grpcvtgateservice"
	_ "vitess.io/vitess/go/vt/vttablet/grpctabletconn"
)

// runVtgate serves one vtgate until it is told to stop. It is vtgate's own
// main without servenv.Init, which refuses root.
func runVtgate() error {
	var (
		cell        string
		tabletTypes []topodatapb.TabletType
	)
	servenv.RegisterDefaultFlags()
	servenv.RegisterFlags()
	servenv.RegisterGRPCServerFlags()
	servenv.RegisterGRPCServerAuthFlags()
	servenv.RegisterServiceMapFlag()
	servenv.OnParseFor("vtgate", func(fs *pflag.FlagSet) {
		acl.RegisterFlags(fs)
		fs.StringVar(&cell, "cell", "", "cell to use")
		fs.Var((*topoproto.TabletTypeListFlag)(&tabletTypes), "tablet-types-to-wait",
			"tablet types to wait for at the start")
	})
	// As servenv.Init does: it tells one process from the next.
	started := time.Now()
	stats.NewGaugeFunc("Uptime", "Uptime in nanoseconds", func() int64 { return time.Since(started).Nanoseconds() })
	servenv.InitServiceMap("grpc", "vtgateservice")
	servenv.ParseFlags("vtgate")

	ts, err := openTopo()
	if err != nil {
		return err
	}
	defer ts.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	counts := stats.NewCountersWithSingleLabel("ResilientSrvTopoServer", "Resilient srvtopo server operations", "type")
	resilient := srvtopo.NewResilientServer(ctx, ts, counts)
	env, err := vtenv.New(vtenv.Options{MySQLServerVersion: servenv.MySQLServerVersion()})
	if err != nil {
		return err
	}
	vtg := vtgate.Init(ctx, env, nil, resilient, cell, tabletTypes, plancontext.PlannerVersion(0))
	servenv.OnRun(func() { prometheusbackend.Init("vtgate") })
	servenv.OnClose(func() { _ = vtg.Gateway().Close(ctx) })
	servenv.RunDefault()
	return nil
}
