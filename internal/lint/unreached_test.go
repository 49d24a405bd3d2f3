package lint

import (
	"strings"
	"testing"
)

// TestUnreached gives each cause its message and its fix.
func TestUnreached(t *testing.T) {
	const explicit = `{"require_explicit_routing":true,"tables":{"s":{"type":"sequence"}}}`
	const plain = `{"tables":{"s":{"type":"sequence"}}}`
	for _, tt := range []struct {
		name, sequence  string
		parts           map[string]string
		near, says, fix string
	}{
		{"not declared", "a.x", map[string]string{"a": plain}, "", "sequence a.x of customer.id is not declared", "name a declared table"},
		{
			"disabled", "a.s",
			map[string]string{"a": plain, "routing_rules": `{"rules":[{"from_table":"a.s","to_tables":[]}]}`},
			"", `is disabled by the routing rule for "a.s"`, "give that rule in routing_rules a target",
		},
		{
			"led elsewhere by a rule", "a.s",
			map[string]string{"a": plain, "routing_rules": `{"rules":[{"from_table":"a.s","to_tables":["a.other"]}]}`},
			"", `is led by the routing rule for "a.s", which leads to no declared table`, "correct that rule",
		},
		{
			"led elsewhere by a keyspace rule", "a.s",
			map[string]string{"a": plain, "b": `{"tables":{"x":{}}}`, "keyspace_routing_rules": `{"rules":[{"from_keyspace":"a","to_keyspace":"b"}]}`},
			"", `is led by the keyspace rule for "a" to keyspace b, which does not declare it`, "declare s in keyspace b too",
		},
		{"explicit routing", "s", map[string]string{"a": explicit}, "a.s", "is not found without its keyspace: a requires explicit routing", "write it with its keyspace: a.s"},
		{"explicit routing in two", "s", map[string]string{"a": explicit, "b": explicit}, "", "a, b requires explicit routing", "a.s or b.s"},
		{"ambiguous", "s", map[string]string{"a": plain, "b": plain}, "", "is ambiguous: it is a table of keyspaces a, b", "a.s or b.s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.parts["customer"] = customer(tt.sequence, "")
			found := unresolvedSequence.Check(newFacts(world(t, tt.parts), Input{}))
			if len(found) != 1 {
				t.Fatalf("findings: %+v", found)
			}
			if f := found[0]; f.Near != tt.near || !strings.Contains(f.Message, tt.says) || !strings.Contains(f.Next, tt.fix) {
				t.Errorf("near %q, message %q, fix %q; want %q, %q, %q", f.Near, f.Message, f.Next, tt.near, tt.says, tt.fix)
			}
		})
	}
}

// TestAbsentKeyspace: files tell of a keyspace once, a plan of each place.
func TestAbsentKeyspace(t *testing.T) {
	parts := map[string]string{
		"customer":      customer("billing.seq", `,"l":{"type":"lookup_unique","owner":"customer","params":{"table":"billing.l","from":"a","to":"b"}}`),
		"routing_rules": `{"rules":[{"from_table":"billing.x","to_tables":["customer.customer"]},{"from_table":"y","to_tables":["billing.y"]}]}`,
	}
	check := func(whole bool, want ...string) {
		t.Helper()
		found := absentKeyspace.Check(newFacts(world(t, parts), Input{Whole: whole}))
		var got []string
		for _, f := range found {
			got = append(got, f.Message)
		}
		if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
			t.Errorf("whole %v: got\n%s\nwant\n%s", whole, g, w)
		}
	}
	check(false, "sequence billing.seq of customer.id: keyspace billing has no file here; 2 other places name it")
	check(true, "sequence billing.seq of customer.id: keyspace billing does not exist",
		"lookup table billing.l of vindex l: keyspace billing does not exist",
		`routing rule for "y": target billing.y: keyspace billing does not exist`)
}

// TestNotASequence names what a table is, and names another one as the first
// way out: to make a sequence of a table that holds rows is the dangerous one.
func TestNotASequence(t *testing.T) {
	for typ, want := range map[string]string{``: "an ordinary table", `"type":"reference"`: "a reference table"} {
		f := newFacts(world(t, map[string]string{"a": `{"tables":{"x":{` + typ + `}}}`, "customer": customer("a.x", "")}), Input{})
		found := notASequence.Check(f)
		if len(found) != 1 || !strings.HasSuffix(found[0].Message, want) || !strings.HasPrefix(found[0].Next, "name a table of type sequence") {
			t.Errorf("%s: %+v, want %s", typ, found, want)
		}
	}
}

// TestHintsOfOtherKeyspaces: a table elsewhere is worth a hint, and no fix.
func TestHintsOfOtherKeyspaces(t *testing.T) {
	const seq = `{"tables":{"s":{"type":"sequence"}}}`
	for _, tt := range []struct {
		name  string
		parts map[string]string
		whole bool
		fixed bool
	}{
		{"misspelled keyspace", map[string]string{"shops": seq}, true, true},
		{"a keyspace that may be live and have no file", map[string]string{"shops": seq}, false, false},
		{"another keyspace, which is there", map[string]string{"shops": seq, "shop": `{"tables":{"t":{}}}`}, true, false},
	} {
		tt.parts["customer"] = customer("shop.s", "")
		found := unresolvedSequence.Check(newFacts(world(t, tt.parts), Input{Whole: tt.whole}))
		if len(found) != 1 || found[0].Near != "shops.s" {
			t.Fatalf("%s: %+v", tt.name, found)
		}
		found[0].Severity = Error
		if got := found[0].Corrects("shop.s"); got != tt.fixed {
			t.Errorf("%s: corrected %v, want %v", tt.name, got, tt.fixed)
		}
		doubted := strings.HasPrefix(found[0].Harm, "unless keyspace shop is live") && strings.HasSuffix(found[0].Next, "vtsync pull --keyspace shop takes it in")
		if want := !tt.whole; doubted != want {
			t.Errorf("%s: harm and next say that it may be live: %v, want %v: %+v", tt.name, doubted, want, found[0])
		}
	}
}
