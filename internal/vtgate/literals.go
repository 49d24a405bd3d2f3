package vtgate

import (
	"fmt"
	"strconv"
	"strings"

	"vitess.io/vitess/go/sqltypes"
	"vitess.io/vitess/go/vt/sqlparser"
)

// withLiterals puts a literal in the place of each bind variable whose type is
// known. vtgate reads no types in a text and plans depend on them; of a literal it
// makes a bind variable of that type, by the same name that it gave the one in its
// cache. Different variables get different values, since it takes equal ones for
// one. A variable without a type stays, which vtgate plans as it is.
func withLiterals(stmt sqlparser.Statement) sqlparser.Statement {
	given := map[string]*sqlparser.Literal{} // nil for a variable that stays
	taken := map[sqlparser.Literal]bool{}
	out := sqlparser.Rewrite(stmt, nil, func(cursor *sqlparser.Cursor) bool {
		arg, ok := cursor.Node().(*sqlparser.Argument)
		if !ok || positional(cursor.Parent()) {
			return true
		}
		lit, known := given[arg.Name]
		if !known {
			lit = literalOf(arg, len(given)+1)
			if lit != nil && taken[*lit] {
				lit = nil
			}
			given[arg.Name] = lit
		}
		if lit != nil {
			taken[*lit] = true
			cursor.Replace(sqlparser.CloneRefOfLiteral(lit))
		}
		return true
	})
	return out.(sqlparser.Statement)
}

// positional tells the places where a number stands for a column.
func positional(parent sqlparser.SQLNode) bool {
	switch parent.(type) {
	case *sqlparser.Order, *sqlparser.GroupBy:
		return true
	}
	return false
}

// literalOf gives the n-th literal of the variable's type; nil where Vitess would
// take none for a variable of just that type.
func literalOf(arg *sqlparser.Argument, n int) *sqlparser.Literal {
	var lit *sqlparser.Literal
	switch arg.Type {
	case sqltypes.Int64:
		lit = sqlparser.NewIntLiteral(strconv.Itoa(n))
	case sqltypes.VarChar:
		lit = sqlparser.NewStrLiteral("a" + strconv.Itoa(n))
	case sqltypes.Float64:
		lit = sqlparser.NewFloatLiteral(strconv.Itoa(n) + "e0")
	case sqltypes.Decimal:
		lit = sqlparser.NewDecimalLiteral(digits(n, int(arg.Size), int(arg.Scale)))
	case sqltypes.HexNum:
		lit = sqlparser.NewHexNumLiteral(fmt.Sprintf("0x%x", n))
	case sqltypes.HexVal:
		lit = sqlparser.NewHexLiteral(fmt.Sprintf("%04x", n))
	case sqltypes.BitNum:
		lit = sqlparser.NewBitLiteral(fmt.Sprintf("0b%b", n))
	case sqltypes.Date:
		lit = sqlparser.NewDateLiteral(fmt.Sprintf("%04d-01-01", 1000+n%9000))
	case sqltypes.Time:
		lit = sqlparser.NewTimeLiteral(fmt.Sprintf("%02d:%02d:00%s", n/60%24, n%60, fraction(arg.Size)))
	case sqltypes.Datetime:
		lit = sqlparser.NewTimestampLiteral(fmt.Sprintf("%04d-01-01 00:00:00%s", 1000+n%9000, fraction(arg.Size)))
	default:
		return nil
	}
	back, err := sqlparser.NewTypedArgumentFromLiteral(arg.Name, lit)
	if err != nil || *back != *arg {
		return nil
	}
	return lit
}

// digits writes n as a number of so many digits, of which scale follow the point.
func digits(n, size, scale int) string {
	if size < 1 || scale < 0 || scale > size {
		return ""
	}
	text := strings.Repeat("1", size) + strconv.Itoa(n)
	text = text[len(text)-size:]
	return text[:size-scale] + "." + text[size-scale:]
}

func fraction(size int32) string {
	if size < 1 {
		return ""
	}
	return "." + strings.Repeat("0", int(size))
}
