package queries

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/impact"
)

// kept is a query that there is room for.
type kept struct {
	impact.Query
	// missed is how often it can have run before it was kept, at most.
	missed int64
	gone   bool
}

// rank is how often it can have run, at most.
func (k *kept) rank() int64 { return add(k.Executions, k.missed) }

// keep gives the stored query of this form, which it may make. Where there is no
// room left, those go that can have run least; nil is for a text that is larger than
// all the room.
func (c *Corpus) keep(id identity) *kept {
	if k := c.kept[id]; k != nil {
		return k
	}
	if len(id.sql) > c.limits.text {
		return nil
	}
	if len(c.kept) >= c.limits.queries || c.text+len(id.sql) > c.limits.text {
		c.makeRoom(len(id.sql))
	}
	id = identity{strings.Clone(id.sql), strings.Clone(id.keyspace), strings.Clone(id.tabletType)}
	k := &kept{Query: impact.Query{SQL: id.sql, Keyspace: id.keyspace, TabletType: id.tabletType}, missed: c.floor}
	c.kept[id] = k
	c.text += len(id.sql)
	return k
}

// makeRoom takes out queries, an eighth at once: what is sorted for it is much.
//
// One that is taken out, and what ran as often at most, can have run no more than
// floor times. So a query that begins to be kept afterwards ranks by floor more than
// it is counted with; it is not the first to go next time, and whatever truly ran
// more than floor times is kept in the end (lossy counting).
func (c *Corpus) makeRoom(text int) {
	ranked := slices.SortedFunc(maps.Values(c.kept), func(a, b *kept) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), -compare(a.Query, b.Query))
	})
	for _, k := range ranked {
		if len(c.kept) <= c.limits.queries-max(c.limits.queries/8, 1) && c.text+text <= c.limits.text-c.limits.text/8 || len(c.kept) == 0 {
			break
		}
		c.floor = max(c.floor, k.rank())
		c.beyond = add(c.beyond, k.Executions)
		c.text -= len(k.SQL)
		k.gone = true
		delete(c.kept, identityOf(k.Query))
	}
	maps.DeleteFunc(c.seen, func(_ fingerprint, o outcome) bool { return o.query != nil && o.query.gone })
}

// beyondNote tells of what was not kept.
func (c *Corpus) beyondNote() string {
	return fmt.Sprintf("there are more distinct queries than are kept (%d, or %d MiB of text), so the most executed are: %s not counted, at most %d of each query",
		c.limits.queries, c.limits.text>>20, plural(c.beyond, "execution"), c.floor)
}
