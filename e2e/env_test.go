// Package e2e shows, on real Vitess, that vtsync keeps its promises: each test
// starts a lab of its own, runs the real program, and looks at what etcd, the
// cells and the vtgates really hold.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/grpclog"
	"google.golang.org/protobuf/proto"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/lab/cluster"
)

// program is the vtsync under test, built once per run.
var program string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	// Vitess's packages have gRPC tell of every dial to a server that is not up.
	grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard))
	dir, err := os.MkdirTemp("", "vtsync-e2e-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "vtsync")
	build := exec.Command("go", "build", "-o", program, "github.com/vtsync/vtsync/cmd/vtsync")
	if out, err := build.CombinedOutput(); err != nil {
		panic("building vtsync: " + err.Error() + "\n" + string(out))
	}
	return m.Run()
}

// env is one test's lab and its folder of files.
type env struct {
	*cluster.Cluster
	t   *testing.T
	dir string
	// args are given to every vtsync: where the cluster is.
	args []string
}

// newEnv starts the commerce example and pulls it into files.
func newEnv(t *testing.T, o cluster.Options) *env {
	t.Helper()
	e := &env{Cluster: cluster.CommerceT(t, o), t: t, dir: t.TempDir()}
	e.args = []string{"--topo", e.Topo(), "--timeout", "10s"}
	for _, g := range e.VTGates() {
		e.args = append(e.args, "--vtgate", g.HTTP)
	}
	e.ok("pull", e.dir)
	return e
}

// folder is the same cluster with an empty folder of files of its own: another
// person's clone.
func (e *env) folder() *env {
	other := *e
	other.dir = e.t.TempDir()
	return &other
}

// result is what one run of vtsync did.
type result struct {
	code           int
	stdout, stderr string
}

func (r result) String() string { return r.stdout + r.stderr }

// vtsync runs the program to its end.
func (e *env) vtsync(args ...string) result {
	e.t.Helper()
	return e.start(args...).wait()
}

// ok runs the program and fails the test unless it exits 0.
func (e *env) ok(args ...string) result {
	e.t.Helper()
	return e.exits(0, args...)
}

// exits runs the program and fails the test unless it exits with code.
func (e *env) exits(code int, args ...string) result {
	e.t.Helper()
	r := e.vtsync(args...)
	if r.code != code {
		e.t.Fatalf("vtsync %s: exit %d, want %d\n%s", strings.Join(args, " "), r.code, code, r)
	}
	return r
}

// proc is a vtsync that runs.
type proc struct {
	t              *testing.T
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
}

// start begins a run of vtsync; the test's end kills it.
func (e *env) start(args ...string) *proc {
	e.t.Helper()
	p := e.prepare(args...)
	if err := p.cmd.Start(); err != nil {
		e.t.Fatal(err)
	}
	return p
}

func (e *env) prepare(args ...string) *proc {
	p := &proc{t: e.t}
	p.cmd = exec.CommandContext(e.t.Context(), program, slices.Concat(args, e.args)...)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return p
}

func (p *proc) wait() result {
	p.t.Helper()
	r, err := p.end()
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

func (p *proc) end() (result, error) {
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return result{}, fmt.Errorf("running vtsync: %w", err)
	}
	return result{p.cmd.ProcessState.ExitCode(), p.stdout.String(), p.stderr.String()}, nil
}

// try runs the program to its end on any goroutine, where a test must not be
// failed: exit codes other than those wanted are an error.
func (e *env) try(want []int, args ...string) (result, error) {
	p := e.prepare(args...)
	if err := p.cmd.Start(); err != nil {
		return result{}, fmt.Errorf("starting vtsync: %w", err)
	}
	r, err := p.end()
	if err == nil && !slices.Contains(want, r.code) {
		err = fmt.Errorf("vtsync %s: exit %d, want one of %v\n%s", strings.Join(args, " "), r.code, want, r)
	}
	return r, err
}

// kill ends a running vtsync with SIGKILL.
func (p *proc) kill() { _ = p.cmd.Process.Kill() }

// file is the path of a keyspace's file.
func (e *env) file(ks string) string {
	return filepath.Join(e.dir, "keyspaces", ks, "vschema.json")
}

// edit changes a keyspace's file as a person would: by its JSON.
func (e *env) edit(ks string, change func(v map[string]any)) {
	e.t.Helper()
	if err := e.tryEdit(ks, change); err != nil {
		e.t.Fatal(err)
	}
}

func (e *env) tryEdit(ks string, change func(v map[string]any)) error {
	raw, err := os.ReadFile(e.file(ks))
	if err != nil {
		return err
	}
	var v map[string]any
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	change(v)
	out, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(e.file(ks), out, 0o644)
}

// table gives a table of a file's JSON, made if it is not there.
func table(v map[string]any, name string) map[string]any {
	tables, _ := v["tables"].(map[string]any)
	if tables == nil {
		tables = map[string]any{}
		v["tables"] = tables
	}
	t, _ := tables[name].(map[string]any)
	if t == nil {
		t = map[string]any{}
		tables[name] = t
	}
	return t
}

// hashed makes a table of a sharded keyspace that is routed by a column.
func hashed(v map[string]any, name, column string) {
	table(v, name)["column_vindexes"] = []any{map[string]any{"column": column, "name": "hash"}}
}

// global is a keyspace's VSchema in the global topo, read past every proxy.
func (e *env) global(ks string) *vschemapb.Keyspace {
	e.t.Helper()
	v := &vschemapb.Keyspace{}
	e.read("global", "/vitess/global/keyspaces/"+ks+"/VSchema", v)
	return v
}

// srv is what a cell holds, read past every proxy.
func (e *env) srv(cell string) *vschemapb.SrvVSchema {
	e.t.Helper()
	v := &vschemapb.SrvVSchema{}
	e.read(cell, e.srvKey(cell), v)
	return v
}

func (e *env) srvKey(cell string) string { return "/vitess/" + cell + "/SrvVSchema" }

func (e *env) read(server, key string, into proto.Message) {
	e.t.Helper()
	resp, err := e.Etcd(server).Get(e.t.Context(), key)
	if err != nil {
		e.t.Fatal(err)
	}
	if len(resp.Kvs) == 0 {
		e.t.Fatalf("%s: no key %s", server, key)
	}
	if err := proto.Unmarshal(resp.Kvs[0].Value, into); err != nil {
		e.t.Fatal(err)
	}
}

// writes counts the writes of a key from now on.
func (e *env) writes(server, key string) *counter {
	e.t.Helper()
	resp, err := e.Etcd(server).Get(e.t.Context(), key)
	if err != nil {
		e.t.Fatal(err)
	}
	return &counter{e: e, server: server, key: key, from: resp.Header.Revision + 1}
}

type counter struct {
	e           *env
	server, key string
	from        int64
}

// events lists the writes seen so far, oldest first.
func (c *counter) events() []*clientv3.Event {
	c.e.t.Helper()
	ctx, cancel := context.WithCancel(c.e.t.Context())
	defer cancel()
	cli := c.e.Etcd(c.server)
	now, err := cli.Get(ctx, c.key)
	if err != nil {
		c.e.t.Fatal(err)
	}
	var last int64
	if len(now.Kvs) > 0 {
		last = now.Kvs[0].ModRevision
	}
	var out []*clientv3.Event
	if last < c.from {
		return nil
	}
	for resp := range cli.Watch(ctx, c.key, clientv3.WithRev(c.from)) {
		if err := resp.Err(); err != nil {
			c.e.t.Fatal(err)
		}
		for _, ev := range resp.Events {
			out = append(out, ev)
			if ev.Kv.ModRevision >= last {
				return out
			}
		}
	}
	return out
}

// eventually waits for a condition, with a deadline.
func (e *env) eventually(what string, condition func() error) {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), 20*time.Second)
	defer cancel()
	if err := cluster.Poll(ctx, condition); err != nil {
		e.t.Fatalf("%s: %v", what, err)
	}
}

// untouched runs do, and fails the test if anything was written to an etcd
// meanwhile, by whomever.
func (e *env) untouched(do func()) {
	e.t.Helper()
	before := e.revisions()
	do()
	for server, was := range before {
		if now := e.revisions()[server]; now != was {
			e.t.Errorf("etcd %s: %d writes, want none", server, now-was)
		}
	}
}

// revisions are the etcds' own counts of writes, of any key.
func (e *env) revisions() map[string]int64 {
	e.t.Helper()
	out := map[string]int64{}
	for _, server := range append(e.Cells(), "global") {
		resp, err := e.Etcd(server).Get(e.t.Context(), "/")
		if err != nil {
			e.t.Fatal(err)
		}
		out[server] = resp.Header.Revision
	}
	return out
}

// raw is a key's bytes in etcd, read past every proxy.
func (e *env) raw(server, key string) string {
	e.t.Helper()
	resp, err := e.Etcd(server).Get(e.t.Context(), key)
	if err != nil {
		e.t.Fatal(err)
	}
	if len(resp.Kvs) == 0 {
		e.t.Fatalf("%s: no key %s", server, key)
	}
	return string(resp.Kvs[0].Value)
}

// put writes a key's bytes into etcd, past every proxy and every check.
func (e *env) put(server, key, value string) {
	e.t.Helper()
	if _, err := e.Etcd(server).Put(e.t.Context(), key, value); err != nil {
		e.t.Fatal(err)
	}
}

// wants fails the test unless a run said all of the texts.
func (r result) wants(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.String(), text) {
			t.Errorf("no %q in:\n%s", text, r)
		}
	}
}
