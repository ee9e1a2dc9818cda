package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/testkit"
	"tidegate/test/program"
)

// warehouse is a running `tidegate warehouse`, which can be killed and started again.
type warehouse struct {
	t       *testing.T
	args    []string
	env     []string
	address string // the same after each start
	cmd     *exec.Cmd
}

var warehouseReady = regexp.MustCompile(`"msg":"warehouse ready","address":"([^"]+)"`)

func startWarehouse(t *testing.T, s3 *testkit.S3Server) *warehouse {
	t.Helper()
	w := &warehouse{
		t: t, address: "127.0.0.1:0", env: append(os.Environ(), s3.Environment()...),
		args: []string{"--data", filepath.Join(t.TempDir(), "warehouse"), "--s3-endpoint", s3.Endpoint},
	}
	w.SetDown(false)
	t.Cleanup(func() { w.SetDown(true) })
	return w
}

// SetDown kills the warehouse as no one could help it, or starts it again.
func (w *warehouse) SetDown(down bool) {
	if down {
		_ = w.cmd.Process.Kill()
		_ = w.cmd.Wait()
		return
	}
	w.cmd = exec.Command(binary, append([]string{"warehouse", "--listen", w.address}, w.args...)...)
	w.cmd.Env = w.env
	pipe, err := w.cmd.StderrPipe()
	if err != nil {
		w.t.Error(err)
		return
	}
	if err := w.cmd.Start(); err != nil {
		w.t.Error(err)
		return
	}
	lines := bufio.NewReader(pipe)
	for {
		line, err := lines.ReadString('\n')
		if m := warehouseReady.FindStringSubmatch(line); m != nil {
			w.address = m[1]
			go func() { _, _ = io.Copy(io.Discard, lines) }()
			return
		}
		if err != nil {
			w.t.Errorf("the warehouse does not start: %v", err)
			return
		}
	}
}

func (w *warehouse) url() string {
	return "postgres://tidegate:secret@" + w.address + "/dev?sslmode=disable"
}

// TestHotWarehouse runs the demo with its lake on S3 and the stand-in of Redshift as its hot store, kills the stand-in
// in mid-session and starts it again.
func TestHotWarehouse(t *testing.T) {
	s3 := testkit.S3(t)
	store := startWarehouse(t, s3)
	for _, variable := range s3.Environment() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	dir, bucket := t.TempDir(), s3.Bucket(t)
	writeFile(t, filepath.Join(dir, "tidegate-data/demo.yml"), fmt.Sprintf(
		"data_dir: ./tidegate-data\npipelines: ./tidegate-data/pipelines\n"+
			"lake: { location: 's3://%s/lake', s3: { endpoint: %q, path_style: true } }\n"+
			"hot: { kind: redshift, url: %q, pool: 4, iam_role: default }\n"+
			"dialect: postgres\n", // the stand-in has nothing of Redshift's SQL
		bucket, s3.Endpoint, store.url()))
	s := start(t, dir, demoArgs...)
	truth := truthOf(t, dir)
	notices := &noticeList{}
	c := notices.connect(t, s)

	t.Run("the truth is in the table", func(t *testing.T) { checkTruth(t, c, truth) })
	t.Run("hot and cold answer alike", func(t *testing.T) { checkTiers(t, c) })
	t.Run("the route is told", func(t *testing.T) { checkRoutes(t, s, c) })
	t.Run("the second stage", func(t *testing.T) { checkSiteDaily(t, c) })
	t.Run("pgx in every mode", func(t *testing.T) { checkPgx(t, s, truth) })
	t.Run("procedures", func(t *testing.T) { checkProcedures(t, s, truth, true) })
	t.Run("in binary, with a limit", func(t *testing.T) { checkHotPortal(t, c) })
	t.Run("cursors", func(t *testing.T) { checkHotCursor(t, c) })
	t.Run("a late object reaches both tiers", func(t *testing.T) { checkLateObject(t, dir, c) })
	t.Run("verify", func(t *testing.T) {
		for _, verb := range []string{"load", "status", "verify"} {
			if out := mustRun(t, dir, "hot", verb, "-c", "tidegate-data/demo.yml"); verb == "verify" && !strings.Contains(out, "web.events") {
				t.Errorf("verify says nothing of the table:\n%s", out)
			}
		}
	})
	t.Run("psql", func(t *testing.T) {
		out := psql(t, s, "/*+ tidegate engine(hot) */ select count(distinct domain) as domains from web.events")
		if want := " domains \n---------\n      20\n(1 row)\n\n"; out != want {
			t.Errorf("psql prints\n%s\nwant\n%s", out, want)
		}
	})
	t.Run("hot goes and comes back", func(t *testing.T) { checkHotDown(t, s, store, c, notices) })
	t.Run("what is committed while it is away", func(t *testing.T) {
		const query = "select count(*), sum(load_ms) from web.events where dt = '2018-02-03' and load_ms > 0"
		store.SetDown(true)
		lines := []string{}
		for i := range 10 {
			lines = append(lines, fmt.Sprintf(`{"event_id":"away-%d","ts":"2018-02-03T12:00:00Z","site_id":3,"load_ms":7}`, i))
		}
		writeObject(t, filepath.Join(dir, "tidegate-data/raw/web/2018/02/20/01/away.gz"), lines...)
		before := one(t, c, query)
		mustRun(t, dir, "etl", "run", "-c", "tidegate-data/demo.yml")
		cold := one(t, c, query)
		if cold == before {
			t.Fatalf("the new rows are not there: %s", cold)
		}
		store.SetDown(false)
		for deadline := time.Now().Add(30 * time.Second); route(t, c, query) != "hot"; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("the hot store does not come back: %s", s.Logs)
			}
		}
		if d := cmp.Diff(cold, one(t, c, query)); d != "" {
			t.Errorf("hot differs: %s", d)
		}
	})
	t.Run("altered by hand", func(t *testing.T) { checkHotAltered(t, store.url(), "tidegate_hot", c, notices) })
	s.interrupt(t)
	if left := s3.Keys(t, bucket, "lake/_stage/"); len(left) > 0 {
		t.Errorf("left in the stage: %v", left)
	}
}

// TestDemoOnStandIns runs the script of make demo LAKE=s3 HOT=warehouse, and ends it as Ctrl-C does.
func TestDemoOnStandIns(t *testing.T) {
	t.Parallel()
	testkit.S3(t) // where it is missing, the script would install it
	dir := t.TempDir()
	ports := freePorts(t, 2)
	script := exec.Command("../../examples/demo.sh", "--records", "3000", "--days", "2", "--sites", "5")
	path, err := filepath.Abs(script.Path)
	if err != nil {
		t.Fatal(err)
	}
	logs := new(program.Output)
	script.Path, script.Dir, script.Stdout, script.Stderr = path, dir, logs, logs
	script.Env = append(program.Environment(), "LAKE=s3", "HOT=warehouse", "TIDEGATE="+binary, "S3_PORT="+ports[0], "WAREHOUSE_PORT="+ports[1])
	script.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a terminal's foreground
	if err := script.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- script.Wait() }()
	t.Cleanup(func() { _ = syscall.Kill(-script.Process.Pid, syscall.SIGKILL) })
	s := server{new(program.Server)}
	for deadline := time.Now().Add(2 * time.Minute); s.URL == ""; time.Sleep(20 * time.Millisecond) {
		if m := program.ReadyLine.FindStringSubmatch(logs.String()); m != nil {
			s.URL = "postgres://demo@" + m[1] + "/tidegate"
		}
		select {
		case err := <-ended:
			t.Fatalf("the script ended: %v\n%s", err, logs)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("the demo does not serve:\n%s", logs)
		}
	}
	c := s.connect(t)
	const query = "select /*+ tidegate engine(%s) */ dt, count(*), sum(load_ms) from web.events where site_id > 0 group by 1 order by 1"
	cold := table(t, c, fmt.Sprintf(query, "cold"))
	if d := cmp.Diff(cold, table(t, c, fmt.Sprintf(query, "hot"))); d != "" || len(cold) != 2 {
		t.Errorf("hot and cold differ, or there are not two days: %s", d)
	}
	if err := syscall.Kill(-script.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("after Ctrl-C: %v\n%s", err, logs)
	}
	for _, port := range ports {
		if conn, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			_ = conn.Close()
			t.Errorf("something listens on port %s still", port)
		}
	}
}

// freePorts gives ports of the loopback that nobody listens on just now.
func freePorts(t *testing.T, n int) []string {
	t.Helper()
	var ports []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	}
	return ports
}
