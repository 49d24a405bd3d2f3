package config

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vtsync/vtsync/internal/errs"
)

const full = `# two clusters
clusters:
  prod:
    path: prod
    topo: etcd2://10.0.0.1:2379,10.0.0.2:2379/vitess/global
    topo_tls: {cert: c.pem, key: k.pem, ca: ca.pem}
    vtgates:
      - 10.0.0.3:15001,mysql=3306
      - address: 10.0.0.4:15001
        mysql: 3306
        grpc: "15991"
        cell: zone2
        user: vtsync
        password_env: VTSYNC_PASSWORD
        tls: {ca: ca.pem}
    cells: {ignore: [old]}
    policy: {timeout: 2m, max_cell_bytes: 1000}
    vindex_types: [region_custom]
  staging: {topo: "etcd2://10.1.0.1:2379/vitess/global"}
`

func TestParse(t *testing.T) {
	got, err := Parse("dir/vtsync.yaml", []byte(full))
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{File: "dir/vtsync.yaml", Clusters: map[string]*Cluster{
		"prod": {
			Name: "prod", Path: "prod", Backend: BackendTopo,
			Topo:    Text{Value: "etcd2://10.0.0.1:2379,10.0.0.2:2379/vitess/global"},
			TopoTLS: TLS{Cert: "c.pem", Key: "k.pem", CA: "ca.pem"},
			VTGates: []VTGate{
				{Spec: "10.0.0.3:15001,mysql=3306"},
				{
					Spec: "10.0.0.4:15001,mysql=3306,grpc=15991,cell=zone2",
					User: "vtsync", PasswordEnv: "VTSYNC_PASSWORD", TLS: TLS{CA: "ca.pem"},
				},
			},
			IgnoredCells: []string{"old"},
			Policy:       Policy{Timeout: 2 * time.Minute, MaxCellBytes: 1000, Wait: DefaultWait, BreakerPercent: DefaultBreakerPercent},
			VindexTypes:  []string{"region_custom"},
		},
		"staging": {
			Name: "staging", Path: ".", Backend: BackendTopo,
			Topo:   Text{Value: "etcd2://10.1.0.1:2379/vitess/global"},
			Policy: DefaultPolicy(),
		},
	}}
	if d := cmp.Diff(want, got, cmpopts.IgnoreTypes(errs.Position{}), cmpopts.IgnoreFields(Config{}, "Source")); d != "" {
		t.Errorf("config (-want +got):\n%s", d)
	}
	if got := got.Clusters["prod"].VTGates[1].Pos.String(); got != "dir/vtsync.yaml:9:9" {
		t.Errorf("position of the second vtgate = %s", got)
	}
	if got := got.FilesDir(got.Clusters["prod"]); got != filepath.Join("dir", "prod") {
		t.Errorf("FilesDir = %s", got)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ name, yaml, want string }{
		{"unknown key", "clusters:\n  a:\n    topo: x\n    vtgate: []\n", `f:4:5: a cluster has no key "vtgate" (did you mean "vtgates"?)`},
		{"unknown top key", "cluster: {}\n", `f:1:1: the config has no key "cluster" (did you mean "clusters"?)`},
		{"duplicate", "clusters:\n  a: {topo: x}\n  a: {topo: y}\n", `f:3:3: clusters has the key "a" twice`},
		{"wrong type", "clusters: [a]\n", "f:1:11: clusters must be a mapping, not a list"},
		{"number for text", "clusters: {a: {topo: 5}}\n", `f:1:22: topo must be a text, not "5"`},
		{"no topo", "clusters: {a: {path: x}}\n", "f:1:12: cluster a has no topo"},
		{"no address", "clusters: {a: {topo: x, vtgates: [{mysql: 1}]}}\n", "f:1:35: a vtgate has no address"},
		{"half a pair", "clusters: {a: {topo: x, topo_tls: {cert: c}}}\n", "f:1:35: topo_tls: cert and key go together"},
		{"bad duration", "clusters: {a: {topo: x, policy: {timeout: soon}}}\n", `f:1:43: timeout "soon" is not a positive duration`},
		{"bad size", "clusters: {a: {topo: x, policy: {max_cell_bytes: -1}}}\n", `f:1:50: max_cell_bytes "-1" is not a positive whole number`},
		{"empty", "", "f:1:1: the config is empty"},
		{"comment only", "# nothing\n", "f:1:1: the config is empty"},
		{"suppression with a typing error", "lint: {ignore: [{rul: VS301}]}\n", `f:1:18: a suppression has no key "rul" (did you mean "rule"?)`},
		{"suppressions that are no list", "lint: {ignore: VS301}\n", `f:1:16: ignore must be a list, not "VS301"`},
		{"empty reason", "lint: {ignore: [{rule: VS301, path: a, reason: ''}]}\n", "f:1:48: reason must be a text, not empty"},
		{"two documents", "clusters: {a: {topo: x}}\n---\nclusters: {}\n", "f:2:1: a config is one YAML document, and here a second one begins"},
		{"alias", "clusters:\n  a: &a {topo: x}\n  b: *a\n", "f:3:6: a cluster must be a mapping, not an alias (write the value out)"},
		{
			"alias of nothing", "clusters:\n  a:\n    topo: *none\n    pth: b\n",
			"f:3:11: topo must be a text, not an alias (write the value out)\nf:4:5: a cluster has no key \"pth\"",
		},
		{"syntax", "clusters: {a: \n", "f:1: not valid YAML: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("f", []byte(tt.yaml))
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("error = %v\nwant     %s", err, tt.want)
			}
			if got := errs.ExitCode(err); got != errs.ExitError {
				t.Errorf("exit code = %d", got)
			}
		})
	}
}

func TestParseCollectsErrors(t *testing.T) {
	_, err := Parse("f", []byte("clusters:\n  a: {tpo: x, pth: y}\n"))
	if err == nil || len(strings.Split(err.Error(), "\n")) != 2 {
		t.Errorf("error = %v, want one line per mistake", err)
	}
}

func TestCluster(t *testing.T) {
	c, err := Parse("f", []byte(full))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Cluster(""); err == nil {
		t.Error("an unnamed cluster of two was chosen")
	}
	var invalid *errs.Invalid
	if _, err := c.Cluster("prd"); !errors.As(err, &invalid) || invalid.Near != "prod" {
		t.Errorf("error = %v, want the nearest name prod", err)
	}
	if all, err := c.Chosen(""); err != nil || len(all) != 2 || all[0].Name != "prod" {
		t.Errorf("Chosen = %v, %v: want both, by name", all, err)
	}
	if cl, err := c.Cluster("staging"); err != nil || cl.Name != "staging" {
		t.Errorf("Cluster(staging) = %v, %v", cl, err)
	}
}

// TestNoCluster reads a config that is for lint alone.
func TestNoCluster(t *testing.T) {
	c, err := Parse("f", []byte("lint:\n  ignore:\n    - {rule: VS301, path: 'a/**', reason: known}\n    - {path: b}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Ignore{
		{Rule: "VS301", Path: "a/**", Reason: "known", Pos: errs.Position{File: "f", Line: 3, Column: 14}},
		{Path: "b", Pos: errs.Position{File: "f", Line: 4, Column: 7}},
	}
	if d := cmp.Diff(want, c.Ignores); d != "" {
		t.Errorf("suppressions (-want +got):\n%s", d)
	}
	if all, err := c.Chosen(""); len(all) != 0 || err != nil {
		t.Errorf("Chosen = %v, %v: want none", all, err)
	}
	for _, choose := range []func() error{
		func() error { _, err := c.Cluster(""); return err },
		func() error { _, err := c.Chosen("prod"); return err },
	} {
		if err := choose(); err == nil || err.Error() != "f: the config names no cluster" {
			t.Errorf("error = %v, want that there is no cluster", err)
		}
	}
}

func TestLoadMissing(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), FileName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error = %v, want fs.ErrNotExist", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(full)
	f.Add("clusters: {a: {topo: x, vtgates: [{address: h:1}]}}")
	f.Add("a: &a [*a]")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse("f", []byte(text))
		if (c == nil) == (err == nil) {
			t.Fatalf("Parse = %v, %v: want exactly one", c, err)
		}
		if err != nil {
			return
		}
		for name, cl := range c.Clusters {
			if cl.Name != name || cl.Topo.Value == "" || cl.Policy.Timeout <= 0 {
				t.Errorf("accepted cluster %q = %+v", name, cl)
			}
		}
	})
}
