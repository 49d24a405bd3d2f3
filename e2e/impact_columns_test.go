package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/lab/cluster"
)

// TestImpactColumns: queries that cannot be planned without MySQL's columns are
// planned with those that a tablet has, or with those that vtgates know, and get
// the plans that the vtgates have.
func TestImpactColumns(t *testing.T) {
	f := newFull(t, cluster.Options{})
	known := []string{
		"select * from customer union select * from customer",
		"select c.*, o.* from customer c join orders o on c.name = o.sku",
		"select count(*) from customer",
	}
	file := filepath.Join(t.TempDir(), "known.sql")
	if err := os.WriteFile(file, []byte(strings.Join(known, ";\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 3 { // often enough to be in the plan cache
		for _, q := range known {
			f.exec("customer", q)
		}
	}

	r := f.ok("impact", f.dir, "--queries", "live", "--all")
	if !strings.Contains(r.stdout, "3 of 3 plans for the cluster as it is equal those that the vtgates have\n") || strings.Contains(r.stdout, "VT09015") {
		t.Errorf("with the columns of tablets:\n%s", r)
	}
	r = f.ok("impact", f.dir, "--queries", file, "--all", "--planner", "vtgate")
	if !strings.Contains(r.stdout, ": 0 of 3 differ") || strings.Contains(r.stdout, "VT09015") {
		t.Errorf("by the vtgates' own plans:\n%s", r)
	}

	vtctld := slices.Index(f.args, "--vtctld")
	f.args = slices.Delete(slices.Clone(f.args), vtctld, vtctld+2)
	r = f.ok("impact", f.dir, "--queries", "live", "--all")
	// The union compares text: by a collation that no vtgate shows.
	if !strings.Contains(r.stdout, "2 of 3 plans for the cluster as it is") || !strings.Contains(r.stdout, "without collations") || strings.Contains(r.stdout, "VT09015") {
		t.Errorf("with the columns that the vtgates know:\n%s", r)
	}

	r = f.vtsync("impact", f.dir, "--before", f.dir, "--queries", file, "--all")
	if r.code != 2 { // --topo means nothing there
		t.Errorf("two folders and a cluster: %s", r)
	}
	f.args = nil
	r = f.ok("impact", f.dir, "--before", f.dir, "--queries", file, "--all")
	if !strings.Contains(r.stdout, "the columns of these tables are not known (VT09015): customer.customer, customer.orders") {
		t.Errorf("without any columns:\n%s", r)
	}
}
