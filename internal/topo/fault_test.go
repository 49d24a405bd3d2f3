package topo_test

import (
	"context"
	"errors"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/topo"
	"github.com/vtsync/vtsync/lab/cluster"
	"github.com/vtsync/vtsync/lab/proxy"
)

// shortCall is long enough for a loopback and short enough to wait for.
const shortCall = 300 * time.Millisecond

// TestLostAnswers is law 2: the four ways of not getting an answer, for an
// update and for the create of an absent record.
func TestLostAnswers(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Cells: []string{"zone1"}})
	p := c.Proxy(cluster.Vtsync, cluster.Global)
	srv := openShort(t, c.Topo())
	for _, base := range []string{"absent", "present"} {
		begin := func(t *testing.T, name string, fault proxy.Fault) lostWrite {
			t.Helper()
			return loseWrite(t, p, srv, base, name, fault)
		}
		t.Run(base+", reply dropped", func(t *testing.T) {
			w := begin(t, "reply", proxy.DropReply())
			w.settles(planes.LandingHere)
			w.repeatConflicts()
		})
		t.Run(base+", request dropped", func(t *testing.T) {
			w := begin(t, "request", proxy.DropRequest())
			w.settles(planes.LandingOpen)
			w.put("ours", w.tok)
			w.settles(planes.LandingHere)
		})
		t.Run(base+", lands after the read-back", func(t *testing.T) {
			w := begin(t, "late", proxy.Hold())
			w.settles(planes.LandingOpen)
			w.release()
			w.settles(planes.LandingHere)
			w.repeatConflicts()
		})
		t.Run(base+", repeated before it lands", func(t *testing.T) {
			w := begin(t, "repeat", proxy.Hold())
			now := w.put("ours", w.tok)
			w.release() // refused: its token is gone
			if _, tok, err := srv.Get(t.Context(), w.ref.Path); err != nil || tok != now {
				t.Fatalf("written twice: %v, want %v (%v)", tok, now, err)
			}
		})
		t.Run(base+", fenced", func(t *testing.T) {
			w := begin(t, "fence", proxy.Hold())
			now, err := srv.Fence(t.Context(), w.ref, w.tok, nil)
			if err != nil {
				t.Fatal(err)
			}
			w.release()
			w.settles(planes.LandingFenced)
			if _, tok, err := srv.Get(t.Context(), w.ref.Path); err != nil || tok != now {
				t.Fatalf("it landed behind the fence: %v, want %v (%v)", tok, now, err)
			}
		})
		t.Run(base+", another was faster", func(t *testing.T) {
			w := begin(t, "faster", proxy.Hold())
			w.put("theirs", w.tok)
			w.release()
			w.settles(planes.LandingNever)
		})
		t.Run(base+", overwritten since", func(t *testing.T) {
			w := begin(t, "overwritten", proxy.DropReply())
			_, tok, err := srv.Get(t.Context(), w.ref.Path)
			if err != nil {
				t.Fatal(err)
			}
			w.put("theirs", tok)
			w.settles(planes.LandingLost)
		})
	}
	t.Run("compacted", func(t *testing.T) { compacted(t, c, srv) })
	t.Run("refused by its size", func(t *testing.T) { tooLarge(t, srv) })
	t.Run("not sent", func(t *testing.T) { notSent(t, srv) })
}

// compacted settles a write that etcd has forgotten.
func compacted(t *testing.T, c *cluster.Cluster, srv *topo.Server) {
	w := lostWrite{t: t, srv: srv, ref: topo.GlobalRef("vtsync/test/compacted"), tok: planes.Absent()}
	w.tok = w.put("base", planes.Absent())
	theirs := w.put("theirs", w.put("ours", w.tok))
	etcd := c.Etcd(cluster.Global)
	now, err := etcd.Get(t.Context(), "any")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := etcd.Compact(t.Context(), now.Header.Revision); err != nil {
		t.Fatal(err)
	}
	w.settles(planes.LandingUnclear)
	w.tok = theirs
	w.settles(planes.LandingOpen)
}

// tooLarge is refused by etcd, and larger still by its client.
func tooLarge(t *testing.T, srv *topo.Server) {
	for _, size := range []int{1600 << 10, 4 << 20} {
		_, err := srv.Put(t.Context(), "vtsync/test/large", make([]byte, size), planes.Absent())
		_, unknown := errors.AsType[*errs.Unknown](err)
		_, conflict := errors.AsType[*errs.Conflict](err)
		if err == nil || unknown || conflict {
			t.Fatalf("%d bytes: got %v, want a refusal", size, err)
		}
	}
}

func notSent(t *testing.T, srv *topo.Server) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := srv.Put(ctx, "vtsync/test/not-sent", nil, planes.Absent())
	if !errors.Is(err, errs.ErrNotSent) {
		t.Fatalf("got %v, want ErrNotSent", err)
	}
}

// lostWrite is one write of "ours" on tok whose answer was lost.
type lostWrite struct {
	t     *testing.T
	srv   *topo.Server
	ref   topo.Ref
	tok   planes.Token
	armed *proxy.Armed
}

// loseWrite sends a write that gets no answer.
func loseWrite(t *testing.T, p *proxy.Proxy, srv *topo.Server, base, name string, fault proxy.Fault) lostWrite {
	t.Helper()
	w := lostWrite{t: t, srv: srv, ref: topo.GlobalRef("vtsync/test/" + base + "/" + name), tok: planes.Absent()}
	if base == "present" {
		w.tok = w.put("base", planes.Absent())
	}
	w.armed = p.Arm(proxy.Rule{Writes: true, Key: w.ref.Path + "$", Times: 1, Fault: fault})
	t.Cleanup(w.armed.Disarm)
	_, err := srv.Put(t.Context(), w.ref.Path, []byte("ours"), w.tok)
	if _, ok := errors.AsType[*errs.Unknown](err); !ok || errors.Is(err, errs.ErrNotSent) {
		t.Fatalf("a write without an answer: got %v, want *errs.Unknown", err)
	}
	return w
}

func (w lostWrite) put(value string, tok planes.Token) planes.Token {
	w.t.Helper()
	now, err := w.srv.Put(w.t.Context(), w.ref.Path, []byte(value), tok)
	if err != nil {
		w.t.Fatal(err)
	}
	return now
}

func (w lostWrite) settles(want planes.Landing) {
	w.t.Helper()
	got, _, err := w.srv.Settle(w.t.Context(), w.ref, w.tok, []byte("ours"))
	if err != nil || got != want {
		w.t.Fatalf("settled as %s, %v, want %s", got, err, want)
	}
}

// release lets the held request through and waits until etcd answered it.
func (w lostWrite) release() {
	w.t.Helper()
	hit, err := w.armed.Next(w.t.Context())
	if err == nil {
		err = hit.Release(w.t.Context())
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w lostWrite) repeatConflicts() {
	w.t.Helper()
	_, err := w.srv.Put(w.t.Context(), w.ref.Path, []byte("ours"), w.tok)
	if _, ok := errors.AsType[*errs.Conflict](err); !ok {
		w.t.Fatalf("the repeat of a write that landed: got %v, want *errs.Conflict", err)
	}
	w.settles(planes.LandingHere)
}

// A dead or frozen cell is told, and stalls nobody else.
func TestSilentCell(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	for name, silence := range map[string]func(*proxy.Proxy){"cut": (*proxy.Proxy).Cut, "frozen": (*proxy.Proxy).Freeze} {
		for _, when := range []string{"from the start", "later"} {
			t.Run(name+" "+when, func(t *testing.T) {
				far := c.Proxy(cluster.Vtsync, "zone2")
				t.Cleanup(far.Restore)
				srv := openShort(t, c.Topo())
				if when == "later" {
					srv.ReadCells(t.Context(), c.Cells())
				}
				silence(far)
				began := time.Now()
				cells := srv.ReadCells(t.Context(), c.Cells())
				if took := time.Since(began); took > 3*shortCall {
					t.Errorf("reading took %v, the limit of a call is %v", took, shortCall)
				}
				if cells[0].Name != "zone1" || cells[0].Err != "" {
					t.Errorf("the cell beside it: %+v", cells[0])
				}
				if cells[1].Err == "" || !cells[1].Token.IsZero() {
					t.Errorf("the silent cell: %+v", cells[1])
				}
				_, err := srv.WriteCell(t.Context(), "zone2", nil, planes.Token{Version: "1", Hash: "x"})
				if _, ok := errors.AsType[*errs.Unknown](err); !ok || errors.Is(err, errs.ErrNotSent) != (when == "from the start") {
					t.Errorf("write to it: %v", err)
				}
				far.Restore()
				err = cluster.Poll(t.Context(), func() error {
					if cell := srv.ReadCell(t.Context(), "zone2"); cell.Err != "" {
						return errors.New(cell.Err)
					}
					return nil
				})
				if err != nil {
					t.Errorf("after it is back: %v", err)
				}
			})
		}
	}
}

func openShort(t *testing.T, url string) *topo.Server {
	t.Helper()
	return openURL(t, url, func(o *topo.Options) { o.CallTimeout = shortCall })
}

// Opening a topo that does not answer ends at the deadline, as a silence.
func TestOpenSilentTopo(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Cells: []string{"zone1"}})
	p := c.Proxy(cluster.Vtsync, cluster.Global)
	p.Freeze()
	t.Cleanup(p.Restore)
	o, err := topo.ParseURL(c.Topo())
	if err != nil {
		t.Fatal(err)
	}
	o.CallTimeout = shortCall
	began := time.Now()
	srv, err := topo.Open(t.Context(), o)
	if err == nil {
		// A frozen server still takes connections: the first read tells.
		defer srv.Close()
		_, err = srv.ReadGlobal(t.Context())
	}
	if _, ok := errors.AsType[*errs.Unknown](err); !ok {
		t.Fatalf("got %v, want *errs.Unknown", err)
	}
	if took := time.Since(began); took > 3*shortCall {
		t.Fatalf("it took %v", took)
	}
}

// TestLocksLeft: a lock of which nobody knows whether it was taken, or released,
// stands in nobody's way for longer than it takes to ask again.
func TestLocksLeft(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Cells: []string{"zone1"}})
	if err := c.CreateKeyspace(t.Context(), "customer", "0"); err != nil {
		t.Fatal(err)
	}
	p, srv := c.Proxy(cluster.Vtsync, cluster.Global), openShort(t, c.Topo())
	silent := func(what string, err error) {
		t.Helper()
		if _, unknown := errors.AsType[*errs.Unknown](err); !unknown {
			t.Fatalf("%s: got %v, want no answer", what, err)
		}
	}
	const locks = "keyspaces/customer/locks/"
	stands := func(want int) {
		t.Helper()
		resp, err := c.Etcd(cluster.Global).Get(t.Context(), "/vitess/global/"+locks, clientv3.WithPrefix())
		if err != nil || len(resp.Kvs) != want {
			t.Fatalf("%d locks stand, want %d (%v)", len(resp.Kvs), want, err)
		}
	}
	lock := func() func(context.Context) error {
		t.Helper()
		unlock, err := srv.LockKeyspace(t.Context(), "customer", "vtsync rollout")
		if err != nil {
			t.Fatal(err)
		}
		return unlock
	}
	// The request lands; what Vitess sends to take it away again is lost.
	taken := p.Arm(proxy.Rule{Key: locks, Method: "Txn", Writes: true, Times: 1, Fault: proxy.DropReply()})
	lost := p.Arm(proxy.Rule{Key: locks, Method: "DeleteRange", Fault: proxy.DropRequest()})
	_, err := srv.LockKeyspace(t.Context(), "customer", "vtsync rollout")
	silent("lock", err)
	if taken.Fired() != 1 {
		t.Fatal("the lock was not lost")
	}
	stands(0)
	unlock := lock()
	lost.Disarm()

	p.Arm(proxy.Rule{Method: "LeaseRevoke", Times: 2, Fault: proxy.DropRequest()})
	silent("unlock", unlock(t.Context()))
	stands(1)
	again := lock()
	silent("unlock", again(t.Context()))
	if err := again(t.Context()); err != nil {
		t.Fatalf("unlock once more: %v", err)
	}
	stands(0)
}
