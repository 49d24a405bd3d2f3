package vtctld

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	topodatapb "vitess.io/vitess/go/vt/proto/topodata"
	vtctldatapb "vitess.io/vitess/go/vt/proto/vtctldata"
	vttimepb "vitess.io/vitess/go/vt/proto/vttime"

	"github.com/vtsync/vtsync/internal/planes"
)

const (
	// revertMargin is added to the age of a migration when its reverts are
	// looked for: vtctld reads times of MySQL in its own time zone, which may be
	// another than MySQL's.
	revertMargin = 26 * time.Hour
	// maxRecent bounds how far back reverts are looked for. Vitess keeps what a
	// revert needs for a day, unless it is told otherwise; an older revert still
	// shows in the schema, which a migration is held to as well.
	maxRecent = 30 * 24 * time.Hour
	// maxReverts bounds how many times over a migration was reverted.
	maxReverts = 8
	// pageRows is about how many rows an answer should hold, of all shards: at
	// some kilobytes per row it stays below what vtctld sends.
	pageRows = 4096
	// maxPages bounds how many recent rows are read.
	maxPages = 64
	// throttledFor is how long after it was throttled a migration counts as
	// throttled: Vitess does not say when it no longer is.
	throttledFor = time.Minute
)

// pendingStatuses are those of migrations that are not done, in the order in
// which a migration passes through them. vtctld takes one status per call: asked
// in this order, none that moves on between two calls is missed.
var pendingStatuses = []vtctldatapb.SchemaMigration_Status{
	vtctldatapb.SchemaMigration_REQUESTED, vtctldatapb.SchemaMigration_QUEUED,
	vtctldatapb.SchemaMigration_READY, vtctldatapb.SchemaMigration_RUNNING,
}

// migrations reads the rows of the named migrations, of the pending ones and of
// the recent ones. Nothing is listed without a filter: one row of a strategy
// that Vitess no longer has fails the whole answer.
func (c *Client) migrations(ctx context.Context, keyspace string, uuids []string) (planes.PhysicalKeyspace, error) {
	before, err := c.primaries(ctx, keyspace)
	if err != nil {
		return planes.PhysicalKeyspace{}, err
	}
	rows, unread := migrationRows{}, map[string]string{}
	if err := c.namedMigrations(ctx, rows, unread, keyspace, uuids); err != nil {
		return planes.PhysicalKeyspace{}, err
	}
	since, shards := rows.oldest()
	for _, status := range pendingStatuses {
		if _, err := c.readMigrations(ctx, rows, &vtctldatapb.GetSchemaMigrationsRequest{Keyspace: keyspace, Status: status}); err != nil {
			return planes.PhysicalKeyspace{}, err
		}
	}
	for range maxReverts {
		taken := rows.takenBack(unread)
		if len(taken) == 0 {
			break
		}
		if err := c.namedMigrations(ctx, rows, unread, keyspace, taken); err != nil {
			return planes.PhysicalKeyspace{}, err
		}
	}
	if shards > 0 {
		if err := c.recentMigrations(ctx, rows, keyspace, min(time.Since(since)+revertMargin, maxRecent), shards); err != nil {
			return planes.PhysicalKeyspace{}, err
		}
	}
	after, err := c.primaries(ctx, keyspace)
	if err != nil {
		return planes.PhysicalKeyspace{}, err
	}
	listed := slices.DeleteFunc(before, func(tablet string) bool { return !slices.Contains(after, tablet) })
	maps.DeleteFunc(unread, func(_, why string) bool { return why == "" })
	return planes.PhysicalKeyspace{Migrations: rows.sorted(), Listed: listed, Unread: unread}, nil
}

// primaries lists, sorted, the primaries of a keyspace as GetSchemaMigrations
// finds them: by the records of the tablets, without those of a cell whose topo
// does not answer. They are asked before the rows and after them, as a cell may
// go or come in between.
func (c *Client) primaries(ctx context.Context, keyspace string) ([]string, error) {
	resp, err := call(ctx, c, "GetTablets", "list the primaries of keyspace "+keyspace, c.rpc.GetTablets,
		&vtctldatapb.GetTabletsRequest{Keyspace: keyspace, TabletType: topodatapb.TabletType_PRIMARY})
	if err != nil {
		return nil, err
	}
	var out []string
	for _, t := range resp.Tablets {
		out = append(out, alias(t.Alias))
	}
	slices.Sort(out)
	return out, nil
}

// namedMigrations reads migrations one by one, so that one row that cannot be
// read fails no other. unread gets an entry for each that was asked for, empty
// where it could be read.
func (c *Client) namedMigrations(ctx context.Context, rows migrationRows, unread map[string]string, keyspace string, uuids []string) error {
	for _, uuid := range uuids {
		_, err := c.readMigrations(ctx, rows, &vtctldatapb.GetSchemaMigrationsRequest{Keyspace: keyspace, Uuid: uuid})
		switch {
		case silent(err):
			return err
		case err != nil:
			unread[uuid] = err.Error()
		default:
			unread[uuid] = ""
		}
	}
	return nil
}

// recentMigrations reads what was requested since the named migrations were, up
// to maxRecent: any revert of them is among these, and Vitess has no filter for
// reverts. It comes last, so that it shows the latest. The newest rows come
// first, by pages: rows that are added meanwhile shift others to a later page,
// and none off it.
func (c *Client) recentMigrations(ctx context.Context, rows migrationRows, keyspace string, window time.Duration, shards int) error {
	limit := uint64(max(1, pageRows/shards)) // of each shard
	for page := range uint64(maxPages) {
		most, err := c.readMigrations(ctx, rows, &vtctldatapb.GetSchemaMigrationsRequest{
			Keyspace: keyspace,
			Recent:   &vttimepb.Duration{Seconds: int64(window.Seconds())},
			Order:    vtctldatapb.QueryOrdering_DESCENDING,
			Limit:    limit,
			Skip:     page * limit,
		})
		if err != nil {
			return err
		}
		if most < limit {
			return nil
		}
	}
	return fmt.Errorf("keyspace %s has more than %d migrations on a shard in the last %s, since a migration that is waited for was requested: a revert of it cannot be ruled out",
		keyspace, maxPages*limit, window.Round(time.Hour))
}

// readMigrations adds what one request finds, and tells how many rows the shard
// with most has. A later answer replaces an earlier one.
func (c *Client) readMigrations(ctx context.Context, rows migrationRows, req *vtctldatapb.GetSchemaMigrationsRequest) (most uint64, err error) {
	resp, err := call(ctx, c, "GetSchemaMigrations", "read the migrations of keyspace "+req.Keyspace, c.rpc.GetSchemaMigrations, req)
	if err != nil {
		return 0, err
	}
	perShard := map[string]uint64{}
	for _, m := range resp.Migrations {
		rows[migrationKey{m.Uuid, m.Shard}] = migration(m)
		perShard[m.Shard]++
		most = max(most, perShard[m.Shard])
	}
	return most, nil
}

type migrationKey struct{ uuid, shard string }

type migrationRows map[migrationKey]planes.Migration

// oldest tells when the first of the rows was requested, and on how many shards
// they are.
func (r migrationRows) oldest() (since time.Time, shards int) {
	names := map[string]bool{}
	for key, m := range r {
		names[key.shard] = true
		if since.IsZero() || m.Requested.Before(since) {
			since = m.Requested
		}
	}
	return since, len(names)
}

// takenBack gives, sorted, what pending reverts take back, and what that took
// back itself, as far as it was not asked for yet.
func (r migrationRows) takenBack(asked map[string]string) []string {
	known := map[string]string{} // what each row takes back, by UUID
	todo := map[string]bool{}
	for key, m := range r {
		known[key.uuid] = m.Reverted
		if !m.Status.Ended() && m.Reverted != "" {
			todo[m.Reverted] = true
		}
	}
	var out []string
	for uuid := range todo {
		for range maxReverts {
			next, found := known[uuid]
			if !found || next == "" {
				break
			}
			uuid = next
		}
		_, found := known[uuid]
		if _, done := asked[uuid]; !found && !done && !slices.Contains(out, uuid) {
			out = append(out, uuid)
		}
	}
	slices.Sort(out)
	return out
}

func (r migrationRows) sorted() []planes.Migration {
	return slices.SortedFunc(maps.Values(r), func(a, b planes.Migration) int {
		return cmp.Or(strings.Compare(a.UUID, b.UUID), strings.Compare(a.Shard, b.Shard))
	})
}

// migration is one row as the planes hold it.
func migration(m *vtctldatapb.SchemaMigration) planes.Migration {
	return planes.Migration{
		UUID:             m.Uuid,
		Context:          m.MigrationContext,
		Keyspace:         m.Keyspace,
		Shard:            m.Shard,
		Tablet:           alias(m.Tablet),
		Table:            m.Table,
		Statement:        m.MigrationStatement,
		Action:           strings.ToLower(m.DdlAction),
		Strategy:         strings.ToLower(m.Strategy.String()),
		Status:           migrationStatus(m.Status),
		Reverted:         m.RevertedUuid,
		PostponeLaunch:   m.PostponeLaunch,
		PostponeComplete: m.PostponeCompletion,
		ReadyToComplete:  m.ReadyToComplete,
		RowsCopied:       int64(m.RowsCopied),
		TableRows:        m.TableRows,
		Progress:         float64(m.Progress),
		ETA:              m.EtaSeconds,
		Stage:            m.Stage,
		Throttled:        throttled(m),
		Message:          m.Message,
		Requested:        moment(m.RequestedAt),
		Started:          moment(m.StartedAt),
		Completed:        moment(m.CompletedAt),
	}
}

func migrationStatus(s vtctldatapb.SchemaMigration_Status) planes.MigrationStatus {
	switch s {
	case vtctldatapb.SchemaMigration_REQUESTED:
		return planes.MigrationRequested
	case vtctldatapb.SchemaMigration_QUEUED:
		return planes.MigrationQueued
	case vtctldatapb.SchemaMigration_READY:
		return planes.MigrationReady
	case vtctldatapb.SchemaMigration_RUNNING:
		return planes.MigrationRunning
	case vtctldatapb.SchemaMigration_COMPLETE:
		return planes.MigrationComplete
	case vtctldatapb.SchemaMigration_FAILED:
		return planes.MigrationFailed
	case vtctldatapb.SchemaMigration_CANCELLED:
		return planes.MigrationCancelled
	default:
		return planes.MigrationUnknown
	}
}

// throttled tells what throttles a migration now. The row keeps for ever what
// throttled it last, so only what is about as young as its last sign of life
// counts; both times are read by the same clock.
func throttled(m *vtctldatapb.SchemaMigration) string {
	var by []string
	if m.UserThrottleRatio > 0 {
		by = append(by, fmt.Sprintf("by a user to %.0f %%", 100*m.UserThrottleRatio))
	}
	live, last := moment(m.LivenessTimestamp), moment(m.LastThrottledAt)
	running := m.Status == vtctldatapb.SchemaMigration_RUNNING
	if running && m.ComponentThrottled != "" && live.Sub(last) < throttledFor {
		by = append(by, m.ComponentThrottled)
	}
	return strings.Join(by, ", ")
}

// moment is zero where there is none.
func moment(t *vttimepb.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return time.Unix(t.Seconds, int64(t.Nanoseconds)).UTC()
}

// alias is a tablet's alias as Vitess prints it: zone1-0000000100.
func alias(a *topodatapb.TabletAlias) string {
	if a == nil {
		return ""
	}
	return fmt.Sprintf("%s-%010d", a.Cell, a.Uid)
}
