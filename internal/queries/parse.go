package queries

import (
	"regexp"
	"strconv"
	"strings"

	"vitess.io/vitess/go/sqltypes"
	querypb "vitess.io/vitess/go/vt/proto/query"
	"vitess.io/vitess/go/vt/sqlparser"
)

// Parse parses a query, and gives the bind variables of a normalised one the
// types that its text names, which Vitess's parser does not read: a comment
// behind the variable, or a cast around it.
func Parse(parser *sqlparser.Parser, sql string) (sqlparser.Statement, sqlparser.BindVars, error) {
	stmt, known, err := parser.Parse2(sql)
	if err != nil {
		return nil, nil, err
	}
	if len(known) == 0 {
		return stmt, known, nil
	}
	types := typesIn(parser, sql)
	out := sqlparser.Rewrite(stmt, nil, func(cursor *sqlparser.Cursor) bool {
		switch node := cursor.Node().(type) {
		case *sqlparser.Argument:
			if t, ok := types[node.Name]; ok && node.Type == sqltypes.Unknown {
				node.Type, node.Size, node.Scale = t.Type, t.Size, t.Scale
			}
		case *sqlparser.CastExpr:
			if arg := typedByCast(node); arg != nil {
				cursor.Replace(arg)
			}
		}
		return true
	})
	return out.(sqlparser.Statement), known, nil
}

var typeComment = regexp.MustCompile(`^/\* ([A-Z][A-Z0-9_]*)(?:\((\d+)(?:,(\d+))?\))? \*/$`)

// typesIn reads the comments that stand right behind bind variables.
func typesIn(parser *sqlparser.Parser, sql string) map[string]sqlparser.Argument {
	types := map[string]sqlparser.Argument{}
	tokens := parser.NewStringTokenizer(sql)
	last := ""
	for {
		kind, text := tokens.Scan()
		switch kind {
		case 0, sqlparser.LEX_ERROR:
			return types
		case sqlparser.VALUE_ARG:
			last = text[1:]
			continue
		case sqlparser.COMMENT:
			if arg, ok := typeOf(text); ok && last != "" {
				types[last] = arg
			}
		}
		last = ""
	}
}

func typeOf(comment string) (sqlparser.Argument, bool) {
	m := typeComment.FindStringSubmatch(comment)
	if m == nil {
		return sqlparser.Argument{}, false
	}
	t, ok := querypb.Type_value[m[1]]
	if !ok {
		return sqlparser.Argument{}, false
	}
	size, _ := strconv.ParseInt(m[2], 10, 32)
	scale, _ := strconv.ParseInt(m[3], 10, 32)
	return sqlparser.Argument{Type: sqltypes.Type(t), Size: int32(size), Scale: int32(scale)}, true
}

// typedByCast is the bind variable inside a cast, where the cast is how Vitess
// prints the variable's type.
func typedByCast(node *sqlparser.CastExpr) *sqlparser.Argument {
	arg, ok := node.Expr.(*sqlparser.Argument)
	if !ok || arg.Type != sqltypes.Unknown || node.Array || node.Type == nil || node.Type.Charset.Name != "" {
		return nil
	}
	number := func(n *int) int32 {
		if n == nil {
			return 0
		}
		return int32(*n)
	}
	typed := &sqlparser.Argument{Name: arg.Name, Size: number(node.Type.Length), Scale: number(node.Type.Scale)}
	switch strings.ToLower(node.Type.Type) {
	case "decimal":
		typed.Type = sqltypes.Decimal
	case "unsigned":
		typed.Type = sqltypes.Uint64
	case "double":
		typed.Type = sqltypes.Float64
	case "float":
		typed.Type = sqltypes.Float32
	case "datetime":
		typed.Type = sqltypes.Datetime
	case "date":
		typed.Type = sqltypes.Date
	case "time":
		typed.Type = sqltypes.Time
	default:
		return nil
	}
	// Only a type that prints as this cast again is the one that was printed.
	if strings.EqualFold(sqlparser.String(typed), sqlparser.String(node)) {
		return typed
	}
	return nil
}
