package vtgate

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/vtsync/vtsync/internal/converge"
	"github.com/vtsync/vtsync/internal/planes"
)

// DefaultTimeout bounds one reading of one vtgate.
const DefaultTimeout = 3 * time.Second

// healthService is the name under which vtgate registers its health.
const healthService = "vtgateservice.Vitess"

const vschemaPath = "/debug/vschema"

// Unreachable is planes.VTGate.Health where grpc.health.v1 was asked and did
// not answer.
const Unreachable = "UNREACHABLE"

// Reader reads one vtgate, any number of times, over connections that it
// keeps. It may be used by several goroutines at once.
type Reader struct {
	target  Target
	timeout time.Duration
	http    *http.Client

	mu    sync.Mutex // guards the fields below
	links *links     // nil until the ports are known
	last  flags      // as the command line was read last
}

// New makes a Reader of the target. Nothing is dialled before the first Read.
func New(target Target) (*Reader, error) {
	if err := checkAddress(target.HTTP); err != nil {
		return nil, invalid(target.HTTP, err.Error(), "")
	}
	return &Reader{
		target:  target,
		timeout: DefaultTimeout,
		http: &http.Client{
			Transport: &http.Transport{MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute},
			// A redirect leads away from the page that was asked for.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Target gives the HTTP address that names the vtgate.
func (r *Reader) Target() string { return r.target.HTTP }

// Close ends the connections.
func (r *Reader) Close() error {
	r.http.CloseIdleConnections()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.links == nil {
		return nil
	}
	err := r.links.close()
	r.links = nil
	return err
}

// Read asks the vtgate what it serves, all pages and ports at once. What does
// not answer is said in the result, each part on its own.
func (r *Reader) Read(ctx context.Context) planes.VTGate {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	var (
		wg      sync.WaitGroup
		v       vars
		varsErr error
		view    *planes.View
		viewErr error
		b       behind
	)
	links := r.current()
	wg.Go(func() { view, viewErr = r.readView(ctx) })
	if links != nil {
		wg.Go(func() { b = r.readBehind(ctx, links) })
	}
	wg.Go(func() {
		v, varsErr = r.readVars(ctx)
		// Without an answer there may still be ports of the target.
		if links != nil || varsErr != nil && r.target.MySQL == 0 && r.target.GRPC == 0 {
			return
		}
		if links, b.sqlErr = r.connect(v.flags); b.sqlErr == nil {
			b = r.readBehind(ctx, links)
		}
	})
	wg.Wait()
	v.flags = r.settle(links, v.flags, varsErr)
	return r.assemble(v, varsErr, view, viewErr, b)
}

// behind is what the ports behind the HTTP address said.
type behind struct {
	vindexes map[string]map[string]planes.ViewVindex
	sqlErr   error
	health   string
}

func (r *Reader) readVars(ctx context.Context) (vars, error) {
	asked := time.Now()
	page, err := get(ctx, r.http, r.target.HTTP, "/debug/vars", maxPage)
	if err != nil {
		return vars{}, err
	}
	return parseVars(page, asked)
}

// Version gives the version of Vitess that the vtgate is built from.
func (r *Reader) Version(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	v, err := r.readVars(ctx)
	return v.version, err
}

func (r *Reader) readView(ctx context.Context) (*planes.View, error) {
	page, err := get(ctx, r.http, r.target.HTTP, vschemaPath, maxPage)
	if err != nil {
		return nil, err
	}
	view, err := converge.ParseView(page)
	if err != nil {
		return nil, &refusedError{err.Error()}
	}
	return view, nil
}

func (r *Reader) readBehind(ctx context.Context, l *links) behind {
	var (
		wg  sync.WaitGroup
		out behind
	)
	wg.Go(func() { out.vindexes, out.sqlErr = declared(ctx, l.queries) })
	if l.conn != nil {
		wg.Go(func() { out.health = r.readHealth(ctx, l.conn) })
	}
	wg.Wait()
	return out
}

func (r *Reader) readHealth(ctx context.Context, conn *grpc.ClientConn) string {
	resp, err := grpc_health_v1.NewHealthClient(conn).Check(withUser(ctx, r.target),
		&grpc_health_v1.HealthCheckRequest{Service: healthService})
	if err != nil {
		return Unreachable
	}
	return resp.GetStatus().String()
}

// assemble puts the parts together. Silence of the VSchema's page is silence
// of the vtgate: nothing else can say what it serves.
func (r *Reader) assemble(v vars, varsErr error, view *planes.View, viewErr error, b behind) planes.VTGate {
	out := planes.VTGate{
		Target: r.target.HTTP, Cell: r.target.Cell,
		Version: v.version, Reloads: v.reloads, Started: v.started, Watches: v.flags.watches, Untracked: v.flags.untracked, Flags: v.flags.planning,
		Health: b.health, View: view,
	}
	if out.Cell == "" {
		out.Cell = v.flags.cell
	}
	if varsErr != nil {
		out.VarsErr = varsErr.Error()
	}
	var refused *refusedError
	switch {
	case errors.As(viewErr, &refused):
		out.Unreadable = refused.Error()
	case viewErr != nil:
		out.Silent = viewErr.Error()
	}
	switch {
	case b.sqlErr != nil:
		out.SQLErr = b.sqlErr.Error()
	case b.vindexes != nil && view != nil:
		out.SQL = true
		addDeclared(view, b.vindexes)
	}
	return out
}

// addDeclared merges what SHOW VSCHEMA says into the view. A keyspace that
// only SQL shows is left out: it was not built yet when the page was read.
func addDeclared(view *planes.View, declared map[string]map[string]planes.ViewVindex) {
	for keyspace, ks := range view.Keyspaces {
		for name, v := range declared[keyspace] {
			built := ks.Vindexes[name]
			v.Loaded, v.Lookup = built.Loaded, built.Lookup
			ks.Vindexes[name] = v
		}
	}
}

// current gives the connections, or nil while the ports are not known.
func (r *Reader) current() *links {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.links
}

// errNoSQL says that a vtgate has neither a MySQL nor a gRPC port.
var errNoSQL = errors.New("no SQL port is known")

// linked gives the connections, and asks the vtgate for its ports where they are
// not known.
func (r *Reader) linked(ctx context.Context) (*links, error) {
	if l := r.current(); l != nil {
		return l, nil
	}
	v, err := r.readVars(ctx)
	if err != nil {
		return nil, err
	}
	return r.connect(v.flags)
}

// connect makes the connections that a vtgate's command line leads to, unless
// another Read has made them meanwhile.
func (r *Reader) connect(f flags) (*links, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.links != nil {
		return r.links, nil
	}
	links, err := connect(r.target, f)
	if err != nil {
		return nil, err
	}
	r.links = links
	return links, nil
}

// settle remembers the flags that were read, or gives the last known ones
// where none were: a vtgate does not leave its cell by falling silent. It drops
// connections that lead elsewhere than the command line says now, as after a
// restart with other ports; the next Read connects anew.
func (r *Reader) settle(used *links, f flags, varsErr error) flags {
	r.mu.Lock()
	defer r.mu.Unlock()
	if varsErr != nil {
		return r.last
	}
	r.last = f
	if r.links != nil && r.links == used && !used.fits(r.target, f) {
		_ = used.close()
		r.links = nil
	}
	return f
}
