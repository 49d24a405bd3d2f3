package app

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/vtsync/vtsync/internal/compile"
	"github.com/vtsync/vtsync/internal/planes"
)

// planFlag is a flag of vtgates that decides how they plan.
type planFlag struct {
	name, usual string
	// follow has plans made by a value that is not the usual one; nil where they
	// are not.
	follow func(f *compile.Flags, value string)
	// strict has plans made by it where one vtgate has it and others do not.
	strict bool
}

var knownFlags = []planFlag{
	{name: "no-scatter", usual: "false", follow: func(f *compile.Flags, _ string) { f.NoScatter = true }, strict: true},
	{name: "enable-views", usual: "true", follow: func(f *compile.Flags, _ string) { f.NoViews = true }},
	{name: "enable-system-settings", usual: "true", follow: func(f *compile.Flags, _ string) { f.NoSystemSettings = true }},
	{name: "foreign-key-mode", usual: "allow", follow: func(f *compile.Flags, v string) { f.NoForeignKeys = v == "disallow" }},
	{name: "mysql-server-version", follow: func(f *compile.Flags, v string) { f.MySQLServerVersion = v }},
	{name: "planner-version", usual: "gen4", follow: func(f *compile.Flags, v string) { f.PlannerVersion = v }},
	{name: "default-tablet-type", usual: "primary"},
	{name: "normalize-queries", usual: "true"},
	{name: "track-udfs", usual: "false"},
}

// shardRouting is off in a vtgate unless it is told otherwise.
const shardRouting = "enable-partial-keyspace-migration"

// value is what the flag is in a vtgate: of the usual ones in the words of the table.
func (p planFlag) value(g planes.VTGate) string {
	v, ok := g.Flags[p.name]
	if !ok || v == "" {
		return p.usual
	}
	if on, err := strconv.ParseBool(v); err == nil && (p.usual == "true" || p.usual == "false") {
		return strconv.FormatBool(on)
	}
	if strings.EqualFold(v, p.usual) {
		return p.usual
	}
	return v
}

// planFlags are those of the cluster's vtgates, as far as they say; what plans here do
// not follow is noted. Where no cluster is asked there are none.
func (r *impactRun) planFlags() compile.Flags {
	var flags compile.Flags
	if r.snap == nil {
		return flags
	}
	var asked []planes.VTGate
	for _, g := range r.snap.VTGates {
		if g.VarsErr == "" && g.Silent == "" {
			asked = append(asked, g)
		}
	}
	if len(asked) == 0 {
		return flags
	}
	for _, p := range knownFlags {
		values := byValue(p, asked)
		for _, value := range sortedKeys(values) {
			if value == p.usual {
				continue
			}
			text := fmt.Sprintf("%s with --%s=%s", running(values[value], len(asked)), p.name, value)
			switch all := len(values) == 1; {
			case p.follow == nil || !all && !p.strict:
				r.notes = append(r.notes, text+", which plans here do not follow")
			case !all:
				r.notes = append(r.notes, text+" and others do not: plans here follow it")
				fallthrough
			default:
				p.follow(&flags, value)
			}
		}
	}
	flags.NoShardRouting = r.ignoresShardRules(asked)
	return flags
}

// ignoresShardRules tells that there are shard routing rules and that no vtgate
// follows them.
func (r *impactRun) ignoresShardRules(asked []planes.VTGate) bool {
	if len(r.before.GetShardRoutingRules().GetRules())+len(r.after.GetShardRoutingRules().GetRules()) == 0 {
		return false
	}
	off := byValue(planFlag{name: shardRouting, usual: "false"}, asked)["false"]
	switch len(off) {
	case 0:
		return false
	case len(asked):
		r.notes = append(r.notes, "the vtgates follow no shard routing rules (they run without --"+shardRouting+"), and so it is here")
		return true
	}
	r.notes = append(r.notes, running(off, len(asked))+" without --"+shardRouting+" and others with it: plans here follow the shard routing rules")
	return false
}

// byValue gives the vtgates that have each value.
func byValue(p planFlag, asked []planes.VTGate) map[string][]string {
	out := map[string][]string{}
	for _, g := range asked {
		v := p.value(g)
		out[v] = append(out[v], g.Target)
	}
	return out
}

// running begins a sentence about some of so many vtgates.
func running(targets []string, of int) string {
	switch len(targets) {
	case of:
		return "the vtgates run"
	case 1:
		return "vtgate " + targets[0] + " runs"
	}
	return "vtgates " + listed(targets) + " run"
}
