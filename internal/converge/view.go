package converge

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// The parts of /debug/vschema that routing depends on, as Vitess marshals its
// built VSchema.
type (
	debugVSchema struct {
		Keyspaces            map[string]*debugKeyspace  `json:"keyspaces"`
		RoutingRules         map[string]json.RawMessage `json:"routing_rules"`
		ShardRoutingRules    map[string]json.RawMessage `json:"shard_routing_rules"`
		KeyspaceRoutingRules map[string]json.RawMessage `json:"keyspace_routing_rules"`
		MirrorRules          map[string]json.RawMessage `json:"mirror_rules"`
	}
	debugKeyspace struct {
		Sharded         bool                       `json:"sharded"`
		ForeignKeyMode  string                     `json:"foreignKeyMode"`
		Tables          map[string]*debugTable     `json:"tables"`
		Vindexes        map[string]json.RawMessage `json:"vindexes"`
		Error           string                     `json:"error"`
		MultiTenantSpec json.RawMessage            `json:"multi_tenant_spec"`
	}
	debugTable struct {
		Type           string              `json:"type"`
		ColumnVindexes []debugColumnVindex `json:"column_vindexes"`
		AutoIncrement  *debugAutoIncrement `json:"auto_increment"`
		Columns        []debugColumn       `json:"columns"`
		Pinned         []byte              `json:"pinned"`
		Authoritative  bool                `json:"column_list_authoritative"`
		Source         *debugSource        `json:"source"`
	}
	debugColumnVindex struct {
		Columns []string `json:"columns"`
		Type    string   `json:"type"`
		Name    string   `json:"name"`
		Owned   bool     `json:"owned"`
	}
	debugAutoIncrement struct {
		Column   string `json:"column"`
		Sequence struct {
			Name string `json:"name"`
		} `json:"sequence"`
	}
	debugColumn struct {
		Name      string   `json:"name"`
		Type      string   `json:"type"`
		Invisible bool     `json:"invisible"`
		Default   string   `json:"default"`
		Size      int32    `json:"size"`
		Scale     int32    `json:"scale"`
		Nullable  bool     `json:"nullable"`
		Values    []string `json:"values"`
	}
	debugSource struct {
		Name      string
		Qualifier string
	}
	debugLookup struct {
		Table       string   `json:"table"`
		FromColumns []string `json:"from_columns"`
		To          string   `json:"to"`
	}
)

// ParseView reads what a vtgate answers at /debug/vschema. A vtgate that has
// not loaded a VSchema yet answers null: it shows nothing, which is not an
// error.
func ParseView(debugPage []byte) (*planes.View, error) {
	var page *debugVSchema
	if err := json.Unmarshal(debugPage, &page); err != nil {
		return nil, fmt.Errorf("decode /debug/vschema: %w", err)
	}
	view := &planes.View{Keyspaces: map[string]planes.ViewKeyspace{}}
	if page == nil {
		return view, nil
	}
	if page.Keyspaces == nil {
		return nil, fmt.Errorf("decode /debug/vschema: it has no keyspaces field")
	}
	for name, ks := range page.Keyspaces {
		if ks == nil {
			return nil, fmt.Errorf("decode /debug/vschema: keyspace %s is null", name)
		}
		v, err := ks.view()
		if err != nil {
			return nil, fmt.Errorf("decode /debug/vschema: keyspace %s: %w", name, err)
		}
		view.Keyspaces[name] = v
	}
	view.Rules = page.rules()
	return view, nil
}

func (p *debugVSchema) rules() map[string]string {
	out := map[string]string{}
	for kind, rules := range map[vschema.RuleKind]map[string]json.RawMessage{
		vschema.TableRules:    p.RoutingRules,
		vschema.ShardRules:    p.ShardRoutingRules,
		vschema.KeyspaceRules: p.KeyspaceRoutingRules,
		vschema.MirrorKind:    p.MirrorRules,
	} {
		for from, to := range rules {
			out[string(kind)+"/"+from] = compact(to)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func (k *debugKeyspace) view() (planes.ViewKeyspace, error) {
	v := planes.ViewKeyspace{
		Sharded:        k.Sharded,
		ForeignKeyMode: k.ForeignKeyMode,
		Error:          k.Error,
		Tables:         make(map[string]planes.ViewTable, len(k.Tables)),
		Vindexes:       make(map[string]planes.ViewVindex, len(k.Vindexes)),
	}
	if spec := compact(k.MultiTenantSpec); spec != "null" {
		v.MultiTenantSpec = spec
	}
	for name, t := range k.Tables {
		if t == nil {
			return v, fmt.Errorf("table %s is null", name)
		}
		v.Tables[name] = t.view()
	}
	for name, raw := range k.Vindexes {
		v.Vindexes[name] = planes.ViewVindex{Loaded: true, Lookup: lookupText(raw)}
	}
	return v, nil
}

func (t *debugTable) view() planes.ViewTable {
	v := planes.ViewTable{
		Type:          t.Type,
		Pinned:        hex.EncodeToString(t.Pinned),
		Authoritative: t.Authoritative,
	}
	if t.Source != nil {
		v.Source = t.Source.Name
		if t.Source.Qualifier != "" {
			v.Source = t.Source.Qualifier + "." + t.Source.Name
		}
	}
	if a := t.AutoIncrement; a != nil {
		v.AutoColumn = strings.ToLower(a.Column)
		v.AutoSequence = a.Sequence.Name
	}
	for i, cv := range t.ColumnVindexes {
		if i > 0 && isPartOf(t.ColumnVindexes[0], cv) {
			continue
		}
		v.ColumnVindexes = append(v.ColumnVindexes, planes.ViewColumnVindex{
			Vindex: cv.Name, Type: cv.Type, Columns: lower(cv.Columns), Owned: cv.Owned,
		})
	}
	for _, c := range t.Columns {
		v.Columns = append(v.Columns, c.text())
	}
	return v
}

// isPartOf tells whether cv is one of the partial column vindexes that Vitess
// adds behind a multi-column primary vindex. They follow from it, and so are
// no part of the view.
func isPartOf(primary, cv debugColumnVindex) bool {
	return cv.Name == primary.Name && len(cv.Columns) < len(primary.Columns) &&
		slices.Equal(cv.Columns, primary.Columns[:len(cv.Columns)])
}

func (c debugColumn) text() string {
	var b strings.Builder
	b.WriteString(c.Name + " " + c.Type)
	if c.Size != 0 || c.Scale != 0 {
		fmt.Fprintf(&b, "(%d,%d)", c.Size, c.Scale)
	}
	if len(c.Values) > 0 {
		fmt.Fprintf(&b, " values %q", c.Values)
	}
	if !c.Nullable {
		b.WriteString(" not null")
	}
	if c.Default != "" {
		b.WriteString(" default " + c.Default)
	}
	if c.Invisible {
		b.WriteString(" invisible")
	}
	return b.String()
}

// lookupText gives table, from and to of a lookup vindex, without the quotes
// and the case that make no difference; "" for any other vindex. Vindex types
// of others may print what they like, so a form that does not fit is no error.
func lookupText(raw json.RawMessage) string {
	var l debugLookup
	if err := json.Unmarshal(raw, &l); err != nil || l.Table == "" {
		return ""
	}
	unquote := func(s string) string { return strings.ReplaceAll(s, "`", "") }
	return fmt.Sprintf("%s(%s) %s", unquote(l.Table),
		unquote(strings.Join(lower(l.FromColumns), ",")), unquote(strings.ToLower(l.To)))
}

func lower(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = strings.ToLower(n)
	}
	return out
}

func compact(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "null"
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return string(raw)
	}
	return b.String()
}
