package queries

import (
	"fmt"
	"regexp"
	"strings"

	querypb "vitess.io/vitess/go/vt/proto/query"
	"vitess.io/vitess/go/vt/sqlparser"
)

// skipped is the kind of a statement that is not planned here.
type skipped string

func (s skipped) Error() string { return string(s) }

// unusable is why a statement cannot be used, without its text.
type unusable string

func (u unusable) Error() string { return string(u) }

// normalise brings a statement into the form that vtgate's plan cache has of it,
// without any literal. What is of that form already stays as it is.
func (c *Corpus) normalise(sql string) (out string, err error) {
	if len(sql) > maxSQL {
		return "", unusable(fmt.Sprintf("it is longer than %d MiB", maxSQL>>20))
	}
	sql = withoutMargins(strings.ToValidUTF8(sql, "\uFFFD"))
	if kind := kindOf(sql); kind != "" {
		return "", skipped(kind)
	}
	defer func() {
		if r := recover(); r != nil {
			err = unusable("Vitess's parser panics on it")
		}
	}()
	stmt, known, err := Parse(c.parser, sql)
	if err != nil {
		return "", unusable(without(err))
	}
	if err := plannable(stmt); err != nil {
		return "", err
	}
	strip(stmt)
	if err := normalisable(stmt); err != nil {
		return "", err
	}
	reserved := sqlparser.NewReservedVars("vtg", known)
	normal, err := sqlparser.Normalize(stmt, reserved, map[string]*querypb.BindVariable{}, true, "", sqlparser.SQLSelectLimitUnset, "", nil, nil, nil)
	if err != nil {
		return "", unusable("vtgate cannot normalise it")
	}
	out, ok := hide(c.parser, normal.AST)
	if !ok {
		return "", unusable("it has a literal that cannot be hidden")
	}
	return out, nil
}

// withoutMargins cuts the comments around a statement, as vtgate does, but not the
// type of a bind variable at its end.
func withoutMargins(sql string) string {
	inner, margins := sqlparser.SplitMarginComments(sql)
	first, _, _ := strings.Cut(strings.TrimSpace(margins.Trailing), "*/")
	if _, ok := typeOf(first + "*/"); ok {
		inner += " " + first + "*/"
	}
	return inner
}

// plannable sorts out what the parser knows better than its first word.
func plannable(stmt sqlparser.Statement) error {
	switch stmt.(type) {
	case *sqlparser.Select, *sqlparser.Union, *sqlparser.ValuesStatement, *sqlparser.Insert,
		*sqlparser.Update, *sqlparser.Delete, *sqlparser.Stream:
		return nil
	}
	return skipped("other")
}

var position = regexp.MustCompile(`at position (\d+)`)

// without is a parser's error without the text that it quotes.
func without(err error) string {
	if m := position.FindStringSubmatch(err.Error()); m != nil {
		return "syntax error at position " + m[1]
	}
	return "syntax error"
}

// kinds are the statements that this package has no use for, by Vitess's own
// look at their first words.
var kinds = map[sqlparser.StatementType]string{
	sqlparser.StmtDDL: "DDL", sqlparser.StmtBegin: "BEGIN", sqlparser.StmtCommit: "COMMIT", sqlparser.StmtRollback: "ROLLBACK",
	sqlparser.StmtSet: "SET", sqlparser.StmtShow: "SHOW", sqlparser.StmtUse: "USE", sqlparser.StmtOther: "OPTIMIZE or REPAIR",
	sqlparser.StmtAnalyze: "ANALYZE", sqlparser.StmtComment: "comment", sqlparser.StmtPriv: "GRANT or REVOKE",
	sqlparser.StmtExplain: "EXPLAIN", sqlparser.StmtSavepoint: "SAVEPOINT", sqlparser.StmtSRollback: "ROLLBACK",
	sqlparser.StmtRelease: "SAVEPOINT", sqlparser.StmtVStream: "VSTREAM", sqlparser.StmtLockTables: "LOCK",
	sqlparser.StmtUnlockTables: "LOCK", sqlparser.StmtFlush: "FLUSH", sqlparser.StmtCallProc: "CALL",
	sqlparser.StmtMigration: "migration command", sqlparser.StmtCommentOnly: "comment", sqlparser.StmtPrepare: "PREPARE or EXECUTE",
	sqlparser.StmtExecute: "PREPARE or EXECUTE", sqlparser.StmtDeallocate: "PREPARE or EXECUTE", sqlparser.StmtKill: "KILL",
}

// words are those first words that Vitess's look does not know.
var words = map[string]string{
	"start": "BEGIN", "begin": "BEGIN", "commit": "COMMIT", "xa": "XA", "vexplain": "EXPLAIN", "call": "CALL", "prepare": "PREPARE or EXECUTE",
	"execute": "PREPARE or EXECUTE", "deallocate": "PREPARE or EXECUTE", "drop": "DDL", "load": "LOAD", "handler": "HANDLER",
	"do": "DO", "help": "SHOW", "check": "OPTIMIZE or REPAIR", "checksum": "OPTIMIZE or REPAIR", "install": "administration",
	"uninstall": "administration", "reset": "administration", "purge": "administration", "change": "administration", "stop": "administration",
	"binlog": "administration", "cache": "administration", "clone": "administration", "shutdown": "administration", "restart": "administration",
	"import": "administration", "signal": "administration", "resignal": "administration", "get": "administration",
}

// kindOf names a statement that is not planned; it is empty for the others. It
// comes before the parser, which logs the text of DDL that it cannot read.
func kindOf(sql string) string {
	sql = leading(sql)
	word := strings.ToLower(firstWord(sql))
	switch word {
	case "":
		if strings.HasPrefix(sql, "/*!") || sql == "" || sql == ";" {
			return "comment"
		}
		return ""
	case "select", "insert", "replace", "update", "delete", "with", "values", "table", "stream":
		return ""
	}
	if kind, ok := words[word]; ok {
		return kind
	}
	return kinds[sqlparser.Preview(sql)]
}

// leading cuts the comments before a statement.
func leading(sql string) string {
	for {
		sql = strings.TrimLeft(sql, " \t\r\n\f\v;")
		rest := sqlparser.StripLeadingComments(sql)
		if strings.HasPrefix(rest, "#") {
			_, rest, _ = strings.Cut(rest, "\n")
		}
		if len(rest) == len(sql) {
			return sql
		}
		sql = rest
	}
}

// firstWord skips the brackets of a bracketed SELECT.
func firstWord(sql string) string {
	sql = strings.TrimLeft(sql, "( \t\r\n")
	end := strings.IndexFunc(sql, func(r rune) bool { return (r|0x20) < 'a' || (r|0x20) > 'z' })
	if end < 0 {
		end = len(sql)
	}
	return sql[:end]
}
