package e2e

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tidegate/internal/testkit"
)

// accessLab is a server that asks for passwords, and psql.
type accessLab struct {
	*server
	dir, psql string
	ca        *testkit.Authority
}

func newAccessLab(t *testing.T, config string) *accessLab {
	t.Helper()
	l := &accessLab{dir: t.TempDir(), psql: testkit.Psql(t), ca: testkit.NewAuthority(t)}
	l.ca.Server("server")
	l.configure(t, config)
	l.server = start(t, l.dir, "serve")
	return l
}

// configure writes the configuration; more is what stands in tls beside the files.
func (l *accessLab) configure(t *testing.T, config string) {
	t.Helper()
	config = strings.Replace(config, "tls: {", fmt.Sprintf("tls: { cert: %s, key: %s, client_ca: %s, ",
		l.ca.File("server.crt"), l.ca.File("server.key"), l.ca.File("ca.crt")), 1)
	writeFile(t, filepath.Join(l.dir, "tidegate.yml"), "data_dir: ./tidegate-data\n"+config)
}

// verifier is what `tidegate passwd` prints.
func verifier(t *testing.T, password string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), binary, append([]string{"passwd"}, args...)...)
	c.Stdin = strings.NewReader(password + "\n")
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// ask runs psql and gives what it prints, its errors too.
func (l *accessLab) ask(t *testing.T, query string, more ...string) string {
	t.Helper()
	u, err := url.Parse(l.URL)
	if err != nil {
		t.Fatal(err)
	}
	info := append([]string{"host=localhost hostaddr=127.0.0.1 dbname=tidegate port=" + u.Port(), "sslrootcert=" + l.ca.File("ca.crt")}, more...)
	c := exec.CommandContext(t.Context(), l.psql, "-XAtq", strings.Join(info, " "), "-c", query)
	c.Env = append(c.Environ(), "PGGSSENCMODE=disable", "HOME="+l.dir)
	out, _ := c.CombinedOutput() // its exit status says no more than the text
	return strings.TrimSpace(string(out))
}

// login is one attempt, and what comes of it: the user, or words of what psql says.
type login struct{ info, want string }

func (l *accessLab) expect(t *testing.T, logins ...login) {
	t.Helper()
	for _, c := range logins {
		got := l.ask(t, "select current_user", c.info)
		if got != c.want && (!strings.Contains(c.want, " ") || !strings.Contains(got, c.want)) {
			t.Errorf("%s: %s, want %s", c.info, got, c.want)
		}
	}
}

// TestAccessByPassword lets psql in with every kind of password, and with no other.
func TestAccessByPassword(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "more.yml"), fmt.Sprintf("- { name: mia, password: %q }\n", verifier(t, "secret", "mia", "--md5")))
	l := newAccessLab(t, fmt.Sprintf("tls: { required: true }\nauth: md5\nusers: [ { name: sue, password: %q } ]\nusers_file: %s\n",
		verifier(t, "pä ss"), filepath.Join(dir, "more.yml")))
	const full = " sslmode=verify-full"
	wrong := `FATAL:  password authentication failed for user "%s"`
	l.expect(
		t,
		login{"user=sue password='pä ss'" + full, "sue"},
		login{"user=sue password='pä ss' channel_binding=require" + full, "sue"},
		login{"user=mia password=secret" + full, "mia"},
		login{"user=mia password=secret channel_binding=require" + full, "channel binding required"},
		login{"user=sue password=secret" + full, fmt.Sprintf(wrong, "sue")},
		login{"user=mia password=other" + full, fmt.Sprintf(wrong, "mia")},
		login{"user=nobody password=secret" + full, fmt.Sprintf(wrong, "nobody")},
		login{"user=sue password='pä ss' sslmode=disable", `FATAL:  connections without TLS are not allowed for user "sue"`},
		login{"user=sue password='pä ss' ssl_max_protocol_version=TLSv1.1 ssl_min_protocol_version=TLSv1.1 sslmode=require", "SSL error"},
	)
	if got := l.ask(t, "show ssl", "user=mia password=secret"+full); got != "on" {
		t.Errorf("show ssl: %s", got)
	}
	if logs := l.Logs.String(); strings.Contains(logs, "secret") || strings.Contains(logs, "SCRAM-SHA-256$") {
		t.Errorf("the log has a password:\n%s", logs)
	}
}

// TestAccessByCertificate asks for certificates, alone and beside a password.
func TestAccessByCertificate(t *testing.T) {
	t.Parallel()
	l := newAccessLab(t, "tls: { min_version: 1.3 }\nauth: cert\nusers: [ { name: ann }, { name: bob } ]\n")
	other := testkit.NewAuthority(t)
	for _, user := range []string{"ann", "carl"} {
		l.ca.Client(user)
	}
	other.Client("ann")
	shows := func(a *testkit.Authority, name string) string {
		return " sslmode=verify-full sslcert=" + a.File(name+".crt") + " sslkey=" + a.File(name+".key")
	}
	l.expect(
		t,
		login{"user=ann" + shows(l.ca, "ann"), "ann"},
		login{"user=bob" + shows(l.ca, "ann"), `FATAL:  certificate authentication failed for user "bob"`},
		login{"user=carl" + shows(l.ca, "carl"), `FATAL:  role "carl" does not exist`},
		login{"user=ann sslmode=verify-full", "FATAL:  connection requires a valid client certificate"},
		login{"user=ann" + shows(other, "ann"), "unknown ca"},
		login{"user=ann sslmode=disable", `FATAL:  connections without TLS are not allowed for user "ann"`},
	)
	l.configure(t, fmt.Sprintf("tls: { clientcert: verify-full }\nusers: [ { name: ann, password: %q }, { name: bob, password: %q } ]\n", verifier(t, "secret"), verifier(t, "secret")))
	l.hangUp(t, "users, passwords and certificates read again")
	l.expect(
		t,
		login{"user=ann password=secret" + shows(l.ca, "ann"), "ann"},
		login{"user=ann password=other" + shows(l.ca, "ann"), `FATAL:  password authentication failed for user "ann"`},
		login{"user=bob password=secret" + shows(l.ca, "ann"), `FATAL:  password authentication failed for user "bob"`},
		login{"user=bob password=secret sslmode=verify-full", "FATAL:  connection requires a valid client certificate"},
	)
}

// hangUp sends SIGHUP and waits for a line of the log.
func (l *accessLab) hangUp(t *testing.T, line string) {
	t.Helper()
	before := strings.Count(l.Logs.String(), line)
	if err := l.Cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); strings.Count(l.Logs.String(), line) == before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no line %q in the log:\n%s", line, l.Logs)
		}
	}
}

// TestAccessReloadCatalogs gives a user another role under a session with temporary tables: its system relations are the
// new role's.
func TestAccessReloadCatalogs(t *testing.T) {
	t.Parallel()
	const config = "roles: { watcher: { grants: [ monitor ] }, plain: { grants: [ select on all tables ] } }\nusers: [ { name: sue, role: %s } ]\n"
	l := newAccessLab(t, fmt.Sprintf(config, "watcher"))
	u, err := url.Parse(l.URL)
	if err != nil {
		t.Fatal(err)
	}
	c, err := pgx.Connect(t.Context(), "host=127.0.0.1 user=sue dbname=tidegate sslmode=disable port="+u.Port())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
	const shown = "select string_agg(rolname, ' ' order by rolname) from pg_roles where rolname in ('watcher', 'plain')"
	table(t, c, "create temp table own (a int)")
	if got := one(t, c, shown); got != "plain watcher" {
		t.Errorf("watcher sees %s", got)
	}
	l.configure(t, fmt.Sprintf(config, "plain"))
	l.hangUp(t, "users, passwords and certificates read again")
	if got := one(t, c, shown); got != "plain" {
		t.Errorf("plain sees %s", got)
	}
	if got := one(t, c, "select count(*) from pg_class where relname = 'own'"); got != "1" {
		t.Errorf("want the temporary table once, got %s", got)
	}
}

// TestAccessReload changes certificate and password under a session that goes on.
func TestAccessReload(t *testing.T) {
	t.Parallel()
	const config = "tls: { required: true }\nusers: [ { name: sue, password: %q } ]\n"
	l := newAccessLab(t, fmt.Sprintf(config, verifier(t, "first")))
	u, err := url.Parse(l.URL)
	if err != nil {
		t.Fatal(err)
	}
	connect := func(password string) (*pgx.Conn, error) {
		c, err := pgx.ParseConfig("host=127.0.0.1 user=sue dbname=tidegate sslmode=verify-full channel_binding=require sslrootcert=" + l.ca.File("ca.crt") + " port=" + u.Port() + " password=" + password)
		if err != nil {
			t.Fatal(err)
		}
		return pgx.ConnectConfig(t.Context(), c)
	}
	old, err := connect("first")
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close(context.WithoutCancel(t.Context()))
	certificate := func(c *pgx.Conn) string {
		return c.PgConn().Conn().(interface{ ConnectionState() tls.ConnectionState }).ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	before := certificate(old)

	l.configure(t, "tls: { required: true }\nusers: [ { name: sue, password: nonsense } ]\n")
	l.hangUp(t, "configuration not read again")
	if c, err := connect("first"); err != nil {
		t.Errorf("after a configuration that is wrong: %v", err)
	} else if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}

	l.ca.Server("server")
	l.configure(t, fmt.Sprintf(config, verifier(t, "second")))
	l.hangUp(t, "users, passwords and certificates read again")
	if got := one(t, old, "select current_user"); got != "sue" {
		t.Errorf("the old session says %s", got)
	}
	if _, err := connect("first"); err == nil || !strings.Contains(err.Error(), "28P01") {
		t.Errorf("the old password: %v", err)
	}
	c, err := connect("second")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.WithoutCancel(t.Context()))
	if certificate(c) == before {
		t.Error("the certificate is the old one")
	}
}
