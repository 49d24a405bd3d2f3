package vtgate

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// links are the connections to the ports behind the HTTP address.
type links struct {
	mysql, grpc int              // the ports that they lead to; 0 is none
	db          *sql.DB          // nil without a MySQL port
	sessions    *sql.DB          // the same, of connections that choose a target
	conn        *grpc.ClientConn // nil without a gRPC port
	// queries are the ways to run SQL, and explains those to explain it, in the
	// order in which they are tried.
	queries  []queryFunc
	explains []explainFunc
}

// connect prepares connections to the target's ports, or where it leaves them
// open to those of the vtgate's flags. Nothing is dialled before the first use.
func connect(t Target, f flags) (*links, error) {
	l := &links{mysql: orElse(t.MySQL, f.mysql), grpc: orElse(t.GRPC, f.grpc)}
	if address := t.address(l.mysql); address != "" {
		var err error
		if l.db, err = openMySQL(t, address, queryConns); err != nil {
			return nil, err
		}
		if l.sessions, err = openMySQL(t, address, explainConns); err != nil {
			return nil, errors.Join(err, l.close())
		}
		l.queries, l.explains = append(l.queries, mysqlQuery(l.db)), append(l.explains, mysqlExplain(l.sessions))
	}
	if address := t.address(l.grpc); address != "" {
		conn, err := dialGRPC(t, address)
		if err != nil {
			return nil, errors.Join(err, l.close())
		}
		l.conn, l.queries, l.explains = conn, append(l.queries, grpcQuery(conn, t)), append(l.explains, grpcExplain(conn, t))
	}
	return l, nil
}

func dialGRPC(t Target, address string) (*grpc.ClientConn, error) {
	creds := insecure.NewCredentials()
	if t.GRPCTLS != nil {
		creds = credentials.NewTLS(t.GRPCTLS)
	}
	// The default backs off for up to two minutes: too long to notice that a
	// vtgate is back.
	retry := backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(creds), grpc.WithNoProxy(),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: retry, MinConnectTimeout: DefaultTimeout}))
	if err != nil {
		return nil, fmt.Errorf("configure gRPC for %s: %w", address, err)
	}
	return conn, nil
}

// fits tells whether the connections lead where connect would lead now.
func (l *links) fits(t Target, f flags) bool {
	return l.mysql == orElse(t.MySQL, f.mysql) && l.grpc == orElse(t.GRPC, f.grpc)
}

func (l *links) close() error {
	var problems []error
	if l.db != nil {
		problems = append(problems, l.db.Close())
	}
	if l.sessions != nil {
		problems = append(problems, l.sessions.Close())
	}
	if l.conn != nil {
		problems = append(problems, l.conn.Close())
	}
	return errors.Join(problems...)
}

func orElse(port, other int) int {
	if port != 0 {
		return port
	}
	return other
}
