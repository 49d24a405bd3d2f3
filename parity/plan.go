package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	querypb "vitess.io/vitess/go/vt/proto/query"
	topodatapb "vitess.io/vitess/go/vt/proto/topodata"
	vtgatepb "vitess.io/vitess/go/vt/proto/vtgate"
	"vitess.io/vitess/go/vt/sqlparser"
	"vitess.io/vitess/go/vt/vtenv"
	econtext "vitess.io/vitess/go/vt/vtgate/executorcontext"
	"vitess.io/vitess/go/vt/vtgate/planbuilder"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

// planner plans statements as a vtgate with one VSchema does.
type planner struct {
	env     *vtenv.Environment
	srv     *vschema.SrvVSchema
	vschema *vindexes.VSchema
}

// planAll plans the plainest statements of every table, and gives the first
// failure, or "".
func (p planner) planAll() string {
	for _, ks := range slices.Sorted(maps.Keys(p.srv.Keyspaces)) {
		tables := p.srv.Keyspaces[ks].GetTables()
		for _, name := range slices.Sorted(maps.Keys(tables)) {
			if name == "" {
				continue // no statement can name it
			}
			for _, sql := range statements(name, tables[name], p.vschema.Keyspaces[ks].Tables[name]) {
				if err := p.plan(ks, sql); err != nil {
					return fmt.Sprintf("%s: %s: %v", ks, sql, err)
				}
			}
		}
	}
	return ""
}

// statements are what nearly every application asks of a table.
func statements(name string, t *vschema.Table, built *vindexes.BaseTable) []string {
	quoted := sqlparser.String(sqlparser.NewIdentifierCS(name))
	if t.Type == vindexes.TypeSequence {
		return []string{fmt.Sprintf("select next 3 values from %s", quoted)}
	}
	out := []string{"select 1 from " + quoted, "select count(*) from " + quoted}
	if t.Type == vindexes.TypeReference {
		return out // written where its source is, if at all
	}
	var keys []string // columns that route, each once
	for _, cv := range built.ColumnVindexes {
		var match []string
		for _, c := range cv.Columns {
			column := sqlparser.String(c)
			match = append(match, column+" = 1")
			if !slices.Contains(keys, column) {
				keys = append(keys, column)
			}
		}
		where := strings.Join(match, " and ")
		// The first column alone finds rows by a vindex over several.
		out = append(out,
			fmt.Sprintf("select 1 from %s where %s", quoted, where),
			fmt.Sprintf("select 1 from %s where %s", quoted, match[0]),
			fmt.Sprintf("delete from %s where %s", quoted, where))
	}
	plain := plainColumn(t, keys)
	insert := slices.Clone(keys)
	if plain != "" {
		insert = append(insert, plain)
		out = append(out, fmt.Sprintf("update %s set %s = 2", quoted, plain))
	}
	if len(insert) > 0 {
		values := strings.Repeat(", 1", len(insert))[2:]
		out = append(out, fmt.Sprintf("insert into %s(%s) values (%s)", quoted, strings.Join(insert, ", "), values))
	}
	return out
}

// plainColumn is a column of the table that no vindex uses, or "" where the
// table lists its columns and there is none.
func plainColumn(t *vschema.Table, keys []string) string {
	for _, c := range t.Columns {
		column := sqlparser.String(sqlparser.NewIdentifierCI(c.Name))
		if !slices.ContainsFunc(keys, func(k string) bool { return strings.EqualFold(k, column) }) {
			return column
		}
	}
	if t.ColumnListAuthoritative {
		return ""
	}
	return "a_plain_column"
}

// plan plans one statement; a panic of the planner is its error.
func (p planner) plan(ks, sql string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the planner panics: %v", r)
		}
	}()
	session := econtext.NewSafeSession(&vtgatepb.Session{TargetString: ks, Autocommit: true})
	cursor, err := econtext.NewVCursorImpl(session, sqlparser.MarginComments{}, nil, nil, nil, p.vschema, nil, nil, nil, econtext.VCursorConfig{
		Collation:         p.env.CollationEnv().DefaultConnectionCharset(),
		DefaultTabletType: topodatapb.TabletType_PRIMARY,
		SetVarEnabled:     true,
		EnableViews:       true,
	}, nil)
	if err != nil {
		return err
	}
	with := &planning{VCursorImpl: cursor, planner: p}
	stmt, known, err := p.env.Parser().Parse2(sql)
	if err != nil {
		return err
	}
	vars := sqlparser.NewReservedVars("vtg", known)
	rewritten, err := sqlparser.Normalize(stmt, vars, map[string]*querypb.BindVariable{}, true, cursor.GetKeyspace(), sqlparser.SQLSelectLimitUnset, "", nil, nil, with)
	if err != nil {
		return err
	}
	_, err = planbuilder.BuildFromStmt(context.Background(), sqlparser.String(rewritten.AST), rewritten.AST, vars, with, rewritten.BindVarNeeds, noDDL{})
	return err
}

// planning is a session of vtgate's without an executor behind it.
type planning struct {
	*econtext.VCursorImpl
	planner planner
}

// Environment is the executor's, which there is not.
func (p *planning) Environment() *vtenv.Environment { return p.planner.env }

// GetSrvVschema is the executor's too.
func (p *planning) GetSrvVschema() *vschema.SrvVSchema { return p.planner.srv }

type noDDL struct{}

func (noDDL) OnlineEnabled() bool { return false }
func (noDDL) DirectEnabled() bool { return false }
