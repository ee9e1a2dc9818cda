package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tidegate/internal/engine"
	"tidegate/internal/engine/duck"
	"tidegate/internal/engine/hot"
	"tidegate/internal/warehouse"
)

// TestHotAccess reaches a warehouse that wants a temporary password, as the loader does and as queries do: both get it
// from one cache, and AWS is asked once. The connection is refused without.
func TestHotAccess(t *testing.T) { //nolint:paralleltest // the environment is the process's
	var calls atomic.Int64
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetCredentials") {
			t.Errorf("asked for %s", r.Header.Get("X-Amz-Target"))
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		fmt.Fprintf(w, `{"dbUser": "IAM:tidegate", "dbPassword": "temporary", "expiration": %d}`, time.Now().Add(15*time.Minute).Unix())
	}))
	defer service.Close()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_REDSHIFT_SERVERLESS": service.URL, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_REGION": "eu-central-1", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	url := "postgres://nobody@" + warehouseWithPasswords(t) + "/dev?sslmode=disable"
	p := &parts{config: config{Hot: hotConfig{Kind: "redshift", URL: url, IAM: iamConfig{Workgroup: "wg"}}}}
	access, err := p.newHotAccess(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := access.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	e, err := hot.New(hot.Options{Kind: hot.Redshift, URL: url, Credentials: access.credentials})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	rows, err := e.Query(t.Context(), engine.Statement{SQL: "select 1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
	if n := calls.Load(); n != 1 {
		t.Errorf("AWS was asked %d times, want 1", n)
	}
	access.credentials = nil
	if _, err := access.connect(t.Context()); err == nil {
		t.Error("nobody is let in without a password")
	}
}

// warehouseWithPasswords serves a stand-in that lets in whom AWS gave a password, and gives its address.
func warehouseWithPasswords(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	stage := filepath.Join(dir, "stage")
	if err := os.MkdirAll(stage, 0o755); err != nil {
		t.Fatal(err)
	}
	db, err := duck.Open(t.Context(), duck.Options{Path: filepath.Join(dir, "warehouse.duckdb"), Fence: true, AllowedDirs: []string{stage}})
	if err != nil {
		t.Fatal(err)
	}
	w, err := warehouse.New(t.Context(), warehouse.Options{Database: db, Stage: stage, Authenticate: func(user, password string) bool {
		return user == "IAM:tidegate" && password == "temporary"
	}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	served := make(chan error, 1)
	go func() { served <- w.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}
