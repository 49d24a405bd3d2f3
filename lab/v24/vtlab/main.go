// Command vtlab is the programs of the lab in one binary: an etcd, a vtctld, a
// vtgate and a vttablet, each made of the real code. It is started once per
// component, as
//
//	vtlab etcd     --name zone1 --dir DIR --client-port N --peer-port N [--peers MEMBERS]
//	vtlab vtctld   FLAGS   with vtctld's own flags, and those of topo.go
//	vtlab vtgate   FLAGS   with vtgate's own flags, and those of topo.go
//	vtlab vttablet FLAGS   with vttablet's own flags, and those of topo.go
//	vtlab mycnf    --tablet-uid N --mysql-port N   which prepares a mysqld
//
// It exists because Vitess's own programs refuse to run as root, and because a
// component must reach each etcd through a fault proxy of its own although
// CellInfo holds one address for all. It must not import the main module. The
// programs of another release of Vitess are made of these sources with another
// go.mod, as lab/v23 has it.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	component := os.Args[1]
	// What is left looks like the component's own command line, which tools
	// read back from /debug/vars.
	os.Args = os.Args[1:]

	var err error
	switch component {
	case "etcd":
		err = runEtcd(os.Args[1:])
	case "vtctld":
		err = runVtctld()
	case "vtgate":
		err = runVtgate()
	case "vttablet":
		err = runVttablet()
	case "mycnf":
		err = runMycnf(os.Args[1:])
	default:
		usage()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "vtlab %s: %v\n", component, err)
		os.Exit(1)
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: vtlab etcd|vtctld|vtgate|vttablet|mycnf FLAGS")
	os.Exit(2)
}
