package queries

import (
	"bufio"
	"bytes"
	"regexp"
	"strings"
)

var (
	slowHeader = regexp.MustCompile(`^# (Time: |User@Host: |Query_time: )`)
	slowSchema = regexp.MustCompile(`\bSchema: (\S*)`)
	serverLine = regexp.MustCompile(`^(Tcp port: \d+ +(Unix|Named)|Time +Id Command +Argument|\S+, Version: .* started with:)`)
	stampLine  = regexp.MustCompile(`(?i)^SET timestamp=\d+;$`)
	useLine    = regexp.MustCompile("(?i)^use `?([^`;]+)`?;$")
)

// readSlowLog reads MySQL's slow log: comment lines that head a statement, and
// the statement with a semicolon at its end. It says which database is used where
// that differs from the statement before.
func readSlowLog(s *source, in *bufio.Reader) error {
	entry := slowEntry{source: s}
	err := s.eachLine(in, func(line []byte, l *lines) { entry.line(line, l.number) })
	entry.end()
	return err
}

type slowEntry struct {
	source  *source
	session target
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
		if m := slowSchema.FindSubmatch(line); m != nil {
			e.session = target{keyspace: string(m[1])}
		}
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

// end takes in the statement that was read.
func (e *slowEntry) end() {
	sql := strings.TrimSuffix(strings.TrimSpace(string(e.sql)), ";")
	switch {
	case e.long:
		e.source.long++
	case sql != "":
		e.source.session(&e.session, statement{sql: sql, executions: 1, line: e.start})
	}
	if cap(e.sql) > 1<<20 {
		e.sql = nil
	}
	e.sql, e.inside, e.long = e.sql[:0], false, false
}

// generalEntry is the beginning of a statement in MySQL's general log: the time
// (which older servers leave out within a second), the connection, the command.
var generalEntry = regexp.MustCompile(`^(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\S*|\d{6} +\d?\d:\d\d:\d\d)?\t+ *(\d+) (Query|Execute|Prepare|Connect|Init DB|Quit|Close stmt|Reset stmt|Field List|Statistics|Ping|Change user|Reset Connection)(?:\t(.*))?$`)

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
	id, command, argument := string(m[1]), string(m[2]), m[3]
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
