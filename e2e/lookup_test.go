package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/lab/cluster"
	"github.com/vtsync/vtsync/lab/load"
)

// lookupVindex gives a command about the workflow that fills the lookup vindex
// of customers' emails.
func lookupVindex(verb string, args ...string) []string {
	return append([]string{"LookupVindex", "--name", "email_lookup", "--table-keyspace", "commerce", verb}, args...)
}

var (
	createLookup = lookupVindex("create", "--keyspace", "customer", "--type", "consistent_lookup_unique",
		"--table-owner", "customer", "--table-owner-columns", "email", "--tablet-types", "PRIMARY")
	externalizeLookup = lookupVindex("externalize", "--keyspace", "customer")
	completeLookup    = lookupVindex("complete", "--keyspace", "customer")
	cancelLookup      = lookupVindex("cancel")
)

// lookupWorkflow is the workflow as it is read in a state.
func lookupWorkflow(state string) planes.Workflow {
	return frozenWhereStopped(planes.Workflow{
		Name: "email_lookup", Type: "CreateLookupIndex", Source: "customer", Target: "commerce", State: state,
		SourceShards: []string{"-80", "80-"}, TargetShards: []string{"0"},
		Tables: []string{"email_lookup"}, SourceTables: []string{"customer"}, LookupVindexes: []string{"email_lookup"},
	})
}

// lookupClaims is what it owns, from the moment at which its vindex is in the
// VSchema until it is completed.
var lookupClaims = []string{
	"email_lookup: commerce setting sharded, whole",
	"email_lookup: commerce table email_lookup, whole",
	"email_lookup: customer setting sharded, whole",
	"email_lookup: customer vindex email_lookup, whole",
	"email_lookup: customer vindex hash, whole",
	"email_lookup: customer table customer, binding email_lookup",
	"email_lookup: customer table customer, place",
}

func (f *full) lookupStands(after, state string) {
	f.t.Helper()
	f.stands(after, stage{workflows: []planes.Workflow{lookupWorkflow(state)}, claims: lookupClaims})
}

// throttle keeps backfills into commerce from copying a row, until it is let go.
func (f *full) throttle() (letGo func()) {
	f.t.Helper()
	f.client("UpdateThrottlerConfig", "--enable", "commerce")
	f.client("UpdateThrottlerConfig", "--throttle-app", "vreplication", "--throttle-app-ratio", "1.0", "--throttle-app-duration", "1h", "commerce")
	return func() {
		f.t.Helper()
		f.client("UpdateThrottlerConfig", "--unthrottle-app", "vreplication", "commerce")
	}
}

// customers inserts some, and gives traffic that reads them by their emails: a
// customer that is there has to be found.
func (f *full) customers() load.Statement {
	f.t.Helper()
	const n = 50
	var values []string
	for i := range n {
		values = append(values, fmt.Sprintf("('old%d', 'old%d@x')", i, i))
	}
	f.exec("customer", "insert into customer(name, email) values "+strings.Join(values, ", "))
	return load.Statement{Name: "old", Weight: 3, Make: func(i int) load.Call {
		return byEmail(fmt.Sprintf("old%d", i%n))
	}}
}

func byEmail(name string) load.Call {
	return load.Call{SQL: "select name from customer where email = ?", Args: []any{name + "@x"}, Check: func(rows [][]string) error {
		if len(rows) != 1 || rows[0][0] != name {
			return fmt.Errorf("customers %v, want one, %s", rows, name)
		}
		return nil
	}}
}

// newCustomers inserts customers all the time, and reads those that are there.
func newCustomers() []load.Statement {
	var mu sync.Mutex
	var names []string
	return []load.Statement{
		{Name: "insert", Make: func(i int) load.Call {
			name := fmt.Sprintf("new%d", i)
			return load.Call{SQL: "insert into customer(name, email) values (?, ?)", Args: []any{name, name + "@x"}, Check: func([][]string) error {
				mu.Lock()
				defer mu.Unlock()
				names = append(names, name)
				return nil
			}}
		}},
		{Name: "new", Make: func(i int) load.Call {
			mu.Lock()
			defer mu.Unlock()
			if len(names) == 0 {
				return load.Call{SQL: "select 1"}
			}
			return byEmail(names[len(names)-1-i%min(len(names), 100)]) // the newest ones
		}},
	}
}

// A stale file in the middle of a LookupVindex is denied, again and again, while
// changes to other tables go through; and at no moment from create to complete
// is a customer not found by the email.
func TestLookupVindexInFlight(t *testing.T) {
	t.Parallel()
	f := newFull(t, cluster.Options{})
	traffic := f.traffic("customer", append(newCustomers(), f.customers())...)
	stale, edited, commented := f.folder(), f.folder(), f.folder()
	stale.ok("pull", stale.dir)
	commented.ok("pull", commented.dir)
	commented.comment()
	letGo := f.throttle()
	beside := f.beside()

	// Vitess's create reads both records and saves them later, without a lock.
	beside.alone(func() { f.client(createLookup...) })
	f.lookupStands("create", "Copying")
	edited.ok("pull", edited.dir)
	edited.edit("customer", func(v map[string]any) {
		delete(v["vindexes"].(map[string]any)["email_lookup"].(map[string]any)["params"].(map[string]any), "write_only")
	})
	const owned = "workflow email_lookup (CreateLookupIndex, customer to commerce, "
	const externalize = "vtctldclient LookupVindex --name email_lookup --table-keyspace commerce externalize --keyspace customer"
	stale.ok("plan", stale.dir).wants(t, "made by others and kept", "vindex email_lookup", "is kept: "+owned, "nothing to do")
	edited.exits(3, "plan", edited.dir).wants(t, owned, "write_only", externalize)
	removed := f.again(stale, []string{"--allow", "foreign=customer.email_lookup", "--allow", "write_loss"},
		owned, "customer: vindex email_lookup is dropped", "vtctldclient LookupVindex --name email_lookup --table-keyspace commerce ")
	changed := f.again(edited, []string{"--allow", "VS247"}, owned, "write_only", externalize)
	beside.goes()

	letGo()
	f.lookupStands("the copy", "Running")
	changed.ends()
	// So does its externalize.
	beside.alone(func() { f.client(externalizeLookup...) })
	f.lookupStands("externalize", "Stopped")
	edited.ok("plan", "--keyspace", "customer", edited.dir) // it is as the cluster is now
	beside.goes()
	removed.ends()
	f.client(completeLookup...)
	f.stands("complete", stage{})
	beside.ends()

	// What it made is others' until a file takes it.
	commented.exits(1, "status", commented.dir).wants(t, "vindex email_lookup", "table email_lookup")
	commented.ok("plan", commented.dir).wants(t, "made by others and kept", "vindex email_lookup", "table email_lookup", "nothing to do")
	commented.taken()
	traffic.flows(100)
	traffic.foundAll()
}

// foundAll ends the load and fails the test if any customer was not found. Where
// the machine is slow a tablet runs out of transactions, and inserts fail.
func (tr *traffic) foundAll() {
	tr.f.t.Helper()
	r := tr.end()
	r.Errors = slices.DeleteFunc(r.Errors, func(e load.Event) bool { return e.Statement == "insert" && e.Code() == "1203" })
	if len(r.Errors) > 0 || len(r.Wrong) > 0 {
		tr.f.t.Errorf("the load was disturbed: %s", r)
	}
	if r.OK["old"] == 0 || r.OK["new"] == 0 || r.OK["insert"] == 0 {
		tr.f.t.Errorf("the load did not do everything: %v", r.OK)
	}
}

// comment gives the file of customer comments, and an order of its own.
func (e *env) comment() {
	e.t.Helper()
	if err := os.Remove(e.file("customer")); err != nil {
		e.t.Fatal(err)
	}
	write(e.t, e.commented(), commentedCustomer)
	e.ok("pull", e.dir).wants(e.t, "kept")
}

func (e *env) commented() string {
	return filepath.Join(e.dir, "keyspaces", "customer", "vschema.yaml")
}

const commentedCustomer = `# Customers and what they order.
tables:
  # Orders stand with their customer.
  orders:
    auto_increment: {sequence: commerce.orders_seq, column: order_id} # not by customer
    column_vindexes:
      - {name: hash, column: customer_id}
  customer:
    # The primary vindex comes first.
    column_vindexes:
      - {name: hash, column: customer_id}
    auto_increment: {sequence: commerce.customer_seq, column: customer_id}
vindexes:
  hash: {type: hash} # as good as any
sharded: true
`

// taken takes what others made into the commented file: its comments and its
// order stay, and no plan shows anything of it any more.
func (e *env) taken() {
	e.t.Helper()
	e.ok("pull", "--merge", e.dir).wants(e.t, "merged", "vindex email_lookup")
	raw, err := os.ReadFile(e.commented())
	if err != nil {
		e.t.Fatal(err)
	}
	rest := string(raw)
	for line := range strings.Lines(commentedCustomer) {
		_, after, ok := strings.Cut(rest, line)
		if !ok {
			e.t.Fatalf("the merged file lacks the line %q in its place:\n%s", line, raw)
		}
		rest = after
	}
	for _, text := range []string{"email_lookup:", "consistent_lookup_unique"} {
		if !strings.Contains(string(raw), text) {
			e.t.Errorf("no %q in the merged file:\n%s", text, raw)
		}
	}
	e.ok("status", e.dir).wants(e.t, "all planes agree")
	r := e.ok("plan", e.dir)
	r.wants(e.t, "nothing to do")
	for _, text := range []string{"email_lookup", "made by others"} {
		if strings.Contains(r.stdout, text) {
			e.t.Errorf("the plan says %q:\n%s", text, r)
		}
	}
}

// The same stale file by vtctldclient: customers that are there are not found.
func TestStaleFileByHandLosesRows(t *testing.T) {
	t.Parallel()
	f := newFull(t, cluster.Options{})
	traffic := f.traffic("customer", f.customers())
	f.throttle()
	f.client(createLookup...)
	f.lookupStands("create", "Copying")
	traffic.flows(100)
	if r := traffic.Report(); len(r.Errors) > 0 || len(r.Wrong) > 0 {
		t.Fatalf("disturbed before: %s", r)
	}
	stale := proto.CloneOf(f.global("customer"))
	delete(stale.Vindexes["email_lookup"].Params, "write_only")
	f.applyVSchema("customer", stale)
	f.until("customers that are not found", func() error {
		if r := traffic.Report(); len(r.Wrong) == 0 {
			return fmt.Errorf("none: %s", r)
		}
		return nil
	})
	if r := traffic.end(); !strings.Contains(r.Wrong[0].Err.Error(), "customers []") {
		t.Errorf("wrong in another way: %s", r)
	}
}
