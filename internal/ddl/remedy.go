package ddl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/planes"
)

// remedy says what helps where a migration is not done: a command, or what to do
// without it.
func (j *judge) remedy(a *Answer, rows map[string][]planes.Migration) string {
	n := a.Need
	if a.Status == Done {
		return ""
	}
	show := command("show", n.Keyspace, n.Migration) + "; or " + n.without()
	if len(rows) == 0 {
		return show
	}
	gone, known := j.takes(n)
	switch {
	case len(gone) > 0:
		return fmt.Sprintf("it takes away %s, which routing names: complete it after the change is applied. Until then %s", strings.Join(gone, ", "), n.without())
	case slices.ContainsFunc(a.Shards, func(s Shard) bool { return s.reverted }):
		return fmt.Sprintf("run the DDL again and name the new UUID; or plan again with --allow migration=%s", n.Migration)
	case a.Status == Failed:
		return command("retry", n.Keyspace, n.Migration) + "; or plan again with --allow migration=" + n.Migration
	}
	if known {
		if verb := j.verb(a, rows); verb != "" {
			return command(verb, n.Keyspace, n.Migration)
		}
	}
	if a.Status == Unknown || slices.ContainsFunc(a.Shards, func(s Shard) bool { return s.lacks }) {
		return show
	}
	return ""
}

// verb is what makes a migration go on that waits for a person.
func (j *judge) verb(a *Answer, rows map[string][]planes.Migration) string {
	for _, s := range a.Shards {
		for _, m := range rows[s.Name] {
			switch {
			case s.Ready:
				return "complete"
			case m.PostponeLaunch && !m.Status.Ended():
				return "launch"
			}
		}
	}
	return ""
}

// takes names what a migration takes away that the cluster routes by now.
func (j *judge) takes(n Need) (gone []string, known bool) {
	m, found := j.anyRow(n.Keyspace, n.Migration)
	if !found {
		return nil, false
	}
	e, known := j.does(n.Keyspace, m)
	if !known {
		return nil, false
	}
	return taken(RoutingOf(j.in.Global).namings(n.Keyspace, takenFrom(e)), e), true
}

// without says how to do without a migration that is waited for.
func (n Need) without() string {
	allow := "plan again with --allow migration=" + n.Migration
	switch n.From {
	case FromFile:
		return fmt.Sprintf("take it out of %s, or %s", n.Where, allow)
	case FromFlag:
		return "plan again without --after-migration, or with --allow migration=" + n.Migration
	case FromPending, FromColumns:
	}
	return allow
}
