package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

const (
	commerceJSON = `{"tables":{"product":{},"customer_seq":{"type":"sequence"},"order_seq":{"type":"sequence"},"email_lookup":{}}}`
	customerJSON = `{"sharded":true,
		"vindexes":{"hash":{"type":"hash"}},
		"tables":{"customer":{"column_vindexes":[{"column":"id","name":"hash"}],
			"auto_increment":{"column":"id","sequence":"commerce.customer_seq"}}}}`
	// backfillJSON is customerJSON with a lookup vindex that is being filled.
	backfillJSON = `{"sharded":true,
		"vindexes":{"hash":{"type":"hash"},"email":{"type":"consistent_lookup","owner":"customer",
			"params":{"table":"commerce.email_lookup","from":"email,id","to":"keyspace_id","write_only":"true"}}},
		"tables":{"customer":{"column_vindexes":[{"column":"id","name":"hash"},{"columns":["email","id"],"name":"email"}],
			"auto_increment":{"column":"id","sequence":"commerce.customer_seq"}}}}`
)

func keyspace(t testing.TB, text string) *vschema.Keyspace {
	t.Helper()
	if text == "" {
		return nil
	}
	ks := &vschema.Keyspace{}
	if err := protojson.Unmarshal([]byte(text), ks); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return ks
}

// edited gives the keyspace of the JSON with one piece of its text replaced.
func edited(t testing.TB, text, old, with string) *vschema.Keyspace {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("%q is not in %s", old, text)
	}
	return keyspace(t, strings.Replace(text, old, with, 1))
}

// snapshot gives a cluster of two cells that agrees with itself everywhere and
// has the keyspaces given as JSON; empty JSON is an absent VSchema.
func snapshot(t testing.TB, texts map[string]string) *planes.Snapshot {
	t.Helper()
	g := planes.Global{
		ClusterID: "c1",
		Keyspaces: make(map[string]planes.Keyspace),
		Rules: planes.Rules{
			Table: &vschema.RoutingRules{}, Shard: &vschema.ShardRoutingRules{},
			Keyspace: &vschema.KeyspaceRoutingRules{}, Mirror: &vschema.MirrorRules{},
			Tokens: make(map[vschema.RuleKind]planes.Token),
		},
		Cells: []string{"z1", "z2"},
	}
	for _, kind := range vschema.RuleKinds {
		g.Rules.Tokens[kind] = planes.Absent()
	}
	for name, text := range texts {
		rec := planes.Keyspace{Token: planes.Absent(), HasRecord: true, VSchema: keyspace(t, text)}
		if text != "" {
			sum := sha256.Sum256([]byte(text))
			rec.Token = planes.Token{Version: "7", Hash: hex.EncodeToString(sum[:])}
		}
		g.Keyspaces[name] = rec
	}
	return served(g)
}

// served gives a snapshot whose cells and vtgates agree with global.
func served(g planes.Global) *planes.Snapshot {
	s := &planes.Snapshot{Global: g}
	for _, name := range g.Cells {
		srv := FullSrv(g)
		s.Cells = append(s.Cells, planes.Cell{Name: name, Token: planes.Token{Version: "3", Hash: name}, Srv: srv, Size: proto.Size(srv)})
		s.VTGates = append(s.VTGates, planes.VTGate{Target: name + ":15001", Cell: name, SQL: true})
	}
	return s
}

// store is the commerce database of the demo, with customer sharded.
func store(t testing.TB) *planes.Snapshot {
	t.Helper()
	return snapshot(t, map[string]string{"commerce": commerceJSON, "customer": customerJSON})
}

func input(s *planes.Snapshot, desired map[string]*vschema.Keyspace) Input {
	return Input{
		Snapshot: s, Desired: desired, Cluster: "c1", Backend: "topo",
		Position: func(ks string, _ ...string) errs.Position {
			return errs.Position{File: "keyspaces/" + ks + "/vschema.json", Line: 1}
		},
	}
}

func build(t tester, in Input) *Plan {
	t.Helper()
	p, err := Build(in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func encode(t tester, p *Plan) string {
	t.Helper()
	raw, err := Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func codes(p *Plan) []DenialCode {
	var out []DenialCode
	for _, d := range p.Denials {
		out = append(out, d.Code)
	}
	slices.Sort(out)
	return out
}

// applied gives the snapshot once the plan is committed everywhere.
func applied(t tester, s *planes.Snapshot, p *Plan) *planes.Snapshot {
	t.Helper()
	after := make(map[string]*vschema.Keyspace)
	for _, ph := range p.Phases {
		for _, w := range ph.Writes {
			ks, err := vschema.DecodeJSON(w.After)
			if err != nil {
				t.Fatal(err)
			}
			after[w.Keyspace] = ks
		}
	}
	return served(withWrites(s.Global, after))
}

// tester is what *testing.T and *rapid.T share.
type tester interface {
	Helper()
	Fatal(args ...any)
}
