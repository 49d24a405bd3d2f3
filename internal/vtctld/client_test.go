package vtctld_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	tabletmanagerdatapb "vitess.io/vitess/go/vt/proto/tabletmanagerdata"
	topodatapb "vitess.io/vitess/go/vt/proto/topodata"
	vtctldatapb "vitess.io/vitess/go/vt/proto/vtctldata"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vtctld"
)

func TestAddresses(t *testing.T) {
	for _, bad := range []string{"", "host", ":15999", "host:", "host:grpc", "host:99999", "http://host:1", "h:1:2"} {
		_, err := vtctld.New(vtctld.Options{Address: bad})
		if invalid, ok := errors.AsType[*errs.Invalid](err); !ok || !strings.Contains(invalid.Next, "HOST:PORT") {
			t.Errorf("address %q: error %v", bad, err)
		}
	}
	for _, good := range []string{"127.0.0.1:15999", "[::1]:15999", "vtctld.example:15999"} {
		client(t, vtctld.Options{Address: good})
	}
}

func TestStaticAuthentication(t *testing.T) {
	s := &scripted{keyspaces: func(ctx context.Context) (*vtctldatapb.GetKeyspacesResponse, error) {
		md, _ := metadata.FromIncomingContext(ctx)
		if !slices.Equal(md["username"], []string{"vtsync"}) || !slices.Equal(md["password"], []string{"secret"}) {
			return nil, status.Error(codes.PermissionDenied, "auth failure")
		}
		return &vtctldatapb.GetKeyspacesResponse{Keyspaces: []*vtctldatapb.Keyspace{{Name: "b"}, {Name: "a"}}}, nil
	}}
	address := serve(t, s)
	got, err := client(t, vtctld.Options{Address: address, User: "vtsync", Password: "secret"}).Keyspaces(t.Context())
	if d := cmp.Diff([]string{"a", "b"}, got); err != nil || d != "" {
		t.Errorf("keyspaces %v, %v", got, err)
	}
	for name, o := range map[string]vtctld.Options{"another password": {User: "vtsync", Password: "x"}, "none": {}} {
		o.Address = address
		_, err := client(t, o).Keyspaces(t.Context())
		if invalid, ok := errors.AsType[*errs.Invalid](err); !ok || !strings.Contains(invalid.Next, "password_env") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestTLS(t *testing.T) {
	ca, other := authority(t), authority(t)
	answers := &scripted{keyspaces: func(context.Context) (*vtctldatapb.GetKeyspacesResponse, error) {
		return &vtctldatapb.GetKeyspacesResponse{}, nil
	}}
	server := ca.leaf(t)
	plain := serve(t, answers)
	oneWay := serve(t, answers, grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{server}})))
	mutual := serve(t, answers, grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{server}, ClientCAs: ca.pool(), ClientAuth: tls.RequireAndVerifyClientCert,
	})))
	for name, c := range map[string]struct {
		address string
		tls     *tls.Config
		works   bool
	}{
		"plain":                         {plain, nil, true},
		"TLS":                           {oneWay, &tls.Config{RootCAs: ca.pool()}, true},
		"TLS, another authority":        {oneWay, &tls.Config{RootCAs: other.pool()}, false},
		"TLS, and we speak plain text":  {oneWay, nil, false},
		"plain, and we speak TLS":       {plain, &tls.Config{RootCAs: ca.pool()}, false},
		"mTLS":                          {mutual, &tls.Config{RootCAs: ca.pool(), Certificates: []tls.Certificate{ca.leaf(t)}}, true},
		"mTLS, no certificate":          {mutual, &tls.Config{RootCAs: ca.pool()}, false},
		"mTLS, certificate of no right": {mutual, &tls.Config{RootCAs: ca.pool(), Certificates: []tls.Certificate{other.leaf(t)}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client(t, vtctld.Options{Address: c.address, TLS: c.tls}).Keyspaces(t.Context())
			if _, unknown := errors.AsType[*errs.Unknown](err); c.works && err != nil || !c.works && !unknown {
				t.Errorf("error %v, want it to work: %v", err, c.works)
			}
		})
	}
}

// TestAHungServer: the caller may have all day, an RPC has not.
func TestAHungServer(t *testing.T) {
	s := &scripted{
		migrations: func(ctx context.Context, _ *vtctldatapb.GetSchemaMigrationsRequest) ([]*vtctldatapb.SchemaMigration, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
		workflows: func(*vtctldatapb.GetWorkflowsRequest) ([]*vtctldatapb.Workflow, error) { return nil, nil },
	}
	c := client(t, vtctld.Options{Address: serve(t, s), Timeout: 50 * time.Millisecond})
	got := c.Physical(t.Context(), named("customer", uuid))
	if ks := got.Keyspaces["customer"]; !strings.Contains(ks.MigrationsErr, "no answer from vtctld 127.0.0.1:") || got.Err != ks.MigrationsErr {
		t.Errorf("got %+v", got)
	}
	ask := named("customer", uuid)
	ask.Workflows = []string{"customer"}
	if got := c.Physical(t.Context(), ask); got.Err != "" || got.Keyspaces["customer"].MigrationsErr == "" {
		t.Errorf("it answered one of two questions, and: %+v", got)
	}
}

// TestAHungRPC: it ends by itself, long before its caller does.
func TestAHungRPC(t *testing.T) {
	s := &scripted{keyspaces: func(ctx context.Context) (*vtctldatapb.GetKeyspacesResponse, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err := client(t, vtctld.Options{Address: serve(t, s), Timeout: 50 * time.Millisecond}).Keyspaces(ctx)
	if _, unknown := errors.AsType[*errs.Unknown](err); !unknown || status.Code(err) != codes.DeadlineExceeded || ctx.Err() != nil {
		t.Errorf("error %v, and of the caller %v", err, ctx.Err())
	}
}

// TestAHungServerAndManyShards: the whole look ends soon, too.
func TestAHungServerAndManyShards(t *testing.T) {
	var asked atomic.Int32
	s := &scripted{schema: func(ctx context.Context, _ *vtctldatapb.GetSchemaRequest) (*vtctldatapb.GetSchemaResponse, error) {
		asked.Add(1)
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	const shards = 1000
	ask := planes.Ask{Schemas: map[string][]string{"k": nil}, Shards: map[string][]planes.Shard{"k": manyShards(shards)}}
	got := client(t, vtctld.Options{Address: serve(t, s), Timeout: 50 * time.Millisecond}).Physical(t.Context(), ask)
	for name, shard := range got.Keyspaces["k"].Shards {
		if shard.Err == "" {
			t.Fatalf("shard %s was read", name)
		}
	}
	if n := asked.Load(); len(got.Keyspaces["k"].Shards) != shards || n > 5*16 || got.Err == "" {
		t.Errorf("%d shards, %d asked, error %q", len(got.Keyspaces["k"].Shards), n, got.Err)
	}
}

func TestACutConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	c := client(t, vtctld.Options{Address: address})
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	if got := c.Physical(t.Context(), planes.Ask{Workflows: []string{"a", "b"}}); !strings.Contains(got.Err, "list the workflows of keyspace a: no answer from vtctld "+address) || len(got.Unread) != 2 {
		t.Errorf("got %+v", got)
	}
	listener.Close()
	if got := c.Physical(t.Context(), planes.Ask{Workflows: []string{"a"}}); got.Err == "" {
		t.Errorf("nobody listens, and: %+v", got)
	}
}

func TestAnOldServer(t *testing.T) {
	c := client(t, vtctld.Options{Address: serve(t, &scripted{})})
	got := c.Physical(t.Context(), planes.Ask{
		Migrations: map[string][]string{"k": nil}, Workflows: []string{"k"},
		Schemas: map[string][]string{"k": {"t"}}, Shards: map[string][]planes.Shard{"k": manyShards(1)},
	})
	for rpc, text := range map[string]string{
		"GetTablets":   got.Keyspaces["k"].MigrationsErr,
		"GetWorkflows": got.Unread["k"],
		"GetSchema":    got.Keyspaces["k"].Shards["s0"].Err,
	} {
		if !strings.Contains(text, "is too old for "+rpc) {
			t.Errorf("%s: error %q", rpc, text)
		}
	}
	if got.Err != "" {
		t.Errorf("it answered, and: %s", got.Err)
	}
}

func TestSchemas(t *testing.T) {
	s := &scripted{schema: func(_ context.Context, req *vtctldatapb.GetSchemaRequest) (*vtctldatapb.GetSchemaResponse, error) {
		if req.IncludeViews || !req.TableSchemaOnly || !slices.Equal(req.Tables, []string{"customer", "orders"}) {
			t.Errorf("asked for %v", req)
		}
		if req.TabletAlias.Cell != "zone-1" {
			return nil, errors.New("node doesn't exist")
		}
		return &vtctldatapb.GetSchemaResponse{Schema: &tabletmanagerdatapb.SchemaDefinition{TableDefinitions: []*tabletmanagerdatapb.TableDefinition{
			{Name: "customer", Schema: fmt.Sprint("create of ", req.TabletAlias.Uid)},
		}}}, nil
	}}
	got := look(t, s, planes.Ask{
		Schemas: map[string][]string{"k": {"customer", "orders"}, "empty": nil},
		Shards: map[string][]planes.Shard{"k": {
			{Name: "-80", Primary: "zone-1-0000000100"}, {Name: "80-", Primary: "zone-1-0000000200"},
			{Name: "a", Primary: "gone-0000000001"}, {Name: "b"}, {Name: "c", Primary: "odd"}, {Name: "d", Primary: "odd-x"},
		}},
	})
	for shard, want := range map[string]string{
		"a": "node doesn't exist", "b": "topo names no primary", "c": `the primary's alias "odd" is not CELL-UID`, "d": "is not CELL-UID",
	} {
		if text := got.Keyspaces["k"].Shards[shard].Err; !strings.Contains(text, "read the schema of shard k/"+shard) || !strings.Contains(text, want) {
			t.Errorf("shard %s: error %q, want %q", shard, text, want)
		}
		delete(got.Keyspaces["k"].Shards, shard)
	}
	want := map[string]planes.PhysicalKeyspace{
		"empty": {Shards: map[string]planes.ShardSchema{}},
		"k": {Shards: map[string]planes.ShardSchema{
			"-80": {Tables: map[string]string{"customer": "create of 100"}},
			"80-": {Tables: map[string]string{"customer": "create of 200"}},
		}},
	}
	if d := cmp.Diff(want, got.Keyspaces); d != "" {
		t.Errorf("keyspaces (-want +got):\n%s", d)
	}
}

// TestViews: asked for, they come beside the tables, as vttablets show them.
func TestViews(t *testing.T) {
	s := &scripted{schema: func(_ context.Context, req *vtctldatapb.GetSchemaRequest) (*vtctldatapb.GetSchemaResponse, error) {
		defs := []*tabletmanagerdatapb.TableDefinition{{Name: "t", Type: "BASE TABLE", Schema: "CREATE TABLE `t` (`id` int COMMENT '{{.DatabaseName}}.')"}}
		if req.IncludeViews {
			defs = append(defs, &tabletmanagerdatapb.TableDefinition{Name: "v", Type: "VIEW", Schema: "CREATE VIEW {{.DatabaseName}}.`v` AS select {{.DatabaseName}}.`t`.`id` AS `id` from {{.DatabaseName}}.`t`"})
		}
		return &vtctldatapb.GetSchemaResponse{Schema: &tabletmanagerdatapb.SchemaDefinition{TableDefinitions: defs}}, nil
	}}
	got := look(t, s, planes.Ask{Schemas: map[string][]string{"k": nil}, Shards: map[string][]planes.Shard{"k": manyShards(1)}, Views: true})
	want := planes.ShardSchema{
		Tables: map[string]string{"t": "CREATE TABLE `t` (`id` int COMMENT '{{.DatabaseName}}.')"},
		Views:  map[string]string{"v": "CREATE VIEW `v` AS select `t`.`id` AS `id` from `t`"},
	}
	if d := cmp.Diff(want, got.Keyspaces["k"].Shards["s0"]); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestInFlight: as many at once as the bound, and never more.
func TestInFlight(t *testing.T) {
	const bound = 16
	var now, most atomic.Int32
	var once sync.Once
	reached := make(chan struct{})
	s := &scripted{schema: func(ctx context.Context, _ *vtctldatapb.GetSchemaRequest) (*vtctldatapb.GetSchemaResponse, error) {
		n := now.Add(1)
		defer now.Add(-1)
		for seen := most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
		}
		if n == bound {
			once.Do(func() { close(reached) })
		}
		select {
		case <-reached:
		case <-ctx.Done():
		}
		return &vtctldatapb.GetSchemaResponse{}, nil
	}}
	ask := planes.Ask{Schemas: map[string][]string{"k": nil}, Shards: map[string][]planes.Shard{"k": manyShards(300)}}
	if got := look(t, s, ask); got.Keyspaces["k"].Shards["s0"].Err != "" || most.Load() != bound {
		t.Errorf("%d at once, want %d; %+v", most.Load(), bound, got.Keyspaces["k"].Shards["s0"])
	}
}

func TestTablets(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, map[string]string{"/debug/vars": `{"BuildVersion": "24.0.1"}`}[r.URL.Path])
	}))
	defer web.Close()
	host, port, err := net.SplitHostPort(web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.ParseInt(port, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	s := &scripted{
		tablets: func(*vtctldatapb.GetTabletsRequest) (*vtctldatapb.GetTabletsResponse, error) {
			return &vtctldatapb.GetTabletsResponse{Tablets: []*topodatapb.Tablet{
				{Alias: &topodatapb.TabletAlias{Cell: "zone2", Uid: 2}, Keyspace: "k", Shard: "0", Type: topodatapb.TabletType_REPLICA},
				{Alias: &topodatapb.TabletAlias{Cell: "zone1", Uid: 3}, Keyspace: "k", Shard: "0", Type: topodatapb.TabletType_REPLICA},
				{Alias: &topodatapb.TabletAlias{Cell: "zone1", Uid: 1}, Keyspace: "k", Shard: "0", Type: topodatapb.TabletType_PRIMARY,
					Hostname: host, PortMap: map[string]int32{"vt": int32(number)}},
			}}, nil
		},
		version: func(req *vtctldatapb.GetVersionRequest) (*vtctldatapb.GetVersionResponse, error) {
			if req.TabletAlias.Uid == 2 {
				return nil, errors.New("connection refused")
			}
			return &vtctldatapb.GetVersionResponse{Version: "{host user 1 abc}"}, nil
		},
	}
	got, err := client(t, vtctld.Options{Address: serve(t, s)}).Tablets(t.Context())
	if err != nil || len(got) != 3 {
		t.Fatalf("tablets %v, %v", got, err)
	}
	if got[2].Version != "" || !strings.HasSuffix(got[2].Err, "connection refused") {
		t.Errorf("a tablet that does not answer: %+v", got[2])
	}
	want := []vtctld.Tablet{
		{Alias: "zone1-0000000001", Keyspace: "k", Shard: "0", Type: "primary", Version: "24.0.1"},
		// Its web pages are out of our reach.
		{Alias: "zone1-0000000003", Keyspace: "k", Shard: "0", Type: "replica", Version: "built as {host user 1 abc}"},
	}
	if d := cmp.Diff(want, got[:2]); d != "" {
		t.Errorf("tablets (-want +got):\n%s", d)
	}
}

func TestASpanPerRPC(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))
	t.Cleanup(func() { otel.SetTracerProvider(before) })
	s := &scripted{workflows: func(*vtctldatapb.GetWorkflowsRequest) ([]*vtctldatapb.Workflow, error) {
		return nil, status.Error(codes.Unavailable, "gone")
	}}
	look(t, s, planes.Ask{Workflows: []string{"k"}})
	var got []string
	for _, span := range spans.Ended() {
		got = append(got, span.Name()+" "+span.Status().Code.String())
	}
	if d := cmp.Diff([]string{"vtctld.GetWorkflows Error", "vtctld.Physical Unset"}, got); d != "" {
		t.Errorf("spans (-want +got):\n%s", d)
	}
}

func manyShards(n int) (out []planes.Shard) {
	for i := range n {
		out = append(out, planes.Shard{Name: fmt.Sprint("s", i), Serving: true, Primary: fmt.Sprintf("zone1-%010d", i)})
	}
	return out
}

// ca is a certificate authority of a test.
type ca struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func authority(t *testing.T) ca {
	t.Helper()
	key, cert := certificate(t, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil)
	return ca{cert, key}
}

func (a ca) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// leaf gives a certificate for a server on loopback, or a client.
func (a ca) leaf(t *testing.T) tls.Certificate {
	t.Helper()
	key, cert := certificate(t, &x509.Certificate{
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, &a)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}
}

func certificate(t *testing.T, template *x509.Certificate, by *ca) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if by == nil {
		by = &ca{template, key}
	}
	template.SerialNumber, template.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: "vtsync test"}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, cert
}
