package ddl

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"vitess.io/vitess/go/vt/schema"

	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/planes"
)

// Input is what needs are judged by.
type Input struct {
	Needs []Need
	// Global says which shards serve, and what the VSchema says of a table.
	Global   planes.Global
	Physical planes.Physical
	VTGates  []planes.VTGate
	// IgnoredCells are decommissioned: their vtgates are not asked.
	IgnoredCells []string
}

// IsUUID tells whether a text can be a migration's UUID.
func IsUUID(text string) bool { return schema.IsOnlineDDLUUID(text) }

// Judge says how far each need is met, in the order of the needs.
func Judge(in Input) []Answer {
	j := judge{in: in, tables: make(map[string]parsed), effects: make(map[string]effect)}
	j.early = j.incomplete()
	out := make([]Answer, 0, len(in.Needs))
	for _, n := range in.Needs {
		a := j.need(n)
		a.Brief = cmp.Or(a.Brief, a.Text)
		out = append(out, a)
	}
	return out
}

// judge keeps what was parsed: shards mostly say the same.
type judge struct {
	in      Input
	tables  map[string]parsed // by the text of the CREATE TABLE
	effects map[string]effect // by the statement
	// early tells that no schema was asked for yet; see WantsSchemas.
	early bool
}

// incomplete tells that a migration is not complete everywhere.
func (j *judge) incomplete() bool {
	return slices.ContainsFunc(j.in.Needs, func(n Need) bool {
		if n.Migration == "" {
			return false
		}
		_, complete := j.affected(n)
		return !complete
	})
}

type parsed struct {
	table *physical.Table
	err   error
}

type effect struct {
	physical.Effect
	err error
}

func (j *judge) need(n Need) Answer {
	a := Answer{Need: n}
	shards := Serving(j.in.Global, n.Keyspace)
	switch {
	case len(shards) == 0:
		a.Status, a.Text = Unknown, fmt.Sprintf("topo lists no serving shard of keyspace %s", n.Keyspace)
		a.Remedy = "vtctldclient FindAllShardsInKeyspace " + n.Keyspace
	case n.Migration == "" && n.Table == "":
		a.Status, a.Text = Done, "every shard says which migrations are pending"
		if why := unlisted(j.in.Global, j.in.Physical, n.Keyspace); why != "" {
			a.Status, a.Text = Unknown, "whether a migration is pending is not known: "+why
			a.Remedy = "vtsync doctor"
		}
	case n.Migration == "" && j.early:
		a.Status, a.Text = Waiting, "looked at once the migrations are complete"
	case n.Migration == "":
		j.columns(&a, shards)
	default:
		j.migration(&a, shards)
	}
	return a
}

// Serving gives the names of a keyspace's serving shards, sorted.
func Serving(g planes.Global, keyspace string) []string {
	var names []string
	for _, s := range g.Keyspaces[keyspace].Shards {
		if s.Serving {
			names = append(names, s.Name)
		}
	}
	slices.Sort(names)
	return names
}

// migration judges a need of a migration. What the shards' schemas show is only
// looked at once every shard has a row that says complete, and what the vtgates
// show once every schema shows it.
func (j *judge) migration(a *Answer, shards []string) {
	n := a.Need
	rows := j.rows(n, shards)
	why, help := unread(j.in.Physical, n.Keyspace), "vtsync doctor"
	if one := j.in.Physical.Keyspaces[n.Keyspace].Unread[n.Migration]; why == "" && one != "" {
		why, help = "its rows cannot be read: "+clip(one), n.without()
	}
	if why != "" {
		for _, s := range shards {
			a.Shards = append(a.Shards, Shard{Name: s, Status: Unknown, Text: "not known"})
		}
		a.Status, a.Text, a.Remedy = Unknown, why, help
		return
	}
	for _, s := range shards {
		a.Shards = append(a.Shards, j.row(n, s, rows[s]))
	}
	if n.From == FromPending && cancelled(rows, shards, a.Shards) {
		a.Status, a.Text = Done, fmt.Sprintf("cancelled on %s: not waited for any more", allOf(len(shards)))
		return
	}
	a.Requested, a.Started = begun(rows)
	complete := allDone(a.Shards)
	if complete && j.early {
		a.Status, a.Text = Waiting, fmt.Sprintf("complete on %s; its tables are looked at once the other migrations are complete", allOf(len(shards)))
		return
	}
	skipped := ""
	switch {
	case complete:
		var e physical.Effect
		for i, s := range shards {
			e = j.shows(&a.Shards[i], n.Keyspace, rows[s][0].Statement)
		}
		if allDone(a.Shards) {
			a.VTGates, skipped = j.vtgates(n.Keyspace, e)
		}
	case !j.early && settled(rows, a.Shards):
		j.newer(a, rows)
	}
	a.Status = worst(a)
	a.Skipped = skipped
	a.Text = j.migrationText(a, len(rows) > 0, skipped, func(s Shard) string { return s.Text })
	a.Brief = j.migrationText(a, len(rows) > 0, skipped, func(s Shard) string { return cmp.Or(s.brief, s.Text) })
	a.Remedy = j.remedy(a, rows)
}

// settled tells that a migration is complete on each shard that has a row of it,
// and that some shard has.
func settled(rows map[string][]planes.Migration, shards []Shard) bool {
	done := slices.ContainsFunc(shards, func(s Shard) bool { return s.Status == Done })
	return done && !slices.ContainsFunc(shards, func(s Shard) bool { return s.Status != Done && len(rows[s.Name]) > 0 })
}

// newer says of the shards without a row whether they show what the migration
// changed: those that a Reshard has made do, and never get a row.
func (j *judge) newer(a *Answer, rows map[string][]planes.Migration) {
	var statement string
	for _, s := range a.Shards {
		if len(rows[s.Name]) > 0 {
			statement = rows[s.Name][0].Statement
		}
	}
	if e := j.effect(statement); e.err != nil || e.Table == "" {
		return
	}
	for i, s := range a.Shards {
		probe := Shard{Name: s.Name, Status: Done}
		if j.shows(&probe, a.Need.Keyspace, statement); len(rows[s.Name]) == 0 && probe.Status == Done {
			a.Shards[i].Text = "it has no row of it and shows what it changes: the shard may be newer than the migration"
		}
	}
}

// rows gives the rows of a need's migration by shard.
func (j *judge) rows(n Need, shards []string) map[string][]planes.Migration {
	out := make(map[string][]planes.Migration, len(shards))
	for _, m := range j.in.Physical.Keyspaces[n.Keyspace].Migrations {
		if m.UUID == n.Migration && slices.Contains(shards, m.Shard) {
			out[m.Shard] = append(out[m.Shard], m)
		}
	}
	return out
}

// begun gives when a migration was requested and when it started, on whichever
// shard was first.
func begun(rows map[string][]planes.Migration) (requested, started time.Time) {
	first := func(t *time.Time, other time.Time) {
		if !other.IsZero() && (t.IsZero() || other.Before(*t)) {
			*t = other
		}
	}
	for _, shard := range rows {
		for _, m := range shard {
			first(&requested, m.Requested)
			first(&started, m.Started)
		}
	}
	return requested, started
}

// cancelled tells that nothing of a migration is to be waited for. What was
// found pending is let go once it is cancelled everywhere; while a shard still
// runs it, those where it is cancelled already have not failed.
func cancelled(rows map[string][]planes.Migration, names []string, shards []Shard) bool {
	n, ended := 0, 0
	for _, s := range names {
		if len(rows[s]) != 1 {
			continue
		}
		if rows[s][0].Status == planes.MigrationCancelled {
			n++
		}
		if rows[s][0].Status.Ended() {
			ended++
		}
	}
	if ended < len(names) {
		for i, s := range names {
			if len(rows[s]) == 1 && rows[s][0].Status == planes.MigrationCancelled {
				shards[i].Status = Waiting
			}
		}
	}
	return n == len(names)
}

func allDone(shards []Shard) bool {
	return !slices.ContainsFunc(shards, func(s Shard) bool { return s.Status != Done })
}

// order ranks the statuses, the best first.
var order = []Status{Done, Waiting, Unknown, Failed}

func worse(a, b Status) Status {
	if slices.Index(order, a) > slices.Index(order, b) {
		return a
	}
	return b
}

// worst gives the status of the shard or vtgate that is worst.
func worst(a *Answer) Status {
	status := Done
	for _, s := range a.Shards {
		status = worse(status, s.Status)
	}
	for _, g := range a.VTGates {
		status = worse(status, g.Status)
	}
	return status
}

// maxShown bounds how many shards or vtgates a text names.
const maxShown = 4

func (j *judge) migrationText(a *Answer, known bool, skipped string, say func(Shard) string) string {
	if !known {
		text := fmt.Sprintf("no shard of %s knows it", a.Need.Keyspace)
		if name := near.Name(a.Need.Migration, j.seen(a.Need.Keyspace)); name != "" {
			text += fmt.Sprintf(" (did you mean %s?)", name)
		}
		return text
	}
	done := 0
	for _, s := range a.Shards {
		if s.Status == Done {
			done++
		}
	}
	parts := []string{fmt.Sprintf("%d of %s complete", done, count(len(a.Shards)))}
	if done == len(a.Shards) {
		parts[0] = "complete on " + allOf(done)
	}
	return strings.Join(append(parts, behind(a, skipped, say)...), "; ")
}

// behind names what is not ready yet; say gives the words of a shard.
func behind(a *Answer, skipped string, say func(Shard) string) []string {
	var parts []string
	for _, s := range a.Shards {
		if s.Status != Done {
			parts = append(parts, s.Name+": "+say(s))
		}
	}
	for _, g := range a.VTGates {
		if g.Status != Done {
			parts = append(parts, "vtgate "+g.Target+": "+g.Text)
		}
	}
	if more := len(parts) - maxShown; more > 0 {
		parts = append(parts[:maxShown], fmt.Sprintf("and %d more", more))
	}
	if skipped != "" {
		parts = append(parts, skipped)
	}
	return parts
}

// seen are the UUIDs that some shard of the keyspace has.
func (j *judge) seen(keyspace string) []string {
	var out []string
	for _, m := range j.in.Physical.Keyspaces[keyspace].Migrations {
		out = append(out, m.UUID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func count(n int) string {
	if n == 1 {
		return "1 shard"
	}
	return fmt.Sprintf("%d shards", n)
}

func allOf(n int) string {
	if n == 1 {
		return "its shard"
	}
	return fmt.Sprintf("all %d shards", n)
}
