// Package catalog is a collection of changes to VSchemas and rules, each with
// queries and what the change does to them: the verdict, and the class of the plan
// on either side. Tests hold vtsync's own planner and real vtgates to it. It is
// pure: it must import no adapter, no clock, no logger, and not Vitess's planner.
package catalog

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/vschema"
)

//go:embed entries/*.txtar
var entries embed.FS

// baseFile is what every entry begins with; it is no entry itself.
const baseFile = "base.txtar"

// Entry is one change.
type Entry struct {
	Name string
	// About says what the change is, and why it hurts or helps.
	About         string
	Before, After Side
	Expect        []Expectation
}

// ShardCounts are the numbers of shards of the keyspace customer that entries are
// tried with; in their files it has 8. Zero is a number that is not known.
var ShardCounts = []int{0, 2, 3, 4, 8, 64}

// At gives an entry where the keyspace customer has another number of shards. What
// is expected is the same: no verdict may hang on how many there are.
func (e Entry) At(shards int) Entry {
	e.Before.Shards, e.After.Shards = maps.Clone(e.Before.Shards), maps.Clone(e.After.Shards)
	e.Before.Shards["customer"], e.After.Shards["customer"] = shards, shards
	return e
}

// Side is a cluster before or after a change.
type Side struct {
	Routing *vschema.SrvVSchema
	// Shards is how many serving shards each keyspace has.
	Shards map[string]int
}

// Load gives all entries, by name.
func Load() ([]Entry, error) {
	base, err := parse(baseFile)
	if err != nil {
		return nil, err
	}
	start, err := documents{}.patch(base.files)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", baseFile, err)
	}
	files, err := fs.Glob(entries, "entries/*.txtar")
	if err != nil {
		return nil, fmt.Errorf("list the catalogue: %w", err)
	}
	var out []Entry
	for _, file := range files {
		name := path.Base(file)
		if name == baseFile {
			continue
		}
		entry, err := load(name, start)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, entry)
	}
	return out, nil
}

// archive is a txtar file: its comment, and its files by name.
type archive struct {
	comment string
	files   map[string][]byte
}

func parse(name string) (archive, error) {
	data, err := entries.ReadFile("entries/" + name)
	if err != nil {
		return archive{}, fmt.Errorf("read the catalogue: %w", err)
	}
	parsed := txtar.Parse(data)
	a := archive{comment: strings.TrimSpace(string(parsed.Comment)), files: map[string][]byte{}}
	for _, f := range parsed.Files {
		if _, twice := a.files[f.Name]; twice {
			return archive{}, fmt.Errorf("%s: file %s is there twice", name, f.Name)
		}
		a.files[f.Name] = f.Data
	}
	return a, nil
}

func load(name string, base documents) (Entry, error) {
	a, err := parse(name)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Name: strings.TrimSuffix(name, ".txtar"), About: strings.Join(strings.Fields(a.comment), " ")}
	patches := map[string]map[string][]byte{"before": {}, "after": {}}
	for _, file := range slices.Sorted(maps.Keys(a.files)) {
		dir, document := path.Split(file)
		side, ok := patches[strings.TrimSuffix(dir, "/")]
		switch {
		case file == "expect":
			e.Expect, err = expectations(string(a.files[file]))
		case ok:
			side[document] = a.files[file]
		default:
			err = fmt.Errorf("file %s is neither before/, after/ nor expect", file)
		}
		if err != nil {
			return Entry{}, err
		}
	}
	before, err := base.patch(patches["before"])
	if err != nil {
		return Entry{}, fmt.Errorf("before: %w", err)
	}
	after, err := before.patch(patches["after"])
	if err != nil {
		return Entry{}, fmt.Errorf("after: %w", err)
	}
	if e.Before, err = before.side(); err != nil {
		return Entry{}, fmt.Errorf("before: %w", err)
	}
	if e.After, err = after.side(); err != nil {
		return Entry{}, fmt.Errorf("after: %w", err)
	}
	return e, nil
}

// shardsFile gives the numbers of shards; all other documents are keyspaces, or
// rules by the names of their files.
const shardsFile = "shards.json"

func (d documents) side() (Side, error) {
	s := Side{Routing: &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{}}, Shards: map[string]int{}}
	for _, file := range slices.Sorted(maps.Keys(d)) {
		if file == shardsFile {
			if err := d.decode(file, &s.Shards); err != nil {
				return Side{}, err
			}
			continue
		}
		raw, err := d.encode(file)
		if err != nil {
			return Side{}, err
		}
		name := strings.TrimSuffix(file, ".json")
		if desired.IsRuleFile(file) {
			rules, err := desired.ParseRules(vschema.RuleKind(name), file, raw)
			if err != nil {
				return Side{}, err
			}
			vschema.SetRules(s.Routing, vschema.RuleKind(name), rules.Value)
			continue
		}
		ks, err := desired.Parse(name, file, raw)
		if err != nil {
			return Side{}, err
		}
		s.Routing.Keyspaces[name] = ks.VSchema
	}
	return s, nil
}
