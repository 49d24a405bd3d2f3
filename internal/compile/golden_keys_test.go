package compile

import (
	"strings"
	"testing"

	"vitess.io/vitess/go/vt/sqlparser"
	"vitess.io/vitess/go/vt/vtgate/vindexes"
)

// goldenForeignKeys are those that Vitess's tests add: keyspace, child, its
// columns, parent, its columns, on update, on delete.
const goldenForeignKeys = `
sharded_fk_allow multicol_tbl2 colb,cola,x,colc,y multicol_tbl1 colb,cola,y,colc,x Cascade Cascade
sharded_fk_allow tbl2 col2 tbl1 col1 Restrict Restrict
sharded_fk_allow tbl2 col2,col tbl1 col1,col Restrict Restrict
sharded_fk_allow tbl3 coly tbl1 t1col1 DefaultAction DefaultAction
sharded_fk_allow tbl10 sk,col tbl2 col2,col Restrict Restrict
sharded_fk_allow tbl10 col tbl3 col Restrict Restrict
sharded_fk_allow tbl4 col4 tbl5 col5 SetNull Cascade
sharded_fk_allow tbl4 t4col4 tbl5 t5col5 SetNull Cascade
sharded_fk_allow tbl5 col5 tbl8 col8 SetNull SetNull
sharded_fk_allow tbl4 col_ref tbl9 col9 SetNull SetNull
sharded_fk_allow tbl6 col6 tbl7 col7 NoAction NoAction
sharded_fk_allow tbl6 t6col6 tbl7 t7col7 NoAction NoAction
sharded_fk_allow tbl6 t6col62 tbl7 t7col72 NoAction NoAction
sharded_fk_allow tblrefDef ref tbl20 col2 SetDefault SetDefault
sharded_fk_allow tbl_auth id tbl20 col2 Cascade Cascade
unsharded_fk_allow u_tbl2 col2 u_tbl1 col1 Cascade Cascade
unsharded_fk_allow u_tbl9 col9 u_tbl1 col1 SetNull NoAction
unsharded_fk_allow u_tbl4 col41 u_tbl1 col14 NoAction NoAction
unsharded_fk_allow u_tbl3 col3 u_tbl2 col2 SetNull SetNull
unsharded_fk_allow u_tbl4 col4 u_tbl3 col3 Restrict Restrict
unsharded_fk_allow u_tbl6 col6 u_tbl5 col5 DefaultAction DefaultAction
unsharded_fk_allow u_tbl8 col8 u_tbl9 col9 SetNull SetNull
unsharded_fk_allow u_tbl8 col8 u_tbl6 col6 Cascade Cascade
unsharded_fk_allow u_tbl4 col4 u_tbl7 col7 Cascade Cascade
unsharded_fk_allow u_tbl9 col9 u_tbl4 col4 Restrict Restrict
unsharded_fk_allow u_tbl11 col u_tbl10 col Cascade Cascade
unsharded_fk_allow u_tbl col sharded_fk_allow.s_tbl col Restrict Restrict
unsharded_fk_allow u_multicol_tbl2 cola,colb u_multicol_tbl1 cola,colb SetNull SetNull
unsharded_fk_allow u_multicol_tbl3 cola,colb u_multicol_tbl2 cola,colb Cascade Cascade
unsharded_fk_allow u_tbl12 parent_id u_tbl12 id Restrict Restrict
`

var actions = map[string]sqlparser.ReferenceAction{
	"Cascade": sqlparser.Cascade, "Restrict": sqlparser.Restrict, "NoAction": sqlparser.NoAction,
	"SetNull": sqlparser.SetNull, "SetDefault": sqlparser.SetDefault, "DefaultAction": sqlparser.DefaultAction,
}

// foreignKeys adds them, and the primary and unique keys of their tables.
func foreignKeys(t *testing.T, v *vindexes.VSchema) {
	t.Helper()
	for line := range strings.Lines(strings.TrimSpace(goldenForeignKeys)) {
		w := strings.Fields(line)
		parentKeyspace, parent, qualified := strings.Cut(w[3], ".")
		if !qualified {
			parentKeyspace, parent = "", w[3]
		}
		def := &sqlparser.ForeignKeyDefinition{
			Source: columns(w[2]),
			ReferenceDefinition: &sqlparser.ReferenceDefinition{
				ReferencedTable: sqlparser.NewTableNameWithQualifier(parent, parentKeyspace), ReferencedColumns: columns(w[4]),
				OnUpdate: actions[w[5]], OnDelete: actions[w[6]],
			},
		}
		if err := v.AddForeignKey(w[0], w[1], def); err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range strings.Fields("tbl1 tbl2 tbl3 tbl4 tbl5 tbl6 tbl7 tbl9 tbl10 multicol_tbl1 multicol_tbl2 tbl_auth tblrefDef tbl20") {
		addKey(t, v, "sharded_fk_allow."+table+" id")
	}
	for _, table := range strings.Fields("u_tbl1 u_tbl2 u_tbl3 u_tbl4 u_tbl5 u_tbl6 u_tbl7 u_tbl8 u_tbl9 u_tbl10 u_tbl11 u_tbl12 u_multicol_tbl1 u_multicol_tbl2 u_multicol_tbl3") {
		addKey(t, v, "unsharded_fk_allow."+table+" id")
	}
	col := func(name string) sqlparser.Expr { return sqlparser.NewColName(name) }
	product := &sqlparser.BinaryExpr{Operator: sqlparser.MultOp, Left: col("col9"), Right: col("foo")}
	for _, key := range []struct {
		table string
		exprs []sqlparser.Expr
	}{
		{"u_tbl9", []sqlparser.Expr{col("col9")}},
		{"u_tbl9", []sqlparser.Expr{product}},
		{"u_tbl9", []sqlparser.Expr{col("col9"), col("foo")}},
		{"u_tbl9", []sqlparser.Expr{col("foo"), col("bar")}},
		{"u_tbl9", []sqlparser.Expr{col("bar"), col("col9")}},
		{"u_tbl8", []sqlparser.Expr{col("col8")}},
	} {
		if err := v.AddUniqueKey("unsharded_fk_allow", key.table, key.exprs); err != nil {
			t.Fatal(err)
		}
	}
}

func columns(names string) sqlparser.Columns {
	return sqlparser.MakeColumns(strings.Split(names, ",")...)
}
