// Package compile plans queries by Vitess's own planner, on a routing as vtgate
// builds it, with the steps that vtgate takes from the text of a query to its
// plan. It re-implements nothing of what Vitess means. It must import no adapter,
// no clock and no logger; it takes a context, since a corpus can be long.
package compile

import (
	"context"
	"fmt"

	"vitess.io/vitess/go/vt/proto/query"
	"vitess.io/vitess/go/vt/proto/topodata"
	vtgatepb "vitess.io/vitess/go/vt/proto/vtgate"
	"vitess.io/vitess/go/vt/sqlparser"
	"vitess.io/vitess/go/vt/vtenv"
	"vitess.io/vitess/go/vt/vtgate/engine"
	econtext "vitess.io/vitess/go/vt/vtgate/executorcontext"
	"vitess.io/vitess/go/vt/vtgate/planbuilder"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Input is everything that plans are made from.
type Input struct {
	// Routing is all keyspaces and all rules, as a cell has them.
	Routing *vschema.SrvVSchema
	// Opaque are the vindex types that stand in as opaque ones.
	Opaque []string
}

// Planner plans queries on one side of a change. It builds the routing once and
// may be used by many at a time.
type Planner struct {
	env   *vtenv.Environment
	srv   *vschema.SrvVSchema
	built *vindexes.VSchema
}

// New builds the routing.
func New(in Input) (*Planner, error) {
	env, err := vtenv.New(vtenv.Options{})
	if err != nil {
		return nil, fmt.Errorf("set up Vitess's planner: %w", err)
	}
	return &Planner{env: env, srv: in.Routing, built: vindexes.BuildVSchema(in.Routing, env.Parser())}, nil
}

// Plan plans one query. A query without a plan has an error in its place.
func (p *Planner) Plan(ctx context.Context, q impact.Query) (out impact.Plan) {
	defer func() {
		if r := recover(); r != nil {
			out = impact.Plan{Err: &impact.Error{Text: fmt.Sprintf("vtgate's planner panics: %v", r)}}
		}
	}()
	plan, err := p.compile(ctx, q)
	if err != nil {
		return impact.Plan{Err: &impact.Error{Text: err.Error()}}
	}
	if plan.Instructions == nil {
		return impact.Plan{}
	}
	tree := node(engine.PrimitiveToPlanDescription(plan.Instructions, nil))
	return impact.Plan{Tree: &tree, Tables: plan.TablesUsed}
}

func (p *Planner) compile(ctx context.Context, q impact.Query) (*engine.Plan, error) {
	stmt, known, err := p.env.Parser().Parse2(q.SQL)
	if err != nil {
		return nil, err
	}
	cursor, err := p.cursor(q)
	if err != nil {
		return nil, err
	}
	hints, err := sqlparser.BuildQueryHints(stmt)
	if err != nil {
		return nil, err
	}
	cursor.SetForeignKeyCheckState(hints.ForeignKeyChecks)
	reserved := sqlparser.NewReservedVars("vtg", known)
	normal, err := sqlparser.Normalize(stmt, reserved, map[string]*query.BindVariable{}, true, cursor.GetKeyspace(), sqlparser.SQLSelectLimitUnset, "", nil, hints.ForeignKeyChecks, cursor)
	if err != nil {
		return nil, err
	}
	return planbuilder.BuildFromStmt(ctx, sqlparser.String(normal.AST), normal.AST, reserved, cursor, normal.BindVarNeeds, ddl{})
}

// cursor is the session of one query, as the planner sees it.
func (p *Planner) cursor(q impact.Query) (*cursor, error) {
	target := q.Keyspace
	if q.TabletType != "" {
		target += "@" + q.TabletType
	}
	session := econtext.NewSafeSession(&vtgatepb.Session{TargetString: target, Autocommit: true})
	inner, err := econtext.NewVCursorImpl(session, sqlparser.MarginComments{}, nil, nil, nil, p.built, nil, nil, nil, econtext.VCursorConfig{
		Collation:         p.env.CollationEnv().DefaultConnectionCharset(),
		DefaultTabletType: topodata.TabletType_PRIMARY,
		SetVarEnabled:     true,
		EnableViews:       true,
	}, nil)
	if err != nil {
		return nil, err
	}
	return &cursor{VCursorImpl: inner, planner: p}, nil
}

// cursor is vtgate's own, with what it asks its executor for answered by the
// planner: there is no executor here.
type cursor struct {
	*econtext.VCursorImpl
	planner *Planner
}

func (c *cursor) Environment() *vtenv.Environment    { return c.planner.env }
func (c *cursor) GetSrvVschema() *vschema.SrvVSchema { return c.planner.srv }
func (c *cursor) KeyspaceExists(keyspace string) bool {
	_, ok := c.planner.built.Keyspaces[keyspace]
	return ok
}

// ddl lets both kinds of DDL be planned, as vtgate does by default.
type ddl struct{}

func (ddl) OnlineEnabled() bool { return true }
func (ddl) DirectEnabled() bool { return true }

// node is a plan's description as plain data.
func node(d engine.PrimitiveDescription) impact.Node {
	n := impact.Node{Operator: d.OperatorType, Variant: d.Variant, Input: d.InputName, Attrs: d.Other}
	if d.Keyspace != nil {
		n.Keyspace, n.Sharded = d.Keyspace.Name, d.Keyspace.Sharded
	}
	for _, in := range d.Inputs {
		n.Inputs = append(n.Inputs, node(in))
	}
	return n
}
