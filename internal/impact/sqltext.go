package impact

import "strings"

// The texts below are what Vitess's formatter prints, so that a scan of its
// tokens is enough: no statement is parsed here.

// tableOf is the table that an INSERT, UPDATE or DELETE names first.
func tableOf(sql string) string {
	verb, next := "", false
	for tok := range tokens(sql) {
		word := strings.ToLower(tok)
		switch {
		case verb == "":
			verb = word
			next = verb == "update"
		case next && word == "ignore":
		case next:
			return strings.Trim(tok, "`")
		case word == "into" || word == "from":
			next = true
		}
	}
	return ""
}

// rowsOf counts the rows that an INSERT writes out: at least 1.
func rowsOf(sql string) int {
	rows, depth, counting := 0, 0, false
	for tok := range tokens(sql) {
		word := strings.ToLower(tok)
		switch {
		case tok == "(":
			if depth == 0 && counting {
				rows++
			}
			depth++
		case tok == ")":
			depth--
		case depth > 0:
		case word == "values" && !counting:
			counting = true
		case counting && word != "," && word != "row":
			// What follows is AS or ON DUPLICATE KEY UPDATE.
			return max(rows, 1)
		}
	}
	return max(rows, 1)
}

// itemsOf counts the items of a list that is written out, such as (1, :a); ok is
// false for a bind variable that holds the list.
func itemsOf(list string) (n int, ok bool) {
	depth, items := 0, 0
	for tok := range tokens(list) {
		switch tok {
		case "(":
			depth++
			if depth == 1 {
				items = 1
			}
		case ")":
			depth--
		case ",":
			if depth == 1 {
				items++
			}
		}
	}
	return items, items > 0
}

// tokens yields words, quoted texts and single marks; comments are left out.
func tokens(sql string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := 0; i < len(sql); {
			end := i + 1
			switch c := sql[i]; {
			case c == ' ' || c == '\n' || c == '\t':
				i++
				continue
			case strings.HasPrefix(sql[i:], "/*"):
				if end = strings.Index(sql[i:], "*/"); end < 0 {
					return
				}
				i += end + 2
				continue
			case c == '\'' || c == '"' || c == '`':
				end = quoted(sql, i)
			case isWord(c):
				for end < len(sql) && isWord(sql[end]) {
					end++
				}
			}
			if !yield(sql[i:end]) {
				return
			}
			i = end
		}
	}
}

// quoted is where the quoted text that begins at i ends.
func quoted(sql string, i int) int {
	for end := i + 1; end < len(sql); end++ {
		switch {
		case sql[end] == '\\' && sql[i] != '`':
			end++
		case sql[end] == sql[i]:
			return end + 1
		}
	}
	return len(sql)
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
