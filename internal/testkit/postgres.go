// Package testkit starts what tests compare Tidegate with.
package testkit

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const debianBinaries = "/usr/lib/postgresql/15/bin"

// Cluster is a running PostgreSQL 15, reachable through a socket in Dir and, if Port is set, on the loopback.
type Cluster struct {
	Dir  string // the socket's directory
	Port string // of TCP; "" is none
}

// DSN is what pgx and libpq connect with through the socket, as user postgres without a password.
func (c *Cluster) DSN() string {
	dsn := "host=" + c.Dir + " user=postgres dbname=postgres sslmode=disable"
	if c.Port != "" {
		dsn += " port=" + c.Port // it names the socket too
	}
	return dsn
}

// Connect connects as DSN says. The connection ends with the test.
func (c *Cluster) Connect(tb testing.TB) *pgx.Conn {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), c.DSN())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close(context.WithoutCancel(tb.Context())) })
	return conn
}

// Postgres starts a PostgreSQL 15 with an empty cluster: UTF8, C.UTF-8, time zone UTC. It stops with the test.
// Where PostgreSQL 15 is not installed the test is skipped, and fails if CI is set. Start one per test and share it
// among subtests: it takes about a second.
func Postgres(tb testing.TB) *Cluster {
	tb.Helper()
	return postgres(tb, "")
}

// PostgresTCP is Postgres that listens on a free port of the loopback too.
func PostgresTCP(tb testing.TB) *Cluster {
	tb.Helper()
	port, err := freePort(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return postgres(tb, port)
}

func postgres(tb testing.TB, port string) *Cluster {
	tb.Helper()
	Require(tb, "comparison with PostgreSQL 15", postgresBinary("initdb"), postgresBinary("postgres"))
	owner, err := clusterOwner()
	if err != nil {
		tb.Fatalf("find the user that PostgreSQL runs as: %v", err)
	}
	dir := socketDir(tb, owner)
	data := filepath.Join(dir, "data")
	initdb := command(tb.Context(), owner, dir, "initdb", "-D", data, "-U", "postgres", "-A", "trust",
		"-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		tb.Fatalf("initdb: %v\n%s", err, out)
	}
	args := []string{"-D", data, "-k", dir, "-c", "fsync=off", "-c", "timezone=UTC", "-c", "log_timezone=UTC"}
	if port == "" {
		args = append(args, "-c", "listen_addresses=")
	} else {
		args = append(args, "-c", "listen_addresses=127.0.0.1", "-p", port)
	}
	// The server outlives the test's own context, so that Cleanup can stop it in order.
	server := command(context.WithoutCancel(tb.Context()), owner, dir, "postgres", args...)
	stderr, err := server.StderrPipe()
	if err != nil {
		tb.Fatalf("pipe the log of postgres: %v", err)
	}
	if err := server.Start(); err != nil {
		tb.Fatalf("start postgres: %v", err)
	}
	tb.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGINT) // fast shutdown; it may have ended already
		_ = server.Wait()                         // its exit status after a signal tells nothing
	})
	if err := waitReady(stderr); err != nil {
		tb.Fatal(err)
	}
	return &Cluster{Dir: dir, Port: port}
}

// Require skips the test if one of the programs is missing, naming the part that is left out; with CI set it fails.
func Require(tb testing.TB, part string, programs ...string) {
	tb.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err == nil {
			continue
		}
		if os.Getenv("CI") != "" {
			tb.Fatalf("%s: %s is not installed", part, filepath.Base(p))
		}
		tb.Skipf("left out: %s (%s is not installed)", part, filepath.Base(p))
	}
}

// Psql gives the path of psql 15; the test is skipped without it, as by Require.
func Psql(tb testing.TB) string {
	tb.Helper()
	psql := postgresBinary("psql")
	Require(tb, "psql as a client", psql)
	return psql
}

func postgresBinary(name string) string {
	path := filepath.Join(debianBinaries, name)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	return name
}

// owner is a user that may run PostgreSQL, which refuses root; nil is the user of this process.
type owner struct {
	uid, gid int
}

func clusterOwner() (*owner, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	return &owner{uid: uid, gid: gid}, errors.Join(err1, err2)
}

// socketDir makes a directory that the owner can enter; a test's own temporary directory is closed to others, and
// its path may be too long for a socket.
func socketDir(tb testing.TB, o *owner) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "pg") //nolint:usetesting // see above
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Errorf("remove the cluster: %v", err)
		}
	})
	if o != nil {
		if err := os.Chown(dir, o.uid, o.gid); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

func command(ctx context.Context, o *owner, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, postgresBinary(name), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TZ=UTC")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if o != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}
	}
	return cmd
}

// waitReady reads the server's log until it accepts connections, and goes on reading so that it never blocks.
func waitReady(log io.Reader) error {
	ready := make(chan error, 1)
	go func() {
		var seen strings.Builder
		lines := bufio.NewScanner(log)
		for lines.Scan() {
			fmt.Fprintln(&seen, lines.Text())
			if strings.Contains(lines.Text(), "ready to accept connections") {
				ready <- nil
				_, _ = io.Copy(io.Discard, log)
				return
			}
		}
		ready <- fmt.Errorf("postgres ended before it was ready:\n%s", seen.String())
	}()
	select {
	case err := <-ready:
		return err
	case <-time.After(30 * time.Second):
		return errors.New("postgres was not ready within 30 s")
	}
}

// OwnFile gives a file of a cluster's directory to the user that PostgreSQL runs as.
func OwnFile(path string) error {
	o, err := clusterOwner()
	if err != nil || o == nil {
		return err
	}
	return os.Chown(path, o.uid, o.gid)
}
