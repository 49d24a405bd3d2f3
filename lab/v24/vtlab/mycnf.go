package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"vitess.io/vitess/config"
	"vitess.io/vitess/go/mysql/collations"
	"vitess.io/vitess/go/vt/mysqlctl"
)

// initDB is the file with the statements that make Vitess's users, beside the
// my.cnf.
const initDB = "init_db.sql"

// runMycnf makes the folders of a tablet's mysqld and its my.cnf below
// VTDATAROOT, as `mysqlctl init` does, which would go on to start mysqld in
// the background; the lab starts it itself.
func runMycnf(args []string) error {
	fs := flag.NewFlagSet("vtlab mycnf", flag.ExitOnError)
	uid := fs.Uint("tablet-uid", 0, "number of the tablet")
	port := fs.Int("mysql-port", 0, "loopback port of its mysqld")
	if err := fs.Parse(args); err != nil {
		return err
	}
	mysqld, cnf, err := mysqlctl.CreateMysqldAndMycnf(uint32(*uid), "", *port, collations.MySQL8())
	if err != nil {
		return fmt.Errorf("tablet %d: %w", *uid, err)
	}
	defer mysqld.Close()
	if err := mysqld.InitConfig(cnf); err != nil {
		return fmt.Errorf("tablet %d: writing %s: %w", *uid, cnf.Path, err)
	}
	return os.WriteFile(filepath.Join(filepath.Dir(cnf.Path), initDB), []byte(config.DefaultInitDB), 0o644)
}
