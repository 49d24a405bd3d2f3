package compile

import (
	"slices"

	"vitess.io/vitess/go/mysql/config"
	"vitess.io/vitess/go/vt/proto/topodata"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"
	"vitess.io/vitess/go/vt/proto/vtrpc"
	"vitess.io/vitess/go/vt/sqlparser"
	"vitess.io/vitess/go/vt/vtenv"
	"vitess.io/vitess/go/vt/vterrors"
	"vitess.io/vitess/go/vt/vtgate/engine"
	econtext "vitess.io/vitess/go/vt/vtgate/executorcontext"
	"vitess.io/vitess/go/vt/vtgate/planbuilder/plancontext"

	"github.com/vtsync/vtsync/internal/impact"
)

// Flags are those of a vtgate's command line that decide how it plans. The zero
// value is a vtgate without any; but it follows shard routing rules: where there are
// some, somebody has had the vtgates follow them.
type Flags struct {
	NoScatter          bool   // --no-scatter
	NoShardRouting     bool   // without --enable-partial-keyspace-migration
	NoViews            bool   // --enable-views=false
	NoSystemSettings   bool   // --enable-system-settings=false
	NoForeignKeys      bool   // --foreign-key-mode=disallow
	PlannerVersion     string // --planner-version
	MySQLServerVersion string // --mysql-server-version
}

// mysqlVersion is what a vtgate says it is, and writes into plans, unless
// --mysql-server-version tells it otherwise.
const mysqlVersion = config.DefaultMySQLVersion + "-Vitess"

func (f Flags) mysqlVersion() string {
	if f.MySQLServerVersion != "" {
		return f.MySQLServerVersion
	}
	return mysqlVersion
}

// config is what vtgate's Executor.initVConfig makes of its flags.
func (f Flags) config(env *vtenv.Environment) econtext.VCursorConfig {
	planner, _ := plancontext.PlannerNameToVersion(f.PlannerVersion) // else vtgate's default
	out := econtext.VCursorConfig{
		Collation:          env.CollationEnv().DefaultConnectionCharset(),
		DefaultTabletType:  topodata.TabletType_PRIMARY,
		PlannerVersion:     planner,
		SetVarEnabled:      !f.NoSystemSettings,
		EnableViews:        !f.NoViews,
		EnableShardRouting: !f.NoShardRouting,
	}
	if f.NoForeignKeys {
		out.ForeignKeyMode = vschemapb.Keyspace_disallow
	}
	return out
}

const scatterRefused = "plan includes scatter, which is disallowed using the `no-scatter` command line argument"

// Explained is what becomes of a plan of VEXPLAIN's, which shows what --no-scatter
// refuses.
func (p *Planner) Explained(q impact.Query, plan impact.Plan) impact.Plan {
	if !p.flags.NoScatter || plan.Tree == nil || !scatters(*plan.Tree) {
		return plan
	}
	if s, failed := p.parse(q.SQL); failed != nil || sqlparser.AllowScatterDirective(s.ast) {
		return plan
	}
	return impact.Plan{Err: &impact.Error{Text: scatterRefused}}
}

func scatters(n impact.Node) bool {
	return n.Operator == "Route" && n.Variant == engine.Scatter.String() || slices.ContainsFunc(n.Inputs, scatters)
}

// check refuses a plan as vtgate's Executor.checkThatPlanIsValid does.
func (f Flags) check(ast sqlparser.Statement, plan *engine.Plan) error {
	if !f.NoScatter || plan.Instructions == nil || sqlparser.AllowScatterDirective(ast) {
		return nil
	}
	if engine.Find(func(p engine.Primitive) bool {
		route, ok := p.(*engine.Route)
		return ok && route.Opcode == engine.Scatter
	}, plan.Instructions) == nil {
		return nil
	}
	return vterrors.New(vtrpc.Code_INVALID_ARGUMENT, scatterRefused)
}
