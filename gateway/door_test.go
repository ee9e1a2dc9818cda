package gateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tidegate/gateway/auth"
	"tidegate/internal/testkit"
)

// authority is a certificate authority of a test, with files for PostgreSQL and psql.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	dir, err := os.MkdirTemp("", "ca") //nolint:usetesting // PostgreSQL runs as another user, who cannot enter a test's own directory
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, dir: dir}
	a.cert, a.key = a.sign("ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// sign makes NAME.crt and NAME.key.
func (a *authority) sign(name string, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	c.Subject = pkix.Name{CommonName: name}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, parentKey := a.cert, a.key
	if parent == nil {
		parent, parentKey = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), parentKey)
	if err != nil {
		a.t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	a.write(name+".crt", 0o644, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	a.write(name+".key", 0o600, &pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	return made, key
}

func (a *authority) write(name string, mode os.FileMode, b *pem.Block) {
	a.t.Helper()
	if err := os.WriteFile(a.file(name), pem.EncodeToMemory(b), mode); err != nil {
		a.t.Fatal(err)
	}
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// server makes the certificate of a server on this machine.
func (a *authority) server(name string) tls.Certificate {
	a.t.Helper()
	cert, key := a.sign(name, &x509.Certificate{
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

// client makes the certificate of a user.
func (a *authority) client(user string) tls.Certificate {
	a.t.Helper()
	cert, key := a.sign(user, &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// rules of a server with a user of each kind of verifier, all with the password secret.
func (a *authority) rules(cert tls.Certificate) *auth.Rules {
	a.t.Helper()
	r := &auth.Rules{
		Method: auth.SCRAM, Users: map[string]*auth.User{}, Secret: []byte("thirty-two bytes that are secret"),
		TLS: &tls.Config{Certificates: []tls.Certificate{cert}, ClientCAs: a.pool(), ClientAuth: tls.VerifyClientCertIfGiven, NextProtos: []string{alpn}},
	}
	v, err := auth.NewVerifier("secret")
	if err != nil {
		a.t.Fatal(err)
	}
	r.Users["sue"] = &auth.User{Verifiers: []auth.Verifier{v}}
	r.Users["mia"] = &auth.User{Verifiers: []auth.Verifier{auth.MD5Verifier("mia", "secret")}}
	r.Users["nopass"] = &auth.User{}
	return r
}

// lockedPostgres starts a PostgreSQL 15 with the same users and TLS; hba are the lines of pg_hba.conf for TCP.
func lockedPostgres(t *testing.T, a *authority, r *auth.Rules, hba ...string) *testkit.Cluster {
	t.Helper()
	cluster := testkit.PostgresTCP(t)
	c := cluster.Connect(t)
	data := filepath.Join(cluster.Dir, "data")
	for _, name := range []string{"ca.crt", "server.crt", "server.key"} {
		text, err := os.ReadFile(a.file(name))
		if err != nil {
			t.Fatal(err)
		}
		copyFor(t, filepath.Join(data, name), text)
	}
	copyFor(t, filepath.Join(data, "pg_hba.conf"), []byte("local all all trust\n"+strings.Join(hba, "\n")+"\n"))
	statements := []string{
		"alter system set ssl = on", "alter system set ssl_ca_file = 'ca.crt'", "alter system set authentication_timeout = '2s'",
		"create database tidegate",
	}
	for name, u := range r.Users {
		statement := "create role " + name + " login"
		if len(u.Verifiers) > 0 {
			statement += " password '" + u.Verifiers[0].String() + "'"
		}
		statements = append(statements, statement)
	}
	for _, s := range append(statements, "select pg_reload_conf()") {
		if _, err := c.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		var on string
		if err := c.QueryRow(t.Context(), "show authentication_timeout").Scan(&on); err != nil {
			t.Fatal(err)
		}
		if on == "2s" {
			return cluster
		}
		if time.Now().After(deadline) {
			t.Fatal("PostgreSQL did not read its configuration again")
		}
	}
}

// copyFor writes a file that the owner of the cluster alone can read.
func copyFor(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := testkit.OwnFile(path); err != nil {
		t.Fatal(err)
	}
}
