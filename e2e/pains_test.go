package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/lab/cluster"
)

// What Vitess's own ApplyVSchema takes without a word, and what vtsync says of
// the same file. Each mistake is made in the file of keyspace customer, in one
// piece of text that stands there once.
var pains = []struct {
	name     string
	old, new string
	// At is where vtsync puts its finger: the text in the file at which the
	// position that it gives begins.
	at string
	// Code is the exit code of plan: 1 for a mistake that a rule finds, 2 for a
	// file that cannot mean anything.
	code int
	says []string
}{
	{
		name: "one letter missing in a sequence",
		old:  `"sequence": "commerce.customer_seq"`, new: `"sequence": "commerce.custmer_seq"`,
		at: `"commerce.custmer_seq"`, code: 1,
		says: []string{"VS301", `did you mean "commerce.customer_seq"?`},
	},
	{
		name: "the same, without its keyspace",
		old:  `"sequence": "commerce.customer_seq"`, new: `"sequence": "custmer_seq"`,
		at: `"custmer_seq"`, code: 1,
		says: []string{"VS301", `did you mean "customer_seq"?`},
	},
	{
		name: "a sequence in a keyspace that does not exist",
		old:  `"sequence": "commerce.customer_seq"`, new: `"sequence": "comerce.customer_seq"`,
		at: `"comerce.customer_seq"`, code: 1,
		says: []string{"VS301", `did you mean "commerce.customer_seq"?`},
	},
	{
		name: "a sequence that is a table",
		old:  `"sequence": "commerce.customer_seq"`, new: `"sequence": "commerce.product"`,
		at: `"commerce.product"`, code: 1,
		says: []string{"VS302"},
	},
	{
		name: "an empty auto_increment",
		old:  `"auto_increment": {"column": "customer_id", "sequence": "commerce.customer_seq"}`, new: `"auto_increment": {}`,
		at: `"auto_increment": {}`, code: 1,
		says: []string{"VS301", "auto_increment of table customer names no sequence"},
	},
	{
		name: "a keyspace of two shards that is not sharded",
		old:  `"sharded": true`, new: `"sharded": false`,
		at: `false`, code: 1,
		says: []string{"VS507", "keyspace customer is not sharded here and has 2 serving shards in topo (-80, 80-)"},
	},
	{
		name: "a misspelled field",
		old:  `"column_vindexes": [{"column": "cart_id", "name": "xxhash"}]`, new: `"column_vindexs": [{"column": "cart_id", "name": "xxhash"}], "pinned": "80"`,
		at: `"column_vindexs"`, code: 2,
		says: []string{`unknown field "column_vindexs"`, `did you mean "column_vindexes"?`},
	},
	{
		name: "a lookup table that is not declared",
		old:  `"table": "commerce.email_lookup"`, new: `"table": "commerce.emial_lookup"`,
		at: `"commerce.emial_lookup"`, code: 1,
		says: []string{"VS401", `did you mean "commerce.email_lookup"?`},
	},
	{
		name: "an owner that is not a table",
		old:  `"owner": "customer"`, new: `"owner": "custmer"`,
		at: `"custmer"`, code: 1,
		says: []string{"VS402", `did you mean "customer"?`},
	},
}

// Every one of these is applied by vtctldclient without an error, and stopped
// by vtsync before anything is written, with file, line, column and, where
// there is one, the nearest valid name.
func TestWhatApplyVSchemaLetsThrough(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	e.ok("plan", "--out", filepath.Join(t.TempDir(), "plan.json"), e.dir) // gives the cluster its id
	good := cluster.CustomerVSchema
	for _, pain := range pains {
		t.Run(pain.name, func(t *testing.T) {
			e := e.in(t).folder()
			if n := strings.Count(good, pain.old); n != 1 {
				t.Fatalf("%q stands %d times in the file", pain.old, n)
			}
			text := strings.Replace(good, pain.old, pain.new, 1)
			write(t, e.file("customer"), text)
			line, column := place(text, pain.at)
			says := append(pain.says, fmt.Sprintf("%s:%d:%d", e.file("customer"), line, column))

			e.untouched(func() {
				e.exits(pain.code, "plan", "--allow", "write_loss", "--allow", "outage", e.dir).wants(t, says...)
				denied := 3
				if pain.code == 2 {
					denied = 2
				}
				e.exits(denied, "apply", "--yes", "--allow", "write_loss", "--allow", "outage", e.dir).wants(t, says...)
			})

			if err := e.ApplyVSchema(t.Context(), "customer", text); err != nil {
				t.Errorf("ApplyVSchema refuses it too: %v", err)
			}
			if err := e.ApplyVSchema(t.Context(), "customer", cluster.CustomerVSchema); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// place gives the line and column of a piece of text.
func place(text, piece string) (line, column int) {
	before, _, _ := strings.Cut(text, piece)
	return strings.Count(before, "\n") + 1, len(before) - strings.LastIndexByte(before, '\n')
}

// Rules are read with everything else: one that vtgate cannot use is named in
// every plan, and stops none, as vtsync does not write rules yet.
func TestRulesThatVTGateCannotUseAreNamed(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	const rules = `{"rules": [
		{"from_table": "two", "to_tables": ["customer.cart", "customer.corder"]},
		{"from_table": "typo", "to_tables": ["customer.crat"]},
		{"from_table": "short", "to_tables": ["cart"]},
		{"from_table": "twice", "to_tables": ["customer.cart"]},
		{"from_table": "twice", "to_tables": ["customer.corder"]}
	]}`
	if err := e.ApplyRoutingRules(t.Context(), rules); err != nil {
		t.Fatalf("vtctldclient refuses them too: %v", err)
	}
	e.edit("commerce", func(v map[string]any) { table(v, "more") })
	r := e.ok("apply", "--yes", e.dir)
	for from, code := range map[string]string{"two": "VS702", "typo": "VS701", "short": "VS703", "twice": "VS704"} {
		r.wants(t, code, fmt.Sprintf("routing rule for %q", from))
	}
	r.wants(t, "(already so)", "committed")
}
