package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/lab/cluster"
	"github.com/vtsync/vtsync/lab/proxy"
)

// A LookupVindex that is given up leaves its vindex in the VSchema, with
// write_only, and its table: a file that drops all of it may be applied, and one
// that makes vtgate read by it may not.
func TestLookupVindexGivenUp(t *testing.T) {
	t.Parallel()
	f := newFull(t, cluster.Options{})
	before := map[string]*vschemapb.Keyspace{"commerce": f.global("commerce"), "customer": f.global("customer")}
	traffic := f.traffic("customer", f.customers())
	f.client(slices.Concat(createLookup, []string{"--continue-after-copy-with-owner=false"})...)
	stopped := lookupWorkflow("Running")
	stopped.State, stopped.Message = "Stopped", "Stopped after copy."
	f.stands("the copy", stage{workflows: []planes.Workflow{stopped}, claims: lookupClaims})
	f.ok("pull", f.dir)
	remove := func(ks, kind, name string) {
		f.edit(ks, func(v map[string]any) { delete(v[kind].(map[string]any), name) })
	}
	remove("commerce", "tables", "email_lookup")
	remove("customer", "vindexes", "email_lookup")
	f.edit("customer", func(v map[string]any) { hashed(v, "customer", "customer_id") })
	f.exits(3, "apply", "--yes", "--allow", "write_loss", f.dir).wants(t, "workflow email_lookup (CreateLookupIndex, customer to commerce, Stopped)")

	f.client(cancelLookup...)
	f.stands("cancel", stage{})
	read := f.folder()
	read.ok("pull", read.dir)
	read.edit("customer", func(v map[string]any) {
		delete(v["vindexes"].(map[string]any)["email_lookup"].(map[string]any)["params"].(map[string]any), "write_only")
	})
	read.exits(3, "apply", "--yes", "--allow", "write_loss", read.dir).wants(t, "customer.email_lookup is live with write_only")
	f.ok("apply", "--yes", "--allow", "write_loss", "--allow", "VS803", f.dir).wants(t, "no workflow fills it", "committed")
	for ks, want := range before {
		if now := f.global(ks); !vschema.Equal(want, now) {
			t.Errorf("%s: %v, want %v", ks, now, want)
		}
	}
	traffic.flows(100)
	traffic.clean()
}

// A LookupVindex that stands between its read of the VSchema and its save of it
// makes every plan on its two keyspaces wait, and does not fail because of us.
// Where somebody else writes meanwhile its command fails for good: then the way
// out that vtsync names is one, and no customer is lost on it.
func TestLookupVindexUnderWay(t *testing.T) {
	t.Parallel()
	u := underWay{newFull(t, cluster.Options{})}
	traffic := u.traffic("customer", append(newCustomers(), u.customers())...)
	const notYet = "its vindex customer.email_lookup is not in the VSchema yet"
	const stillSo = "is frozen and its vindex customer.email_lookup is still write_only"

	u.spoilt(createLookup)
	u.stands("a create that failed", stage{
		workflows: []planes.Workflow{lookupWorkflow("Running")}, holds: notYet,
		claims: slices.DeleteFunc(slices.Clone(lookupClaims), func(claim string) bool {
			return strings.HasSuffix(claim, "binding email_lookup")
		}),
	})
	apply := u.waits("customer", notYet)
	u.client(cancelLookup...)
	u.goesThrough(apply).wants(t, "LookupVindex --name email_lookup --table-keyspace commerce cancel, then drop table email_lookup in commerce")
	u.exec("commerce", "drop table email_lookup")
	u.spared(createLookup, notYet)
	u.lookupStands("create", "Running")

	u.spoilt(externalizeLookup)
	u.stands("an externalize that failed", stage{
		workflows: []planes.Workflow{lookupWorkflow("Stopped")}, holds: stillSo, claims: lookupClaims,
	})
	apply = u.waits("commerce", stillSo)
	fixed := proto.CloneOf(u.global("customer"))
	delete(fixed.Vindexes["email_lookup"].Params, "write_only")
	u.applyVSchema("customer", fixed)
	u.goesThrough(apply).wants(t, "save the VSchema of customer without write_only, in one write")
	// It can be completed now, or brought back to before its externalize.
	u.client(lookupVindex("internalize", "--keyspace", "customer")...)
	u.lookupStands("internalize", "Running")
	u.spared(externalizeLookup, stillSo)
	u.lookupStands("externalize", "Stopped")
	u.client(completeLookup...)
	u.stands("complete", stage{})
	traffic.flows(100)
	traffic.foundAll()
}

// underWay holds commands of a LookupVindex where they stand between two steps.
type underWay struct{ *full }

// save begins a command, and holds its save of the source's VSchema.
func (u underWay) save(command []string) (hit *proxy.Hit, ended <-chan error) {
	u.t.Helper()
	held := u.Proxy("vtctld", cluster.Global).Arm(proxy.Rule{
		Method: "KV/Txn", Key: "/keyspaces/customer/VSchema$", Writes: true, Times: 1, Fault: proxy.Hold(),
	})
	out := make(chan error, 1)
	go func() {
		_, err := u.VTCtldClient(u.t.Context(), command...)
		out <- err
	}()
	return u.next(held), out
}

// spared shows that plans on both keyspaces wait for a command, saying this, and
// that it does not fail because of us.
func (u underWay) spared(command []string, text string) {
	u.t.Helper()
	hit, ended := u.save(command)
	source, target := u.waits("customer", text), u.waits("commerce", text)
	if err := hit.Release(u.t.Context()); err != nil {
		u.t.Error(err)
	}
	if err := <-ended; err != nil {
		u.t.Errorf("%v failed because of us: %v", command, err)
	}
	u.goesThrough(target)
	// The command has changed what the plan was made from.
	if r := source.wait(); r.code != 3 {
		u.t.Errorf("apply to customer: exit %d, want 3\n%s", r.code, r)
	} else {
		r.wants(u.t, "then plan again")
	}
	u.ok("apply", "--yes", "--keyspace", "customer", u.dir)
}

// spoilt shows that a command fails where somebody else writes meanwhile.
func (u underWay) spoilt(command []string) {
	u.t.Helper()
	hit, ended := u.save(command)
	theirs := proto.CloneOf(u.global("customer"))
	theirs.Tables[fmt.Sprintf("theirs_%d", len(theirs.Tables))] = &vschemapb.Table{ColumnVindexes: []*vschemapb.ColumnVindex{{Column: "id", Name: "hash"}}}
	u.putProto(cluster.Global, "/vitess/global/keyspaces/customer/VSchema", theirs)
	if err := hit.Release(u.t.Context()); err != nil {
		u.t.Error(err)
	}
	if err := <-ended; err == nil {
		u.t.Fatalf("%v went through: there is nothing to wait for", command)
	}
}

// waits adds a table to a keyspace and applies it, and returns when that waits,
// saying this.
func (u underWay) waits(ks, text string) *proc {
	u.t.Helper()
	name := fmt.Sprintf("more_%d", len(u.history()))
	u.edit(ks, func(v map[string]any) {
		if ks == "customer" {
			hashed(v, name, "id")
		} else {
			table(v, name)
		}
	})
	apply := u.start("apply", "--yes", "--keyspace", ks, u.dir)
	u.waiting(ks, text)
	return apply
}

func (u underWay) goesThrough(apply *proc) result {
	u.t.Helper()
	r := apply.wait()
	if r.code != 0 {
		u.t.Errorf("apply: exit %d\n%s", r.code, r)
	}
	return r
}
