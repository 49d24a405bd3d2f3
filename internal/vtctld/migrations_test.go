package vtctld_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	topodatapb "vitess.io/vitess/go/vt/proto/topodata"
	vtctldatapb "vitess.io/vitess/go/vt/proto/vtctldata"
	vttimepb "vitess.io/vitess/go/vt/proto/vttime"

	"github.com/vtsync/vtsync/internal/planes"
)

const uuid = "11111111_2222_3333_4444_555555555555"

// full is a row with every field set.
func full(t *testing.T) *vtctldatapb.SchemaMigration {
	t.Helper()
	m := &vtctldatapb.SchemaMigration{
		Uuid: uuid, Keyspace: "customer", Shard: "-80", Schema: "vt_customer", Table: "customer",
		MigrationStatement: "alter table customer add column phone varchar(32)",
		Strategy:           vtctldatapb.SchemaMigration_MYSQL, Options: "--postpone-completion",
		AddedAt: at(1), RequestedAt: at(2), ReadyAt: at(3), StartedAt: at(4), LivenessTimestamp: at(5),
		CompletedAt: at(6), CleanedUpAt: at(7), Status: vtctldatapb.SchemaMigration_RUNNING,
		LogPath: "p", Artifacts: "a", Retries: 2, Tablet: &topodatapb.TabletAlias{Cell: "zone-1", Uid: 100}, TabletFailure: true,
		Progress: 41.5, MigrationContext: "vtctl:x", DdlAction: "ALTER", Message: "m", EtaSeconds: 180, RowsCopied: 410, TableRows: 1000,
		AddedUniqueKeys: 1, RemovedUniqueKeys: 1, LogFile: "f", ArtifactRetention: &vttimepb.Duration{Seconds: 60},
		PostponeCompletion: true, RemovedUniqueKeyNames: "k", DroppedNoDefaultColumnNames: "c", ExpandedColumnNames: "c",
		RevertibleNotes: "n", AllowConcurrent: true, RevertedUuid: "other", IsView: true, ReadyToComplete: true,
		VitessLivenessIndicator: 9, UserThrottleRatio: 0.5, SpecialPlan: "s", LastThrottledAt: at(5), ComponentThrottled: "vreplication",
		CancelledAt: at(8), PostponeLaunch: true, Stage: "copying", CutoverAttempts: 3, IsImmediateOperation: true,
		ReviewedAt: at(9), ReadyToCompleteAt: at(10), RemovedForeignKeyNames: "fk", InOrderCompletionPendingCount: 1,
	}
	fields := m.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		if f := fields.Get(i); !m.ProtoReflect().Has(f) {
			t.Fatalf("this Vitess has a field %s: set it here, and map it or say why not", f.Name())
		}
	}
	return m
}

func at(day int64) *vttimepb.Time { return &vttimepb.Time{Seconds: 1_700_000_000 + day} }

// ignoredFields are those of a migration that say nothing that vtsync decides
// or shows.
var ignoredFields = map[protoreflect.Name]string{
	"schema":                            "MySQL's name of the keyspace's schema",
	"options":                           "those that matter are fields of their own",
	"added_at":                          "requested_at says when it began to matter",
	"ready_at":                          "a step on the way: status says where it is",
	"cleaned_up_at":                     "of its artifacts",
	"liveness_timestamp":                "it only ages last_throttled_at: TestThrottledNow",
	"log_path":                          "of tools that Vitess no longer runs",
	"log_file":                          "of tools that Vitess no longer runs",
	"artifacts":                         "tables that Vitess cleans up itself",
	"artifact_retention":                "of tables that Vitess cleans up itself",
	"retries":                           "status says how it ended",
	"tablet_failure":                    "Vitess retries by itself: status says how it ended",
	"added_unique_keys":                 "the statement says it",
	"removed_unique_keys":               "the statement says it",
	"removed_unique_key_names":          "the statement says it",
	"removed_foreign_key_names":         "the statement says it",
	"dropped_no_default_column_names":   "it bears on reverts only",
	"expanded_column_names":             "it bears on reverts only",
	"revertible_notes":                  "it bears on reverts only",
	"allow_concurrent":                  "it bears on how Vitess schedules only",
	"is_view":                           "the statement says it, and routing names no columns of views",
	"vitess_liveness_indicator":         "liveness_timestamp for machines",
	"special_plan":                      "how MySQL does it",
	"cancelled_at":                      "vtctld reads a column that does not exist: it is never set",
	"cutover_attempts":                  "stage and message say how it goes",
	"is_immediate_operation":            "how MySQL does it",
	"reviewed_at":                       "a step on the way: status says where it is",
	"ready_to_complete_at":              "ready_to_complete says that it is",
	"in_order_completion_pending_count": "it waits for others: status says that it is not done",
}

func TestEveryFieldOfAMigration(t *testing.T) {
	row := full(t)
	read := func(m *vtctldatapb.SchemaMigration) planes.Migration {
		s := &scripted{migrations: func(_ context.Context, req *vtctldatapb.GetSchemaMigrationsRequest) ([]*vtctldatapb.SchemaMigration, error) {
			if req.Uuid != "" {
				return []*vtctldatapb.SchemaMigration{m}, nil
			}
			return nil, nil
		}}
		return look(t, s, named("customer", uuid)).Keyspaces["customer"].Migrations[0]
	}
	whole := read(row)
	want := planes.Migration{
		UUID: uuid, Context: "vtctl:x", Keyspace: "customer", Shard: "-80", Tablet: "zone-1-0000000100", Table: "customer",
		Statement: row.MigrationStatement, Action: "alter", Strategy: "mysql", Status: planes.MigrationRunning, Reverted: "other",
		PostponeLaunch: true, PostponeComplete: true, ReadyToComplete: true, RowsCopied: 410, TableRows: 1000, Progress: 41.5, ETA: 180,
		Stage: "copying", Throttled: "by a user to 50 %, vreplication", Message: "m",
		Requested: time.Unix(1_700_000_002, 0).UTC(), Started: time.Unix(1_700_000_004, 0).UTC(), Completed: time.Unix(1_700_000_006, 0).UTC(),
	}
	if d := cmp.Diff(want, whole); d != "" {
		t.Errorf("migration (-want +got):\n%s", d)
	}
	fields := row.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		less := proto.CloneOf(row)
		less.ProtoReflect().Clear(f)
		reason, ignored := ignoredFields[f.Name()]
		switch mapped := read(less) != whole; {
		case mapped && ignored:
			t.Errorf("%s is mapped, and listed as ignored: %s", f.Name(), reason)
		case !mapped && !ignored:
			t.Errorf("%s is neither mapped nor listed with the reason why not", f.Name())
		}
	}
}

func TestStatuses(t *testing.T) {
	want := map[vtctldatapb.SchemaMigration_Status]planes.MigrationStatus{
		vtctldatapb.SchemaMigration_UNKNOWN:   planes.MigrationUnknown,
		vtctldatapb.SchemaMigration_REQUESTED: planes.MigrationRequested,
		vtctldatapb.SchemaMigration_CANCELLED: planes.MigrationCancelled,
		vtctldatapb.SchemaMigration_QUEUED:    planes.MigrationQueued,
		vtctldatapb.SchemaMigration_READY:     planes.MigrationReady,
		vtctldatapb.SchemaMigration_RUNNING:   planes.MigrationRunning,
		vtctldatapb.SchemaMigration_COMPLETE:  planes.MigrationComplete,
		vtctldatapb.SchemaMigration_FAILED:    planes.MigrationFailed,
		77:                                    planes.MigrationUnknown, // of a newer Vitess
	}
	for number := range vtctldatapb.SchemaMigration_Status_name {
		if _, ok := want[vtctldatapb.SchemaMigration_Status(number)]; !ok {
			t.Errorf("this Vitess has a status %s", vtctldatapb.SchemaMigration_Status(number))
		}
	}
	for status, want := range want {
		s := only(func(req *vtctldatapb.GetSchemaMigrationsRequest) bool { return req.Uuid != "" }, row(uuid, "-80", status))
		if got := look(t, s, named("customer", uuid)).Keyspaces["customer"].Migrations[0].Status; got != want {
			t.Errorf("%s reads as %s, want %s", status, got, want)
		}
	}
}

// TestThrottledNow: the row keeps what throttled it last for ever.
func TestThrottledNow(t *testing.T) {
	for name, c := range map[string]struct {
		last   int64
		status vtctldatapb.SchemaMigration_Status
		want   string
	}{
		"a moment ago":  {last: 990, status: vtctldatapb.SchemaMigration_RUNNING, want: "vplayer"},
		"long ago":      {last: 900, status: vtctldatapb.SchemaMigration_RUNNING},
		"it is done":    {last: 1000, status: vtctldatapb.SchemaMigration_COMPLETE},
		"after its own": {last: 1003, status: vtctldatapb.SchemaMigration_RUNNING, want: "vplayer"},
	} {
		t.Run(name, func(t *testing.T) {
			m := row(uuid, "-80", c.status)
			m.LivenessTimestamp, m.LastThrottledAt, m.ComponentThrottled = at(1000), at(c.last), "vplayer"
			s := only(func(req *vtctldatapb.GetSchemaMigrationsRequest) bool { return req.Uuid != "" }, m)
			if got := look(t, s, named("customer", uuid)).Keyspaces["customer"].Migrations[0].Throttled; got != c.want {
				t.Errorf("throttled %q, want %q", got, c.want)
			}
		})
	}
}

// TestWhatIsAsked: never without a filter, as one row of gh-ost's fails the
// whole answer then.
func TestWhatIsAsked(t *testing.T) {
	old := row(uuid, "-80", vtctldatapb.SchemaMigration_COMPLETE)
	old.RequestedAt = &vttimepb.Time{Seconds: time.Now().Add(-20 * 24 * time.Hour).Unix()}
	s := only(func(req *vtctldatapb.GetSchemaMigrationsRequest) bool { return req.Uuid == uuid }, old)
	look(t, s, named("customer", uuid))
	var got []string
	for _, req := range s.requests() {
		switch {
		case req.Keyspace != "customer":
			t.Errorf("keyspace %q was asked", req.Keyspace)
		case req.Uuid != "":
			got = append(got, "uuid")
		case req.Status != 0:
			got = append(got, strings.ToLower(req.Status.String()))
		case req.Recent != nil:
			got = append(got, "recent")
			// Its reverts are younger than it is, whatever the time zones.
			if age := time.Duration(req.Recent.Seconds) * time.Second; age < 21*24*time.Hour || age > 22*24*time.Hour {
				t.Errorf("reverts of the last %v are looked for", age)
			}
		default:
			t.Errorf("asked without a filter: %v", req)
		}
	}
	if d := cmp.Diff([]string{"uuid", "requested", "queued", "ready", "running", "recent"}, got); d != "" {
		t.Errorf("asked (-want +got):\n%s", d)
	}

	// A migration of long ago does not have all rows since then read.
	old.RequestedAt = &vttimepb.Time{Seconds: time.Now().Add(-400 * 24 * time.Hour).Unix()}
	s = only(func(req *vtctldatapb.GetSchemaMigrationsRequest) bool { return req.Uuid == uuid }, old)
	look(t, s, named("customer", uuid))
	for _, req := range s.requests() {
		if age := time.Duration(req.Recent.GetSeconds()) * time.Second; age > 30*24*time.Hour {
			t.Errorf("rows of the last %v are read", age)
		}
	}

	s = only(func(*vtctldatapb.GetSchemaMigrationsRequest) bool { return false })
	look(t, s, named("customer"))
	for _, req := range s.requests() {
		if req.Recent != nil {
			t.Error("reverts were looked for, and no migration is named")
		}
	}
}

// TestARowSeenTwice: it went on between two calls, and counts once, as it was
// seen last.
func TestARowSeenTwice(t *testing.T) {
	s := &scripted{migrations: func(_ context.Context, req *vtctldatapb.GetSchemaMigrationsRequest) ([]*vtctldatapb.SchemaMigration, error) {
		switch req.Status {
		case vtctldatapb.SchemaMigration_READY:
			return []*vtctldatapb.SchemaMigration{row("b", "80-", vtctldatapb.SchemaMigration_READY)}, nil
		case vtctldatapb.SchemaMigration_RUNNING:
			return []*vtctldatapb.SchemaMigration{row("b", "80-", vtctldatapb.SchemaMigration_RUNNING), row("a", "80-", vtctldatapb.SchemaMigration_RUNNING), row("b", "-80", vtctldatapb.SchemaMigration_RUNNING)}, nil
		}
		return nil, nil
	}}
	var got []string
	for _, m := range look(t, s, named("customer")).Keyspaces["customer"].Migrations {
		got = append(got, m.UUID+" "+m.Shard+" "+string(m.Status))
	}
	if d := cmp.Diff([]string{"a 80- running", "b -80 running", "b 80- running"}, got); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
}

func TestPagesOfRecentMigrations(t *testing.T) {
	recent := func(perShard uint64) (planes.PhysicalKeyspace, int) {
		s := &scripted{migrations: func(_ context.Context, req *vtctldatapb.GetSchemaMigrationsRequest) (out []*vtctldatapb.SchemaMigration, err error) {
			if req.Uuid != "" {
				return []*vtctldatapb.SchemaMigration{row(uuid, "-80", vtctldatapb.SchemaMigration_COMPLETE), row(uuid, "80-", vtctldatapb.SchemaMigration_COMPLETE)}, nil
			}
			if req.Recent == nil {
				return nil, nil
			}
			if req.Order != vtctldatapb.QueryOrdering_DESCENDING || req.Limit == 0 {
				return nil, errors.New("the newest come first, some at a time")
			}
			for i := req.Skip; i < min(req.Skip+req.Limit, perShard); i++ {
				for _, shard := range []string{"80-", "-80"} {
					out = append(out, row(fmt.Sprint("r", i), shard, vtctldatapb.SchemaMigration_COMPLETE))
				}
			}
			return out, nil
		}}
		got := look(t, s, named("customer", uuid)).Keyspaces["customer"]
		calls := 0
		for _, req := range s.requests() {
			if req.Recent != nil {
				calls++
			}
		}
		return got, calls
	}
	for _, perShard := range []uint64{0, 1, 2047, 2048, 5000} {
		got, calls := recent(perShard)
		if got.MigrationsErr != "" || len(got.Migrations) != int(2+2*perShard) || calls != int(perShard/2048)+1 {
			t.Errorf("%d rows per shard: %d were read in %d calls, error %q", perShard, len(got.Migrations)-2, calls, got.MigrationsErr)
		}
	}
	if got, _ := recent(64 * 2048); !strings.Contains(got.MigrationsErr, "a revert of it cannot be ruled out") || got.Migrations != nil {
		t.Errorf("too many: error %q, %d rows", got.MigrationsErr, len(got.Migrations))
	}
}

// TestMigrationsUnread: where one question has no answer there is no list, as
// what it does not hold would read as not there.
func TestMigrationsUnread(t *testing.T) {
	for _, failing := range []string{"RUNNING", "recent"} {
		s := &scripted{migrations: func(_ context.Context, req *vtctldatapb.GetSchemaMigrationsRequest) ([]*vtctldatapb.SchemaMigration, error) {
			if failing == req.Status.String() || failing == "recent" && req.Recent != nil {
				return nil, errors.New("unknown schema migration strategy: 'gh-ost'")
			}
			return []*vtctldatapb.SchemaMigration{row(uuid, "-80", vtctldatapb.SchemaMigration_COMPLETE)}, nil
		}}
		got := look(t, s, named("customer", uuid))
		ks := got.Keyspaces["customer"]
		if len(ks.Migrations) != 0 || !strings.Contains(ks.MigrationsErr, "read the migrations of keyspace customer: vtctld 127.0.0.1:") || !strings.HasSuffix(ks.MigrationsErr, ": unknown schema migration strategy: 'gh-ost'") {
			t.Errorf("%s fails: %+v", failing, ks)
		}
		if got.Err != "" {
			t.Errorf("vtctld answered, and this says that it did not: %s", got.Err)
		}
	}
}

// TestOneMigrationUnread: a row that cannot be read fails no other migration.
func TestOneMigrationUnread(t *testing.T) {
	s := &scripted{migrations: func(_ context.Context, req *vtctldatapb.GetSchemaMigrationsRequest) ([]*vtctldatapb.SchemaMigration, error) {
		switch req.Uuid {
		case otherUUID:
			return nil, errors.New("unknown schema migration strategy: 'gh-ost'")
		case uuid:
			return []*vtctldatapb.SchemaMigration{row(uuid, "-80", vtctldatapb.SchemaMigration_COMPLETE)}, nil
		}
		return nil, nil
	}}
	ks := look(t, s, named("customer", uuid, otherUUID)).Keyspaces["customer"]
	if ks.MigrationsErr != "" || len(ks.Migrations) != 1 || len(ks.Unread) != 1 || !strings.Contains(ks.Unread[otherUUID], "gh-ost") {
		t.Errorf("got %+v", ks)
	}
}

// TestWhatARevertTakesBack: of a pending revert, what it takes back is read too,
// and what that took back.
func TestWhatARevertTakesBack(t *testing.T) {
	s := &scripted{migrations: func(_ context.Context, req *vtctldatapb.GetSchemaMigrationsRequest) ([]*vtctldatapb.SchemaMigration, error) {
		again := row("c", "-80", vtctldatapb.SchemaMigration_QUEUED)
		again.RevertedUuid = "b"
		first := row("b", "-80", vtctldatapb.SchemaMigration_COMPLETE)
		first.RevertedUuid = "a"
		switch {
		case req.Status == vtctldatapb.SchemaMigration_QUEUED:
			return []*vtctldatapb.SchemaMigration{again}, nil
		case req.Uuid == "b":
			return []*vtctldatapb.SchemaMigration{first}, nil
		case req.Uuid == "a":
			return nil, errors.New("unknown schema migration strategy: 'gh-ost'")
		}
		return nil, nil
	}}
	ks := look(t, s, named("customer")).Keyspaces["customer"]
	if ks.MigrationsErr != "" || len(ks.Migrations) != 2 || ks.Unread["a"] == "" {
		t.Errorf("got %+v", ks)
	}
	if asked := len(s.requests()); asked != 6 {
		t.Errorf("%d requests, want 4 of pending ones and 2 of what is taken back", asked)
	}
}

// TestListed: a primary that vtctld did not find before the rows were read, or
// after, may be missing from them.
func TestListed(t *testing.T) {
	var calls int
	s := only(func(*vtctldatapb.GetSchemaMigrationsRequest) bool { return false })
	s.tablets = func(req *vtctldatapb.GetTabletsRequest) (*vtctldatapb.GetTabletsResponse, error) {
		if req.Keyspace != "customer" || req.TabletType != topodatapb.TabletType_PRIMARY || req.Strict {
			t.Errorf("asked %v", req)
		}
		calls++
		out := &vtctldatapb.GetTabletsResponse{}
		for _, uid := range [][]uint32{{1, 2}, {3, 2}}[calls-1] {
			out.Tablets = append(out.Tablets, &topodatapb.Tablet{Alias: &topodatapb.TabletAlias{Cell: "z", Uid: uid}})
		}
		return out, nil
	}
	got := look(t, s, named("customer")).Keyspaces["customer"]
	if d := cmp.Diff([]string{"z-0000000002"}, got.Listed); d != "" {
		t.Errorf("listed (-want +got):\n%s", d)
	}
}

func named(keyspace string, uuids ...string) planes.Ask {
	return planes.Ask{Migrations: map[string][]string{keyspace: uuids}}
}

func row(uuid, shard string, status vtctldatapb.SchemaMigration_Status) *vtctldatapb.SchemaMigration {
	return &vtctldatapb.SchemaMigration{Uuid: uuid, Keyspace: "customer", Shard: shard, Status: status, RequestedAt: at(0)}
}

// only answers the requests that match with rows, and others with none.
func only(match func(*vtctldatapb.GetSchemaMigrationsRequest) bool, rows ...*vtctldatapb.SchemaMigration) *scripted {
	return &scripted{migrations: func(_ context.Context, req *vtctldatapb.GetSchemaMigrationsRequest) ([]*vtctldatapb.SchemaMigration, error) {
		if match(req) {
			return rows, nil
		}
		return nil, nil
	}}
}
