package topo

import (
	"errors"
	"testing"

	"github.com/vtsync/vtsync/internal/errs"
)

func TestParseURL(t *testing.T) {
	for in, want := range map[string]Options{
		"etcd2://127.0.0.1:2379/vitess/global":    {Implementation: "etcd2", Address: "127.0.0.1:2379", Root: "/vitess/global"},
		"etcd2://h1:2379,h2:2379/vitess/global/":  {Implementation: "etcd2", Address: "h1:2379,h2:2379", Root: "/vitess/global"},
		"etcd2://[::1]:2379/global":               {Implementation: "etcd2", Address: "[::1]:2379", Root: "/global"},
		"etcd2://etcd.example.com:2379/with%20it": {Implementation: "etcd2", Address: "etcd.example.com:2379", Root: "/with it"},
	} {
		got, err := ParseURL(in)
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", "127.0.0.1:2379/vitess/global", "etcd2://", "etcd2://127.0.0.1:2379", "etcd2://127.0.0.1:2379/",
		"etcd2:///vitess/global", "etcd2://127.0.0.1/vitess/global", "etcd2://h1:2379,/vitess/global",
		"etcd2://user@h1:2379/vitess/global", "etcd2://h1:2379/vitess/global?tls=1", "etcd2://h1:2379/%zz",
		"etcd://h1:2379/vitess/global", "consul://h1:8500/vitess/global", "zk2://h1:2181/vitess/global",
	} {
		_, err := ParseURL(in)
		invalid, ok := errors.AsType[*errs.Invalid](err)
		if !ok || invalid.Next == "" {
			t.Errorf("%q: got %v, want *errs.Invalid with what to do", in, err)
		}
	}
	_, err := ParseURL("etcd://h1:2379/vitess/global")
	if invalid, ok := errors.AsType[*errs.Invalid](err); !ok || invalid.Near != "etcd2" {
		t.Errorf("etcd: got %v, want etcd2 as the nearest name", err)
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("etcd2://h1:2379,h2:2379/vitess/global")
	f.Add("etcd2://[::1]:2379/%20/..")
	f.Fuzz(func(t *testing.T, in string) {
		o, err := ParseURL(in)
		if err != nil {
			if _, ok := errors.AsType[*errs.Invalid](err); !ok {
				t.Fatalf("got %T %v, want *errs.Invalid", err, err)
			}
			return
		}
		if o.Address == "" || o.Root == "" || o.Implementation != etcd2 {
			t.Fatalf("%q: accepted as %+v", in, o)
		}
	})
}

func TestHalfATLSSetupIsRefused(t *testing.T) {
	base := Options{Implementation: etcd2, Address: "h1:2379", Root: "/vitess/global"}
	for _, tls := range []TLS{
		{CA: "ca.pem"}, // Vitess would speak plaintext
		{Cert: "cert.pem"},
		{Key: "key.pem", CA: "ca.pem"},
		{Cert: "missing.pem", Key: "missing.pem"},
	} {
		o := base
		o.TLS = tls
		_, err := Open(t.Context(), o)
		if _, ok := errors.AsType[*errs.Invalid](err); !ok {
			t.Errorf("%+v: got %v, want *errs.Invalid", tls, err)
		}
	}
}
