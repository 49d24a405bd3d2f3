package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"vitess.io/vitess/go/json2"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"
	vtctldatapb "vitess.io/vitess/go/vt/proto/vtctldata"
	vtctlservicepb "vitess.io/vitess/go/vt/proto/vtctlservice"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/lint/catalog"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/lab/cluster"
)

// harmKeyspaces are all keyspaces of the lab in which the rules' examples are
// tried, with their shards; none means unsharded.
var harmKeyspaces = map[string][]string{
	"commerce": nil, "lookup": nil, "archive": nil,
	"customer": {"-80", "80-"}, "orders": {"-80", "80-"}, "tenants": {"-80", "80-"},
}

// markKeyspace holds one table, of a new name after each apply: a vtgate that
// serves it serves all that was applied before. Its tables are not global, so
// that it is nothing to the examples.
const markKeyspace = "mark"

// mirrorRulesKey is where vtgate's mirror rules lie: no RPC writes them.
const mirrorRulesKey = "/vitess/global/MirrorRules"

// fullKeyspaces are those in which examples are tried that take MySQL.
var fullKeyspaces = map[string][]string{"commerce": nil, "lookup": nil, "customer": {"-80", "80-"}}

// harmLab is a cluster in which one example after the other is applied, as a
// person does it: through vtctld, with what vtctldclient makes of the file.
type harmLab struct {
	*cluster.Cluster
	gate   cluster.VTGate
	vtctld vtctlservicepb.VtctldClient
	// keyspaces are those of the examples.
	keyspaces map[string][]string
	marks     int
	// refusals holds why a keyspace or a kind of rules of the example that is
	// applied was refused.
	refusals map[string]error
}

func newHarmLab(t *testing.T) *harmLab {
	t.Helper()
	l := &harmLab{Cluster: cluster.StartT(t, cluster.Options{Cells: []string{"zone1"}}), keyspaces: harmKeyspaces}
	for name, shards := range l.keyspaces {
		if err := l.CreateKeyspace(t.Context(), name, shards...); err != nil {
			t.Fatal(err)
		}
	}
	l.connect(t)
	return l
}

// newFullHarmLab is the same with MySQL, in fewer keyspaces.
func newFullHarmLab(t *testing.T) *harmLab {
	t.Helper()
	options := cluster.Options{Cells: []string{"zone1"}}
	for _, name := range slices.Sorted(maps.Keys(fullKeyspaces)) {
		options.Keyspaces = append(options.Keyspaces, cluster.Keyspace{Name: name, Shards: fullKeyspaces[name]})
	}
	l := &harmLab{Cluster: cluster.FullT(t, options), keyspaces: fullKeyspaces}
	l.connect(t)
	return l
}

// connect makes what all examples are applied and looked at through.
func (l *harmLab) connect(t *testing.T) {
	t.Helper()
	l.gate = l.VTGates()[0]
	conn, err := grpc.NewClient("passthrough:///"+l.VTCtld(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // nothing was left unsaid
	l.vtctld = vtctlservicepb.NewVtctldClient(conn)
	if err := l.CreateKeyspace(t.Context(), markKeyspace); err != nil {
		t.Fatal(err)
	}
}

// serve makes these files, and nothing else, the routing of the lab, and
// returns when the vtgate serves it. What Vitess refuses stays empty.
func (l *harmLab) serve(t *testing.T, files []catalog.File) {
	t.Helper()
	texts := l.jsonTexts(t, files)
	l.refusals = map[string]error{}
	for name := range l.keyspaces {
		l.offer(t, name, texts, l.applyVSchema)
	}
	for _, kind := range vschema.RuleKinds {
		l.offer(t, string(kind), texts, l.applyRules)
	}
	l.marks++
	mark := fmt.Sprintf("mark_%d", l.marks)
	ctx := t.Context()
	if err := l.applyVSchema(ctx, markKeyspace, fmt.Sprintf(`{"require_explicit_routing": true, "tables": {%q: {}}}`, mark)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.vtctld.RebuildVSchemaGraph(ctx, &vtctldatapb.RebuildVSchemaGraphRequest{}); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Poll(ctx, func() error { return l.ServesTable(ctx, l.gate, markKeyspace, mark) }); err != nil {
		t.Fatal(err)
	}
}

// serves tells whether the vtgate has the table. That it cannot be asked is an
// error, and no table that is gone.
func (l *harmLab) serves(ctx context.Context, keyspace, table string) (bool, error) {
	page, err := l.Debug(ctx, l.gate, "vschema")
	if err != nil {
		return false, err
	}
	var served struct {
		Keyspaces map[string]struct {
			Tables map[string]json.RawMessage `json:"tables"`
		} `json:"keyspaces"`
	}
	if err := json.Unmarshal(page, &served); err != nil {
		return false, fmt.Errorf("%s: /debug/vschema: %w", l.gate.Name, err)
	}
	if len(served.Keyspaces) == 0 {
		return false, fmt.Errorf("%s: /debug/vschema has no keyspaces", l.gate.Name)
	}
	_, ok := served.Keyspaces[keyspace].Tables[table]
	return ok, nil
}

// offer empties one record and applies its text, if there is one.
func (l *harmLab) offer(t *testing.T, name string, texts map[string]string, apply func(ctx context.Context, name, text string) error) {
	t.Helper()
	text, ok := texts[name]
	delete(texts, name)
	if ok {
		l.refusals[name] = apply(t.Context(), name, text)
	}
	if !ok || l.refusals[name] != nil {
		if err := apply(t.Context(), name, "{}"); err != nil {
			t.Fatal(err)
		}
	}
}

// jsonTexts gives what a person hands to vtctldclient, by keyspace and kind of
// rules: JSON as it is, and the same in JSON for a file in YAML.
func (l *harmLab) jsonTexts(t *testing.T, files []catalog.File) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, f := range files {
		name := strings.TrimSuffix(f.Path, path.Ext(f.Path))
		parts := strings.Split(name, "/")
		kind := vschema.RuleKind(name)
		switch {
		case len(parts) == 3 && parts[0] == "keyspaces" && parts[2] == "vschema":
			name = parts[1]
			if _, ok := l.keyspaces[name]; !ok {
				t.Fatalf("%s: the lab has no keyspace %s", f.Path, name)
			}
		case !slices.Contains(vschema.RuleKinds, kind):
			continue // what Vitess never sees: CREATE TABLEs, a config
		}
		if path.Ext(f.Path) == ".json" {
			out[name] = string(f.Data)
			continue
		}
		m, err := parseYAML(name, kind, f)
		if err != nil {
			t.Fatal(err)
		}
		text, err := protojson.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(text)
	}
	return out
}

func parseYAML(name string, kind vschema.RuleKind, f catalog.File) (proto.Message, error) {
	if slices.Contains(vschema.RuleKinds, kind) {
		rules, err := desired.ParseRules(kind, f.Path, f.Data)
		if err != nil {
			return nil, err
		}
		return rules.Value, nil
	}
	ks, err := desired.Parse(name, f.Path, f.Data)
	if err != nil {
		return nil, err
	}
	return ks.VSchema, nil
}

// applyVSchema is vtctldclient's command, its leniency in reading included,
// without the rebuild.
func (l *harmLab) applyVSchema(ctx context.Context, keyspace, text string) error {
	v := &vschemapb.Keyspace{}
	if err := json2.UnmarshalPB([]byte(text), v); err != nil {
		return err
	}
	_, err := l.vtctld.ApplyVSchema(ctx, &vtctldatapb.ApplyVSchemaRequest{Keyspace: keyspace, VSchema: v, SkipRebuild: true})
	return err
}

// applyRules is the same for a kind of rules.
func (l *harmLab) applyRules(ctx context.Context, kind, text string) error {
	rules := vschema.NewRules(vschema.RuleKind(kind))
	if err := json2.UnmarshalPB([]byte(text), rules); err != nil {
		return err
	}
	var err error
	switch rules := rules.(type) {
	case *vschema.RoutingRules:
		_, err = l.vtctld.ApplyRoutingRules(ctx, &vtctldatapb.ApplyRoutingRulesRequest{RoutingRules: rules, SkipRebuild: true})
	case *vschema.ShardRoutingRules:
		_, err = l.vtctld.ApplyShardRoutingRules(ctx, &vtctldatapb.ApplyShardRoutingRulesRequest{ShardRoutingRules: rules, SkipRebuild: true})
	case *vschema.KeyspaceRoutingRules:
		_, err = l.vtctld.ApplyKeyspaceRoutingRules(ctx, &vtctldatapb.ApplyKeyspaceRoutingRulesRequest{KeyspaceRoutingRules: rules, SkipRebuild: true})
	case *vschema.MirrorRules:
		err = l.putMirrorRules(ctx, rules)
	}
	return err
}

func (l *harmLab) putMirrorRules(ctx context.Context, rules *vschema.MirrorRules) error {
	data, err := proto.Marshal(rules)
	if err != nil {
		return err
	}
	_, err = l.Etcd(cluster.Global).Put(ctx, mirrorRulesKey, string(data))
	return err
}

// stored is what vtctld says it holds of a keyspace or a kind of rules, as
// JSON in which only what is set stands.
func (l *harmLab) stored(ctx context.Context, name string) (any, error) {
	var m proto.Message
	var err error
	switch vschema.RuleKind(name) {
	case vschema.TableRules:
		var r *vtctldatapb.GetRoutingRulesResponse
		r, err = l.vtctld.GetRoutingRules(ctx, &vtctldatapb.GetRoutingRulesRequest{})
		m = r.GetRoutingRules()
	case vschema.ShardRules:
		var r *vtctldatapb.GetShardRoutingRulesResponse
		r, err = l.vtctld.GetShardRoutingRules(ctx, &vtctldatapb.GetShardRoutingRulesRequest{})
		m = r.GetShardRoutingRules()
	case vschema.KeyspaceRules:
		var r *vtctldatapb.GetKeyspaceRoutingRulesResponse
		r, err = l.vtctld.GetKeyspaceRoutingRules(ctx, &vtctldatapb.GetKeyspaceRoutingRulesRequest{})
		m = r.GetKeyspaceRoutingRules()
	default:
		var r *vtctldatapb.GetVSchemaResponse
		r, err = l.vtctld.GetVSchema(ctx, &vtctldatapb.GetVSchemaRequest{Keyspace: name})
		m = r.GetVSchema()
	}
	if err != nil {
		return nil, err
	}
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return nil, err
	}
	var out any
	return out, json.Unmarshal(text, &out)
}

// holds tells whether a JSON value has something at a dotted path.
func holds(v any, dotted string) bool {
	for step := range strings.SplitSeq(dotted, ".") {
		switch node := v.(type) {
		case map[string]any:
			var ok bool
			if v, ok = node[step]; !ok {
				return false
			}
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(node) {
				return false
			}
			v = node[i]
		default:
			return false
		}
	}
	return true
}
