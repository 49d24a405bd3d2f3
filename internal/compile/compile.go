// Package compile plans queries by Vitess's own planner, on a routing as vtgate
// builds it, with the steps that vtgate takes from the text of a query to its
// plan. It re-implements nothing of what Vitess means. It must import no adapter,
// no clock and no logger; it takes a context, since a corpus can be long.
package compile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"vitess.io/vitess/go/vt/proto/query"
	"vitess.io/vitess/go/vt/sqlparser"
	"vitess.io/vitess/go/vt/vtenv"
	"vitess.io/vitess/go/vt/vterrors"
	"vitess.io/vitess/go/vt/vtgate/engine"
	econtext "vitess.io/vitess/go/vt/vtgate/executorcontext"
	"vitess.io/vitess/go/vt/vtgate/planbuilder"
	"vitess.io/vitess/go/vt/vtgate/planbuilder/plancontext"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/queries"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Planner plans queries on one side of a change. It builds the routing once and
// may be used by many at a time.
type Planner struct {
	env    *vtenv.Environment
	srv    *vschema.SrvVSchema
	built  *vindexes.VSchema
	flags  Flags
	config econtext.VCursorConfig
	notes  []string
	knobs  knobs
}

// knobs are what Vitess's own tests of its planner do otherwise than vtgate. The
// zero value is vtgate's.
type knobs struct {
	// literals stay what they are: no parameters are made of them.
	literals bool
	// session prepares what a query is planned with.
	session func(*cursor) plancontext.VSchema
}

// New builds the routing.
func New(in Input) (*Planner, error) {
	env, err := vtenv.New(vtenv.Options{MySQLServerVersion: in.Flags.mysqlVersion()})
	if err != nil {
		return nil, fmt.Errorf("set up Vitess's planner: %w", err)
	}
	r, err := build(in, env.Parser())
	if err != nil {
		return nil, err
	}
	if len(in.Schemas) > 0 {
		t, err := newTracker(in.Schemas, !in.Flags.NoViews, env.Parser())
		if err != nil {
			return nil, err
		}
		r.enhance(t, env.Parser())
		r.notes = append(r.notes, t.notes...)
	}
	r.ambiguous()
	return &Planner{env: env, srv: r.srv, built: r.built, notes: r.notes, flags: in.Flags, config: in.Flags.config(env)}, nil
}

// Notes are what vtgate does not take of the routing and the tables, and what is
// made of that here.
func (p *Planner) Notes() []string { return slices.Clone(p.notes) }

// Plan plans one query. A query without a plan has an error in its place.
func (p *Planner) Plan(ctx context.Context, q impact.Query) impact.Plan {
	s, failed := p.parse(q.SQL)
	if failed != nil {
		return impact.Plan{Err: failed}
	}
	return p.describe(ctx, q, s)
}

// statement is a parsed query. Planning changes it: each plan needs its own.
type statement struct {
	text  string
	ast   sqlparser.Statement
	known sqlparser.BindVars
	hints sqlparser.QueryHints
}

func (s statement) clone() statement {
	return statement{text: s.text, ast: sqlparser.Clone(s.ast), known: maps.Clone(s.known), hints: s.hints}
}

func (p *Planner) parse(sql string) (s statement, failed *impact.Error) {
	defer func() {
		if r := recover(); r != nil {
			failed = panicked(r)
		}
	}()
	s, err := p.read(sql)
	if err != nil {
		return statement{}, failure(err)
	}
	return s, nil
}

func (p *Planner) read(sql string) (statement, error) {
	ast, known, err := queries.Parse(p.env.Parser(), sql)
	if err != nil {
		return statement{}, err
	}
	if err := refuse(ast, sql); err != nil {
		return statement{}, err
	}
	hints, err := sqlparser.BuildQueryHints(ast)
	return statement{text: sql, ast: ast, known: known, hints: hints}, err
}

// refuse says of an assignment, and of a date or time that is none, what Vitess's
// normaliser would say, which prints to the standard output as it does so.
func refuse(ast sqlparser.Statement, sql string) error {
	if !strings.Contains(sql, ":=") && !strings.ContainsAny(sql, `'"`) {
		return nil
	}
	return sqlparser.Walk(func(n sqlparser.SQLNode) (bool, error) {
		switch n := n.(type) {
		case *sqlparser.AssignmentExpr:
			return false, vterrors.VT12001("Assignment expression")
		case *sqlparser.Literal:
			return true, incorrect(n)
		}
		return true, nil
	}, ast)
}

// incorrect has the normaliser look at a date or time where it prints nothing:
// apart from what it is compared with.
func incorrect(literal *sqlparser.Literal) error {
	switch literal.Type {
	case sqlparser.DateVal, sqlparser.TimeVal, sqlparser.TimestampVal:
	default:
		return nil
	}
	alone := &sqlparser.Select{}
	alone.AddSelectExpr(&sqlparser.AliasedExpr{Expr: sqlparser.Clone(literal)})
	_, err := sqlparser.Normalize(alone, sqlparser.NewReservedVars("vtg", nil), map[string]*query.BindVariable{}, true, "", sqlparser.SQLSelectLimitUnset, "", nil, nil, nil)
	return err
}

// describe plans the statement, which is of no more use then.
func (p *Planner) describe(ctx context.Context, q impact.Query, s statement) (out impact.Plan) {
	defer func() {
		if r := recover(); r != nil {
			out = impact.Plan{Err: panicked(r)}
		}
	}()
	c, err := p.cursor(q)
	if err != nil {
		return impact.Plan{Err: failure(err)}
	}
	plan, err := p.plan(ctx, c, s, !p.knobs.literals)
	switch {
	case err != nil:
		return impact.Plan{Err: p.refused(c, q.SQL, err)}
	case plan.Instructions == nil:
		return impact.Plan{} // BEGIN and the like, which no plan carries out
	}
	d := engine.PrimitiveToPlanDescription(plan.Instructions, nil)
	tree := node(&d)
	return impact.Plan{Tree: &tree, Tables: plan.TablesUsed}
}

// plan takes the steps of vtgate's Executor.getCachedOrBuildPlan.
func (p *Planner) plan(ctx context.Context, c *cursor, s statement, parameterize bool) (*engine.Plan, error) {
	var session plancontext.VSchema = c
	if p.knobs.session != nil {
		session = p.knobs.session(c)
	}
	checks := s.hints.ForeignKeyChecks
	if checks == nil {
		checks = c.SafeSession.ForeignKeyChecks()
	}
	c.SetForeignKeyCheckState(checks)
	reserved := sqlparser.NewReservedVars("vtg", s.known)
	normal, err := sqlparser.Normalize(s.ast, reserved, map[string]*query.BindVariable{}, parameterize, c.GetKeyspace(), sqlparser.SQLSelectLimitUnset, "", nil, checks, session)
	if err != nil {
		return nil, err
	}
	text := s.text
	if normal.UpdateQueryFromAST && parameterize {
		text = sqlparser.String(normal.AST)
	}
	plan, err := planbuilder.BuildFromStmt(ctx, text, normal.AST, reserved, session, normal.BindVarNeeds, ddl{})
	if err != nil {
		return nil, err
	}
	return plan, p.flags.check(normal.AST, plan)
}
