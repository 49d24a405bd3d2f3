package vtctld

import (
	"context"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/vtsync/vtsync/internal/planes"
)

// Physical reads what is asked of the physical plane. What cannot be read says
// so in its place; where nothing at all answered Err says so too.
func (c *Client) Physical(ctx context.Context, ask planes.Ask) planes.Physical {
	ctx, span := tracer.Start(ctx, "vtctld.Physical")
	defer span.End()
	ctx, cancel := context.WithTimeout(ctx, lookTimeouts*c.timeout)
	defer cancel()

	l := newLook(ask)
	var group errgroup.Group
	group.SetLimit(parallel)
	for keyspace, uuids := range ask.Migrations {
		group.Go(func() error {
			found, err := c.migrations(ctx, keyspace, uuids)
			l.keyspace(keyspace, err, func(ks *planes.PhysicalKeyspace, text string) {
				ks.Migrations, ks.Listed, ks.Unread, ks.MigrationsErr = found.Migrations, found.Listed, found.Unread, text
			})
			return nil
		})
	}
	for _, keyspace := range ask.Workflows {
		group.Go(func() error {
			found, err := c.workflows(ctx, keyspace)
			l.workflows(keyspace, found, err)
			return nil
		})
	}
	for keyspace, tables := range ask.Schemas {
		for _, shard := range ask.Shards[keyspace] {
			group.Go(func() error {
				schema, err := c.schema(ctx, keyspace, shard, tables, ask.Views)
				l.keyspace(keyspace, err, func(ks *planes.PhysicalKeyspace, text string) {
					schema.Err = text
					ks.Shards[shard.Name] = schema
				})
				return nil
			})
		}
	}
	_ = group.Wait() // each says its error in its place
	return l.result()
}

// look gathers the answers of one look. Its mutex guards the rest.
type look struct {
	mu       sync.Mutex
	got      planes.Physical
	answered bool
	silences []string
}

// newLook gives each keyspace that is asked for a place, with shards or without.
func newLook(ask planes.Ask) *look {
	all := map[string]planes.PhysicalKeyspace{}
	for keyspace := range ask.Migrations {
		all[keyspace] = planes.PhysicalKeyspace{}
	}
	for keyspace := range ask.Schemas {
		all[keyspace] = planes.PhysicalKeyspace{Shards: map[string]planes.ShardSchema{}}
	}
	return &look{got: planes.Physical{Keyspaces: all}}
}

// keyspace keeps an answer, or why there is none, in its keyspace.
func (l *look) keyspace(name string, err error, set func(ks *planes.PhysicalKeyspace, text string)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ks := l.got.Keyspaces[name]
	set(&ks, l.note(err))
	l.got.Keyspaces[name] = ks
}

func (l *look) workflows(keyspace string, found []planes.Workflow, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if text := l.note(err); text != "" {
		if l.got.Unread == nil {
			l.got.Unread = map[string]string{}
		}
		l.got.Unread[keyspace] = text
		return
	}
	l.got.Workflows = append(l.got.Workflows, found...)
}

// note keeps whether anything answered, and gives the text of an error.
func (l *look) note(err error) string {
	switch {
	case err == nil:
		l.answered = true
		return ""
	case silent(err):
		l.silences = append(l.silences, err.Error())
	default:
		l.answered = true
	}
	return err.Error()
}

func (l *look) result() planes.Physical {
	slices.SortFunc(l.got.Workflows, func(a, b planes.Workflow) int {
		if n := strings.Compare(a.Target, b.Target); n != 0 {
			return n
		}
		return strings.Compare(a.Name, b.Name)
	})
	if !l.answered && len(l.silences) > 0 {
		l.got.Err = slices.Min(l.silences)
	}
	return l.got
}
