package vtgate

import (
	"errors"
	"fmt"
	"sync"

	"vitess.io/vitess/go/vt/sqlparser"

	"github.com/vtsync/vtsync/internal/queries"
)

var sqlParser = sync.OnceValues(func() (*sqlparser.Parser, error) { return sqlparser.New(sqlparser.Options{}) })

// ErrNotExplained says that no vtgate shows a plan of such a statement.
var ErrNotExplained = errors.New("VEXPLAIN takes a SELECT, INSERT, UPDATE or DELETE")

// vexplainPlan makes the one statement that asks a vtgate for its plan of a query
// without running it: the other kinds of VEXPLAIN run the query. So nothing of the
// text is sent as it came. It must parse as one SELECT, INSERT, UPDATE or DELETE;
// what is sent is printed from that tree, and must parse to the same again.
// Bind variables need no values in a text that is only planned; see withLiterals.
func vexplainPlan(sql string) (string, error) {
	parser, err := sqlParser()
	if err != nil {
		return "", fmt.Errorf("set up Vitess's parser: %w", err)
	}
	stmt, _, err := queries.Parse(parser, sql)
	if err != nil {
		// Its own words quote the text, which literals may stand in.
		return "", errors.New("it is not one statement that Vitess can parse")
	}
	switch stmt.(type) {
	case sqlparser.SelectStatement, *sqlparser.ValuesStatement, *sqlparser.Insert, *sqlparser.Update, *sqlparser.Delete:
	default:
		return "", fmt.Errorf("%w, not a statement of type %s", ErrNotExplained, sqlparser.ASTToStatementType(stmt))
	}
	text := sqlparser.String(&sqlparser.VExplainStmt{Type: sqlparser.PlanVExplainType, Statement: withLiterals(stmt)})
	back, _, err := queries.Parse(parser, text)
	if err != nil {
		return "", errors.New("it does not parse as it is printed")
	}
	explain, ok := back.(*sqlparser.VExplainStmt)
	if !ok || explain.Type != sqlparser.PlanVExplainType || sqlparser.String(explain) != text {
		return "", errors.New("it parses as another statement than it is printed from")
	}
	return text, nil
}
