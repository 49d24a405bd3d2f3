package ddl

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/vtsync/vtsync/internal/planes"
)

var statuses = []planes.MigrationStatus{
	planes.MigrationUnknown, planes.MigrationRequested, planes.MigrationQueued, planes.MigrationReady,
	planes.MigrationRunning, planes.MigrationComplete, planes.MigrationComplete, planes.MigrationFailed, planes.MigrationCancelled,
}

// TestDoneIsDone: a need is only done if every serving shard has exactly one
// row, which says complete, no revert that has ended well or is to come, and a
// schema that shows what was added. Whatever else is not done says why, and what
// is waited for is told by as many shards as topo lists.
func TestDoneIsDone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := cluster().with()
		for _, shard := range []string{"-80", "80-", "80-c0"} {
			for range rapid.IntRange(0, 2).Draw(t, "rows") {
				in = in.with(row(shard, rapid.SampledFrom(statuses).Draw(t, "status")))
			}
			if rapid.IntRange(0, 3).Draw(t, "revert") == 0 {
				in = in.with(planes.Migration{UUID: revert, Shard: shard, Reverted: uuid, Status: rapid.SampledFrom(statuses).Draw(t, "revert status")})
			}
			if rapid.IntRange(0, 3).Draw(t, "schema") == 0 {
				in = in.table(shard, rapid.SampledFrom([]string{before, after, "", "create tabel"}).Draw(t, "table"))
			}
		}
		got := Judge(in)[0]
		if (got.Status == Done) != reallyDone(in) {
			t.Fatalf("%s (%s) of %+v", got.Status, got.Text, in.Physical)
		}
		if got.Text == "" || len(got.Shards) != 2 {
			t.Fatalf("%+v", got)
		}
		// The second look is for those, and only those, that the first passes.
		ask := WantsSchemas(in.Needs, in.Global, in.Physical)
		if got.Status == Done && len(ask.Schemas["customer"]) == 0 {
			t.Fatalf("done without a look at the schema")
		}
	})
}

func reallyDone(in Input) bool {
	ks := in.Physical.Keyspaces["customer"]
	for _, shard := range []string{"-80", "80-"} {
		rows := 0
		for _, m := range ks.Migrations {
			if m.Shard != shard {
				continue
			}
			ended := m.Status == planes.MigrationFailed || m.Status == planes.MigrationCancelled
			if m.Reverted == uuid && !ended || m.UUID == uuid && m.Status != planes.MigrationComplete {
				return false
			}
			if m.UUID == uuid {
				rows++
			}
		}
		if rows != 1 || ks.Shards[shard].Tables["customer"] != after {
			return false
		}
	}
	return true
}
