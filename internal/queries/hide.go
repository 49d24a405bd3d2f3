package queries

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"vitess.io/vitess/go/mysql/datetime"
	"vitess.io/vitess/go/sqltypes"
	"vitess.io/vitess/go/vt/sqlparser"
)

// normalisable finds what vtgate's normaliser refuses. It is not asked itself:
// it prints to standard output where it refuses.
func normalisable(stmt sqlparser.Statement) error {
	return sqlparser.Walk(func(node sqlparser.SQLNode) (bool, error) {
		switch node := node.(type) {
		case *sqlparser.AssignmentExpr:
			return false, unusable("vtgate supports no assignment in an expression")
		case *sqlparser.Literal:
			if !validDate(node) {
				return false, unusable("it has a date or time that is none")
			}
		}
		return true, nil
	}, stmt)
}

func validDate(lit *sqlparser.Literal) bool {
	switch lit.Type {
	case sqlparser.DateVal:
		_, ok := datetime.ParseDate(lit.Val)
		return ok
	case sqlparser.TimeVal:
		_, _, state := datetime.ParseTime(lit.Val, -1)
		return state == datetime.TimeOK
	case sqlparser.TimestampVal:
		_, _, ok := datetime.ParseDateTime(lit.Val, -1)
		return ok
	default:
		return true
	}
}

// strip takes the comments out that mean nothing to a plan.
func strip(stmt sqlparser.Statement) {
	_ = sqlparser.Walk(func(node sqlparser.SQLNode) (bool, error) {
		commented, ok := node.(sqlparser.Commented)
		if !ok || commented.GetParsedComments().Length() == 0 {
			return true, nil
		}
		var kept sqlparser.Comments
		for _, text := range commented.GetParsedComments().GetComments() {
			if text = hint(text); text != "" {
				kept = append(kept, text)
			}
		}
		commented.SetComments(kept)
		return true, nil
	}, stmt)
}

// plain is an argument of a directive or a hint that can be no text of a user.
var plain = regexp.MustCompile(`^[A-Za-z0-9_.,:=@()-]*$`)

// directives are those that a plan or its execution depends on; the others name
// the client and its workload.
var directives = []string{
	sqlparser.DirectiveMultiShardAutocommit, sqlparser.DirectiveSkipQueryPlanCache, sqlparser.DirectiveQueryTimeout,
	sqlparser.DirectiveScatterErrorsAsWarnings, sqlparser.DirectiveIgnoreMaxPayloadSize, sqlparser.DirectiveIgnoreMaxMemoryRows,
	sqlparser.DirectiveAllowScatter, sqlparser.DirectiveAllowHashJoin, sqlparser.DirectiveQueryPlanner, sqlparser.DirectiveConsolidator,
}

// hint is what stays of a comment.
func hint(comment string) string {
	body, isComment := strings.CutSuffix(comment, "*/")
	if !isComment {
		return ""
	}
	if body, ok := strings.CutPrefix(body, "/*vt+"); ok {
		var kept []string
		for _, word := range strings.Fields(body) {
			name, _, _ := strings.Cut(word, "=")
			if plain.MatchString(word) && slices.Contains(directives, strings.ToUpper(name)) {
				kept = append(kept, word)
			}
		}
		if len(kept) == 0 {
			return ""
		}
		return "/*vt+ " + strings.Join(kept, " ") + " */"
	}
	if body, ok := strings.CutPrefix(body, "/*+"); ok && plain.MatchString(strings.Join(strings.Fields(body), "")) {
		return "/*+ " + strings.Join(strings.Fields(body), " ") + " */"
	}
	return ""
}

// hide prints a normalised statement without the literals that vtgate's
// normaliser leaves: those of derived tables with unnamed columns, of VALUES,
// of JSON_TABLE, numbers too large for it, the separator of GROUP_CONCAT, and the
// like. It is false where one cannot be hidden.
func hide(parser *sqlparser.Parser, stmt sqlparser.SQLNode) (string, bool) {
	used := map[string]bool{}
	_ = sqlparser.Walk(func(node sqlparser.SQLNode) (bool, error) {
		switch node := node.(type) {
		case *sqlparser.Argument:
			used[node.Name] = true
		case sqlparser.ListArg:
			used[string(node)] = true
		}
		return true, nil
	}, stmt)
	next := 0
	stmt = sqlparser.Rewrite(stmt, nil, func(cursor *sqlparser.Cursor) bool {
		switch node := cursor.Node().(type) {
		case *sqlparser.Literal:
			if written(node, cursor.Parent()) {
				return true
			}
			name := ""
			for name == "" || used[name] {
				next++
				name = "vtg" + strconv.Itoa(next)
			}
			used[name] = true
			cursor.Replace(variable(name, node))
		case *sqlparser.UnaryExpr:
			// Printed with a variable, N'text' does not parse again.
			if arg, ok := node.Expr.(*sqlparser.Argument); ok && node.Operator == sqlparser.NStringOp {
				cursor.Replace(arg)
			}
		case *sqlparser.AliasedExpr:
			rename(parser, node)
		}
		return true
	})
	return blank(parser, sqlparser.String(stmt))
}

// variable is the bind variable that stands for a literal. Numbers that vtgate
// cannot parameterise are decimals to MySQL.
func variable(name string, lit *sqlparser.Literal) *sqlparser.Argument {
	if arg, err := sqlparser.NewTypedArgumentFromLiteral(name, lit); err == nil {
		return arg
	}
	return &sqlparser.Argument{Name: name, Type: sqltypes.Unknown}
}

// written tells a number that the grammar wants as one.
func written(lit *sqlparser.Literal, parent sqlparser.SQLNode) bool {
	switch parent.(type) {
	case *sqlparser.Order, *sqlparser.GroupBy, *sqlparser.FramePoint:
		return true
	case *sqlparser.AliasedExpr:
		// vtgate makes EXISTS (SELECT 1 ...) of any EXISTS.
		return lit.Type == sqlparser.IntVal && lit.Val == "1"
	}
	return false
}

// rename names a column anew that vtgate has named by its expression, with the
// literals in it: it does so where the expression is about the session or
// was a subquery without a table.
func rename(parser *sqlparser.Parser, column *sqlparser.AliasedExpr) {
	if column.As.IsEmpty() || !aboutSession(column.Expr) && !strings.Contains(column.As.Lowered(), "select ") {
		return
	}
	if named, err := parser.ParseExpr(column.As.String()); err == nil && hasLiteral(named) {
		column.As = sqlparser.NewIdentifierCI(sqlparser.String(column.Expr))
	}
}

func aboutSession(expr sqlparser.Expr) bool {
	return contains(expr, func(node sqlparser.SQLNode) bool {
		arg, ok := node.(*sqlparser.Argument)
		return ok && strings.HasPrefix(arg.Name, "__")
	})
}

func hasLiteral(expr sqlparser.Expr) bool {
	return contains(expr, func(node sqlparser.SQLNode) bool {
		_, ok := node.(*sqlparser.Literal)
		return ok
	})
}

func contains(root sqlparser.SQLNode, is func(sqlparser.SQLNode) bool) bool {
	found := false
	_ = sqlparser.Walk(func(node sqlparser.SQLNode) (bool, error) {
		found = found || is(node)
		return !found, nil
	}, root)
	return found
}

// blank empties the texts that are left, which stand where the grammar takes no
// bind variable.
func blank(parser *sqlparser.Parser, sql string) (string, bool) {
	var out strings.Builder
	tokens := parser.NewStringTokenizer(sql)
	done := 0
	for {
		before := tokens.Pos
		kind, text := tokens.Scan()
		switch kind {
		case sqlparser.LEX_ERROR:
			return "", false
		case 0:
			if done == 0 {
				return sql, true
			}
			out.WriteString(sql[done:])
			return out.String(), true
		case sqlparser.STRING, sqlparser.NCHAR_STRING, sqlparser.HEX, sqlparser.BIT_LITERAL, sqlparser.HEXNUM,
			sqlparser.BITNUM, sqlparser.FLOAT, sqlparser.DECIMAL:
			if kind == sqlparser.STRING && text == "" {
				continue
			}
			start := before + len(sql[before:]) - len(strings.TrimLeft(sql[before:], " \n\r\t"))
			out.WriteString(sql[done:start])
			out.WriteString("''")
			done = tokens.Pos
		}
	}
}
