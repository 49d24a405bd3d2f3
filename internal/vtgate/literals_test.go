package vtgate

import (
	"testing"

	querypb "vitess.io/vitess/go/vt/proto/query"
	"vitess.io/vitess/go/vt/sqlparser"

	"github.com/vtsync/vtsync/internal/queries"
)

// What vtgate's normaliser makes of the literals is the text that they came from.
func TestVexplainPlanKeepsTypesOfBindVariables(t *testing.T) {
	for _, sql := range []string{
		"select a from t where id = :id /* INT64 */ and a in ::vtg1 and b = :b /* VARCHAR */",
		"select :vtg1 /* INT64 */, :vtg2 /* INT64 */, :vtg1 /* INT64 */ from t limit :vtg3 /* INT64 */",
		"select :vtg1 /* DECIMAL(3,2) */, :vtg2 /* DECIMAL(2,2) */ from t",
		"select :vtg1 /* HEXNUM */, :vtg2 /* HEXVAL */, :vtg3 /* BITNUM */ from t",
		"select CAST(:vtg1 AS DATE), CAST(:vtg2 AS TIME(3)), CAST(:vtg3 AS DATETIME(6)), CAST(:vtg4 AS DATETIME) from t",
		"select CAST(:vtg1 AS DOUBLE), cast(:v1 as SIGNED) from t",
		"insert into t(a, b) values (:vtg1 /* INT64 */, :vtg2 /* VARCHAR */), (:vtg3 /* INT64 */, null)",
		"update t set a = :a /* VARCHAR */ where id = :id /* INT64 */ and c = :v1",
		"select a from t group by :vtg1 /* INT64 */ order by :vtg2 /* INT64 */ asc", // no positions
	} {
		text, err := vexplainPlan(sql)
		if err != nil {
			t.Fatal(err)
		}
		parser, err := sqlParser()
		if err != nil {
			t.Fatal(err)
		}
		stmt, known, err := queries.Parse(parser, text)
		if err != nil {
			t.Fatal(err)
		}
		normal, err := sqlparser.Normalize(stmt, sqlparser.NewReservedVars("vtg", known), map[string]*querypb.BindVariable{}, true, "", sqlparser.SQLSelectLimitUnset, "", nil, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := sqlparser.String(normal.AST.(*sqlparser.VExplainStmt).Statement); got != sql {
			t.Errorf("sent as  %s\nplanned as %s\nwant       %s", text, got, sql)
		}
	}
}
