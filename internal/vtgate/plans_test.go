package vtgate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

const cached = `{
 "insert into t(a) values (:vtg1)": {
  "Type": "MultiShard",
  "Original": "insert into t(a) values (:vtg1)",
  "Instructions": {"OperatorType": "Insert", "Variant": "Sharded", "Keyspace": {"Name": "ks", "Sharded": true}},
  "ExecCount": 12, "ExecTime": 4000, "ShardQueries": 20, "RowsAffected": 11, "Errors": 1,
  "TablesUsed": ["ks.t"]
 },
 "select \u003c from nothing": {"Type": "Local", "QueryType": "OTHER"}
}`

func TestQueryPlans(t *testing.T) {
	plans, err := readPlans(t, text(cached), maxPlans, long)
	if err != nil || len(plans) != 2 {
		t.Fatalf("%d plans, %v", len(plans), err)
	}
	p := plans[0]
	if p.SQL != "insert into t(a) values (:vtg1)" || p.ExecCount != 12 || p.ShardQueries != 20 || p.Errors != 1 || !slices.Equal(p.TablesUsed, []string{"ks.t"}) {
		t.Errorf("got %+v", p)
	}
	if n := p.Instructions; n == nil || n.Operator != "Insert" || n.Variant != "Sharded" || n.Keyspace != "ks" || !n.Sharded {
		t.Errorf("instructions %+v", p.Instructions)
	}
	if odd := plans[1]; odd.SQL != "select < from nothing" || odd.Instructions != nil || odd.ExecCount != 0 {
		t.Errorf("an entry without a plan: %+v", odd)
	}
	if empty, err := readPlans(t, text("{}"), maxPlans, long); err != nil || len(empty) != 0 {
		t.Errorf("an empty cache: %v, %v", empty, err)
	}
}

func TestQueryPlansTellsSilenceFromRefusal(t *testing.T) {
	const literal = "4711"
	for _, tc := range []struct {
		name    string
		page    http.HandlerFunc
		want    string
		refused bool
	}{
		{"denied", status(http.StatusForbidden, "Access denied: not allowed\nmore"), "access denied: Access denied: not allowed", true},
		{"elsewhere", status(http.StatusNotFound, ""), "404 Not Found", true},
		{"not JSON", text("json: unsupported value " + literal), "it is no list of plans (at byte", true},
		{"a list", text("[]"), "it is no list of plans", true},
		{"an entry of another form", text(`{"select ` + literal + `": ` + literal + `}`), "it is no list of plans", true},
		{"a count of another form", text(`{"select 1": {"ExecCount": "` + literal + `"}}`), "it is no list of plans", true},
		{"ends in the middle", text(cached[:200]), "it is no list of plans", true},
		{"too large", text("{" + strings.Repeat(" ", 2000) + cached[1:]), "it is larger than 1000 bytes", true},
		{"cut in the middle", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "900")
			fmt.Fprint(w, cached[:200])
		}, "unexpected EOF", false},
		{"hangs in the middle", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, cached[:200])
			http.NewResponseController(w).Flush()
			hang(w, r)
		}, errNoAnswer.Error(), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			timeout := long
			if tc.want == errNoAnswer.Error() {
				timeout = short
			}
			plans, err := readPlans(t, tc.page, 1000, timeout)
			if err == nil || plans != nil || !strings.Contains(err.Error(), tc.want) || Refused(err) != tc.refused {
				t.Errorf("got %v, %v (refused %v), want %q (refused %v)", plans, err, Refused(err), tc.want, tc.refused)
			}
			if err != nil && strings.Contains(err.Error(), literal) {
				t.Errorf("the error quotes the page: %v", err)
			}
		})
	}
}

func readPlans(t *testing.T, page http.HandlerFunc, limit int64, timeout time.Duration) ([]QueryPlan, error) {
	t.Helper()
	r := readerOf(t, Target{HTTP: pages(t, map[string]http.HandlerFunc{plansPath: page})})
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	return r.readPlans(ctx, limit)
}

// TestSilentForPlans: a vtgate that does not answer keeps nobody longer than any
// other reading does, though its plans are given more time.
func TestSilentForPlans(t *testing.T) {
	r := readerOf(t, Target{HTTP: pages(t, map[string]http.HandlerFunc{vschemaPath: hang, plansPath: hang})})
	r.timeout = short / 10
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	plans, err := r.QueryPlans(ctx)
	if plans != nil || !errors.Is(err, errNoAnswer) || Refused(err) || ctx.Err() != nil {
		t.Errorf("got %v, %v (context: %v)", plans, err, ctx.Err())
	}
}
