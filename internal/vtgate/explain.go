package vtgate

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
	"google.golang.org/grpc"
	grpcstatus "google.golang.org/grpc/status"
	"vitess.io/vitess/go/mysql/sqlerror"
	vtgateservicepb "vitess.io/vitess/go/vt/proto/vtgateservice"
	vtrpcpb "vitess.io/vitess/go/vt/proto/vtrpc"

	"github.com/vtsync/vtsync/internal/impact"
)

// explainFunc runs a statement in a session that has chosen a target, and gives
// its one value.
type explainFunc func(ctx context.Context, session, statement string) (string, error)

// explainConns bounds the statements that one vtgate plans at a time.
const explainConns = 4

// planError is vtgate's word that a query has no plan. Every other error says
// that nobody knows.
type planError struct{ why impact.Error }

func (e *planError) Error() string { return e.why.Text }

var errPanics = &planError{impact.Error{Text: "vtgate's planner panics, which closes the connection"}}

// Explain asks a vtgate what it would do with a query now, by VEXPLAIN PLAN: the
// query is planned and not run, and needs no tablet. A query without a tablet type is planned for primaries. What vtgate
// refuses to plan is the plan's error; an error is what keeps it from saying, among
// them ErrNotExplained. It does not say which tables the plan uses.
func (r *Reader) Explain(ctx context.Context, q impact.Query) (impact.Plan, error) {
	statement, err := vexplainPlan(q.SQL)
	if err != nil {
		return impact.Plan{}, fmt.Errorf("explain a query: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	tree, err := r.explain(ctx, sessionOf(q), statement)
	var refused *planError
	switch {
	case errors.As(err, &refused):
		why := refused.why
		return impact.Plan{Err: &why}, nil
	case err != nil:
		return impact.Plan{}, fmt.Errorf("explain a query through vtgate %s: %w", r.target.HTTP, err)
	}
	return impact.Plan{Tree: tree}, nil
}

func (r *Reader) explain(ctx context.Context, session, statement string) (*impact.Node, error) {
	links, err := r.linked(ctx)
	if err != nil {
		return nil, err
	}
	text, err := explainBy(ctx, links.explains, session, statement)
	if err != nil {
		return nil, err
	}
	tree := new(impact.Node)
	if err := json.Unmarshal([]byte(text), tree); err != nil {
		return nil, fmt.Errorf("its plan cannot be read: %w", err)
	}
	return tree, nil
}

// explainBy asks by the first way that says whether there is a plan.
func explainBy(ctx context.Context, ways []explainFunc, session, statement string) (string, error) {
	problem := errNoSQL
	for i, explain := range ways {
		text, err := explain(ctx, session, statement)
		var refused *planError
		switch {
		case err == nil, errors.As(err, &refused):
			return text, err
		case ctx.Err() != nil:
			return "", errNoAnswer
		case i == 0:
			problem = err // the first way is the one that was asked for
		}
	}
	return "", problem
}

// sessionOf gives the target as USE takes it. The tablet type is always told: a
// vtgate may have another default, and a connection the one of the query before.
func sessionOf(q impact.Query) string {
	if q.TabletType == "" {
		return q.Keyspace + "@primary"
	}
	return q.Keyspace + "@" + q.TabletType
}

// mysqlExplain explains over the MySQL protocol, on connections of its own: their
// targets are those of the queries.
func mysqlExplain(db *sql.DB) explainFunc {
	return func(ctx context.Context, session, statement string) (string, error) {
		text, err := explainOnce(ctx, db, session, statement)
		if err == nil || !lost(err) || ctx.Err() != nil {
			return text, err
		}
		// Either the connection had gone stale, or the planner panics at this
		// query, which costs the connection; then it does so again.
		text, err = explainOnce(ctx, db, session, statement)
		if err == nil || !lost(err) || ctx.Err() != nil {
			return text, err
		}
		if alive := db.PingContext(ctx); alive != nil {
			return "", err
		}
		return "", errPanics
	}
}

func explainOnce(ctx context.Context, db *sql.DB, session, statement string) (text string, err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close() // gives it back; one that was lost is not used again
	if _, err := conn.ExecContext(ctx, "use "+quoted(session)); err != nil {
		return "", refusal(err)
	}
	if err := conn.QueryRowContext(ctx, statement).Scan(&text); err != nil {
		return "", refusal(err)
	}
	return text, nil
}

// lost tells whether a connection ended below a statement.
func lost(err error) bool {
	var refused *planError
	var answer *mysql.MySQLError
	return !errors.As(err, &refused) && !errors.As(err, &answer)
}

// refusal tells vtgate's word about a query from what has nothing to do with it.
func refusal(err error) error {
	var answer *mysql.MySQLError
	if !errors.As(err, &answer) || slices.Contains(passing, sqlerror.ErrorCode(answer.Number)) {
		return err
	}
	return planErrorOf(answer.Message, err)
}

// The errors that say nothing of a query: it was killed, came at a bad time, or by
// a user who may not ask. A vtgate translates its own codes into MySQL's.
var (
	passing = []sqlerror.ErrorCode{
		sqlerror.ERQueryInterrupted, sqlerror.ERServerShutdown, sqlerror.ERServerIsntAvailable,
		sqlerror.ERAccessDeniedError, sqlerror.EROutOfResources, sqlerror.ERTooManyUserConnections,
	}
	passingCodes = []vtrpcpb.Code{
		vtrpcpb.Code_CANCELED, vtrpcpb.Code_DEADLINE_EXCEEDED, vtrpcpb.Code_ABORTED, vtrpcpb.Code_UNAVAILABLE,
		vtrpcpb.Code_PERMISSION_DENIED, vtrpcpb.Code_UNAUTHENTICATED, vtrpcpb.Code_RESOURCE_EXHAUSTED,
	}
)

// coded takes Vitess's code off an error. Those of class 14 say that something is not
// available.
var coded = regexp.MustCompile(`(?s)^(VT(\d\d)\d{3}): (.*)$`)

const unavailableClass = "14"

// dumped finds where Vitess prints a part of its syntax tree, addresses included,
// into an error.
var dumped = regexp.MustCompile(`(?s)%!\(EXTRA \*.*`)

// planErrorOf gives err itself where its text says that something is missing now.
func planErrorOf(text string, err error) error {
	text = dumped.ReplaceAllString(text, "")
	m := coded.FindStringSubmatch(text)
	switch {
	case m == nil:
		return &planError{impact.Error{Text: text}}
	case m[2] == unavailableClass:
		return err
	}
	return &planError{impact.Error{Code: m[1], Text: m[3]}}
}

// grpcExplain explains over vtgate's own gRPC service.
func grpcExplain(conn *grpc.ClientConn, t Target) explainFunc {
	client := vtgateservicepb.NewVitessClient(conn)
	return func(ctx context.Context, session, statement string) (string, error) {
		resp, err := execute(ctx, client, t, session, statement)
		if err != nil {
			if strings.HasPrefix(grpcstatus.Convert(err).Message(), "uncaught panic") {
				return "", errPanics
			}
			return "", err
		}
		if e := resp.GetError(); e != nil {
			return "", grpcRefusal(e)
		}
		_, rows, err := decodeResult(resp.GetResult())
		if err != nil {
			return "", err
		}
		if len(rows) != 1 || len(rows[0]) != 1 {
			return "", errors.New("it is not the one value that was asked for")
		}
		return rows[0][0], nil
	}
}

// grpcRefusal is what refusal is, by Vitess's own codes.
func grpcRefusal(e *vtrpcpb.RPCError) error {
	if slices.Contains(passingCodes, e.GetCode()) {
		return answered(e)
	}
	return planErrorOf(e.GetMessage(), answered(e))
}
