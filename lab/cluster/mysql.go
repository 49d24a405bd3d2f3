package cluster

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// mysqlFormat changes when what is fetched, or how it is unpacked, does.
const mysqlFormat = "mysql-1"

// mysqlFiles are what each mysqld of a lab starts from.
type mysqlFiles struct {
	root     string // where Debian's packages are unpacked
	settings string // file with what Vitess's my.cnf leaves to us
	data     string // the folders of a mysqld that has Vitess's users and nothing else
}

// mysqlSettings keep a mysqld small and quick. What it writes outlives a killed
// process, not a power cut.
const mysqlSettings = `
bind_address = 127.0.0.1
performance_schema = OFF
innodb_buffer_pool_size = 32M
innodb_buffer_pool_dump_at_shutdown = OFF
innodb_buffer_pool_load_at_startup = OFF
innodb_redo_log_capacity = 32M
innodb_doublewrite = OFF
innodb_flush_method = nosync
innodb_flush_log_at_trx_commit = 0
sync_binlog = 0
`

// provideMySQL fetches MySQL and makes the data that each mysqld starts with, or
// finds them made.
func provideMySQL(ctx context.Context, c *cache, vtlab, programsSum string, log io.Writer) (mysqlFiles, error) {
	root, err := c.folder(mysqlFormat, func(tmp, final string) error { return fetchMySQL(ctx, tmp, final, log) })
	if err != nil {
		return mysqlFiles{}, err
	}
	packages, err := os.ReadFile(filepath.Join(root, packageList))
	if err != nil {
		return mysqlFiles{}, fmt.Errorf("lab: %w", err)
	}
	share := filepath.Join(root, "usr")
	settings := mysqlSettings +
		"basedir = " + share + "\n" +
		"lc_messages_dir = " + filepath.Join(share, "share", "mysql") + "\n" +
		"plugin_dir = " + filepath.Join(share, "lib", "mysql", "plugin") + "\n"
	if os.Geteuid() == 0 {
		settings += "user = root\n" // which mysqld wants to be told twice
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{programsSum, string(packages), settings}, "\n")))
	data, err := c.folder("data-"+hex.EncodeToString(sum[:])[:16], func(tmp, _ string) error {
		files := mysqlFiles{root: root, settings: filepath.Join(tmp, "settings.cnf"), data: tmp}
		if err := os.WriteFile(files.settings, []byte(settings), 0o644); err != nil {
			return fmt.Errorf("lab: %w", err)
		}
		return files.initialize(ctx, vtlab)
	})
	return mysqlFiles{root: root, settings: filepath.Join(data, "settings.cnf"), data: data}, err
}

// mysqlFolders are what is copied to make a mysqld.
var mysqlFolders = []string{"data", "innodb"}

// initialize makes the data of a mysqld with Vitess's users, as `mysqlctl init`
// does.
func (f mysqlFiles) initialize(ctx context.Context, vtlab string) error {
	work := filepath.Join(f.data, "init")
	dir, err := f.prepare(ctx, vtlab, work, 1, 1) // the port is not opened
	if err != nil {
		return err
	}
	defaults := "--defaults-file=" + filepath.Join(dir, "my.cnf")
	// As little redo log as can be: it is copied for every mysqld.
	if _, err := output(ctx, f.mysqld(), defaults, "--initialize-insecure", "--innodb-redo-log-capacity=8M", "--log-error=stderr"); err != nil {
		return err
	}
	users, err := os.ReadFile(filepath.Join(dir, "init_db.sql"))
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	if err := f.once(ctx, dir, string(users), defaults, "--skip-networking", "--innodb-redo-log-capacity=8M"); err != nil {
		return fmt.Errorf("lab: making Vitess's users: %w", err)
	}
	// Each mysqld gives itself a UUID.
	if err := os.Remove(filepath.Join(dir, "data", "auto.cnf")); err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	for _, folder := range mysqlFolders {
		if err := os.Rename(filepath.Join(dir, folder), filepath.Join(f.data, folder)); err != nil {
			return fmt.Errorf("lab: %w", err)
		}
	}
	return os.RemoveAll(work)
}

// once starts the mysqld in dir, runs the statements as root, and shuts it down.
func (f mysqlFiles) once(ctx context.Context, dir, statements string, args ...string) (err error) {
	log, err := os.Create(filepath.Join(dir, "once.log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.CommandContext(ctx, f.mysqld(), append(args, "--log-error="+log.Name())...)
	cmd.Stdout, cmd.Stderr = log, log
	s := newSpawner()
	defer s.stop()
	if err := s.start(cmd); err != nil {
		return err
	}
	db, err := openMySQL(filepath.Join(dir, "mysql.sock"), "root", "")
	if err == nil {
		err = Poll(ctx, func() error { return db.PingContext(ctx) })
	}
	if err == nil {
		_, err = db.ExecContext(ctx, statements)
	}
	if err == nil {
		_, err = db.ExecContext(ctx, "shutdown")
	}
	if err != nil {
		_ = cmd.Process.Kill()
	}
	if ended := cmd.Wait(); err == nil {
		err = ended
	}
	if db != nil {
		_ = db.Close() // says good bye to a server that is gone
	}
	if err != nil {
		content, _ := os.ReadFile(log.Name())
		err = fmt.Errorf("%w\n%s", err, content)
	}
	return err
}

// prepare makes the empty folders and the my.cnf of a tablet's mysqld below
// root, and returns its own folder.
func (f mysqlFiles) prepare(ctx context.Context, vtlab, root string, uid, port int) (string, error) {
	cmd := exec.CommandContext(ctx, vtlab, "mycnf", fmt.Sprintf("--tablet-uid=%d", uid), fmt.Sprintf("--mysql-port=%d", port))
	cmd.Env = f.env(root)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("lab: preparing the mysqld of tablet %d: %w\n%s", uid, err, out)
	}
	return tabletDir(root, uid), nil
}

// env tells Vitess where MySQL is, and where the tablets' folders are.
func (f mysqlFiles) env(root string) []string {
	return append(os.Environ(), "VTDATAROOT="+root, "VT_MYSQL_ROOT="+filepath.Join(f.root, "usr"), "EXTRA_MY_CNF="+f.settings)
}

func (f mysqlFiles) mysqld() string { return filepath.Join(f.root, "usr", "sbin", "mysqld") }

// tabletDir is where Vitess looks for a tablet's files.
func tabletDir(root string, uid int) string { return filepath.Join(root, fmt.Sprintf("vt_%010d", uid)) }

// openMySQL is a mysqld by its socket, for several statements at once.
func openMySQL(socket, user, database string) (*sql.DB, error) {
	config := mysql.NewConfig()
	config.User, config.DBName = user, database
	config.Net, config.Addr = "unix", socket
	config.MultiStatements = true
	config.Logger = &mysql.NopLogger{} // the errors say it
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}
