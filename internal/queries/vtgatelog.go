package queries

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strconv"
)

// record is what a line of vtgate's query log has of use. The texts are as they
// stand in the log, quoted: most lines repeat a query, and are never unquoted.
type record struct {
	method, sql, keyspace, tabletType []byte
}

func readTextLog(s *source, in *bufio.Reader) error { return s.readLog(in, textRecord) }
func readJSONLog(s *source, in *bufio.Reader) error { return s.readLog(in, jsonRecord) }

func (s *source) readLog(in *bufio.Reader, parse func([]byte) (record, bool)) error {
	return s.eachLine(in, func(line []byte, l *lines) {
		if len(bytes.TrimSpace(line)) == 0 {
			return
		}
		rec, ok := parse(line)
		switch {
		case ok:
			s.countRecord(rec, l.number)
		case l.whole:
			s.bad(l.number)
		default:
			s.note("its last line is cut off")
		}
	})
}

func (s *source) countRecord(rec record, line int) {
	f := s.corpus.fingerprint(rec.method, rec.sql, rec.keyspace, rec.tabletType)
	if o, ok := s.corpus.seen[f]; ok {
		s.tally(o, 1)
		return
	}
	sql, errSQL := strconv.Unquote(string(rec.sql))
	keyspace, errKeyspace := strconv.Unquote(string(rec.keyspace))
	tabletType, errType := strconv.Unquote(string(rec.tabletType))
	if errSQL != nil || errKeyspace != nil || errType != nil {
		s.bad(line)
		return
	}
	settled := outcome{}
	switch {
	case sql == "[REDACTED]":
		settled.broken = "vtgate has left its text out (--redact-debug-ui-queries)"
	case isPrepare(rec.method):
		// Its executions have lines of their own.
		settled.skip = "PREPARE or EXECUTE"
	}
	if settled != (outcome{}) {
		s.tally(s.learned(f, settled, line), 1)
		return
	}
	// Whatever else serves queries is planned as for a primary would be.
	tabletType, _ = tabletTypeOf(tabletType)
	s.tally(s.learn(f, statement{sql: sql, keyspace: keyspace, tabletType: tabletType, line: line}), 1)
}

func isPrepare(method []byte) bool {
	return bytes.EqualFold(bytes.Trim(method, `"`), []byte("prepare"))
}

// The columns of the text form that are of use, counted from the SQL. Of what
// comes before it, the names of callers may hold tabs.
const (
	tabletTypeColumn = 5
	keyspaceColumn   = 9
)

// textRecord reads a tab-separated line: the SQL is the first column in double
// quotes, in which no tab stands as itself.
func textRecord(line []byte) (record, bool) {
	rec := record{}
	rest := line
	rec.method, _, _ = bytes.Cut(rest, tab)
	at := bytes.Index(rest, []byte("\t\""))
	if at < 0 {
		return rec, false
	}
	rest = rest[at+1:]
	for column := 0; ; column++ {
		field, more, found := bytes.Cut(rest, tab)
		switch column {
		case 0:
			rec.sql = field
		case tabletTypeColumn:
			rec.tabletType = field
		case keyspaceColumn:
			rec.keyspace = field
			return rec, quoted(rec.sql) && quoted(rec.tabletType) && quoted(rec.keyspace)
		}
		if !found {
			return rec, false
		}
		rest = more
	}
}

var tab = []byte("\t")

func quoted(field []byte) bool {
	return len(field) >= 2 && field[0] == '"' && field[len(field)-1] == '"'
}

// jsonRecord reads a line of the JSON form, which is not quite JSON: vtgate quotes
// texts as Go does. As vtgate writes it, the keys have their order, and a quote in
// a text has a backslash before it. So a key that is looked for in order, with the
// quote behind it, is found nowhere else; a bind variable of that name has no text
// behind it.
func jsonRecord(line []byte) (record, bool) {
	if !bytes.HasPrefix(line, []byte(`{"Method": "`)) {
		return foreignRecord(line)
	}
	var texts [4][]byte
	rest := line
	for i, key := range logKeys {
		at := bytes.Index(rest, key)
		if at < 0 {
			return record{}, false
		}
		rest = rest[at+len(key)-1:]
		text, ok := quotedText(rest)
		if !ok {
			return record{}, false
		}
		texts[i], rest = text, rest[len(text):]
	}
	return record{method: texts[0], sql: texts[1], tabletType: texts[2], keyspace: texts[3]}, true
}

var logKeys = [4][]byte{[]byte(`"Method": "`), []byte(`"SQL": "`), []byte(`"TabletType": "`), []byte(`"ActiveKeyspace": "`)}

// quotedText gives the quoted text that a line begins with.
func quotedText(line []byte) ([]byte, bool) {
	for end := 1; end < len(line); {
		step := bytes.IndexByte(line[end:], '"')
		if step < 0 {
			return nil, false
		}
		end += step + 1
		escapes := end - 2
		for line[escapes] == '\\' {
			escapes--
		}
		if (end-2-escapes)%2 == 0 {
			return line[:end], true
		}
	}
	return nil, false
}

// foreignRecord reads a line that another program has written anew.
func foreignRecord(line []byte) (record, bool) {
	var fields struct{ Method, SQL, TabletType, ActiveKeyspace *string }
	if err := json.Unmarshal(line, &fields); err != nil || fields.SQL == nil {
		return record{}, false
	}
	quote := func(text *string) []byte {
		if text == nil {
			return []byte(`""`)
		}
		return strconv.AppendQuote(nil, *text)
	}
	return record{quote(fields.Method), quote(fields.SQL), quote(fields.ActiveKeyspace), quote(fields.TabletType)}, true
}
