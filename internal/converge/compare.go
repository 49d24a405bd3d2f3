package converge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// comparison is one keyspace as it is wanted, as a vtgate that reads it from
// its cell must show it, and as one vtgate shows it.
type comparison struct {
	want            *vschema.Keyspace
	expected, shown planes.ViewKeyspace
	sql             bool
	standIns        map[string]bool
}

// entry compares one entry. It says what is not as expected, or else what of
// the entry no view shows.
func (c comparison) entry(e vschema.Entry) (problem, inferred string) {
	switch e.Kind {
	case vschema.SettingEntry:
		return c.setting(e.Name)
	case vschema.VindexEntry:
		return c.vindex(e.Name)
	case vschema.TableEntry:
		return c.table(e.Name)
	}
	return fmt.Sprintf("unknown kind of entry %q", e.Kind), ""
}

func (c comparison) setting(name string) (problem, inferred string) {
	switch name {
	case vschema.Sharded:
		return differ("", c.shown.Sharded, c.expected.Sharded), ""
	case vschema.ForeignKeyMode:
		return differ("", c.shown.ForeignKeyMode, c.expected.ForeignKeyMode), ""
	case vschema.MultiTenantSpec:
		return differ("", c.shown.MultiTenantSpec, c.expected.MultiTenantSpec), ""
	default:
		return "", "no view shows it"
	}
}

func (c comparison) vindex(name string) (problem, inferred string) {
	_, wanted := c.want.GetVindexes()[name]
	shown, ok := c.shown.Vindexes[name]
	switch {
	case !wanted && ok:
		return "still shown", ""
	case !wanted:
		return "", ""
	case !shown.Loaded:
		return "not shown", ""
	}
	expected := c.expected.Vindexes[name]
	if !c.standIns[name] && shown.Lookup != expected.Lookup {
		return differ("lookup", shown.Lookup, expected.Lookup), ""
	}
	if !c.sql {
		return c.typeInUse(name, expected.Type), "its type, params and owner, without SQL"
	}
	if !shown.Declared {
		return "not shown by SHOW VSCHEMA VINDEXES", ""
	}
	return first(
		differ("type", shown.Type, expected.Type),
		differ("owner", shown.Owner, expected.Owner),
		differ("params", shown.Params, expected.Params),
	), ""
}

// typeInUse compares the type of a vindex where tables show it.
func (c comparison) typeInUse(name, want string) string {
	for _, t := range c.shown.Tables {
		for _, cv := range t.ColumnVindexes {
			if cv.Vindex == name && cv.Type != want {
				return differ("type", cv.Type, want)
			}
		}
	}
	return ""
}

func (c comparison) table(name string) (problem, inferred string) {
	_, wanted := c.want.GetTables()[name]
	expected, builds := c.expected.Tables[name]
	shown, ok := c.shown.Tables[name]
	switch {
	case !wanted && ok && !plain(shown):
		return "still shown", ""
	case !wanted:
		return "", ""
	case !builds:
		return "it does not build: " + c.expected.Error, ""
	case !ok:
		return "not shown", ""
	}
	problem = first(
		differ("type", shown.Type, expected.Type),
		differ("pinned", shown.Pinned, expected.Pinned),
		differ("source", shown.Source, expected.Source),
		c.columnVindexes(shown.ColumnVindexes, expected.ColumnVindexes),
		differ("auto_increment", shown.AutoColumn+" "+shown.AutoSequence, expected.AutoColumn+" "+expected.AutoSequence),
		columns(shown, expected),
	)
	return problem, strings.Join(hidden(shown, expected), ", ")
}

func (c comparison) columnVindexes(shown, expected []planes.ViewColumnVindex) string {
	same := slices.EqualFunc(shown, expected, func(a, b planes.ViewColumnVindex) bool {
		return a.Vindex == b.Vindex && a.Type == b.Type && slices.Equal(a.Columns, b.Columns) &&
			(a.Owned == b.Owned || c.standIns[a.Vindex])
	})
	if same {
		return ""
	}
	return differ("column vindexes", columnVindexText(shown), columnVindexText(expected))
}

func columnVindexText(list []planes.ViewColumnVindex) string {
	out := make([]string, 0, len(list))
	for _, cv := range list {
		text := fmt.Sprintf("%s %s(%s)", cv.Vindex, cv.Type, strings.Join(cv.Columns, ","))
		if cv.Owned {
			text += " owned"
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

// columns compares the column lists where both are of the VSchema: the schema
// tracker shows its own, authoritative, for tables whose list is not.
func columns(shown, expected planes.ViewTable) string {
	if shown.Authoritative && !expected.Authoritative {
		return ""
	}
	return first(
		differ("column_list_authoritative", shown.Authoritative, expected.Authoritative),
		differ("columns", strings.Join(shown.Columns, ", "), strings.Join(expected.Columns, ", ")),
	)
}

// hidden lists what of a table no view shows.
func hidden(shown, expected planes.ViewTable) []string {
	var out []string
	if expected.AutoSequence != "" {
		out = append(out, "the keyspace of its sequence")
	}
	switch {
	case shown.Authoritative && !expected.Authoritative:
		out = append(out, "its columns, behind those of the schema tracker")
	case len(expected.Columns) > 0:
		out = append(out, "the collations of its columns")
	}
	return out
}

// plain tells whether a shown table routes nothing of its own, so that the
// schema tracker may have added it.
func plain(t planes.ViewTable) bool {
	return t.Type == "" && t.Pinned == "" && t.Source == "" && len(t.ColumnVindexes) == 0 && t.AutoColumn == ""
}

// differ says how what is shown differs from what is expected; "" when it does
// not.
func differ[T comparable](what string, shown, expected T) string {
	if shown == expected {
		return ""
	}
	if what != "" {
		what += " "
	}
	return fmt.Sprintf("%sis %q, want %q", what, fmt.Sprint(shown), fmt.Sprint(expected))
}

func first(problems ...string) string {
	for _, p := range problems {
		if p != "" {
			return p
		}
	}
	return ""
}
