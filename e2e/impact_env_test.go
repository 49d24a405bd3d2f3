package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"google.golang.org/protobuf/proto"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/compile"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/vtgate"
	"github.com/vtsync/vtsync/lab/cluster"
)

// planners is a lab of one cell and one vtgate, to be asked for plans.
type planners struct {
	*env
	gate   cluster.VTGate
	served int // how many routings it has been given
}

func newPlanners(t *testing.T) *planners { return newPlannersOf(t, cluster.V24) }

func newPlannersOf(t *testing.T, release cluster.Release) *planners {
	t.Helper()
	c := cluster.StartT(t, cluster.Options{Cells: []string{"zone1"}, VTGateRelease: release})
	return &planners{env: &env{Cluster: c, t: t}, gate: c.VTGates()[0]}
}

// serve has the vtgate serve a routing, written into its cell as it is. A rule
// about a table that nobody asks for tells it from those before it.
func (p *planners) serve(srv *vschema.SrvVSchema) {
	p.t.Helper()
	p.served++
	mark := fmt.Sprintf("served_%d", p.served)
	srv = proto.CloneOf(srv)
	if srv.RoutingRules == nil {
		srv.RoutingRules = &vschemapb.RoutingRules{}
	}
	srv.RoutingRules.Rules = append(srv.RoutingRules.Rules, &vschemapb.RoutingRule{FromTable: mark})
	raw, err := vschema.EncodeSrv(srv)
	if err != nil {
		p.t.Fatal(err)
	}
	p.put("zone1", p.srvKey("zone1"), string(raw))
	p.eventually("the vtgate serves what was written", func() error {
		page, err := p.Debug(p.t.Context(), p.gate, "vschema")
		if err != nil {
			return err
		}
		var serves struct {
			Rules map[string]json.RawMessage `json:"routing_rules"`
		}
		if err := json.Unmarshal(page, &serves); err != nil {
			return err
		}
		if _, ok := serves.Rules[mark]; !ok {
			return fmt.Errorf("it does not know %s", mark)
		}
		return nil
	})
}

var vitessCode = regexp.MustCompile(`^(VT\d{5}): `)

// ask is the vtgate's plan of a query, by VEXPLAIN PLAN of its text as it is.
func (p *planners) ask(q impact.Query) impact.Plan {
	p.t.Helper()
	session := q.Keyspace
	if q.TabletType != "" {
		session += "@" + q.TabletType
	}
	rows, err := p.gate.Query(p.t.Context(), session, "vexplain plan "+q.SQL)
	var refused *mysql.MySQLError
	switch {
	case errors.As(err, &refused):
		out := &impact.Error{Text: refused.Message}
		if m := vitessCode.FindStringSubmatch(out.Text); m != nil {
			out.Code, out.Text = m[1], strings.TrimPrefix(out.Text, m[0])
		}
		return impact.Plan{Err: out}
	case err != nil:
		// The connection is gone, which is what a panic looks like from outside;
		// that the vtgate is not is seen by the next query.
		return impact.Plan{Err: &impact.Error{Text: panics}}
	}
	tree := new(impact.Node)
	if err := json.Unmarshal([]byte(rows[0][0]), tree); err != nil {
		p.t.Fatalf("%s: the plan cannot be read: %v\n%s", q.SQL, err, rows[0][0])
	}
	return impact.Plan{Tree: tree}
}

const panics = "vtgate's planner panics"

// samePlan says how our plan differs from the vtgate's; it is empty where it does
// not. Trees are compared as they are. An error is compared by its code and text,
// but for what the question itself puts into the text: VEXPLAIN moves the
// positions of syntax errors, ours come without the text near them, and a panic
// has no words of the vtgate's.
func samePlan(theirs, ours impact.Plan) string {
	said, say := errorText(theirs.Err), errorText(ours.Err)
	switch {
	case said != say:
		return fmt.Sprintf("the vtgate says %q, vtsync %q", said, say)
	case theirs.Err != nil, theirs.Tree == nil && ours.Tree == nil:
		return ""
	case theirs.Tree == nil || ours.Tree == nil || !theirs.Tree.Equal(*ours.Tree):
		return fmt.Sprintf("the vtgate's plan:\n%s\nours:\n%s", indented(theirs.Tree), indented(ours.Tree))
	}
	return ""
}

func errorText(e *impact.Error) string {
	switch {
	case e == nil:
		return ""
	case strings.HasPrefix(e.Text, "syntax error at"):
		return "syntax error"
	case strings.HasPrefix(e.Text, panics):
		return panics
	}
	said := impact.Error{Code: e.Code, Text: e.Text} // no vtgate says which columns it lacks
	return said.String()
}

func indented(n *impact.Node) string {
	text, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (p *planners) planner(srv *vschema.SrvVSchema) *compile.Planner {
	p.t.Helper()
	planner, err := compile.New(compile.Input{Routing: srv})
	if err != nil {
		p.t.Fatal(err)
	}
	return planner
}

// reader asks the vtgate as vtsync does.
func (p *planners) reader() *vtgate.Reader {
	p.t.Helper()
	reader, err := vtgate.New(vtgate.Target{HTTP: p.gate.HTTP})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = reader.Close() })
	return reader
}
