package main

import (
	"context"
	"time"

	"github.com/spf13/pflag"

	"vitess.io/vitess/go/acl"
	"vitess.io/vitess/go/stats"
	"vitess.io/vitess/go/stats/prometheusbackend"
	"vitess.io/vitess/go/vt/binlog"
	"vitess.io/vitess/go/vt/dbconfigs"
	"vitess.io/vitess/go/vt/mysqlctl"
	"vitess.io/vitess/go/vt/servenv"
	"vitess.io/vitess/go/vt/topo/topoproto"
	"vitess.io/vitess/go/vt/vtenv"
	"vitess.io/vitess/go/vt/vttablet/grpcqueryservice"
	"vitess.io/vitess/go/vt/vttablet/tabletmanager"
	"vitess.io/vitess/go/vt/vttablet/tabletmanager/semisyncmonitor"
	"vitess.io/vitess/go/vt/vttablet/tabletmanager/vdiff"
	"vitess.io/vitess/go/vt/vttablet/tabletmanager/vreplication"
	"vitess.io/vitess/go/vt/vttablet/tabletserver"
	"vitess.io/vitess/go/vt/vttablet/tabletserver/tabletenv"

	// What a tablet serves and how it reaches others, as its own main links
	// them; without backups, table ACLs and other topologies.
	_ "vitess.io/vitess/go/vt/binlog/grpcbinlogplayer"
	_ "vitess.io/vitess/go/vt/binlog/grpcbinlogstreamer"
	_ "vitess.io/vitess/go/vt/throttler/grpcthrottlerserver"
	_ "vitess.io/vitess/go/vt/vttablet/grpctmserver"
)

// runVttablet serves one tablet, whose mysqld runs already, until it is told
// to stop. It is vttablet's own main without servenv.Init, which refuses root.
func runVttablet() error {
	var tabletPath string
	servenv.RegisterDefaultFlags()
	servenv.RegisterFlags()
	servenv.RegisterGRPCServerFlags()
	servenv.RegisterGRPCServerAuthFlags()
	servenv.RegisterServiceMapFlag()
	dbconfigs.RegisterFlags(dbconfigs.All...)
	mysqlctl.RegisterFlags()
	servenv.OnParseFor("vttablet", func(fs *pflag.FlagSet) {
		acl.RegisterFlags(fs)
		fs.StringVar(&tabletPath, "tablet-path", "", "tablet alias")
	})
	// As servenv.Init does: it tells one process from the next.
	started := time.Now()
	stats.NewGaugeFunc("Uptime", "Uptime in nanoseconds", func() int64 { return time.Since(started).Nanoseconds() })
	for _, service := range []string{"tabletmanager", "updatestream", "throttler"} {
		servenv.InitServiceMap("grpc", service)
	}
	servenv.ParseFlags("vttablet")

	ts, err := openTopo()
	if err != nil {
		return err
	}
	defer ts.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	alias, err := topoproto.ParseTabletAlias(tabletPath)
	if err != nil {
		return err
	}
	env, err := vtenv.New(vtenv.Options{MySQLServerVersion: servenv.MySQLServerVersion()})
	if err != nil {
		return err
	}
	tabletenv.Init()
	config := tabletenv.NewCurrentConfig() // which tabletenv.Init changes
	if err := config.Verify(); err != nil {
		return err
	}
	mycnf, err := mysqlctl.NewMycnfFromFlags(alias.Uid)
	if err != nil {
		return err
	}
	config.DB.InitWithSocket(mycnf.SocketFile, env.CollationEnv())

	counts := stats.NewCountersWithSingleLabel("TabletSrvTopo", "Resilient srvtopo server operations", "type")
	qsc := tabletserver.NewTabletServer(ctx, env, "", config, ts, alias, counts)
	servenv.OnRun(func() {
		qsc.Register()
		grpcqueryservice.Register(servenv.GRPCServer, qsc.QueryService())
	})
	servenv.OnClose(qsc.StopService)
	mysqld := mysqlctl.NewMysqld(config.DB)
	servenv.OnClose(mysqld.Close)

	tablet, err := tabletmanager.BuildTabletFromInput(alias, int32(servenv.Port()), int32(servenv.GRPCPort()), config.DB, env.CollationEnv())
	if err != nil {
		return err
	}
	tm := &tabletmanager.TabletManager{
		BatchCtx:            ctx,
		Env:                 env,
		TopoServer:          ts,
		Cnf:                 mycnf,
		MysqlDaemon:         mysqld,
		DBConfigs:           config.DB.Clone(),
		QueryServiceControl: qsc,
		UpdateStream:        binlog.NewUpdateStream(ts, tablet.Keyspace, alias.Cell, qsc.SchemaEngine(), env.Parser()),
		VREngine:            vreplication.NewEngine(env, config, ts, alias.Cell, mysqld, qsc.LagThrottler()),
		SemiSyncMonitor:     semisyncmonitor.NewMonitor(config, qsc.Exporter()),
		VDiffEngine:         vdiff.NewEngine(ts, tablet, env.CollationEnv(), env.Parser()),
	}
	if err := tm.Start(tablet, config); err != nil {
		return err
	}
	servenv.OnClose(tm.Close)
	servenv.OnRun(func() { prometheusbackend.Init("vttablet") })
	servenv.RunDefault()
	return nil
}
