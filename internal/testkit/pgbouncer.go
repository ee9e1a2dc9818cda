package testkit

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// PgBouncer starts a pgbouncer in transaction pooling mode in front of a cluster and gives its address on the
// loopback. Its one server connection per database makes named prepared statements work for a single client, which
// transaction pooling does not promise before version 1.21.
func PgBouncer(tb testing.TB, c *Cluster) (address string) {
	tb.Helper()
	Require(tb, "comparison with pgbouncer", pgbouncerBinary())
	owner, err := clusterOwner()
	if err != nil {
		tb.Fatalf("find the user that pgbouncer runs as: %v", err)
	}
	port, err := freePort(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	dir := socketDir(tb, owner)
	users, config := filepath.Join(dir, "users.txt"), filepath.Join(dir, "pgbouncer.ini")
	server := "5432"
	if c.Port != "" {
		server = c.Port
	}
	for path, text := range map[string]string{users: `"postgres" ""` + "\n", config: fmt.Sprintf(`[databases]
postgres = host=%s port=%s dbname=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = trust
auth_file = %s
pool_mode = transaction
default_pool_size = 1
ignore_startup_parameters = extra_float_digits
`, c.Dir, server, port, users)} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	var log logBuffer
	cmd := command(context.WithoutCancel(tb.Context()), owner, dir, pgbouncerBinary(), config)
	cmd.Stdout, cmd.Stderr = io.Discard, &log
	if err := cmd.Start(); err != nil {
		tb.Fatalf("start pgbouncer: %v", err)
	}
	tb.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
		_ = cmd.Wait()                          // its exit status after a signal tells nothing
	})
	address = net.JoinHostPort("127.0.0.1", port)
	if err := accepts(tb.Context(), address); err != nil {
		tb.Fatalf("start pgbouncer: %v\n%s", err, log.String())
	}
	return address
}

// pgbouncerBinary looks where Debian puts it too: not everybody's PATH has the folders of administrators.
func pgbouncerBinary() string {
	const debian = "/usr/sbin/pgbouncer"
	if _, err := os.Stat(debian); err == nil {
		return debian
	}
	return "pgbouncer"
}

// accepts waits until somebody listens at the address.
func accepts(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	var d net.Dialer
	for {
		c, err := d.DialContext(ctx, "tcp", address)
		if err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it was not ready within %s: %w", readyTimeout, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
