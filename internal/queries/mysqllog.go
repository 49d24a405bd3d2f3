package queries

import (
	"bufio"
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"github.com/vtsync/vtsync/internal/errs"
)

var (
	slowHeader = regexp.MustCompile(`^# (Time: |User@Host: |Query_time: )`)
	slowSchema = regexp.MustCompile(`\bSchema: (\S*)`)
	slowRate   = regexp.MustCompile(`\bLog_slow_rate_limit: (\d+)`)
	serverLine = regexp.MustCompile(`^(Tcp port: \d+ +(Unix|Named)|Time +Id Command +Argument|\S+, Version: .* started with:)`)
	stampLine  = regexp.MustCompile(`(?i)^SET (\w+=\d+,)*timestamp=\d+(\.\d+)?;$`)
	useLine    = regexp.MustCompile("(?i)^use `?([^`;]+)`?;$")

	// exportStamp is the time that an export from CloudWatch puts before each line, or
	// before the first of each entry; streamHeader follows it where the log's name does.
	exportStamp  = regexp.MustCompile(`^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?[ \t]+`)
	streamHeader = regexp.MustCompile(`^\S+[ \t]+(# (?:Time: |User@Host: |Query_time: ).*)`)
)

// withoutStamp cuts what an export has put before a line of the slow log.
func withoutStamp(line []byte) []byte {
	line = line[len(exportStamp.Find(line)):]
	if m := streamHeader.FindSubmatch(line); m != nil {
		return m[1]
	}
	return line
}

// readSlowLog reads MySQL's slow log: comment lines that head a statement, and
// the statement with a semicolon at its end. It says which database is used where
// that differs from the statement before.
func readSlowLog(s *source, in *bufio.Reader) error {
	entry := slowEntry{source: s, rate: 1}
	err := s.eachLine(in, func(line []byte, l *lines) { entry.line(withoutStamp(line), l.number) })
	entry.end()
	return err
}

type slowEntry struct {
	source  *source
	session target
	rate    int64 // one of so many is logged
	sql     []byte
	start   int
	long    bool
	inside  bool // behind the lines that head it
}

func (e *slowEntry) line(line []byte, number int) {
	switch {
	case slowHeader.Match(line), serverLine.Match(line):
		e.end()
		fallthrough
	case !e.inside && bytes.HasPrefix(line, []byte("# ")):
		e.head(line)
		return
	case !e.inside && stampLine.Match(line):
		return
	}
	if m := useLine.FindSubmatch(line); m != nil && !e.inside {
		e.session = target{keyspace: string(m[1])}
		return
	}
	if !e.inside {
		e.inside, e.start = true, number
	}
	if len(e.sql)+len(line) > e.source.corpus.limits.line {
		e.long = true
		return
	}
	e.sql = append(append(e.sql, line...), '\n')
}

// head takes in what Percona's servers and MariaDB say more of a statement.
func (e *slowEntry) head(line []byte) {
	if m := slowSchema.FindSubmatch(line); m != nil {
		e.session = target{keyspace: string(m[1])}
	}
	if m := slowRate.FindSubmatch(line); m != nil {
		if rate, err := strconv.ParseInt(string(m[1]), 10, 32); err == nil {
			e.rate = max(rate, 1)
		}
	}
}

// end takes in the statement that was read.
func (e *slowEntry) end() {
	sql := strings.TrimSuffix(strings.TrimSpace(string(e.sql)), ";")
	switch {
	case e.long:
		e.source.long++
	case sql != "":
		e.source.session(&e.session, statement{sql: sql, executions: e.rate, line: e.start})
		e.rate = 1
	}
	if cap(e.sql) > 1<<20 {
		e.sql = nil
	}
	e.sql, e.inside, e.long = e.sql[:0], false, false
}

// generalEntry is a line that begins an entry of MySQL's general log: the time, the
// connection, the command, whatever it is. Servers before 5.7 leave the time out
// within a second; of such a line only the commands that they know are taken, as
// it could also be one of a statement.
var generalEntry = regexp.MustCompile(
	`^(?:(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?[ \t]+)?(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\S*|\d{6} +\d?\d:\d\d:\d\d)\t+ *(\d+) ([A-Za-z][A-Za-z ]*)` +
		`|\t+ *(\d+) (` + olderCommands + `))(?:\t(.*))?$`)

const olderCommands = `Sleep|Quit|Init DB|Query|Field List|Create DB|Drop DB|Refresh|Shutdown|Statistics|Processlist|Connect|Kill|Debug|Ping|Time|` +
	`Delayed insert|Change user|Binlog Dump|Binlog Dump GTID|Table Dump|Connect Out|Register Slave|Prepare|Execute|Long Data|Close stmt|Reset stmt|` +
	`Set option|Fetch|Daemon|Error`

// readGeneralLog reads MySQL's general log.
func readGeneralLog(s *source, in *bufio.Reader) error {
	log := generalLog{source: s, sessions: map[string]target{}}
	err := s.eachLine(in, func(line []byte, l *lines) { log.line(line, l.number) })
	log.end()
	return err
}

type generalLog struct {
	source   *source
	sessions map[string]target
	id       string
	sql      []byte
	start    int
	inside   bool
	long     bool
}

// maxSessions bounds the connections whose database is remembered.
const maxSessions = 100_000

var connectTo = regexp.MustCompile(` on (\S+)(?: using .*)?$`)

func (g *generalLog) line(line []byte, number int) {
	m := generalEntry.FindSubmatch(line)
	switch {
	case m == nil && serverLine.Match(line):
		g.end()
		return
	case m == nil && !g.inside:
		return
	case m == nil:
		g.more(line)
		return
	}
	g.end()
	id, command, argument := string(m[1])+string(m[3]), string(m[2])+string(m[4]), m[5]
	switch command {
	case "Query", "Execute":
		g.id, g.start, g.inside = id, number, true
		g.more(argument)
	case "Init DB":
		g.sessions[id] = target{keyspace: string(argument)}
	case "Connect", "Change user":
		delete(g.sessions, id)
		if on := connectTo.FindSubmatch(argument); on != nil && len(g.sessions) < maxSessions {
			g.sessions[id] = target{keyspace: string(on[1])}
		}
	case "Quit":
		delete(g.sessions, id)
	}
}

func (g *generalLog) more(line []byte) {
	if len(g.sql)+len(line) > g.source.corpus.limits.line {
		g.long = true
		return
	}
	g.sql = append(append(g.sql, line...), '\n')
}

func (g *generalLog) end() {
	sql := strings.TrimSuffix(strings.TrimSpace(string(g.sql)), ";")
	switch {
	case g.long:
		g.source.long++
	case sql != "":
		session := g.sessions[g.id]
		before := session
		g.source.session(&session, statement{sql: sql, executions: 1, line: g.start})
		if session != before && len(g.sessions) < maxSessions {
			g.sessions[g.id] = session
		}
	}
	if cap(g.sql) > 1<<20 {
		g.sql = nil
	}
	g.sql, g.inside, g.long = g.sql[:0], false, false
}

// digestHeader begins a report of pt-query-digest, or is the line by which one that
// was cut is known.
var digestHeader = regexp.MustCompile(`^# (?:[0-9.]+m?s user time, .* rss, .* vsz|Overall: .* total, .* unique, |Query \d+: .*, ID 0x[0-9A-F]+ at byte )`)

// refuseDigest names what is given instead: a report has one example of each query,
// whose weight stands in a table of it.
func refuseDigest(*source, *bufio.Reader) error {
	return &errs.Invalid{
		Msg:  "it is a report of pt-query-digest, which shows examples of queries",
		Next: "give the log that the report was made from",
	}
}
