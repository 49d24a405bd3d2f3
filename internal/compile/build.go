package compile

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"vitess.io/vitess/go/vt/sqlparser"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

// routing is what vtgate makes of a SrvVSchema, and what it could not take.
type routing struct {
	srv   *vschema.SrvVSchema
	built *vindexes.VSchema
	notes []string
}

// build makes the same of the same input always. vtgate's builder stops at the
// first mistake of a keyspace in the order of a map, and what it has by then is
// different at each start: here such a keyspace has none of it.
func build(in Input, parser *sqlparser.Parser) (*routing, error) {
	r := &routing{srv: vschema.WithoutNils(in.Routing)}
	r.standIn(in.Opaque)
	built, err := buildAll(r.srv, parser)
	if r.takeOut(built, err != nil, parser) {
		built, err = buildAll(r.srv, parser)
	}
	if err != nil {
		return nil, err
	}
	r.built = built
	if err := r.references(parser); err != nil {
		return nil, err
	}
	r.sequences()
	for _, ks := range r.built.Keyspaces {
		if ks.Error != nil { // of one of its tables, another at each start
			ks.Error = fmt.Errorf("vtgate cannot build all of keyspace %s, whose foreign keys it manages", ks.Keyspace.Name)
		}
	}
	return r, nil
}

// standIn replaces the vindexes that cannot be constructed here. One of a type that
// the config names routes like one that computes: where it is owned, its lookup
// table is not known, and a plan with it could not be made.
func (r *routing) standIn(opaque []string) {
	for _, name := range slices.Sorted(maps.Keys(r.srv.Keyspaces)) {
		ks := r.srv.Keyspaces[name]
		for _, vindex := range slices.Sorted(maps.Keys(ks.Vindexes)) {
			if v := ks.Vindexes[vindex]; slices.Contains(opaque, v.Type) {
				r.notes = append(r.notes, fmt.Sprintf("vindex %s.%s: nothing is known of the type %s: it is planned as a unique one that needs no lookup", name, vindex, v.Type))
				ks.Vindexes[vindex] = &vschema.Vindex{Type: "binary"}
			}
		}
	}
	r.srv = vschema.StandIns(r.srv, nil)
}

func buildAll(srv *vschema.SrvVSchema, parser *sqlparser.Parser) (built *vindexes.VSchema, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("build the VSchema: vtgate's builder panics: %v", p)
		}
	}()
	return vindexes.BuildVSchema(srv, parser), nil
}

// takeOut leaves keyspaces that cannot be built without tables and vindexes.
func (r *routing) takeOut(built *vindexes.VSchema, all bool, parser *sqlparser.Parser) bool {
	found := false
	for _, name := range slices.Sorted(maps.Keys(r.srv.Keyspaces)) {
		if !all && built.Keyspaces[name].Error == nil {
			continue
		}
		ks := r.srv.Keyspaces[name]
		err := mistake(name, ks, parser)
		if err == nil {
			continue
		}
		found = true
		r.notes = append(r.notes, fmt.Sprintf("keyspace %s: vtgate cannot build it and has some of its tables, others at each start; here it has none: %s", name, err.Error()))
		ks.Vindexes, ks.Tables = nil, nil
	}
	return found
}

// mistake is the first one of a keyspace by name, of its vindexes before its
// tables.
func mistake(name string, ks *vschema.Keyspace, parser *sqlparser.Parser) error {
	if buildOne(name, ks, parser) == nil {
		return nil
	}
	for _, vindex := range slices.Sorted(maps.Keys(ks.Vindexes)) {
		part := vschema.CopyFields(ks)
		part.Tables, part.Vindexes = nil, map[string]*vschema.Vindex{vindex: ks.Vindexes[vindex]}
		if err := buildOne(name, part, parser); err != nil {
			return err
		}
	}
	for _, table := range slices.Sorted(maps.Keys(ks.Tables)) {
		part := vschema.CopyFields(ks)
		part.Tables = map[string]*vschema.Table{table: ks.Tables[table]}
		if err := buildOne(name, part, parser); err != nil {
			return err
		}
	}
	return errors.New("its tables do not go together")
}

func buildOne(name string, ks *vschema.Keyspace, parser *sqlparser.Parser) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("vtgate's builder panics: %v", p)
		}
	}()
	_, err = vindexes.BuildKeyspaceSchema(ks, name, parser)
	return err
}

// references takes back those that a keyspace with a bad one has registered with
// their sources. Sequences that are missing hide the error of such a keyspace.
func (r *routing) references(parser *sqlparser.Parser) error {
	if !slices.ContainsFunc(slices.Collect(maps.Values(r.built.Keyspaces)), func(ks *vindexes.KeyspaceSchema) bool { return ks.Error != nil }) {
		return nil
	}
	plain, err := buildAll(vschema.WithoutAutoIncrement(r.srv, func(string, string) bool { return true }), parser)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(plain.Keyspaces)) {
		if plain.Keyspaces[name].Error == nil {
			continue
		}
		r.notes = append(r.notes, fmt.Sprintf("keyspace %s: vtgate joins some of its reference tables with their sources, others at each start; here none is: vtsync lint says what is wrong with them", name))
		for _, ks := range r.built.Keyspaces {
			for _, t := range ks.Tables {
				delete(t.ReferencedBy, name)
			}
		}
	}
	return nil
}

// sequences notes the tables that vtgate leaves out.
func (r *routing) sequences() {
	for _, name := range slices.Sorted(maps.Keys(r.srv.Keyspaces)) {
		ks := r.srv.Keyspaces[name]
		for _, table := range slices.Sorted(maps.Keys(ks.Tables)) {
			if t := ks.Tables[table]; t.AutoIncrement != nil && r.built.Keyspaces[name].Tables[table] == nil {
				r.notes = append(r.notes, fmt.Sprintf("table %s.%s: vtgate leaves it out: it cannot find its sequence %s", name, table, t.AutoIncrement.Sequence))
			}
		}
	}
}

// ambiguous settles for which tables a query must name the keyspace. Where a table
// of another keyspace is named like a reference table, but is not its source, vtgate
// takes it for ambiguous or not, by the order of a map: here it is.
func (r *routing) ambiguous() {
	byName := map[string][]*vindexes.BaseTable{}
	for _, name := range slices.Sorted(maps.Keys(r.built.Keyspaces)) {
		if r.srv.Keyspaces[name].RequireExplicitRouting {
			continue
		}
		for table := range r.srv.Keyspaces[name].Tables {
			if t := r.built.Keyspaces[name].Tables[table]; t != nil {
				byName[table] = append(byName[table], t)
			}
		}
	}
	for _, table := range slices.Sorted(maps.Keys(byName)) {
		if _, ruled := r.built.RoutingRules[table]; ruled || !byOrder(byName[table]) {
			continue
		}
		r.notes = append(r.notes, fmt.Sprintf("table %s: vtgate finds it without its keyspace or takes it for ambiguous, by chance at each start; here it is ambiguous", table))
		r.built.RoutingRules[table] = &vindexes.RoutingRule{Error: fmt.Errorf("ambiguous table reference: %s", table)}
	}
}

// byOrder tells that vtgate's builder (buildKeyspaceGlobalTables) makes something
// else of tables of one name where it comes upon them in another order.
func byOrder(tables []*vindexes.BaseTable) bool {
	bySource := func(t *vindexes.BaseTable) bool {
		return t.Source != nil && t.Source.Name.String() == t.Name.String() // never found itself
	}
	results := map[string]bool{}
	for _, first := range tables {
		if bySource(first) {
			continue
		}
		after, anywhere := false, false // one that does not go together with it
		for _, t := range tables {
			if t == first || t.Source != nil && (t.Source.Qualifier.IsEmpty() || t.Source.Qualifier.String() == first.Keyspace.Name) {
				continue
			}
			after, anywhere = after || !bySource(t), true
		}
		if !after {
			results[first.Keyspace.Name] = true
		}
		if anywhere {
			results[""] = true // ambiguous
		}
	}
	return len(results) > 1
}
