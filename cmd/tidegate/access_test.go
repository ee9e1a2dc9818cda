package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tidegate/gateway/auth"
)

// TestAdmission reads who may come in, in the configuration and beside it.
func TestAdmission(t *testing.T) {
	t.Setenv("LOADER_PASSWORD", "from outside")
	more := filepath.Join(t.TempDir(), "more.yml")
	writeFile(t, more, fmt.Sprintf("- { name: mia, role: ops, password: %s }\n", auth.MD5Verifier("mia", "secret")))
	const roles = "roles: { bi: { grants: [ SELECT ON web.events ], connections: 2 }, ops: { grants: [ monitor ] } }\n"
	c, err := load(t, roles+"users: [ { name: ann, role: bi }, { name: loader, role: bi, password: 'env:LOADER_PASSWORD' } ]\nusers_file: "+more+"\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.admit([]byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]*auth.User{
		"ann": {Role: "bi", RoleConnections: 2}, "loader": {Role: "bi", RoleConnections: 2}, "mia": {Role: "ops", Reserved: true},
	}
	if diff := cmp.Diff(want, a.rules.Users, cmpopts.IgnoreFields(auth.User{}, "Verifiers")); diff != "" {
		t.Error(diff)
	}
	if a.rules.Method != auth.SCRAM || a.rules.Stranger != nil || a.rules.TLS != nil {
		t.Errorf("%+v", a.rules)
	}
	for user, password := range map[string]string{"loader": "from outside", "mia": "secret"} {
		if !a.rules.Check(user, password) || a.rules.Check(user, "other") {
			t.Errorf("the password of %s", user)
		}
	}
	if !a.rules.HasMD5("loader") || a.rules.HasMD5("ann") {
		t.Error("a password from the environment has both kinds of verifiers, none has none")
	}
}

// TestStrangers are let in if nobody is listed, or to what everybody has.
func TestStrangers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]*auth.User{
		"": {Role: "public"},
		"roles: { a: { } }\nusers: [ { name: ann, role: a } ]\n":                                                  nil,
		"roles: { public: { connections: 4, grants: [ monitor ] }, a: { } }\nusers: [ { name: ann, role: a } ]\n": {Role: "public", RoleConnections: 4, Reserved: true},
	} {
		c, err := load(t, text, nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := c.admit([]byte("secret"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, a.rules.Stranger); diff != "" || a.rules.Method != auth.Trust {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

// TestAuthSecret is made once, and nobody else can read it.
func TestAuthSecret(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth_secret")
	first, err := authSecret(path)
	if err != nil || len(first) != 32 {
		t.Fatal(first, err)
	}
	if again, err := authSecret(path); err != nil || string(again) != string(first) {
		t.Errorf("another one: %v", err)
	}
	writeFile(t, path+"2", "short")
	if _, err := authSecret(path + "2"); err == nil || !strings.Contains(err.Error(), "has not 32 bytes") {
		t.Errorf("a short one: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := authSecret(t.TempDir()); err == nil || !strings.Contains(err.Error(), "secret of logins") {
		t.Errorf("a folder: %v", err)
	}
}
