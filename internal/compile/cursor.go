package compile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"vitess.io/vitess/go/vt/key"
	"vitess.io/vitess/go/vt/proto/topodata"
	vtgatepb "vitess.io/vitess/go/vt/proto/vtgate"
	"vitess.io/vitess/go/vt/sqlparser"
	"vitess.io/vitess/go/vt/vtenv"
	"vitess.io/vitess/go/vt/vtgate/engine"
	econtext "vitess.io/vitess/go/vt/vtgate/executorcontext"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/vschema"
)

// cursor is vtgate's own, with what it asks its executor for answered by the
// planner: there is no executor here. Of the methods that a plan is made with,
// those overridden below are the ones that reach for it (or for what it watches),
// the one whose order is that of a map, and the one that takes some keyspace to
// be there.
type cursor struct {
	*econtext.VCursorImpl
	planner *Planner
}

// cursor is the session of one query, as the planner sees it.
func (p *Planner) cursor(q impact.Query) (*cursor, error) {
	target := q.Keyspace
	switch q.TabletType {
	case "":
	case "primary", "replica", "rdonly":
		target += "@" + q.TabletType
	default:
		return nil, fmt.Errorf("unknown tablet type %s: it is primary, replica or rdonly", q.TabletType)
	}
	session := econtext.NewSafeSession(&vtgatepb.Session{TargetString: target, Autocommit: true, EnableSystemSettings: !p.flags.NoSystemSettings})
	inner, err := econtext.NewVCursorImpl(session, sqlparser.MarginComments{}, nil, nil, nil, p.built, nil, nil, nil, p.config, nil)
	if err != nil {
		return nil, err
	}
	// What USE checks, a plan does not: a session cannot begin without its keyspace.
	// A session without one has the only keyspace, where there is only one.
	if q.Keyspace != "" {
		if err := inner.SetTarget(target); err != nil {
			return nil, err
		}
	}
	return &cursor{VCursorImpl: inner, planner: p}, nil
}

func (c *cursor) Environment() *vtenv.Environment    { return c.planner.env }
func (c *cursor) GetSrvVschema() *vschema.SrvVSchema { return c.planner.srv }

// PlanPrepareStatement plans what a PREPARE holds, which vtgate does without
// making parameters of its literals.
func (c *cursor) PlanPrepareStatement(ctx context.Context, sql string) (*engine.Plan, error) {
	s, err := c.planner.read(sql)
	if err != nil {
		return nil, err
	}
	return c.planner.plan(ctx, c, s, false)
}

// AllKeyspace gives them by name.
func (c *cursor) AllKeyspace() ([]*vindexes.Keyspace, error) {
	all, err := c.VCursorImpl.AllKeyspace()
	slices.SortFunc(all, func(a, b *vindexes.Keyspace) int { return cmp.Compare(a.Name, b.Name) })
	return all, err
}

// FindTableOrVindex says of dual, where there is no keyspace at all, what vtgate
// says elsewhere: here it panics.
func (c *cursor) FindTableOrVindex(name sqlparser.TableName) (*vindexes.BaseTable, vindexes.Vindex, string, topodata.TabletType, key.ShardDestination, error) {
	if len(c.planner.built.Keyspaces) == 0 {
		return nil, nil, "", topodata.TabletType_UNKNOWN, nil, errors.New("no database available")
	}
	return c.VCursorImpl.FindTableOrVindex(name)
}

// ddl lets both kinds of DDL be planned, as vtgate does by default.
type ddl struct{}

func (ddl) OnlineEnabled() bool { return true }
func (ddl) DirectEnabled() bool { return true }
