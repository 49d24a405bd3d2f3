package vtgate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	vtgatepb "vitess.io/vitess/go/vt/proto/vtgate"
	vtrpcpb "vitess.io/vitess/go/vt/proto/vtrpc"

	"github.com/vtsync/vtsync/internal/impact"
)

// planner is a vtgate's gRPC service that plans every query alike.
type planner struct {
	fakeGRPC
	asked []string
}

func (p *planner) Execute(_ context.Context, req *vtgatepb.ExecuteRequest) (*vtgatepb.ExecuteResponse, error) {
	p.asked = append(p.asked, req.GetSession().GetTargetString()+": "+req.GetQuery().GetSql())
	return p.answer, p.err
}

func TestExplainOverGRPC(t *testing.T) {
	refusal := func(code vtrpcpb.Code, text string) *vtgatepb.ExecuteResponse {
		return &vtgatepb.ExecuteResponse{Error: &vtrpcpb.RPCError{Code: code, Message: text}}
	}
	for _, tc := range []struct {
		name    string
		answer  *vtgatepb.ExecuteResponse
		err     error
		refused *impact.Error // of the plan
		failed  string        // why nobody knows
	}{
		{name: "a plan", answer: result([]string{"JSON"}, []string{`{"OperatorType":"Route","Variant":"Scatter"}`})},
		{name: "no plan", answer: refusal(vtrpcpb.Code_UNIMPLEMENTED, "VT12001: unsupported: it"), refused: &impact.Error{Code: "VT12001", Text: "unsupported: it"}},
		{name: "a bug", answer: refusal(vtrpcpb.Code_INTERNAL, "VT13001: [BUG] %T here%!(EXTRA *sqlparser.Select=&{0x8cad36})"), refused: &impact.Error{Code: "VT13001", Text: "[BUG] %T here"}},
		{name: "no table", answer: refusal(vtrpcpb.Code_UNKNOWN, "table t not found"), refused: &impact.Error{Text: "table t not found"}},
		{name: "not now", answer: refusal(vtrpcpb.Code_UNAVAILABLE, "starting"), failed: "UNAVAILABLE: starting"},
		{name: "nothing connected", answer: refusal(vtrpcpb.Code_UNKNOWN, "VT14002: no available connection"), failed: "VT14002"},
		{name: "no service", err: errors.New("gone"), failed: "gone"},
		{name: "no rows", answer: result([]string{"JSON"}), failed: "not the one value"},
		{name: "no JSON", answer: result([]string{"JSON"}, []string{"Route"}), failed: "its plan cannot be read"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			double := &planner{fakeGRPC: fakeGRPC{answer: tc.answer, err: tc.err}}
			port := serveGRPC(t, double)
			r := readerOf(t, Target{HTTP: pages(t, map[string]http.HandlerFunc{
				"/debug/vars": text(fmt.Sprintf(`{"cmdline":["vtgate","--grpc-port=%d"]}`, port)),
			})})
			got, err := r.Explain(t.Context(), impact.Query{SQL: "select a from t where b = :vtg1", Keyspace: "ks", TabletType: "replica"})
			if (err != nil) != (tc.failed != "") || err != nil && !strings.Contains(err.Error(), tc.failed) {
				t.Errorf("error %v, want %q", err, tc.failed)
			}
			if !reflect.DeepEqual(got.Err, tc.refused) {
				t.Errorf("refused: %+v, want %+v", got.Err, tc.refused)
			}
			if (got.Tree != nil) != (tc.refused == nil && tc.failed == "") || got.Tree != nil && got.Tree.Variant != "Scatter" {
				t.Errorf("tree %+v", got.Tree)
			}
			if want := "ks@replica: vexplain plan select a from t where b = :vtg1"; strings.Join(double.asked, "|") != want {
				t.Errorf("asked %q, want %q", double.asked, want)
			}
		})
	}
}

func TestExplainAsksNobody(t *testing.T) {
	r := readerOf(t, Target{HTTP: pages(t, map[string]http.HandlerFunc{"/debug/vars": text(`{"cmdline":["vtgate"]}`)})})
	for sql, want := range map[string]string{
		"select a from t":  errNoSQL.Error(),
		"drop table t4711": ErrNotExplained.Error(),
		"select 4711 4711": "it is not one statement",
	} {
		_, err := r.Explain(t.Context(), impact.Query{SQL: sql})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "4711") {
			t.Errorf("%s: %v, want %q", sql, err, want)
		}
	}
}
