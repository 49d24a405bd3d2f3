// Package lint judges routing as it would be after a change, over all
// keyspaces and rules together, the way vtgate would build it and, for
// references, the way a person meant it. One rule per file, one explicit list.
// It is pure: no I/O, no adapter, no clock, no logger.
package lint

import (
	"cmp"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Severity of a finding.
type Severity string

// The severities, worst first.
const (
	Error   Severity = "error"   // vtgate would break, misroute, lose or hide rows
	Warning Severity = "warning" // works today, likely not what was meant
	Info    Severity = "info"
)

// Finding is what a rule says of one place.
type Finding struct {
	Code     string   `json:"code"` // such as VS301
	Severity Severity `json:"severity"`
	Keyspace string   `json:"keyspace,omitempty"`
	// Path leads to the node inside the keyspace's VSchema by proto field
	// names and map keys: ["tables","customer","auto_increment","sequence"].
	// For rules it begins with their kind: ["routing_rules","rules","0","to_tables","0"].
	Path []string `json:"path,omitempty"`
	// Pos is where that node stands in a file; empty for live state. Rules
	// leave it empty, the caller fills it in from Path; only what stands in a
	// file of another kind (SQL) brings its own.
	Pos     errs.Position `json:"position,omitzero"`
	Message string        `json:"message"`
	// Near is the nearest valid name, as the whole value that would stand at
	// Path.
	Near string `json:"near,omitempty"`
	// Hazard is set where the finding is no mistake in itself: whoever allows
	// the hazard lifts it.
	Hazard diff.Hazard `json:"hazard,omitempty"`
	// Harm says what vtgate would do with it.
	Harm string `json:"harm,omitempty"`
	// Next says how to fix it.
	Next string `json:"next,omitempty"`
	// whole and net are those of the rule.
	whole, net bool
	// guess tells that what was written may well be a name too: Near is then
	// another one, and no correction.
	guess bool
}

// Input is routing as it would be, and what is known beside it.
type Input struct {
	// After is the whole SrvVSchema after the change.
	After *vschema.SrvVSchema
	// Before is the whole SrvVSchema before the change; nil when unknown.
	Before *vschema.SrvVSchema
	// Whole tells that After has every keyspace that there is. Files need not: a
	// keyspace without one is not managed by them.
	Whole bool
	// Shards holds, per keyspace, the names of its serving shards in topo;
	// nil when unknown, as in an offline lint.
	Shards map[string][]string
	// OpaqueVindexes are vindex types that this build cannot construct and
	// that stand in as opaque ones (config vindex_types).
	OpaqueVindexes []string
	// Schemas holds, per keyspace, its physical tables; a keyspace that it
	// lacks is not known.
	Schemas map[string]*physical.Schema
	// ShardSchemas holds the tables of each shard's own MySQL, per keyspace and
	// shard, where they were read from there.
	ShardSchemas map[string]map[string]*physical.Schema
	// Files are the problems of the files themselves: each stands under the
	// rule of its code.
	Files []*errs.Invalid
	// Forbidden are the values that the schemas of the files forbid.
	Forbidden []Forbidden
	// MaxCellBytes is how large a cell's SrvVSchema may be; 0 means as large
	// as etcd takes by default.
	MaxCellBytes int
}

// Check runs every rule on the state after the change. What stood there before
// in an entry that the change does not touch is an old mistake, as a rule somebody
// else's: an error is shown as a warning and stops nobody, but those who change a
// keyspace of which it leaves to chance what is served; anything milder is for
// those who lint the whole, and left out.
func Check(in Input) []Finding {
	facts := newFacts(in.After, in)
	var old []Finding
	if in.Before != nil && !proto.Equal(in.Before, in.After) {
		facts.before = newFacts(in.Before, in)
		old = run(facts.before)
	}
	found := run(facts)
	if in.Before != nil && facts.before == nil {
		old = slices.Clone(found)
	}
	if len(old) == 0 {
		slices.SortFunc(found, Finding.Compare)
		return found
	}
	known := make(map[string]Severity) // what has got worse is not
	for _, f := range old {
		known[f.key()] = f.Severity
	}
	touched := newTouched(in, facts)
	var out []Finding
	for _, f := range found {
		if known[f.key()] == f.Severity && !touched.finding(f) {
			if f.Severity != Error {
				continue
			}
			f.Severity = Warning
			f.Message += " (already so)"
		}
		out = append(out, f)
	}
	slices.SortFunc(out, Finding.Compare)
	return out
}

func run(f *Facts) []Finding {
	var out []Finding
	for _, r := range All {
		if r.Check == nil {
			continue
		}
		for _, finding := range r.Check(f) {
			finding.Code = r.Code
			finding.whole, finding.net = r.Whole, r.Net
			finding.Severity = cmp.Or(finding.Severity, r.Severity)
			out = append(out, finding)
		}
	}
	return withoutTold(withoutNamed(out))
}

// Entry gives the entry of the keyspace in which the finding stands; false for
// one about the keyspace as a whole, or about rules.
func (f Finding) Entry() (vschema.Entry, bool) {
	e := vschema.Entry{Keyspace: f.Keyspace}
	switch {
	case f.Keyspace == "" || len(f.Path) == 0,
		len(f.Path) == 1 && (f.Path[0] == "tables" || f.Path[0] == "vindexes"):
		return e, false
	case len(f.Path) > 1 && f.Path[0] == "tables":
		e.Kind, e.Name = vschema.TableEntry, f.Path[1]
	case len(f.Path) > 1 && f.Path[0] == "vindexes":
		e.Kind, e.Name = vschema.VindexEntry, f.Path[1]
	default:
		e.Kind, e.Name = vschema.SettingEntry, f.Path[0]
	}
	return e, true
}

// Compare orders findings by keyspace, path, code and message.
func (f Finding) Compare(o Finding) int {
	return cmp.Or(
		strings.Compare(f.Keyspace, o.Keyspace),
		slices.Compare(f.Path, o.Path),
		strings.Compare(f.Code, o.Code),
		strings.Compare(f.Message, o.Message),
	)
}

// key tells findings apart, whatever their severity. Rules have no place of
// their own: workflows shuffle them with every save.
func (f Finding) key() string {
	if f.Keyspace == "" {
		return strings.Join([]string{f.Code, f.Message}, "\x00")
	}
	return strings.Join(append([]string{f.Code, f.Keyspace, f.Message}, f.Path...), "\x00")
}
