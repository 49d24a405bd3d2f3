package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/vtsync/vtsync/internal/cli"
	"github.com/vtsync/vtsync/internal/config"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/store"
	"github.com/vtsync/vtsync/internal/store/storetest"
	"github.com/vtsync/vtsync/internal/topo"
)

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func settings(c config.Cluster, getenv func(string) string) cli.Settings {
	return cli.Settings{Cluster: c, Dir: ".", Log: slog.New(slog.DiscardHandler), Getenv: getenv}
}

func TestNewRefuses(t *testing.T) {
	topo := config.Text{Value: "etcd2://h:1/r"}
	pos := errs.Position{File: "vtsync.yaml", Line: 4}
	tests := []struct {
		name    string
		cluster config.Cluster
		want    string
	}{
		{"topo", config.Cluster{Topo: config.Text{Value: "etcd3://h:1/r", Pos: pos}}, "vtsync.yaml:4: topo implementation"},
		{"vtgate", config.Cluster{Topo: topo, VTGates: []config.VTGate{{Spec: "nowhere", Pos: pos}}}, "vtsync.yaml:4: vtgate target"},
		{"twice", config.Cluster{Topo: topo, VTGates: []config.VTGate{{Spec: "h:1"}, {Spec: "h:1", Pos: pos}}}, "vtsync.yaml:4: vtgate h:1 is given twice"},
		{"password", config.Cluster{Topo: topo, VTGates: []config.VTGate{{Spec: "h:1", PasswordEnv: "PW", Pos: pos}}}, "vtsync.yaml:4: the environment variable PW"},
		{"TLS", config.Cluster{Topo: topo, VTGates: []config.VTGate{{Spec: "h:1", TLS: config.TLS{CA: "missing.pem"}, Pos: pos}}}, "vtsync.yaml:4: load the certificate authority of a vtgate"},
		{"vtctld", config.Cluster{Topo: topo, VTCtld: config.VTCtld{Address: config.Text{Value: "h", Pos: pos}}}, `vtsync.yaml:4: vtctld address "h"`},
		{"vtctld's password", config.Cluster{Topo: topo, VTCtld: config.VTCtld{Address: config.Text{Value: "h:1", Pos: pos}, User: "u", PasswordEnv: "PW"}}, "vtsync.yaml:4: the environment variable PW"},
		{"vtctld's user", config.Cluster{Topo: topo, VTCtld: config.VTCtld{Address: config.Text{Value: "h:1", Pos: pos}, User: "u"}}, "vtsync.yaml:4: vtctld: user and password_env go together"},
		{"vtctld's TLS", config.Cluster{Topo: topo, VTCtld: config.VTCtld{Address: config.Text{Value: "h:1", Pos: pos}, TLS: config.TLS{CA: "missing.pem"}}}, "vtsync.yaml:4: load the certificate authority of vtctld"},
	}
	for _, tt := range tests {
		_, err := New(settings(tt.cluster, env()))
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) || errs.ExitCode(err) != errs.ExitError {
			t.Errorf("%s: error = %v", tt.name, err)
		}
	}
}

func TestVTGateReader(t *testing.T) {
	r, err := vtgateReader(config.VTGate{Spec: "h:1,mysql=3306", User: "u", PasswordEnv: "PW"}, env("PW", "secret"))
	if err != nil || r.Target() != "h:1" {
		t.Errorf("reader = %v, %v", r, err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := clientTLS("a vtgate", config.TLS{CA: ca}); err == nil || !strings.Contains(err.Error(), "holds no PEM certificate") {
		t.Errorf("error = %v", err)
	}
}

func TestVTCtld(t *testing.T) {
	topo := config.Text{Value: "etcd2://h:1/r"}
	a, err := New(settings(config.Cluster{Topo: topo, Policy: config.Policy{Wait: time.Hour, Timeout: time.Minute}}, env()))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if a.physical() != nil {
		t.Error("no vtctld is named, and something is asked")
	}
	if l := limits(a.cluster.Policy); l.Wait != time.Hour || l.Validate != time.Minute || l.Lock != 0 {
		t.Errorf("limits = %+v", l)
	}
	named, err := New(settings(config.Cluster{Topo: topo, VTCtld: config.VTCtld{Address: config.Text{Value: "h:15999"}, User: "u", PasswordEnv: "PW"}}, env("PW", "secret")))
	if err != nil {
		t.Fatal(err)
	}
	defer named.Close()
	if named.physical() == nil || named.vtctld.Address() != "h:15999" {
		t.Errorf("vtctld = %v", named.vtctld)
	}
}

func TestCIURL(t *testing.T) {
	tests := map[string]func(string) string{
		"":                                     env(),
		"https://g.example/o/r/actions/runs/7": env("GITHUB_SERVER_URL", "https://g.example", "GITHUB_REPOSITORY", "o/r", "GITHUB_RUN_ID", "7"),
		"https://gl.example/j/1":               env("CI_JOB_URL", "https://gl.example/j/1"),
		"https://j.example/b/2":                env("BUILD_URL", "https://j.example/b/2"),
	}
	for want, getenv := range tests {
		if got, _ := ci(getenv); got != want {
			t.Errorf("ci = %q, want %q", got, want)
		}
	}
}

func TestVitessMajor(t *testing.T) {
	for module, want := range map[string]string{"v0.24.1": "24", "v0.9.0": "9", "unknown": "", "v1.2.3": ""} {
		if got := vitessMajor(module); got != want {
			t.Errorf("vitessMajor(%s) = %q, want %q", module, got, want)
		}
	}
}

func TestLastRollout(t *testing.T) {
	rec := func(id string, s rollout.State, ks, undoes string) rollout.Record {
		return rollout.Record{ID: id, State: s, Keyspaces: []string{ks}, Undoes: undoes}
	}
	tests := []struct {
		name    string
		records []rollout.Record
		only    []string
		want    string
		denied  bool
	}{
		{"none", nil, nil, "", true},
		{"committed", []rollout.Record{rec("r2", rollout.DeniedState, "a", ""), rec("r1", rollout.Committed, "a", "")}, nil, "r1", false},
		{"open", []rollout.Record{rec("r2", rollout.Validating, "a", ""), rec("r1", rollout.Committed, "a", "")}, nil, "r2", false},
		{"of a keyspace", []rollout.Record{rec("r2", rollout.Committed, "b", ""), rec("r1", rollout.Committed, "a", "")}, []string{"a"}, "r1", false},
		{"already taken back", []rollout.Record{rec("r2", rollout.Committed, "a", "r1"), rec("r1", rollout.Committed, "a", "")}, nil, "r2", true},
		{"pending, and it holds its keyspace", []rollout.Record{rec("held", rollout.Pending, "a", ""), rec("r1", rollout.Committed, "a", "")}, nil, "held", false},
		{"pending, and never got its keyspace", []rollout.Record{rec("stray", rollout.Pending, "a", ""), rec("r1", rollout.Committed, "a", "")}, nil, "r1", false},
		{"left nothing behind", []rollout.Record{rec("r1", rollout.RolledBack, "a", "")}, nil, "", true},
	}
	heads := []rollout.Head{{Keyspace: "a", Open: "held"}, {Keyspace: "b"}}
	for _, tt := range tests {
		got, err := lastRollout(tt.records, heads, tt.only)
		if got.ID != tt.want || (errs.ExitCode(err) == errs.ExitDenied) != tt.denied {
			t.Errorf("%s: %q, %v", tt.name, got.ID, err)
		}
	}
}

// TestWithin: --keyspace bounds what a saved plan and a rollout may reach.
func TestWithin(t *testing.T) {
	for _, tt := range []struct {
		only, reach []string
		denied      bool
	}{
		{nil, []string{"a", "b"}, false},
		{[]string{"a", "b"}, []string{"a"}, false},
		{[]string{"a"}, []string{"a", "b"}, true},
	} {
		err := (&App{keyspaces: tt.only}).within("plan p", tt.reach)
		if (errs.ExitCode(err) == errs.ExitDenied) != tt.denied {
			t.Errorf("--keyspace %q of %q: %v", tt.only, tt.reach, err)
		}
	}
}

func TestUndoable(t *testing.T) {
	denial := plan.Denial{Code: plan.DeniedWorkflow, Text: "a workflow owns it", Remedy: "wait"}
	if err := undoable(&plan.Plan{}, "r"); err != nil {
		t.Errorf("error = %v", err)
	}
	var denied *errs.Denied
	if err := undoable(&plan.Plan{Denials: []plan.Denial{denial}}, "r"); !errors.As(err, &denied) || denied.Next != "wait" {
		t.Errorf("error = %v", err)
	}
}

func TestTelemetryIsSent(t *testing.T) {
	t.Cleanup(func() { otel.SetTracerProvider(noop.NewTracerProvider()) })
	got := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.URL.Path }))
	defer server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	stop, err := startTelemetry(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	_, span := otel.Tracer("test").Start(t.Context(), "span")
	span.End()
	stop()
	select {
	case path := <-got:
		if path != "/v1/traces" {
			t.Errorf("sent to %s", path)
		}
	default:
		t.Error("nothing was sent before the end")
	}
}

func TestTelemetryIsOffByDefault(t *testing.T) {
	before := otel.GetTracerProvider()
	stop, err := startTelemetry(env())
	if err != nil || otel.GetTracerProvider() != before {
		t.Errorf("telemetry started by itself: %v", err)
	}
	stop()
	_, err = startTelemetry(env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL", "smoke"))
	if errs.ExitCode(err) != errs.ExitError {
		t.Errorf("error = %v", err)
	}
}

func TestLogHasTraceIDs(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(traceHandler{slog.NewTextHandler(&out, nil)}).With("k", "v")
	ctx, span := sdktrace.NewTracerProvider().Tracer("test").Start(t.Context(), "span")
	defer span.End()
	log.InfoContext(ctx, "inside")
	if want := "trace_id=" + span.SpanContext().TraceID().String(); !strings.Contains(out.String(), want) {
		t.Errorf("%q is not in %q", want, out.String())
	}
	out.Reset()
	log.InfoContext(t.Context(), "outside")
	if strings.Contains(out.String(), "trace_id") {
		t.Errorf("an id outside of any span: %q", out.String())
	}
}

func TestUntilParked(t *testing.T) {
	park := make(chan struct{})
	ctx, done := untilParked(t.Context(), park)
	if ctx.Err() != nil {
		t.Fatal("parked by itself")
	}
	close(park)
	<-ctx.Done()
	done()
	if !errors.Is(ctx.Err(), context.Canceled) {
		t.Errorf("ended by %v", ctx.Err())
	}
}

// TestUnprovable: without a vtgate a rollout is neither begun nor gone on with.
func TestUnprovable(t *testing.T) {
	ctx, id := t.Context(), "20261122t160102-000001"
	a := &App{topo: new(topo.Server), store: store.New(storetest.NewMemory(), store.Options{})}
	rec := storetest.NewRecord(id, rollout.Validating, "ks")
	if _, err := a.store.SaveRollout(ctx, &rec, planes.Absent()); err != nil {
		t.Fatal(err)
	}
	verbs := map[string]func() (rollout.Record, error){
		"apply":             func() (rollout.Record, error) { return a.Apply(ctx, planOf("ks"), cli.Running{}) },
		"resume":            func() (rollout.Record, error) { return a.Resume(ctx, id, cli.Running{}) },
		"rollback":          func() (rollout.Record, error) { return a.Rollback(ctx, id, cli.Running{}) },
		"rollback the last": func() (rollout.Record, error) { return a.Rollback(ctx, "", cli.Running{}) },
	}
	for name, verb := range verbs {
		_, err := verb()
		if denied, ok := errors.AsType[*errs.Denied](err); !ok || !strings.Contains(denied.Next, "--vtgate") {
			t.Errorf("%s: error = %v", name, err)
		}
	}
	if got, _, err := a.store.Rollout(ctx, id); err != nil || got.Seq != rec.Seq {
		t.Errorf("the record was saved again: %+v, %v", got, err)
	}
}

// planOf gives a plan that writes a keyspace.
func planOf(ks string) *plan.Plan {
	return &plan.Plan{Phases: []plan.Phase{{Writes: []plan.GlobalWrite{{Keyspace: ks}}}}}
}
