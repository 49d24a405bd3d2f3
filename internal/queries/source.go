package queries

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/vtsync/vtsync/internal/errs"
)

// source is one of the things read, and what could not be used of it.
type source struct {
	corpus *Corpus
	name   string

	statements int64            // all that were found
	used       int64            // those that are queries
	skipped    map[string]int64 // by kind
	broken     int64
	named      []string // the first broken ones, by place
	damaged    int64    // lines that are not of the form
	firstBad   int
	long       int64 // lines above the limit
	unread     int64 // statements that the program before us could not read
	next       string
	extra      []string
}

func newSource(c *Corpus, name string) *source {
	return &source{corpus: c, name: name, skipped: map[string]int64{}}
}

// statement is one as a source has it.
type statement struct {
	sql, keyspace, tabletType string
	executions                int64
	line                      int // 0: not known
}

// count takes one statement in.
func (s *source) count(st statement) {
	f := s.corpus.fingerprint([]byte(st.sql), []byte(st.keyspace), []byte(st.tabletType))
	o, ok := s.corpus.seen[f]
	if !ok {
		o = s.learn(f, st)
	}
	s.tally(o, st.executions)
}

// learn settles a text that was not seen lately.
func (s *source) learn(f fingerprint, st statement) outcome {
	return s.learned(f, s.corpus.settle(st), st.line)
}

func (s *source) learned(f fingerprint, o outcome, line int) outcome {
	s.corpus.remember(f, o)
	if o.broken != "" && len(s.named) < maxBroken {
		s.named = append(s.named, s.place(line)+o.broken)
	}
	return o
}

func (s *source) tally(o outcome, executions int64) {
	s.statements++
	switch {
	case o.query != nil:
		s.used++
		o.query.Executions = add(o.query.Executions, executions)
	case o.skip != "":
		s.skipped[o.skip]++
	case o.beyond:
		s.used++
		s.corpus.beyond = add(s.corpus.beyond, executions)
	default:
		s.broken++
	}
}

// add does not wrap: a file may say anything.
func add(a, b int64) int64 {
	if sum := a + b; sum >= a {
		return sum
	}
	return 1<<63 - 1
}

func (s *source) place(line int) string {
	at := errs.Position{File: s.name, Line: line}.String()
	if at == "" {
		return ""
	}
	return at + ": "
}

// bad counts a line that is not of the source's form.
func (s *source) bad(line int) {
	s.damaged++
	if s.firstBad == 0 {
		s.firstBad = line
	}
}

func (s *source) note(format string, args ...any) {
	s.extra = append(s.extra, fmt.Sprintf(format, args...))
}

// lost counts what may have been queries and cannot be used.
func (s *source) lost() int64 { return s.broken + s.damaged + s.long + s.unread }

// useless is the error of a source that something was in, and nothing of use.
func (s *source) useless() error {
	if s.used > 0 || s.lost() == 0 {
		return nil
	}
	bad := &errs.Invalid{
		Pos: errs.Position{File: s.name}, Msg: "nothing of it can be used: " + strings.Join(s.remarks(), "; "),
		Next: "vtsync queries import --help says which forms are read",
	}
	if s.next != "" {
		bad.Next = s.next
	}
	return bad
}

// Unusable names the sources of which more than half cannot be used.
func (c *Corpus) Unusable() []string {
	var out []string
	for _, s := range c.sources {
		if s.lost() > s.used {
			out = append(out, fmt.Sprintf("%s: more than half of it cannot be used: %d of %s", s.name, s.lost(), plural(s.lost()+s.used, "statement")))
		}
	}
	return out
}

// Empty tells that no source had anything in it.
func (c *Corpus) Empty() bool {
	return !slices.ContainsFunc(c.sources, func(s *source) bool { return s.statements+s.lost() > 0 })
}

// Notes say what was read and not used, without any literal. They come by
// source, in the order of reading.
func (c *Corpus) Notes() []string {
	var out []string
	for _, s := range c.sources {
		out = append(out, s.notes()...)
	}
	if c.beyond > 0 {
		out = append(out, c.beyondNote())
	}
	if n := c.doubled(); n == 1 {
		out = append(out, "1 query is known with and without a tablet type (of a log and a plan cache?): both count")
	} else if n > 1 {
		out = append(out, fmt.Sprintf("%d queries are known with and without a tablet type (of a log and a plan cache?): both count", n))
	}
	return out
}

// doubled counts the queries that stand both with a tablet type and without one,
// as those do that a log and a plan cache have of the same traffic.
func (c *Corpus) doubled() int {
	n := 0
	for id := range c.kept {
		if id.tabletType != "" {
			continue
		}
		for _, tabletType := range []string{"primary", "replica", "rdonly"} {
			if c.kept[identity{id.sql, id.keyspace, tabletType}] != nil {
				n++
				break
			}
		}
	}
	return n
}

func (s *source) notes() []string {
	out := s.remarks()
	for i := range out {
		if s.name != "" {
			out[i] = s.name + ": " + out[i]
		}
	}
	return out
}

// remarks are the notes without the source's name.
func (s *source) remarks() []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if s.statements+s.lost() == 0 {
		say("it has no queries")
	}
	if len(s.skipped) > 0 {
		var total int64
		var kinds []string
		for _, kind := range slices.Sorted(maps.Keys(s.skipped)) {
			total += s.skipped[kind]
			kinds = append(kinds, strconv.FormatInt(s.skipped[kind], 10)+" "+kind)
		}
		say("%s left out, since the VSchema decides nothing for them: %s", plural(total, "statement"), strings.Join(kinds, ", "))
	}
	if s.broken > 0 {
		say("%s cannot be used%s", plural(s.broken, "statement"), s.examples())
	}
	if s.damaged > 0 {
		say("%s cannot be read, the first is line %d", plural(s.damaged, "line"), s.firstBad)
	}
	if s.long > 0 {
		say("%s longer than %d MiB skipped", plural(s.long, "line"), s.corpus.limits.line>>20)
	}
	if s.unread > 0 {
		say("%s that vt keys could not read", plural(s.unread, "statement"))
	}
	return append(out, s.extra...)
}

// examples gives the places of the first statements that cannot be used.
func (s *source) examples() string {
	which := ""
	switch n := len(s.named); {
	case n == 0:
		return ""
	case n == 1 && s.broken > 1:
		which = "; the first"
	case int64(n) < s.broken:
		which = fmt.Sprintf("; the first %d", n)
	}
	return which + ": " + strings.Join(s.named, "; ")
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.FormatInt(n, 10) + " " + noun + "s"
}
