package ddl

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/planes"
)

// row judges what one shard says of a migration.
func (j *judge) row(n Need, shard string, rows []planes.Migration) Shard {
	out := Shard{Name: shard}
	switch len(rows) {
	case 0:
		out.Status, out.Text = Unknown, "it does not say: its primary cannot be reached, or never got the migration"
		switch alias := primary(j.in.Global, n.Keyspace, shard); {
		case alias == "":
			out.Text = "it has no primary to ask"
		case !slices.Contains(j.in.Physical.Keyspaces[n.Keyspace].Listed, alias):
			out.Text = fmt.Sprintf("vtctld does not find its primary %s", alias)
		}
		return out
	case 1:
	default:
		out.Status, out.Text = Unknown, fmt.Sprintf("it has %d rows for the migration", len(rows))
		return out
	}
	m := rows[0]
	out.Stage, out.Progress, out.Throttled = m.Stage, m.Progress, m.Throttled
	out.RowsCopied, out.TableRows, out.ETA = m.RowsCopied, m.TableRows, max(m.ETA, 0)
	out.Ready = m.Status == planes.MigrationRunning && m.PostponeComplete && m.ReadyToComplete
	out.Status, out.Text = standing(m)
	if m.Status == planes.MigrationRunning && !out.Ready {
		out.brief = string(m.Status)
	}
	switch by, state := j.reverted(n.Keyspace, m.UUID, shard, maxReverts); state {
	case takenBack:
		out.brief, out.reverted = "", true
		out.Status, out.Text = Failed, fmt.Sprintf("it was reverted by migration %s", by.UUID)
	case toBeTaken:
		out.brief = ""
		out.Status, out.Text = Waiting, fmt.Sprintf("migration %s is about to revert it (%s)", by.UUID, by.Status)
		if by.Reverted != m.UUID {
			out.Text = fmt.Sprintf("migration %s is about to take back or renew its revert (%s)", by.UUID, by.Status)
		}
	case inForce:
	}
	return out
}

// force tells whether what a migration did still holds.
type force int

const (
	inForce   force = iota
	toBeTaken       // a revert is under way, of it or of its revert
	takenBack
)

// reverted tells whether a migration was taken back on a shard, and by which:
// a revert that was itself taken back does not count. It looks no deeper than
// given; what lies below counts as taken back.
func (j *judge) reverted(keyspace, uuid, shard string, depth int) (by planes.Migration, state force) {
	if depth == 0 {
		return planes.Migration{UUID: uuid}, takenBack
	}
	for _, m := range j.in.Physical.Keyspaces[keyspace].Migrations {
		if m.Shard != shard || m.Reverted != uuid || m.UUID == uuid {
			continue
		}
		switch m.Status {
		case planes.MigrationFailed, planes.MigrationCancelled:
		case planes.MigrationComplete:
			other, again := j.reverted(keyspace, m.UUID, shard, depth-1)
			switch again {
			case inForce:
				return m, takenBack
			case toBeTaken:
				by, state = other, toBeTaken
			case takenBack:
			}
		default:
			by, state = m, toBeTaken
		}
	}
	return by, state
}

// standing says how far a migration is, apart from what others make of it.
func standing(m planes.Migration) (Status, string) {
	switch m.Status {
	case planes.MigrationComplete:
		return Done, "complete"
	case planes.MigrationFailed:
		return Failed, "failed: " + cmp.Or(clip(m.Message), "Vitess does not say why")
	case planes.MigrationCancelled:
		return Failed, "cancelled"
	case planes.MigrationRunning:
		return Waiting, running(m)
	case planes.MigrationRequested, planes.MigrationQueued, planes.MigrationReady:
		if m.PostponeLaunch {
			return Waiting, string(m.Status) + ", waits for a person to launch it"
		}
		return Waiting, string(m.Status)
	default:
		return Unknown, fmt.Sprintf("its status is %q", m.Status)
	}
}

func running(m planes.Migration) string {
	parts := []string{"running"}
	switch {
	case m.PostponeComplete && m.ReadyToComplete:
		return "copied, waits for a person to complete it"
	case m.Progress > 0:
		parts = append(parts, fmt.Sprintf("%.0f %% copied", min(m.Progress, 100)))
	}
	if m.ETA > 0 {
		parts = append(parts, "about "+about(m.ETA)+" left")
	}
	if m.Throttled != "" {
		parts = append(parts, "throttled by "+m.Throttled)
	}
	return strings.Join(parts, ", ")
}

// about gives seconds as people say them.
func about(seconds int64) string {
	d := time.Duration(seconds) * time.Second
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", seconds)
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	default:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
}

// clip keeps a message of Vitess on one line of bounded length.
func clip(text string) string {
	const most = 200
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "..."
	}
	return text
}

func primary(g planes.Global, keyspace, shard string) string {
	for _, s := range g.Keyspaces[keyspace].Shards {
		if s.Name == shard {
			return s.Primary
		}
	}
	return ""
}

// noPrimary tells that no serving shard of a keyspace has a primary in topo: it is
// under construction and has no MySQL yet.
func noPrimary(g planes.Global, keyspace string) bool {
	return !slices.ContainsFunc(g.Keyspaces[keyspace].Shards, func(s planes.Shard) bool { return s.Serving && s.Primary != "" })
}

// shows holds a shard whose row is complete to its schema: what the statement
// adds must be there and what it drops must be gone.
func (j *judge) shows(s *Shard, keyspace, statement string) physical.Effect {
	e := j.effect(statement)
	if e.err != nil {
		s.Status, s.Text = Unknown, fmt.Sprintf("complete, and what its statement changes cannot be read: %v", e.err)
		return e.Effect
	}
	if e.Table == "" {
		return e.Effect
	}
	table, why := j.table(keyspace, s.Name, e.Table)
	if why != "" {
		s.Status, s.Text = Unknown, "complete, and "+why
		return e.Effect
	}
	if missing := e.Missing(table); len(missing) > 0 {
		s.Status, s.Text, s.lacks = Waiting, "complete, but "+strings.Join(missing, ", "), true
	}
	return e.Effect
}

// columns judges columns of a table without a migration to ask. A table that is
// on no shard is not waited for: Vitess wants the VSchema of a sharded keyspace
// before the CREATE TABLE through a vtgate. Nor is any of a keyspace that has no
// MySQL yet.
func (j *judge) columns(a *Answer, shards []string) {
	n := a.Need
	if noPrimary(j.in.Global, n.Keyspace) {
		for _, name := range shards {
			a.Shards = append(a.Shards, Shard{Name: name, Status: Done, Text: "it has no primary yet"})
		}
		a.Status, a.Text = Done, fmt.Sprintf("no shard of %s has a primary yet, so there is no table to look at", n.Keyspace)
		return
	}
	e := physical.Effect{Table: n.Table, Columns: n.Columns}
	lacking := 0
	for _, name := range shards {
		s := Shard{Name: name, Status: Done, Text: "there"}
		table, why := j.table(n.Keyspace, name, n.Table)
		switch {
		case why != "":
			s.Status, s.Text = Unknown, why
		default:
			if table == nil {
				lacking++
			}
			if missing := e.Missing(table); len(missing) > 0 {
				s.Status, s.Text = Waiting, strings.Join(missing, ", ")
			}
		}
		a.Shards = append(a.Shards, s)
	}
	if lacking == len(shards) {
		for i := range a.Shards {
			a.Shards[i].Status = Done
		}
		a.Status, a.Text = Done, fmt.Sprintf("table %s is on no shard: not waited for", n.Table)
		return
	}
	skipped := ""
	if allDone(a.Shards) {
		a.VTGates, skipped = j.vtgates(n.Keyspace, e)
	}
	a.Status, a.Skipped = worst(a), skipped
	parts := behind(a, skipped, func(s Shard) string { return s.Text })
	if allDone(a.Shards) {
		parts = append([]string{"on " + allOf(len(shards))}, parts...)
	}
	a.Text = strings.Join(parts, "; ")
	if a.Status == Unknown {
		a.Remedy = "vtsync doctor"
	}
}

// effect reads a statement once.
func (j *judge) effect(statement string) effect {
	e, known := j.effects[statement]
	if !known {
		e.Effect, e.err = physical.EffectOf(statement)
		j.effects[statement] = e
	}
	return e
}

// table gives a table of a shard, nil where there is none, or says why it is not
// known.
func (j *judge) table(keyspace, shard, name string) (table *physical.Table, why string) {
	schema, read := j.in.Physical.Keyspaces[keyspace].Shards[shard]
	switch {
	case !read:
		return nil, "its schema was not read"
	case schema.Err != "":
		return nil, "its schema cannot be read: " + clip(schema.Err)
	}
	text, there := schema.Tables[name]
	if !there {
		return nil, ""
	}
	p, known := j.tables[text]
	if !known {
		p.table, p.err = physical.ParseTable(text)
		j.tables[text] = p
	}
	if p.err != nil {
		return nil, fmt.Sprintf("its table %s cannot be read: %v", name, p.err)
	}
	return p.table, ""
}
