package config

import (
	"reflect"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/freeze"
	"github.com/vtsync/vtsync/internal/impact"
)

func TestPolicy(t *testing.T) {
	c, err := Parse("f", []byte(`
clusters:
  a:
    topo: x
    policy:
      wait: 12h
      breaker_percent: 12.5
      approvals: {required: 2, from: scatter}
      freeze:
        - {cron: "0 17 * * 5", for: 63h, timezone: Europe/Berlin, reason: weekend}
        - {from: 2026-12-20, to: "2027-01-02 18:00", reason: year end}
`))
	if err != nil {
		t.Fatal(err)
	}
	p := c.Clusters["a"].Policy
	if p.Wait != 12*time.Hour || p.BreakerPercent != 12.5 || p.Approvals != (Approvals{Required: 2, From: diff.Scatter}) {
		t.Errorf("policy = %+v", p)
	}
	for now, want := range map[string]string{
		"2026-11-20T16:30:00Z": "weekend, until Mon 2026-11-23 08:00 CET",
		"2026-12-30T00:00:00Z": "year end, until Mon 2027-01-04 08:00 CET", // a weekend follows it
		"2026-12-16T00:00:00Z": "",
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if f, frozen := freeze.At(p.Freeze, at); frozen {
			got = strings.Replace(f.String(), ", then weekend", "", 1)
		}
		if got != want {
			t.Errorf("at %s: %q, want %q", now, got, want)
		}
	}
}

// TestImpactPolicy: what the file leaves out is denied, and dearer queries have
// no limit.
func TestImpactPolicy(t *testing.T) {
	percent := func(f float64) *float64 { return &f }
	for text, want := range map[string]impact.Policy{
		`{}`:                             {},
		`{impact: {}}`:                   {},
		`{impact: {new_scatter: allow}}`: {NewScatter: impact.Allow},
		`{impact: {breaks: allow, new_scatter: deny, dearer_percent: 2.5}}`: {Breaks: impact.Allow, NewScatter: impact.Deny, DearerPercent: percent(2.5)},
		`{impact: {unjudged: allow}}`:                                       {Unjudged: impact.Allow},
		`{impact: {dearer_percent: 0}}`:                                     {DearerPercent: percent(0)},
	} {
		c, err := Parse("f", []byte("clusters: {a: {topo: x, policy: "+text+"}}\n"))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := c.Clusters["a"].Policy.Impact; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: policy %+v, want %+v", text, got, want)
		}
	}
}

func TestPolicyRefuses(t *testing.T) {
	const at = "clusters: {a: {topo: x, policy: {"
	for policy, want := range map[string]string{
		`wait: soon`:                              `:40: wait "soon" is not a positive duration`,
		`wait: [1h]`:                              `:40: wait "" is not a positive duration`,
		`breaker_percent: 0`:                      `:51: breaker_percent "0" is not a number`,
		`breaker_percent: .nan`:                   `:51: breaker_percent ".nan" is not a number`,
		`impact: strict`:                          `:42: impact must be a mapping, not "strict"`,
		`impact: {breaks: dney}`:                  `:51: breaks "dney" is no action (did you mean "deny"?)`,
		`impact: {break: deny}`:                   `:43: impact has no key "break" (did you mean "breaks"?)`,
		`impact: {new_scatter: [deny]}`:           `:56: new_scatter must be a text, not a list`,
		`impact: {dearer_percent: 5%}`:            `:59: dearer_percent "5%" is not a number from 0 to 100`,
		`impact: {dearer_percent: -1}`:            `:59: dearer_percent "-1" is not a number`,
		`impact: {dearer_percent: 100.5}`:         `:59: dearer_percent "100.5" is not a number`,
		`impact: {dearer_percent: .nan}`:          `:59: dearer_percent ".nan" is not a number`,
		`impact: {dearer_percent: [5]}`:           `:59: dearer_percent "" is not a number`,
		`freeze: {}`:                              `:42: freeze must be a list, not a mapping`,
		`freeze: [weekend]`:                       `:43: a freeze window must be a mapping, not "weekend"`,
		`approvals: 2`:                            `:45: approvals must be a mapping, not "2"`,
		`approvals: {}`:                           `:45: approvals says not how many are required`,
		`approvals: {from: safe}`:                 `:45: approvals says not how many are required`,
		`approvals: {required: 0}`:                `:56: required "0" is not a positive whole number`,
		`approvals: {required: 17}`:               `:56: required 17 is more than 16`,
		`approvals: {required: 1, from: scater}`:  `:65: from "scater" is no hazard (did you mean "scatter"?)`,
		`approvals: {require: 1}`:                 `:46: approvals has no key "require" (did you mean "required"?)`,
		`freeze: [{cron: "0 17 * * 5"}]`:          `:43: a freeze window has either cron and for, or from and to`,
		`freeze: [{for: 1h, reason: r}]`:          `:43: a freeze window has either`,
		`freeze: [{from: 2026-12-20, reason: r}]`: `:43: a freeze window has either`,
		`freeze: [{cron: "0 17 * * 5", for: 1h, from: 2026-12-20, to: 2026-12-21, reason: r}]`: `:43: a freeze window has either`,
		`freeze: [{cron: "0 17 * * 5", for: 1h}]`:                                              `:43: a freeze window has no reason`,
		`freeze: [{cron: "0 25 * * 5", for: 1h, reason: r}]`:                                   `:53: freeze window: "25" is no hour`,
		`freeze: [{cron: 0 25 * * 5, for: 1h, reason: r}]`:                                     `:52: freeze window: "25" is no hour`,
		`freeze: [{cron: "0 17 * *", for: 1h, reason: r}]`:                                     `:50: freeze window: "0 17 * *" has 4 fields`,
		`freeze: [{cron: "0 17 * * 5", for: 1d, reason: r}]`:                                   `:69: for "1d" is not a positive duration`,
		`freeze: [{cron: "0 17 * * 5", for: 9000h, reason: r}]`:                                `:50: freeze window: a window of 9000h`,
		`freeze: [{from: 2026-12-20, to: 2026-12-19, reason: r}]`:                              `:50: freeze window: from 2026-12-20 is not before`,
		`freeze: [{from: 2026-12-20, to: 20.12.2026, reason: r}]`:                              `:66: to "20.12.2026" is no date`,
		`freeze: [{from: 2026-12-20T10:00:00Z, to: 2026-12-21, reason: r}]`:                    `:50: from "2026-12-20T10:00:00Z" is no date`,
		`freeze: [{from: 5, to: 2026-12-21, reason: r}]`:                                       `:50: from must be a text, not "5"`,
		`freeze: [{from: [2026-12-20], to: 2026-12-21, reason: r}]`:                            `:50: from must be a text, not a list`,
		`freeze: [{timezone: Europe/Berln, reason: r}]`:                                        `:54: timezone "Europe/Berln" is not known`,
		`freeze: [{timezone: Local, reason: r}]`:                                               `:54: timezone "Local" is not known`,
		`freeze: [{tz: UTC, reason: r}]`:                                                       `:44: a freeze window has no key "tz"`,
	} {
		_, err := Parse("f", []byte(at+policy+"}}}\n"))
		if err == nil || !strings.HasPrefix(err.Error(), "f:1"+want) {
			t.Errorf("%s:\nerror %v\nwant  f:1%s", policy, err, want)
		}
	}
}
