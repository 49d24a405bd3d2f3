package tmpdeps

import (
	_ "go.etcd.io/etcd/server/v3/embed"
	_ "go.etcd.io/etcd/client/v3"
	_ "google.golang.org/grpc"
	_ "vitess.io/vitess/go/vt/topo"
	_ "vitess.io/vitess/go/vt/topo/etcd2topo"
	_ "vitess.io/vitess/go/vt/vtctl/grpcvtctldserver"
	_ "vitess.io/vitess/go/vt/vtgate"
	_ "vitess.io/vitess/go/vt/vttablet/grpctabletconn"
	_ "vitess.io/vitess/go/vt/vttablet/grpctmclient"
)
