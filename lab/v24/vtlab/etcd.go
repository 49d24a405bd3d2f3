package main

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/storage/wal"
)

// walSegment replaces etcd's 64 MiB, which every start would write as zeros.
const walSegment = 1 << 20

// runEtcd serves a member of an etcd on loopback until it is told to stop.
func runEtcd(args []string) error {
	fs := flag.NewFlagSet("vtlab etcd", flag.ExitOnError)
	name := fs.String("name", "", "name of the member")
	dir := fs.String("dir", "", "data folder; an existing one is served as it is")
	clientPort := fs.Int("client-port", 0, "loopback port for clients")
	peerPort := fs.Int("peer-port", 0, "loopback port for peers")
	peers := fs.String("peers", "", "all members, as NAME=http://127.0.0.1:PEERPORT,...; only this one if empty")
	if err := fs.Parse(args); err != nil {
		return err
	}
	wal.SegmentSizeBytes = walSegment

	cfg := embed.NewConfig()
	cfg.Name = *name
	cfg.Dir = *dir
	cfg.LogLevel = "warn"
	// Embedded, etcd takes the zero for its limit, and warns of every request.
	cfg.WarningUnaryRequestDuration = embed.DefaultWarningUnaryRequestDuration
	// A lab's data outlives a killed process, not a power cut.
	cfg.UnsafeNoFsync = true
	// A lone member elects itself after one timeout: the default is a second.
	cfg.TickMs = 10
	cfg.ElectionMs = 100
	cfg.ListenClientUrls = loopback(*clientPort)
	cfg.AdvertiseClientUrls = cfg.ListenClientUrls
	cfg.ListenPeerUrls = loopback(*peerPort)
	cfg.AdvertisePeerUrls = cfg.ListenPeerUrls
	cfg.InitialCluster = *peers
	if *peers == "" {
		cfg.InitialCluster = cfg.InitialClusterFromName(*name)
	} else {
		// Those who wait for others on a busy machine need more time.
		cfg.TickMs, cfg.ElectionMs = 50, 500
	}

	etcd, err := embed.StartEtcd(cfg)
	if err != nil {
		return fmt.Errorf("starting etcd %s in %s: %w", *name, *dir, err)
	}
	defer etcd.Close()

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	select {
	case <-stop:
		return nil
	case err := <-etcd.Err():
		return fmt.Errorf("etcd %s stopped: %w", *name, err)
	}
}

func loopback(port int) []url.URL {
	return []url.URL{{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)}}
}
