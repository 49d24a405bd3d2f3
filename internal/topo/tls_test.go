package topo_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/topo"
	"github.com/vtsync/vtsync/lab/cluster"
)

// TestTLS talks to a real etcd behind an end of TLS that asks for a client's
// certificate, with Vitess's client and with the one that reads the history.
func TestTLS(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Cells: []string{"zone1"}})
	files := makeCertificates(t)
	addr := tlsFront(t, files, c.EtcdAddr(cluster.Global))
	o, err := topo.ParseURL("etcd2://" + addr + "/vitess/global")
	if err != nil {
		t.Fatal(err)
	}
	o.CallTimeout = 2 * time.Second
	o.TLS = files
	srv, err := topo.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	const p = "vtsync/test/tls"
	base, err := srv.Put(t.Context(), p, []byte("base"), planes.Absent())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := srv.Put(t.Context(), p, []byte("theirs"), base); err != nil {
		t.Fatal(err)
	}
	if got, _, err := srv.Settle(t.Context(), topo.GlobalRef(p), base, []byte("ours")); err != nil || got != planes.LandingNever {
		t.Fatalf("settled as %s, %v, want %s", got, err, planes.LandingNever)
	}

	o.TLS.CA = makeCertificates(t).CA
	o.CallTimeout = shortCall
	if other, err := topo.Open(t.Context(), o); err == nil {
		other.Close()
		t.Fatal("a server of another CA was trusted")
	}
}

// makeCertificates writes a CA and one certificate of it, for both ends.
func makeCertificates(t *testing.T) topo.TLS {
	t.Helper()
	dir := t.TempDir()
	files := topo.TLS{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"), CA: filepath.Join(dir, "ca.pem")}
	template := func(serial int64) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial),
			Subject:      pkix.Name{CommonName: "vtsync test"},
			NotBefore:    time.Now().Add(-time.Hour),
			NotAfter:     time.Now().Add(time.Hour),
			IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		}
	}
	sign := func(cert, parent *x509.Certificate, pub *ecdsa.PublicKey, by *ecdsa.PrivateKey) []byte {
		t.Helper()
		der, err := x509.CreateCertificate(rand.Reader, cert, parent, pub, by)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	caKey, leafKey := newKey(t), newKey(t)
	ca := template(1)
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	leaf := template(2)
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	keyDER, err := x509.MarshalECPrivateKey(leafKey)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, files.CA, "CERTIFICATE", sign(ca, ca, &caKey.PublicKey, caKey))
	writePEM(t, files.Cert, "CERTIFICATE", sign(leaf, ca, &leafKey.PublicKey, caKey))
	writePEM(t, files.Key, "EC PRIVATE KEY", keyDER)
	return files
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func writePEM(t *testing.T, name, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// tlsFront ends TLS in front of a plaintext server.
func tlsFront(t *testing.T, files topo.TLS, target string) string {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(files.CA)
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(ca)
	plain, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := tls.NewListener(plain, &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients, NextProtos: []string{"h2"},
	})
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // closed
			}
			go relay(t.Context(), client, target)
		}
	}()
	return l.Addr().String()
}

// relay copies both ways until either end closes.
func relay(ctx context.Context, client net.Conn, target string) {
	defer client.Close()
	server, err := new(net.Dialer).DialContext(ctx, "tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{client, server}, {server, client}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1])
			done <- struct{}{}
		}()
	}
	<-done
}
