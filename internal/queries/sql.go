package queries

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"vitess.io/vitess/go/vt/sqlparser"

	"github.com/vtsync/vtsync/internal/errs"
)

// readSQL reads statements that end with a semicolon, over any number of lines.
func readSQL(s *source, in *bufio.Reader) error {
	s.next = "put a semicolon behind each statement; vtsync queries import --help says which other forms are read"
	split := &splitter{in: in, limit: s.corpus.limits.line, line: 1}
	session := target{}
	for {
		sql, line, err := split.next()
		switch {
		case errors.Is(err, io.EOF):
			s.long += split.long
			return nil
		case err != nil:
			return err
		}
		s.session(&session, statement{sql: sql, executions: 1, line: line})
	}
}

// target is where a session's queries go: what its last USE said.
type target struct {
	keyspace, tabletType string
	shard                bool
}

// session counts a statement of a session, or follows its USE.
func (s *source) session(t *target, st statement) {
	if strings.EqualFold(firstWord(leading(st.sql)), "use") {
		if to, ok := s.corpus.use(st.sql); ok {
			*t = to
		}
	}
	if t.shard && kindOf(st.sql) == "" {
		// vtgate plans nothing for a session that names its shard.
		s.tally(outcome{skip: "sent to a shard by name"}, 1)
		return
	}
	st.keyspace, st.tabletType = t.keyspace, t.tabletType
	s.count(st)
}

// use reads a USE: KEYSPACE, KEYSPACE@TYPE, KEYSPACE/SHARD or KEYSPACE:SHARD.
func (c *Corpus) use(sql string) (target, bool) {
	sql, _ = sqlparser.SplitMarginComments(leading(sql))
	stmt, err := c.parser.Parse(sql)
	use, ok := stmt.(*sqlparser.Use)
	if err != nil || !ok {
		return target{}, false
	}
	name, tabletType, _ := strings.Cut(use.DBName.String(), "@")
	var t target
	if at := strings.IndexAny(name, "/:["); at >= 0 {
		name, t.shard = name[:at], true
	}
	t.keyspace = name
	t.tabletType, _ = tabletTypeOf(tabletType)
	return t, true
}

// splitter cuts a stream into statements and holds one at a time. Vitess's own
// splitter wants the whole text in memory.
type splitter struct {
	in    *bufio.Reader
	limit int
	line  int
	long  int64

	buf     []byte
	dropped bool // the statement is above the limit
	start   int  // its line
	blank   bool // nothing but space yet
}

// next gives a statement without its semicolon, and the line that it begins on.
func (p *splitter) next() (string, int, error) {
	p.reset()
	for {
		c, err := p.in.ReadByte()
		if errors.Is(err, io.EOF) && !p.blank {
			err = nil
			c = ';'
		}
		if err != nil {
			return "", 0, err
		}
		if p.blank && !space(c) {
			skip, err := p.begin(c)
			if err != nil {
				return "", 0, err
			}
			if skip {
				continue
			}
		}
		if c == ';' {
			if p.dropped {
				p.long++
			}
			if p.dropped || p.blank {
				p.reset()
				continue
			}
			return string(p.buf), p.start, nil
		}
		if err := p.take(c); err != nil {
			return "", 0, err
		}
	}
}

func (p *splitter) reset() {
	if cap(p.buf) > 1<<20 {
		p.buf = nil
	}
	p.buf, p.dropped, p.blank = p.buf[:0], false, true
}

// begin looks at the first character of a statement: a line of mysql-test's own,
// which begins with two dashes, is skipped, and DELIMITER is refused.
func (p *splitter) begin(c byte) (skipped bool, err error) {
	p.start = p.line
	ahead, _ := p.in.Peek(9)
	switch {
	case c == '-' && len(ahead) > 0 && ahead[0] == '-':
		return true, p.skipLine()
	case (c|0x20) == 'd' && len(ahead) == 9 && strings.EqualFold(string(ahead[:8]), "elimiter") && space(ahead[8]):
		return false, &errs.Invalid{
			Pos: errs.Position{Line: p.line}, Msg: "DELIMITER is a command of the mysql client and not SQL",
			Next: "leave the stored programs out: vtgate does not plan their statements",
		}
	}
	p.blank = c == ';'
	return false, nil
}

func (p *splitter) skipLine() error {
	for {
		c, err := p.in.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if c == '\n' {
			p.line++
			return nil
		}
	}
}

// take takes one character in, and what belongs to it: a quoted text or a
// comment to its end.
func (p *splitter) take(c byte) error {
	p.put(c)
	switch c {
	case '\'', '"', '`':
		return p.until(func(b byte) bool { return b == c }, c != '`')
	case '#':
		return p.until(newline, false)
	case '-':
		if ahead, _ := p.in.Peek(2); len(ahead) == 2 && ahead[0] == '-' && space(ahead[1]) {
			return p.until(newline, false)
		}
	case '/':
		switch ahead, _ := p.in.Peek(1); {
		case len(ahead) == 0:
		case ahead[0] == '*':
			var last byte
			star, _ := p.in.ReadByte()
			p.put(star)
			return p.until(func(b byte) bool {
				ends := last == '*' && b == '/'
				last = b
				return ends
			}, false)
		case ahead[0] == '/':
			return p.until(newline, false)
		}
	}
	return nil
}

func newline(b byte) bool { return b == '\n' }

// until takes in everything up to the character that ends it, or to the end. A
// backslash takes the next character with it where escapes is set.
func (p *splitter) until(ends func(byte) bool, escapes bool) error {
	for escaped := false; ; {
		c, err := p.in.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		p.put(c)
		switch {
		case escaped:
			escaped = false
		case escapes && c == '\\':
			escaped = true
		case ends(c):
			return nil
		}
	}
}

func (p *splitter) put(c byte) {
	if c == '\n' {
		p.line++
	}
	switch {
	case p.dropped || p.blank:
	case len(p.buf) >= p.limit:
		p.dropped = true
		p.buf = p.buf[:0]
	default:
		p.buf = append(p.buf, c)
	}
}

func space(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
