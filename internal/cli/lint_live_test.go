package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/review"
	"github.com/vtsync/vtsync/internal/vschema"
)

// shards gives a table as two shards have it.
func shards(t *testing.T, first, second string) map[string]map[string]*physical.Schema {
	t.Helper()
	out := map[string]*physical.Schema{}
	for name, text := range map[string]string{"-80": first, "80-": second} {
		schema, err := physical.Parse(map[string]string{"customer": text})
		if err != nil {
			t.Fatal(err)
		}
		out[name] = schema
	}
	return map[string]map[string]*physical.Schema{"customer": out}
}

const (
	wholeTable  = "create table customer (id bigint primary key, email varchar(64))"
	lesserTable = "create table customer (id bigint primary key)"
)

func liveCustomer(schemas map[string]map[string]*physical.Schema, vs *vschema.Keyspace) Live {
	return Live{
		Live:   review.Live{Schemas: schemas, Routing: &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{"customer": vs}}},
		Shards: map[string][]string{"customer": {"-80", "80-"}},
	}
}

const customerFile = `{"sharded": true, "vindexes": {"hash": {"type": "hash"}}, "tables": {"customer": {"column_vindexes": [{"column": "id", "name": "hash"}]}}}`

func TestLintLive(t *testing.T) {
	vs, err := vschema.DecodeJSON([]byte(customerFile))
	if err != nil {
		t.Fatal(err)
	}
	sound, torn := shards(t, wholeTable, wholeTable), shards(t, wholeTable, lesserTable)
	unread := liveCustomer(torn, vs)
	unread.Unread = []string{"read the schema of shard customer/80-: no answer"}
	cases := []struct {
		name  string
		live  Live
		files bool
		code  int
		wants []string
	}{
		{"all is well", liveCustomer(sound, vs), true, errs.ExitOK, []string{"no findings in 1 file", "schema was not used: MySQL itself was read"}},
		{"a shard lacks a column", liveCustomer(torn, vs), true, errs.ExitFindings, []string{"VS620", "column email of table customer is missing on shard 80-, and is on shard -80", "vschema.json:1:"}},
		{"a shard does not answer, and what is known is judged", unread, true, errs.ExitUnknown, []string{"VS620", "not read: read the schema of shard customer/80-: no answer"}},
		{"without files", liveCustomer(torn, vs), false, errs.ExitFindings, []string{"VS620", "no files here: the VSchema and the rules of the cluster itself are judged", "no file holds it: keyspace customer, tables.customer"}},
		{"files that differ from the live VSchema", liveCustomer(sound, &vschema.Keyspace{}), true, errs.ExitOK, []string{"no findings"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if c.files {
				writeFile(t, filepath.Join(dir, "keyspaces/customer/vschema.json"), []byte(customerFile))
				// What it says of the table is not so, and does not count.
				writeFile(t, filepath.Join(dir, "keyspaces/customer/schema/customer.sql"), []byte("create table customer (other int);"))
			}
			t.Chdir(dir)
			d := &double{live: c.live}
			got := d.runIn(t, nil, "lint", "--live", "--topo", "etcd2://127.0.0.1:1/r", "--vtctld", "127.0.0.1:1")
			if got.code != c.code || strings.Join(d.calls, ",") != "live" {
				t.Errorf("exit %d, want %d, after the calls %v\n%s%s", got.code, c.code, d.calls, got.stdout, got.stderr)
			}
			for _, want := range c.wants {
				if !strings.Contains(got.stdout, want) {
					t.Errorf("no %q in:\n%s", want, got.stdout)
				}
			}
		})
	}
}
