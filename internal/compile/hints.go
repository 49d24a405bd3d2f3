package compile

import (
	"vitess.io/vitess/go/vt/sqlparser"
)

func typeArguments(ast sqlparser.Statement, sql string) {}
