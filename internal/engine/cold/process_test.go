package cold_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/storage/colcache"
	"tidegate/internal/storage/storagetest"
	"tidegate/internal/testkit"
)

// childDir tells a process of this test binary that it is a child, and where it works.
const childDir = "TIDEGATE_TEST_COLD_CHILD"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// child runs one test of this binary in a process of its own.
func child(t *testing.T, dir, test string, before ...string) *exec.Cmd {
	t.Helper()
	args := slices.Concat(before, []string{os.Args[0], "-test.run", "^" + test + "$", "-test.count=1"})
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	return cmd
}

// crashLake writes the files of TestKilledWhileFetching.
func crashLake(t *testing.T, l *lab) {
	t.Helper()
	for i := range 6 {
		l.write(t, fmt.Sprintf("%d.parquet", i), events(i, 20_000), "COMPRESSION uncompressed, ROW_GROUP_SIZE 5000")
	}
}

// TestKilledWhileFetching kills processes that fetch, at seeded moments, and asks in the folder that each left: every
// answer must be right.
func TestKilledWhileFetching(t *testing.T) { //nolint:tparallel // one process at a time has the folder
	t.Parallel()
	const rounds, seed = 8, 4
	dir := t.TempDir()
	l := newLab(t, dir)
	crashLake(t, l)
	random := rand.New(rand.NewPCG(seed, 0))
	var kept int
	for round := range rounds {
		cmd := child(t, dir, "TestFetchUntilKilled")
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for range 2 + random.IntN(180) { // a line is a request
			if !lines.Scan() {
				t.Fatalf("round %d: the child ended: %v", round, cmd.Wait())
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed
		kept += checkLeft(t, l)
	}
	t.Logf("%d rounds, %d bytes kept", rounds, kept)
	if kept == 0 {
		t.Error("no round left anything in the cache: nothing was tested")
	}
}

// checkLeft opens the folder that a killed process left and gives the bytes that it kept.
func checkLeft(t *testing.T, l *lab) int {
	t.Helper()
	names := []string{"id", "site", "url", "ts", "r", "x", "nl", "h"}
	var kept int
	t.Run("look", func(t *testing.T) {
		l.open(t, colcache.Options{})
		kept = int(l.cache.Present(objectsOf(with(l.files, names...))))
		for _, c := range names {
			l.same(t, c, "SELECT count("+c+"), sum(hash("+c+")) FROM SOURCE", l.files, c)
		}
	})
	if err := os.RemoveAll(filepath.Join(l.dir, "cache")); err != nil {
		t.Fatal(err)
	}
	return kept
}

func objectsOf(files []engine.ScanFile) []colcache.Object {
	var all []colcache.Object
	for _, f := range files {
		all = append(all, colcache.Object{Key: f.Key, ETag: f.ETag, Size: f.Size, Columns: f.Columns})
	}
	return all
}

// TestFetchUntilKilled is the child of TestKilledWhileFetching: it fetches column after column and says each request.
func TestFetchUntilKilled(t *testing.T) {
	t.Parallel()
	dir := os.Getenv(childDir)
	if dir == "" {
		return // alone it is no test
	}
	l := newLab(t, dir)
	for i := range 6 {
		l.adopt(t, fmt.Sprintf("%d.parquet", i))
	}
	l.bucket.Next = func(storagetest.Request) storagetest.Fault {
		_, _ = os.Stdout.WriteString("request\n")
		return storagetest.None
	}
	l.open(t, colcache.Options{Fetches: 3})
	for _, c := range []string{"id", "h", "url", "r", "site", "ts", "x", "nl"} {
		s := l.statement("SELECT count("+c+") FROM SOURCE", l.files, columnsOf(c))
		if _, err := answer(t.Context(), l.engine, s); err != nil {
			t.Fatal(err)
		}
	}
	for { // until the parent has read enough and kills
		_, _ = os.Stdout.WriteString("all fetched\n")
	}
}

// TestFullDisk runs in a name space of its own with the cache on a disk of 1 MB, a part of what MaxBytes allows.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv(childDir); dir != "" {
		queryOnSmallDisk(t, dir)
		return
	}
	testkit.Require(t, "the cache on a full disk", "unshare", "mount")
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "cache"), 0o700); err != nil {
		t.Fatal(err)
	}
	script := `mount -t tmpfs -o size=1m tmpfs "$` + childDir + `/cache" && exec "$@"`
	out, err := child(t, dir, "TestFullDisk", "unshare", "-r", "-m", "sh", "-c", script, "sh").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func queryOnSmallDisk(t *testing.T, dir string) {
	t.Helper()
	l := newLab(t, dir)
	for i := range 4 {
		l.write(t, fmt.Sprintf("%d.parquet", i), events(i, 8000), "COMPRESSION uncompressed, ROW_GROUP_SIZE 4000")
	}
	l.open(t, colcache.Options{})
	q := "SELECT sum(id), min(h), max(url) FROM SOURCE" // about 400 kB a file
	all := l.statement(q, l.files, columnsOf("id", "h", "url"))
	for range 2 {
		_, err := answer(t.Context(), l.engine, all)
		if pgerr.CodeOf(err) != pgerr.DiskFull {
			t.Errorf("all files at once: %v, want %s", err, pgerr.DiskFull)
		}
		for i := range l.files { // each fits alone, when others leave
			l.same(t, "one file", q, l.files[i:i+1], "id", "h", "url")
		}
	}
}
