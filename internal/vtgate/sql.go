package vtgate

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/go-sql-driver/mysql"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	querypb "vitess.io/vitess/go/vt/proto/query"
	vtgatepb "vitess.io/vitess/go/vt/proto/vtgate"
	vtgateservicepb "vitess.io/vitess/go/vt/proto/vtgateservice"
	vtrpcpb "vitess.io/vitess/go/vt/proto/vtrpc"

	"github.com/vtsync/vtsync/internal/planes"
)

// showVindexes prints every vindex as the vtgate's cell declares it; it is the
// only view of params such as write_only. It needs no tablet. A vtgate whose
// SrvVSchema was deleted drops the connection on it (a nil dereference).
const showVindexes = "show vschema vindexes"

// showColumns are the columns of showVindexes.
var showColumns = []string{"Keyspace", "Name", "Type", "Params", "Owner"}

// queryFunc runs a statement and gives the names of its columns and its rows.
type queryFunc func(ctx context.Context, statement string) (columns []string, rows [][]string, err error)

// declared reads the vindexes that a vtgate's cell declares, per keyspace, by
// the first way that answers; nil where there is no way at all.
func declared(ctx context.Context, ways []queryFunc) (map[string]map[string]planes.ViewVindex, error) {
	var problem error
	for _, query := range ways {
		out, err := declaredBy(ctx, query)
		switch {
		case err == nil:
			return out, nil
		case ctx.Err() != nil:
			return nil, fmt.Errorf("%s: %w", showVindexes, errNoAnswer)
		case problem == nil:
			// The first way is the one that was asked for.
			problem = fmt.Errorf("%s: %w", showVindexes, err)
		}
	}
	return nil, problem
}

func declaredBy(ctx context.Context, query queryFunc) (map[string]map[string]planes.ViewVindex, error) {
	columns, rows, err := query(ctx, showVindexes)
	if err != nil {
		return nil, err
	}
	if !equalFold(columns, showColumns) {
		return nil, fmt.Errorf("it has the columns %s, want %s",
			strings.Join(columns, ", "), strings.Join(showColumns, ", "))
	}
	out := map[string]map[string]planes.ViewVindex{}
	for _, r := range rows {
		keyspace, name := r[0], r[1]
		if out[keyspace] == nil {
			out[keyspace] = map[string]planes.ViewVindex{}
		}
		out[keyspace][name] = planes.ViewVindex{Declared: true, Type: r[2], Params: r[3], Owner: r[4]}
	}
	return out, nil
}

func equalFold(a, b []string) bool {
	return strings.EqualFold(strings.Join(a, "\x00"), strings.Join(b, "\x00"))
}

// queryConns bounds the statements that one vtgate runs at a time.
const queryConns = 2

// openMySQL gives a pool of so many connections to a vtgate's MySQL port. Nothing
// is dialled before the first query.
func openMySQL(t Target, address string, conns int) (*sql.DB, error) {
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr = "tcp", address
	cfg.User, cfg.Passwd = t.User, t.Password
	cfg.TLS = t.MySQLTLS
	cfg.InterpolateParams = true
	cfg.Logger = &mysql.NopLogger{} // errors are returned, not printed
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, fmt.Errorf("configure MySQL for %s: %w", address, err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// mysqlQuery runs statements over the MySQL protocol.
func mysqlQuery(db *sql.DB) queryFunc {
	return func(ctx context.Context, statement string) ([]string, [][]string, error) {
		rows, err := db.QueryContext(ctx, statement)
		if err != nil {
			return nil, nil, err
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			return nil, nil, err
		}
		var out [][]string
		for rows.Next() {
			row := make([]sql.NullString, len(columns))
			dest := make([]any, len(columns))
			for i := range row {
				dest[i] = &row[i]
			}
			if err := rows.Scan(dest...); err != nil {
				return nil, nil, err
			}
			texts := make([]string, len(row))
			for i, v := range row {
				texts[i] = v.String
			}
			out = append(out, texts)
		}
		return columns, out, rows.Err()
	}
}

// grpcQuery runs statements over vtgate's own gRPC service.
func grpcQuery(conn *grpc.ClientConn, t Target) queryFunc {
	client := vtgateservicepb.NewVitessClient(conn)
	return func(ctx context.Context, statement string) ([]string, [][]string, error) {
		resp, err := execute(ctx, client, t, "", statement)
		if err != nil {
			return nil, nil, err
		}
		if e := resp.GetError(); e != nil {
			return nil, nil, answered(e)
		}
		return decodeResult(resp.GetResult())
	}
}

// execute runs one statement in a session with the target given.
func execute(ctx context.Context, client vtgateservicepb.VitessClient, t Target, target, statement string) (*vtgatepb.ExecuteResponse, error) {
	return client.Execute(withUser(ctx, t), &vtgatepb.ExecuteRequest{
		Session: &vtgatepb.Session{TargetString: target, Autocommit: true},
		Query:   &querypb.BoundQuery{Sql: statement},
	}, grpc.MaxCallRecvMsgSize(maxPage))
}

// answered is an error that a vtgate gave as its answer.
func answered(e *vtrpcpb.RPCError) error { return fmt.Errorf("%s: %s", e.GetCode(), e.GetMessage()) }

func decodeResult(result *querypb.QueryResult) (columns []string, rows [][]string, err error) {
	for _, f := range result.GetFields() {
		columns = append(columns, f.GetName())
	}
	for _, r := range result.GetRows() {
		row, err := decodeRow(r, len(columns))
		if err != nil {
			return nil, nil, err
		}
		rows = append(rows, row)
	}
	return columns, rows, nil
}

// withUser adds the credentials that vtgate's static gRPC authentication
// reads.
func withUser(ctx context.Context, t Target) context.Context {
	if t.User == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "username", t.User, "password", t.Password)
}

// decodeRow cuts a row's values out of its bytes; a negative length is NULL.
func decodeRow(row *querypb.Row, columns int) ([]string, error) {
	if len(row.GetLengths()) != columns {
		return nil, fmt.Errorf("a row has %d values, want %d", len(row.GetLengths()), columns)
	}
	out := make([]string, columns)
	rest := row.GetValues()
	for i, n := range row.GetLengths() {
		switch {
		case n < 0:
		case n > int64(len(rest)):
			return nil, fmt.Errorf("a row ends inside value %d", i)
		default:
			out[i], rest = string(rest[:n]), rest[n:]
		}
	}
	return out, nil
}
