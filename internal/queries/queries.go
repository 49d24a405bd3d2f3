// Package queries gathers the queries that applications are known to run, and
// how often they ran, from whatever has them: plain SQL, vtgate's query log,
// vtgate's plan cache, the output of vt keys, MySQL's slow and general logs, and
// vtsync's own files. It tells the forms apart by content, brings every query
// into the form of vtgate's plan cache, and counts it. It does no I/O but to read
// what it is given; it must import no adapter, no clock, no logger, no context,
// and not Vitess's planner.
//
// # The file
//
// A corpus is kept in queries/*.json:
//
//	{
//	  "format": 1,
//	  "queries": [
//	    {
//	      "sql": "select id from orders where id = :id /* INT64 */",
//	      "keyspace": "shop",
//	      "tablet_type": "replica",
//	      "executions": 120
//	    }
//	  ]
//	}
//
// keyspace is the one that the session has chosen, and absent where it has none;
// tablet_type is primary, replica or rdonly, and absent where nobody knows;
// executions is at least 1. The most executed come first. The file is read
// strictly: an unknown field and another format are errors.
//
// # Literals
//
// No literal of a query is stored or shown. vtgate's own normaliser makes bind
// variables of nearly all of them; those that it leaves are treated here. Its
// bind variables keep their types, since plans depend on them. What stays in the
// text is what the grammar wants written out and says nothing of a row: positions
// in ORDER BY and GROUP BY, the lengths of types, the bounds of window frames,
// the numbers of partitions and the like, and the names of columns, tables,
// variables and aliases. Where the grammar takes no bind variable for a text, the
// text is emptied: the separator of GROUP_CONCAT, a path of JSON_TABLE, a file of
// SELECT ... INTO. A statement from which a literal cannot be taken is left out. A
// comment is dropped, but for Vitess's directives and
// MySQL's optimizer hints, of which those that carry a text are dropped too.
package queries

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"

	"vitess.io/vitess/go/vt/sqlparser"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/impact"
)

// The bounds of what is kept, whatever is read.
const (
	maxQueries = 100_000  // distinct queries
	maxText    = 64 << 20 // bytes of their text
	maxSeen    = 1 << 18  // texts whose query is remembered
	maxLine    = 16 << 20 // bytes of a line, or of one part of a JSON document
	maxSQL     = 1 << 20  // bytes of a statement: the parser's depth grows with it
	maxBroken  = 5        // statements that cannot be parsed and are named
)

// Corpus is a set of known queries. Make it by NewCorpus.
type Corpus struct {
	parser *sqlparser.Parser
	kept   map[identity]*kept
	text   int   // bytes of the texts kept
	beyond int64 // executions of queries that there is no room for
	floor  int64 // how often one of those can have run, at most
	// seen remembers what became of a text as a source has it, by hashes: most
	// lines of a log repeat one, and the text itself holds literals.
	seen    map[fingerprint]outcome
	seeds   [2]maphash.Seed
	sources []*source
	added   *source
	limits  limits
}

// limits are the bounds, smaller in tests.
type limits struct{ queries, text, seen, line int }

var bounds = limits{queries: maxQueries, text: maxText, seen: maxSeen, line: maxLine}

type identity struct{ sql, keyspace, tabletType string }

type fingerprint [2]uint64

// outcome is what became of one text: exactly one of its fields is set.
type outcome struct {
	query  *kept
	skip   string // why it is not planned
	broken string // why it cannot be used
	beyond bool
}

// NewCorpus makes an empty one.
func NewCorpus() *Corpus {
	parser, err := sqlparser.New(sqlparser.Options{})
	if err != nil {
		panic(fmt.Sprintf("Vitess's parser does not accept its own defaults: %v", err))
	}
	return &Corpus{
		parser: parser,
		kept:   map[identity]*kept{},
		seen:   map[fingerprint]outcome{},
		seeds:  [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		limits: bounds,
	}
}

// Add counts one query. A statement that routes nothing or cannot be parsed is
// counted in the notes, as it is when it is read.
func (c *Corpus) Add(q impact.Query) error {
	tabletType, err := tabletTypeOf(q.TabletType)
	if err != nil {
		return err
	}
	if q.Executions < 1 {
		return &errs.Invalid{Msg: fmt.Sprintf("a query ran %d times: it must be at least once", q.Executions)}
	}
	if c.added == nil {
		c.added = newSource(c, "")
		c.sources = append(c.sources, c.added)
	}
	c.added.count(statement{sql: q.SQL, keyspace: q.Keyspace, tabletType: tabletType, executions: q.Executions})
	return nil
}

// Queries are all distinct ones: most executions first, then by text.
func (c *Corpus) Queries() []impact.Query {
	out := make([]impact.Query, 0, len(c.kept))
	for _, k := range c.kept {
		out = append(out, k.Query)
	}
	order(out)
	return out
}

func order(queries []impact.Query) {
	slices.SortFunc(queries, func(a, b impact.Query) int {
		return cmp.Or(cmp.Compare(b.Executions, a.Executions), compare(a, b))
	})
}

func compare(a, b impact.Query) int {
	return cmp.Or(cmp.Compare(a.SQL, b.SQL), cmp.Compare(a.Keyspace, b.Keyspace), cmp.Compare(a.TabletType, b.TabletType))
}

func identityOf(q impact.Query) identity { return identity{q.SQL, q.Keyspace, q.TabletType} }

func (c *Corpus) fingerprint(parts ...[]byte) fingerprint {
	var f fingerprint
	for i, seed := range c.seeds {
		var h maphash.Hash
		h.SetSeed(seed)
		_ = h.WriteByte(byte(len(parts)))
		for _, p := range parts {
			_, _ = h.Write(p)
			_ = h.WriteByte(0xff)
		}
		f[i] = h.Sum64()
	}
	return f
}

func (c *Corpus) remember(f fingerprint, o outcome) {
	if len(c.seen) >= c.limits.seen {
		clear(c.seen)
	}
	c.seen[f] = o
}

// settle finds out what becomes of a statement.
func (c *Corpus) settle(st statement) outcome {
	sql, err := c.normalise(st.sql)
	var skip skipped
	var broken unusable
	switch {
	case errors.As(err, &skip):
		return outcome{skip: string(skip)}
	case errors.As(err, &broken):
		return outcome{broken: string(broken)}
	case err != nil:
		return outcome{broken: "it cannot be normalised"}
	}
	id := identity{sql, st.keyspace, st.tabletType}
	if c.kept[id] == nil {
		// Vitess prints some statements so that it reads something else, such as
		// the name of a collation that it never quotes.
		stmt, _, err := Parse(c.parser, sql)
		if err != nil || sqlparser.String(stmt) != sql {
			return outcome{broken: "Vitess does not read its normalised form as it prints it"}
		}
	}
	q := c.keep(id)
	return outcome{query: q, beyond: q == nil}
}
