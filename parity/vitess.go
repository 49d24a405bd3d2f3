package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"vitess.io/vitess/go/json2"
	"vitess.io/vitess/go/vt/vtenv"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

// verdict is what Vitess does with a repository.
type verdict string

const (
	// rejected: an Apply command of vtctldclient refuses a document of it.
	rejected verdict = "rejected"
	// damaged: all of it is accepted, and what vtgate serves is not what was
	// written: a field was dropped, a table is gone, a keyspace or a rule is in
	// error.
	damaged verdict = "damaged"
	// elsewhere: a vindex reads a file that is not on this machine, of which
	// the VSchema cannot tell what it holds.
	elsewhere verdict = "needs a file beside vtgate"
	// unplanned: vtgate serves all of it, and cannot plan the plainest queries.
	unplanned verdict = "builds, does not plan"
	// clean: it builds and plans.
	clean verdict = "builds and plans"
)

var verdicts = []verdict{rejected, damaged, elsewhere, unplanned, clean}

// harm orders the verdicts that say that something is wrong.
var harm = map[verdict]int{unplanned: 1, damaged: 2, rejected: 3}

// judgement is a verdict with Vitess's own reason.
type judgement struct {
	verdict verdict
	reason  string
	state   state // of what is clean
}

// askVitess applies the repository as vtctldclient, vtctld and vtgate would.
func askVitess(repo repository, env *vtenv.Environment) judgement {
	parser := env.Parser()
	srv := &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{}}
	dropped := ""
	for _, d := range repo.docs {
		var m proto.Message = &vschema.Keyspace{}
		if d.kind != "" {
			m = vschema.NewRules(d.kind)
		}
		if err := json2.UnmarshalPB(d.bytes(), m); err != nil {
			return judgement{verdict: rejected, reason: err.Error()}
		}
		if err := protojson.Unmarshal(d.bytes(), proto.Clone(m)); err != nil && dropped == "" {
			dropped = err.Error()
		}
		ks, ok := m.(*vschema.Keyspace)
		if !ok {
			vschema.SetRules(srv, d.kind, m)
			continue
		}
		if err := missingFile(ks); err != nil {
			return judgement{verdict: elsewhere, reason: err.Error()}
		}
		if _, err := vindexes.BuildKeyspace(ks, parser); err != nil {
			return judgement{verdict: rejected, reason: err.Error()}
		}
		srv.Keyspaces[d.keyspace] = ks
	}
	built := vindexes.BuildVSchema(srv, parser)
	if reason := damage(srv, built); reason != "" {
		return judgement{verdict: damaged, reason: reason}
	}
	if dropped != "" {
		return judgement{verdict: damaged, reason: "a field is dropped: " + dropped}
	}
	if reason := (planner{env, srv, built}).planAll(); reason != "" {
		return judgement{verdict: unplanned, reason: reason}
	}
	return judgement{verdict: clean, state: state{srv, built}}
}

// missingFile tells that a vindex reads a file that is not there. It looks at
// each: which error of several the builder meets first is left to chance.
func missingFile(ks *vschema.Keyspace) error {
	for name, v := range ks.Vindexes {
		if _, err := vindexes.CreateVindex(v.Type, name, v.Params); errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// damage tells what vtgate does not serve of what it was given.
func damage(srv *vschema.SrvVSchema, built *vindexes.VSchema) string {
	for _, name := range slices.Sorted(maps.Keys(srv.Keyspaces)) {
		ks := built.Keyspaces[name]
		for _, table := range slices.Sorted(maps.Keys(srv.Keyspaces[name].GetTables())) {
			if ks.Tables[table] == nil {
				return fmt.Sprintf("table %s.%s is gone (%v)", name, table, ks.Error)
			}
		}
		if ks.Error != nil {
			return fmt.Sprintf("keyspace %s is in error: %v", name, ks.Error)
		}
	}
	for _, from := range slices.Sorted(maps.Keys(built.RoutingRules)) {
		if err := built.RoutingRules[from].Error; err != nil {
			return fmt.Sprintf("rule for %s is in error: %v", from, err)
		}
	}
	for _, from := range slices.Sorted(maps.Keys(built.MirrorRules)) {
		if err := built.MirrorRules[from].Error; err != nil {
			return fmt.Sprintf("mirror rule for %s is in error: %v", from, err)
		}
	}
	return ""
}
