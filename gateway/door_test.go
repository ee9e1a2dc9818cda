package gateway

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tidegate/gateway/auth"
	"tidegate/internal/testkit"
)

// doorRules are of a server with a user of each kind of verifier, all with the password secret.
func doorRules(t *testing.T, a *testkit.Authority) *auth.Rules {
	t.Helper()
	r := &auth.Rules{
		Method: auth.SCRAM, Users: map[string]*auth.User{}, Secret: []byte("thirty-two bytes that are secret"),
		TLS: &tls.Config{Certificates: []tls.Certificate{a.Server("server")}, ClientCAs: a.Pool(), ClientAuth: tls.VerifyClientCertIfGiven, NextProtos: []string{auth.ALPN}},
	}
	v, err := auth.NewVerifier("secret")
	if err != nil {
		t.Fatal(err)
	}
	r.Users["sue"] = &auth.User{Verifiers: []auth.Verifier{v}}
	r.Users["mia"] = &auth.User{Verifiers: []auth.Verifier{auth.MD5Verifier("mia", "secret")}}
	r.Users["nopass"] = &auth.User{}
	return r
}

// lockedPostgres starts a PostgreSQL 15 with the same users and TLS; hba are the lines of pg_hba.conf for TCP.
func lockedPostgres(t *testing.T, a *testkit.Authority, r *auth.Rules, hba ...string) *testkit.Cluster {
	t.Helper()
	cluster := testkit.PostgresTCP(t)
	c := cluster.Connect(t)
	data := filepath.Join(cluster.Dir, "data")
	for _, name := range []string{"ca.crt", "server.crt", "server.key"} {
		text, err := os.ReadFile(a.File(name))
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
