package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/vschema"
)

// Between gives what leads from before to after, sorted by entry; nil stands
// for an absent record and reads like an empty one. An undo has hazards of its
// own: they are those of Between(after, before).
func Between(keyspace string, before, after *vschema.Keyspace) []EntryChange {
	return Ground{}.Between(keyspace, before, after)
}

// Ground is what is known of a keyspace beside its VSchema, where that decides
// a hazard. The zero value is nothing.
type Ground struct {
	// Unrouted tells that no query reaches the keyspace while it is unsharded:
	// there is not exactly one shard that serves.
	Unrouted bool
}

// Between is as the function, with what is known.
func (g Ground) Between(keyspace string, before, after *vschema.Keyspace) []EntryChange {
	return g.between(keyspace, before, after, unionEntries(keyspace, before, after))
}

// between compares only the given entries, and judges them in the scene of the
// whole keyspaces.
func (g Ground) between(keyspace string, before, after *vschema.Keyspace, entries []vschema.Entry) []EntryChange {
	entries = slices.DeleteFunc(entries, func(e vschema.Entry) bool { return vschema.EntryEqual(before, after, e) })
	if len(entries) == 0 {
		return nil
	}
	s := scene{ground: g, before: vschema.Canonical(before), after: vschema.Canonical(after)}
	out := make([]EntryChange, 0, len(entries))
	for _, e := range entries {
		e.Keyspace = keyspace
		out = append(out, EntryChange{
			Entry:   e,
			Before:  vschema.EntryJSON(before, e),
			After:   vschema.EntryJSON(after, e),
			Changes: s.changes(e),
		})
	}
	return out
}

// unionEntries lists, sorted, every entry that any of the keyspaces has.
func unionEntries(keyspace string, all ...*vschema.Keyspace) []vschema.Entry {
	var out []vschema.Entry
	for _, ks := range all {
		out = append(out, vschema.EntriesOf(keyspace, ks)...)
	}
	slices.SortFunc(out, vschema.Entry.Compare)
	return slices.Compact(out)
}

// changes gives the typed, judged changes inside one entry.
func (s scene) changes(e vschema.Entry) []Change {
	var out []Change
	switch e.Kind {
	case vschema.SettingEntry:
		out = s.settingChanges(e)
	case vschema.VindexEntry:
		out = vindexChanges(e.Name, s.before.GetVindexes()[e.Name], s.after.GetVindexes()[e.Name])
	case vschema.TableEntry:
		out = s.tableChanges(e.Name)
	}
	for i := range out {
		out[i] = s.judge(out[i])
	}
	return out
}

func (s scene) settingChanges(e vschema.Entry) []Change {
	c := Change{
		Before: strings.Trim(string(vschema.EntryJSON(s.before, e)), `"`),
		After:  strings.Trim(string(vschema.EntryJSON(s.after, e)), `"`),
	}
	switch e.Name {
	case vschema.Sharded:
		c.Type, c.Text = ShardedOn, "the keyspace becomes sharded"
		if !s.after.GetSharded() {
			c.Type, c.Text = ShardedOff, "the keyspace becomes unsharded"
		}
	case vschema.RequireExplicitRouting:
		c.Type, c.Text = ExplicitOn, "tables must be named with the keyspace"
		if !s.after.GetRequireExplicitRouting() {
			c.Type, c.Text = ExplicitOff, "tables may be named without the keyspace"
		}
	case vschema.ForeignKeyMode:
		c.Type = ForeignKeyChanged
		c.Text = fmt.Sprintf("foreign keys are %s, were %s", c.After, c.Before)
	case vschema.MultiTenantSpec:
		c.Type = TenantChanged
		c.Before, c.After = tenantText(s.before), tenantText(s.after)
		c.Text = fmt.Sprintf("the tenant id column is %s, was %s", c.After, c.Before)
	}
	return []Change{c}
}

func tenantText(ks *vschema.Keyspace) string {
	spec := ks.GetMultiTenantSpec()
	if spec == nil {
		return "not set"
	}
	return fmt.Sprintf("%s %s", quoteEmpty(spec.GetTenantIdColumnName()), spec.GetTenantIdColumnType())
}

func vindexChanges(name string, was, is *vschema.Vindex) []Change {
	base := Change{Vindex: name}
	switch {
	case was == nil:
		base.Type, base.After = VindexAdded, describeVindex(is)
		base.Text = fmt.Sprintf("vindex %s is added: %s", name, base.After)
		return []Change{base}
	case is == nil:
		base.Type, base.Before = VindexDropped, describeVindex(was)
		base.Text = fmt.Sprintf("vindex %s is dropped: %s", name, base.Before)
		return []Change{base}
	}
	var out []Change
	if was.GetType() != is.GetType() {
		out = append(out, base.as(VindexType, was.GetType(), is.GetType(), "vindex "+name+" has the type"))
	}
	if was.GetOwner() != is.GetOwner() {
		out = append(out, base.as(VindexOwner, was.GetOwner(), is.GetOwner(), "vindex "+name+" is owned by table"))
	}
	for _, p := range unionKeys(was.GetParams(), is.GetParams()) {
		old, had := was.GetParams()[p]
		now, has := is.GetParams()[p]
		if had == has && old == now {
			continue
		}
		c := base
		c.Param = p
		out = append(out, paramChange(c, old, now, had, has))
	}
	return out
}

func paramChange(c Change, old, now string, had, has bool) Change {
	switch {
	case c.Param == vschema.ParamWriteOnly && now == "true":
		c.Type, c.Text = WriteOnlyAdded, fmt.Sprintf("vindex %s becomes write_only", c.Vindex)
	case c.Param == vschema.ParamWriteOnly && old == "true":
		c.Type, c.Text = WriteOnlyRemoved, fmt.Sprintf("vindex %s is no longer write_only", c.Vindex)
	case !had:
		c.Type, c.Text = VindexParam, fmt.Sprintf("vindex %s gets the param %s = %q", c.Vindex, c.Param, now)
	case !has:
		c.Type, c.Text = VindexParam, fmt.Sprintf("vindex %s loses the param %s, was %q", c.Vindex, c.Param, old)
	default:
		c.Type, c.Text = VindexParam, fmt.Sprintf("vindex %s has the param %s = %q, was %q", c.Vindex, c.Param, now, old)
	}
	c.Before, c.After = old, now
	return c
}

// as gives the change of one text inside what c names.
func (c Change) as(t ChangeType, before, after, subject string) Change {
	c.Type, c.Before, c.After = t, before, after
	c.Text = fmt.Sprintf("%s %s, was %s", subject, quoteEmpty(after), quoteEmpty(before))
	return c
}

func quoteEmpty(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func describeVindex(v *vschema.Vindex) string {
	parts := []string{"type " + quoteEmpty(v.GetType())}
	for _, p := range unionKeys(v.GetParams(), nil) {
		parts = append(parts, p+" "+quoteEmpty(v.GetParams()[p]))
	}
	if v.GetOwner() != "" {
		parts = append(parts, "owned by table "+v.GetOwner())
	}
	return strings.Join(parts, ", ")
}

// unionKeys gives the keys of both maps, sorted.
func unionKeys(a, b map[string]string) []string {
	keys := make([]string, 0, len(a)+len(b))
	for k := range a {
		keys = append(keys, k)
	}
	for k := range b {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
