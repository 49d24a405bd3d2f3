package vtgate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	querypb "vitess.io/vitess/go/vt/proto/query"
	vtgatepb "vitess.io/vitess/go/vt/proto/vtgate"
	vtgateservicepb "vitess.io/vitess/go/vt/proto/vtgateservice"
	vtrpcpb "vitess.io/vitess/go/vt/proto/vtrpc"

	"github.com/vtsync/vtsync/internal/planes"
)

func TestMain(m *testing.M) {
	// Vitess's logger flushes for as long as the process lives.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/golang/glog.(*fileSink).flushDaemon"))
}

// The doubles below stand for faults that a real vtgate cannot be made to
// have; the real one is read in lab_test.go.

const goodPage = `{"keyspaces":{"customer":{"sharded":true,"vindexes":{"hash":{}}}}}`

// pages serves status pages; a page that is missing is not found.
func pages(t *testing.T, handlers map[string]http.HandlerFunc) string {
	t.Helper()
	mux := http.NewServeMux()
	for path, h := range handlers {
		mux.HandleFunc(path, h)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
}

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, body, code) }
}

// hang answers nothing until the client gives up.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// short is a deadline for what never answers, long one for what does, on a
// busy machine too.
const short, long = time.Second, 20 * time.Second

func read(t *testing.T, target Target, timeout time.Duration) planes.VTGate {
	t.Helper()
	r := readerOf(t, target)
	r.timeout = timeout
	return r.Read(t.Context())
}

func readerOf(t *testing.T, target Target) *Reader {
	t.Helper()
	r, err := New(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	r.timeout = long
	return r
}

func TestReadTellsSilenceFromRefusal(t *testing.T) {
	for _, tc := range []struct {
		name               string
		page               http.HandlerFunc
		silent, unreadable string
	}{
		{"good", text(goodPage), "", ""},
		{"hangs", hang, "no answer in time", ""},
		{"hangs in the middle", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, `{"keyspaces"`)
			http.NewResponseController(w).Flush()
			hang(w, r)
		}, "no answer in time", ""},
		{"cut in the middle", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"keyspaces"`)
		}, "unexpected EOF", ""},
		{"denied", status(http.StatusForbidden, "Access denied: not allowed\n"), "", "access denied: Access denied: not allowed"},
		{"failing", status(http.StatusInternalServerError, ""), "", "500 Internal Server Error"},
		{"elsewhere", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/debug/status", http.StatusFound) }, "", "302 Found"},
		{"not JSON", text("json: unsupported value: encountered a cycle"), "", "invalid character"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			address := pages(t, map[string]http.HandlerFunc{
				"/debug/vschema": tc.page,
				"/debug/vars":    text(`{"BuildVersion":"24.0.1","cmdline":["vtgate","--cell","zone1"],"Uptime":3600000000000,"VtgateVSchemaCounts":{"Reload":3}}`),
			})
			timeout := long
			if tc.silent == errNoAnswer.Error() {
				timeout = short
			}
			got := read(t, Target{HTTP: address}, timeout)
			if !matches(got.Silent, tc.silent) || !matches(got.Unreadable, tc.unreadable) {
				t.Errorf("silent %q, unreadable %q, want %q, %q", got.Silent, got.Unreadable, tc.silent, tc.unreadable)
			}
			if (got.View != nil) != (tc.silent+tc.unreadable == "") {
				t.Errorf("view %v", got.View)
			}
			// The other page has answered all the same.
			if age := time.Since(got.Started); age < time.Hour || age > 2*time.Hour {
				t.Errorf("started %v ago, want an hour", age)
			}
			if got.Target != address || got.Version != "24.0.1" || got.Cell != "zone1" || got.Reloads != 3 || got.VarsErr != "" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// matches tells whether got contains want, and is empty if want is.
func matches(got, want string) bool {
	return strings.Contains(got, want) && (want == "") == (got == "")
}

func TestGetRefusesALargePage(t *testing.T) {
	address := pages(t, map[string]http.HandlerFunc{"/page": text("0123456789")})
	var client http.Client
	defer client.CloseIdleConnections()
	if body, err := get(t.Context(), &client, address, "/page", 10); err != nil || len(body) != 10 {
		t.Errorf("10 of 10 bytes: got %q, %v", body, err)
	}
	var refused *refusedError
	if _, err := get(t.Context(), &client, address, "/page", 9); !errors.As(err, &refused) || !strings.Contains(err.Error(), "larger than 9 bytes") {
		t.Errorf("10 of 9 bytes: error %v", err)
	}
}

func TestReadWhereNobodyListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	got := read(t, Target{HTTP: address}, long)
	if !strings.Contains(got.Silent, "refused") || !strings.Contains(got.VarsErr, "refused") {
		t.Errorf("got %+v, want it silent", got)
	}
}

func TestReadWithoutVars(t *testing.T) {
	got := read(t, Target{HTTP: pages(t, map[string]http.HandlerFunc{"/debug/vschema": text(goodPage)}), Cell: "zone2"}, long)
	if got.View == nil || !strings.Contains(got.VarsErr, "404") || got.Cell != "zone2" || got.SQL {
		t.Errorf("got %+v, want a view and no vars", got)
	}
}

// fakeGRPC is vtgate's gRPC service with one answer.
type fakeGRPC struct {
	vtgateservicepb.UnimplementedVitessServer
	answer *vtgatepb.ExecuteResponse
	err    error
	user   string
}

func (f *fakeGRPC) Execute(ctx context.Context, req *vtgatepb.ExecuteRequest) (*vtgatepb.ExecuteResponse, error) {
	if req.GetQuery().GetSql() != showVindexes {
		return nil, fmt.Errorf("unexpected statement %q", req.GetQuery().GetSql())
	}
	md, _ := metadata.FromIncomingContext(ctx)
	f.user = strings.Join(md.Get("username"), ",")
	return f.answer, f.err
}

func (f *fakeGRPC) serve(t *testing.T) int { return serveGRPC(t, f) }

// serveGRPC serves a vtgate's gRPC service and gives its port.
func serveGRPC(t *testing.T, service vtgateservicepb.VitessServer) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	vtgateservicepb.RegisterVitessServer(server, service)
	checks := health.NewServer()
	checks.SetServingStatus(healthService, grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	grpc_health_v1.RegisterHealthServer(server, checks)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().(*net.TCPAddr).Port
}

func result(columns []string, rows ...[]string) *vtgatepb.ExecuteResponse {
	out := &querypb.QueryResult{}
	for _, c := range columns {
		out.Fields = append(out.Fields, &querypb.Field{Name: c})
	}
	for _, r := range rows {
		row := &querypb.Row{}
		for _, v := range r {
			row.Lengths = append(row.Lengths, int64(len(v)))
			row.Values = append(row.Values, v...)
		}
		out.Rows = append(out.Rows, row)
	}
	return &vtgatepb.ExecuteResponse{Result: out}
}

func TestReadOverGRPC(t *testing.T) {
	good := result(showColumns, []string{"customer", "hash", "lookup", "a=1; b=2", "orders"}, []string{"later", "v", "hash", "", ""})
	short := result(showColumns)
	short.Result.Rows = []*querypb.Row{{Lengths: []int64{8, -1, 1, 1, 1}, Values: []byte("customer")}}
	for _, tc := range []struct {
		name   string
		answer *vtgatepb.ExecuteResponse
		err    error
		sqlErr string
	}{
		{"good", good, nil, ""},
		{"refused", nil, errors.New("no such user"), "no such user"},
		{"failed", &vtgatepb.ExecuteResponse{Error: &vtrpcpb.RPCError{Code: vtrpcpb.Code_UNAVAILABLE, Message: "vschema not loaded"}}, nil, "UNAVAILABLE: vschema not loaded"},
		{"other columns", result([]string{"Columns", "Name", "Type", "Params", "Owner"}), nil, "it has the columns Columns, Name"},
		{"cut row", short, nil, "a row ends inside value 2"},
		{"few values", result(showColumns, []string{"customer"}), nil, "a row has 1 values, want 5"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			double := &fakeGRPC{answer: tc.answer, err: tc.err}
			target := Target{GRPC: double.serve(t), User: "vt", Password: "secret"}
			target.HTTP = pages(t, map[string]http.HandlerFunc{
				"/debug/vschema": text(goodPage), "/debug/vars": text(`{"cmdline":["vtgate"]}`),
			})
			got := read(t, target, long)
			if !matches(got.SQLErr, tc.sqlErr) || got.SQL != (tc.sqlErr == "") {
				t.Errorf("SQL %v, error %q, want %q", got.SQL, got.SQLErr, tc.sqlErr)
			}
			if got.Health != "NOT_SERVING" || double.user != "vt" {
				t.Errorf("health %q, user %q", got.Health, double.user)
			}
			want := planes.ViewVindex{Loaded: true}
			if tc.sqlErr == "" {
				want = planes.ViewVindex{Loaded: true, Declared: true, Type: "lookup", Params: "a=1; b=2", Owner: "orders"}
			}
			if v := got.View.Keyspaces["customer"].Vindexes["hash"]; v != want {
				t.Errorf("vindex %+v, want %+v", v, want)
			}
		})
	}
}

func TestReadFollowsPortsOfARestart(t *testing.T) {
	first, second := &fakeGRPC{err: errors.New("first")}, &fakeGRPC{err: errors.New("second")}
	port := first.serve(t)
	address := pages(t, map[string]http.HandlerFunc{
		"/debug/vschema": text(goodPage),
		"/debug/vars": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"cmdline":["vtgate","--grpc-port=%d"]}`, port)
		},
	})
	r, err := New(Target{HTTP: address})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got := r.Read(t.Context()); !strings.Contains(got.SQLErr, "first") {
		t.Errorf("SQL error %q, want the first service's", got.SQLErr)
	}
	port = second.serve(t)
	// This one still uses the old port, and sees the new one.
	r.Read(t.Context())
	if got := r.Read(t.Context()); !strings.Contains(got.SQLErr, "second") {
		t.Errorf("SQL error %q, want the second service's", got.SQLErr)
	}
}

func TestReadIsBounded(t *testing.T) {
	// A listener that accepts nothing: dialled, it never answers, as a frozen
	// vtgate does.
	frozen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer frozen.Close()
	port := frozen.Addr().(*net.TCPAddr).Port
	began := time.Now()
	got := read(t, Target{
		HTTP:  pages(t, map[string]http.HandlerFunc{"/debug/vschema": text(goodPage), "/debug/vars": text(`{}`)}),
		MySQL: port, GRPC: port,
	}, short)
	if took := time.Since(began); took > long {
		t.Errorf("it took %v, want the deadline of %v", took, short)
	}
	if got.View == nil || !strings.Contains(got.SQLErr, "no answer in time") || got.Health != Unreachable {
		t.Errorf("got %+v, want a view, no SQL and no health", got)
	}
}
