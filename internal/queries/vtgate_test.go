package queries_test

import (
	"bytes"
	"errors"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
	"vitess.io/vitess/go/sqltypes"
	"vitess.io/vitess/go/streamlog"
	querypb "vitess.io/vitess/go/vt/proto/query"
	"vitess.io/vitess/go/vt/vtgate/logstats"

	"github.com/vtsync/vtsync/internal/impact"
)

// TestVTGateWritesIt: what is read is what vtgate's own code writes, in both
// forms, redacted or not, with names and texts that get in the way.
func TestVTGateWritesIt(t *testing.T) {
	for _, form := range []string{streamlog.QueryLogFormatText, streamlog.QueryLogFormatJSON} {
		for _, redacted := range []bool{false, true} {
			var out bytes.Buffer
			config := streamlog.NewQueryLogConfigForTest()
			config.Format, config.RedactDebugUIQueries = form, redacted
			for _, awkward := range []string{"plain", "a\tb", `"SQL": "x"`, `\`, "\x80\x00\a", "x', \"ActiveKeyspace\": \"no"} {
				s := logstats.NewLogStats(t.Context(), "Execute", byID, awkward, map[string]*querypb.BindVariable{
					"SQL": sqltypes.StringBindVariable(awkward), "TabletType": sqltypes.StringBindVariable(awkward), "ActiveKeyspace": sqltypes.Int64BindVariable(5),
				}, config)
				s.TabletType, s.ActiveKeyspace, s.Error, s.TablesUsed = "REPLICA", "shop", errors.New(awkward), []string{"shop.t", awkward}
				if err := s.Logf(&out, url.Values{"full": nil}); err != nil {
					t.Fatal(err)
				}
			}
			c := read(t, out.String())
			want := []impact.Query{{SQL: byID, Keyspace: "shop", TabletType: "replica", Executions: 6}}
			if diff := cmp.Diff(want, c.Queries()); diff != "" || len(c.Notes()) > 0 {
				t.Errorf("%s, redacted %t (-want +got):\n%s\nnotes %q", form, redacted, diff, c.Notes())
			}
		}
	}
}
