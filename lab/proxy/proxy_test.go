package proxy_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/vtsync/vtsync/lab/cluster"
	"github.com/vtsync/vtsync/lab/proxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "/test/VSchema"

// bench is a real etcd with one key, reached directly and through a proxy.
type bench struct {
	direct, proxied *clientv3.Client
	proxy           *proxy.Proxy
}

func newBench(t *testing.T) *bench {
	t.Helper()
	c := cluster.StartT(t, cluster.Options{Cells: []string{"zone1"}})
	b := &bench{direct: c.Etcd(cluster.Global), proxy: c.Proxy("test", cluster.Global)}
	b.proxied = dial(t, b.proxy)
	if _, err := b.direct.Put(t.Context(), key, "old"); err != nil {
		t.Fatal(err)
	}
	return b
}

func dial(t *testing.T, p *proxy.Proxy) *clientv3.Client {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{
		Endpoints:          []string{p.Addr()},
		BackoffWaitBetween: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// read is the value and its revision, around the proxy.
func (b *bench) read(t *testing.T) (string, int64) {
	t.Helper()
	r, err := b.direct.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(r.Kvs[0].Value), r.Kvs[0].ModRevision
}

// cas writes "new" if the key is still at the revision, as Vitess's topo does.
func (b *bench) cas(ctx context.Context, revision int64) (*clientv3.TxnResponse, error) {
	return b.proxied.Txn(ctx).
		If(clientv3.Compare(clientv3.ModRevision(key), "=", revision)).
		Then(clientv3.OpPut(key, "new")).
		Commit()
}

func (b *bench) casWithin(t *testing.T, d time.Duration, revision int64) (*clientv3.TxnResponse, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	return b.cas(ctx, revision)
}

func (b *bench) wantValue(t *testing.T, when, want string) {
	t.Helper()
	if got, _ := b.read(t); got != want {
		t.Errorf("%s: the key holds %q, want %q", when, got, want)
	}
}

// clientDeadline is long enough for a request to reach the proxy.
const clientDeadline = 200 * time.Millisecond

func TestFaultsOfACAS(t *testing.T) {
	b := newBench(t)
	tests := []struct {
		name     string
		fault    proxy.Fault
		end      func(*testing.T, *proxy.Hit) error // of the request, after the client gave up
		atOnce   string                             // what the key holds when the client gives up
		atTheEnd string
	}{
		{
			name: "reply dropped", fault: proxy.DropReply(),
			end:    func(t *testing.T, h *proxy.Hit) error { return h.Wait(t.Context()) },
			atOnce: "new", atTheEnd: "new",
		},
		{
			name: "request dropped", fault: proxy.DropRequest(),
			end: func(t *testing.T, h *proxy.Hit) error {
				if h.Wait(t.Context()) == nil {
					t.Error("a dropped request ended as if it had been forwarded")
				}
				return nil
			},
			atOnce: "old", atTheEnd: "old",
		},
		{
			name: "delayed past the deadline", fault: proxy.Delay(4 * clientDeadline),
			end:    func(t *testing.T, h *proxy.Hit) error { return h.Wait(t.Context()) },
			atOnce: "old", atTheEnd: "new",
		},
		{
			name: "held and released", fault: proxy.Hold(),
			end:    func(t *testing.T, h *proxy.Hit) error { return h.Release(t.Context()) },
			atOnce: "old", atTheEnd: "new",
		},
		{
			name: "held and dropped", fault: proxy.Hold(),
			end: func(t *testing.T, h *proxy.Hit) error {
				h.Drop()
				if h.Wait(t.Context()) == nil {
					t.Error("a dropped request ended as if it had been forwarded")
				}
				return nil
			},
			atOnce: "old", atTheEnd: "old",
		},
		{
			name: "slower than the deadline", fault: proxy.Slow(time.Minute),
			end: func(t *testing.T, h *proxy.Hit) error {
				if h.Wait(t.Context()) == nil {
					t.Error("a request whose client was gone was forwarded")
				}
				return nil
			},
			atOnce: "old", atTheEnd: "old",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			put, err := b.direct.Put(t.Context(), key, "old")
			if err != nil {
				t.Fatal(err)
			}
			rule := b.proxy.Arm(proxy.Rule{Method: "KV/Txn", Key: "/VSchema$", Times: 1, Fault: tt.fault})
			defer rule.Disarm()

			if _, err := b.casWithin(t, clientDeadline, put.Header.Revision); err == nil {
				t.Fatal("the CAS succeeded in spite of the fault")
			}
			hit, err := rule.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			b.wantValue(t, "when the client gave up", tt.atOnce)
			if err := tt.end(t, hit); err != nil {
				t.Error(err)
			}
			b.wantValue(t, "at the end", tt.atTheEnd)

			// The identical CAS lands now exactly if it has not before.
			again, err := b.cas(t.Context(), put.Header.Revision)
			if err != nil {
				t.Fatal(err)
			}
			if want := tt.atTheEnd == "old"; again.Succeeded != want {
				t.Errorf("the repeated CAS succeeded: %t, want %t", again.Succeeded, want)
			}
		})
	}
}

func TestRefuse(t *testing.T) {
	b := newBench(t)
	b.proxy.Arm(proxy.Rule{Writes: true, Fault: proxy.Refuse()})
	_, revision := b.read(t)
	_, err := b.cas(t.Context(), revision)
	if status.Code(err) != codes.Unavailable {
		t.Errorf("error %v, want UNAVAILABLE", err)
	}
	b.wantValue(t, "after a refusal", "old")
}

func TestSlowWithinTheDeadline(t *testing.T) {
	b := newBench(t)
	const wait = 50 * time.Millisecond
	b.proxy.Arm(proxy.Rule{Fault: proxy.Slow(wait)})
	_, revision := b.read(t)
	began := time.Now()
	r, err := b.cas(t.Context(), revision)
	if err != nil || !r.Succeeded {
		t.Fatalf("CAS gave %v, %v", r, err)
	}
	if took := time.Since(began); took < wait {
		t.Errorf("the CAS took %s, want at least %s", took, wait)
	}
}

func TestRulesChooseTheirCalls(t *testing.T) {
	b := newBench(t)
	rule := b.proxy.Arm(proxy.Rule{Method: "^KV/Put$", Key: "^/a/", Skip: 1, Times: 2, Fault: proxy.Refuse()})
	puts := []struct {
		key  string
		fail bool
	}{
		{"/b/1", false}, // another key
		{"/a/1", false}, // skipped
		{"/a/2", true},
		{"/b/2", false},
		{"/a/3", true},
		{"/a/4", false}, // used up
	}
	for _, p := range puts {
		if _, err := b.proxied.Put(t.Context(), p.key, "x"); (err != nil) != p.fail {
			t.Errorf("put %s gave %v, want an error: %t", p.key, err, p.fail)
		}
	}
	if _, err := b.proxied.Get(t.Context(), "/a/2"); err != nil {
		t.Errorf("a read met a rule for writes: %v", err)
	}
	if rule.Fired() != 2 {
		t.Errorf("the rule fired %d times, want 2", rule.Fired())
	}
}

func TestCutAndRestore(t *testing.T) {
	b := newBench(t)
	b.proxy.Cut()
	if _, err := b.casWithin(t, clientDeadline, 1); err == nil {
		t.Error("a CAS got through a cut")
	}
	b.wantValue(t, "while cut", "old")
	b.proxy.Restore()
	_, revision := b.read(t)
	if err := cluster.Poll(t.Context(), func() error {
		_, err := b.casWithin(t, time.Second, revision)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	b.wantValue(t, "after the cut", "new")
}

func TestFreezeAndRestore(t *testing.T) {
	b := newBench(t)
	if _, err := b.proxied.Get(t.Context(), key); err != nil { // connect
		t.Fatal(err)
	}
	b.proxy.Freeze()
	for _, client := range []*clientv3.Client{b.proxied, dial(t, b.proxy)} {
		ctx, cancel := context.WithTimeout(t.Context(), clientDeadline)
		_, err := client.Get(ctx, key)
		cancel()
		if err == nil {
			t.Error("a read got through a frozen link")
		}
	}
	b.proxy.Restore()
	if _, err := b.proxied.Get(t.Context(), key); err != nil {
		t.Errorf("after the thaw: %v", err)
	}
}

func TestStreamsPassThrough(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	watch := b.proxied.Watch(clientv3.WithRequireLeader(ctx), key, clientv3.WithCreatedNotify())
	if r := <-watch; !r.Created {
		t.Fatalf("watch began with %+v", r)
	}
	if _, err := b.direct.Put(ctx, key, "seen"); err != nil {
		t.Fatal(err)
	}
	if r := <-watch; len(r.Events) != 1 || string(r.Events[0].Kv.Value) != "seen" {
		t.Errorf("watch saw %v, want one event with the new value", r.Events)
	}
	lease, err := b.proxied.Grant(ctx, 5)
	if err != nil {
		t.Fatal(err)
	}
	alive, err := b.proxied.KeepAliveOnce(ctx, lease.ID)
	if err != nil || alive.TTL != 5 {
		t.Errorf("keep-alive gave %v, %v", alive, err)
	}
}

func TestHooksSeeBothBoundaries(t *testing.T) {
	b := newBench(t)
	var events []proxy.WriteEvent // written while the client waits for its reply
	b.proxy.OnWrite(func(e proxy.WriteEvent) proxy.Verdict {
		events = append(events, e)
		return proxy.Pass
	})
	_, revision := b.read(t)
	if _, err := b.cas(t.Context(), revision); err != nil {
		t.Fatal(err)
	}
	if _, err := b.cas(t.Context(), revision); err != nil { // loses
		t.Fatal(err)
	}
	if _, err := b.proxied.Get(t.Context(), key); err != nil { // no write
		t.Fatal(err)
	}
	want := []struct {
		n      int
		stage  proxy.Stage
		landed bool
	}{
		{1, proxy.BeforeForward, false},
		{1, proxy.BeforeReply, true},
		{2, proxy.BeforeForward, false},
		{2, proxy.BeforeReply, false},
	}
	if len(events) != len(want) {
		t.Fatalf("%d events, want %d: %+v", len(events), len(want), events)
	}
	for i, w := range want {
		e := events[i]
		if e.N != w.n || e.Stage != w.stage || e.Landed != w.landed {
			t.Errorf("event %d is write %d %s landed %t, want %d %s %t", i, e.N, e.Stage, e.Landed, w.n, w.stage, w.landed)
		}
		if e.Client != "test" || e.Server != cluster.Global || e.Method != "KV/Txn" ||
			len(e.Ops) != 1 || e.Ops[0].Key != key || string(e.Ops[0].Value) != "new" || !strings.HasPrefix(e.Peer, "127.0.0.1:") {
			t.Errorf("event %d says %+v", i, e.Call)
		}
	}
}

func TestHooksDrop(t *testing.T) {
	tests := []struct {
		stage proxy.Stage
		want  string
	}{
		{proxy.BeforeForward, "old"},
		{proxy.BeforeReply, "new"},
	}
	b := newBench(t)
	var at atomic.Int32 // the proxy outlives a client that gave up
	b.proxy.OnWrite(func(e proxy.WriteEvent) proxy.Verdict {
		if e.Stage == proxy.Stage(at.Load()) {
			return proxy.Drop
		}
		return proxy.Pass
	})
	for _, tt := range tests {
		t.Run(tt.stage.String(), func(t *testing.T) {
			at.Store(int32(tt.stage))
			put, err := b.direct.Put(t.Context(), key, "old")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.casWithin(t, clientDeadline, put.Header.Revision); err == nil {
				t.Error("the client got an answer")
			}
			b.wantValue(t, "after the drop", tt.want)
		})
	}
}

// Close must not wait for clients that wait for an answer.
func TestCloseEndsWhatIsHeld(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Cells: []string{"zone1"}})
	p, err := proxy.New("test", cluster.Global, c.EtcdAddr(cluster.Global))
	if err != nil {
		t.Fatal(err)
	}
	rule := p.Arm(proxy.Rule{Fault: proxy.Hold()})
	client := dial(t, p)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = client.Put(ctx, key, "held")
	}()
	hit, err := rule.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.Freeze() // Close must end this too
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if hit.Wait(t.Context()) == nil {
		t.Error("Close forwarded a held write")
	}
	cancel()
	<-ended
}
