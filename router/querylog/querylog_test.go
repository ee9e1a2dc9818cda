package querylog

import (
	"bytes"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openTest(t *testing.T, path string, l limits) (*Log, *lockedBuffer) {
	t.Helper()
	var text lockedBuffer
	log, err := open(path, slog.New(slog.NewTextHandler(&text, nil)), l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	return log, &text
}

// lockedBuffer is a log's text while the writer goroutine writes it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func line(i int) Entry {
	return Entry{
		QueryID: fmt.Sprintf("q%d", i), StartedAt: time.Date(2018, 2, 15, 3, 0, 0, i*1000, time.UTC), User: "demo",
		Route: "cold", Reason: "column user_agent is not hot", Latency: "interactive", Rows: int64(i), BytesScanned: 1 << 40,
		BytesFetched: 7, Elapsed: 1234567 * time.Nanosecond, Generation: 12, AsOf: time.Date(2018, 2, 15, 2, 0, 0, 0, time.UTC),
		SQLState: "57014", Fingerprint: "0123456789abcdef", Query: "select 'あ' || $1",
	}
}

func entries(t *testing.T, l *Log, limit int) []Entry {
	t.Helper()
	got, err := l.Entries(t.Context(), limit)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// slow is a writer that would take an hour: what Entries and Close give is what they flush themselves.
func slow() limits { return limits{keep: 100, queue: 50, gather: time.Hour} }

func TestEntriesSeeTheLastLine(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "query_log?.db")
	l, _ := openTest(t, path, slow())
	refused := Entry{QueryID: "refused", SQLState: "42601"}
	l.Record(line(1))
	l.Record(refused)
	if diff := cmp.Diff([]Entry{refused, line(1)}, entries(t, l, 10)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	l.Record(line(2))
	if diff := cmp.Diff([]Entry{line(2)}, entries(t, l, 1)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	l.Record(line(3))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again, _ := openTest(t, path, slow())
	if diff := cmp.Diff([]Entry{line(3), line(2), refused, line(1)}, entries(t, again, 10)); diff != "" {
		t.Errorf("after Close and Open (-want +got):\n%s", diff)
	}
}

func TestWriterWritesByItself(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "query_log.db")
	l, _ := openTest(t, path, limits{keep: 100, queue: 50, gather: time.Millisecond})
	reader, _ := openTest(t, path, slow())
	l.Record(line(1))
	for len(entries(t, reader, 1)) == 0 { // the test's timeout bounds it
		runtime.Gosched()
	}
}

func TestOldLinesGo(t *testing.T) {
	t.Parallel()
	l, _ := openTest(t, filepath.Join(t.TempDir(), "query_log.db"), slow())
	for i := range 250 {
		l.Record(line(i))
		if i%40 == 0 {
			entries(t, l, 1)
		}
	}
	got := entries(t, l, 1000)
	if len(got) != 100 || got[0].QueryID != "q249" || got[99].QueryID != "q150" {
		t.Errorf("%d lines from %s to %s", len(got), got[0].QueryID, got[len(got)-1].QueryID)
	}
	if l.Dropped() != 0 {
		t.Errorf("%d lines dropped", l.Dropped())
	}
}

func TestFullQueueCounts(t *testing.T) {
	t.Parallel()
	l, text := openTest(t, filepath.Join(t.TempDir(), "query_log.db"), slow())
	for i := range 60 {
		l.Record(line(i))
	}
	if l.Dropped() != 10 {
		t.Errorf("%d lines dropped, want 10", l.Dropped())
	}
	if got := entries(t, l, 100); len(got) != 50 || got[0].QueryID != "q49" {
		t.Errorf("%d lines, newest %s", len(got), got[0].QueryID)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "query log lost lines") || !strings.Contains(text.String(), "lines=10") {
		t.Errorf("log: %s", text)
	}
	l.Record(line(61))
	if l.Dropped() != 11 {
		t.Errorf("%d lines dropped after Close, want 11", l.Dropped())
	}
}

func TestFileThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	l, _ := openTest(t, filepath.Join(t.TempDir(), "query_log.db"), slow())
	if _, err := l.file.db.ExecContext(t.Context(), `DROP TABLE query_log`); err != nil {
		t.Fatal(err)
	}
	l.Record(line(1))
	if _, err := l.Entries(t.Context(), 10); err == nil || !strings.Contains(err.Error(), "write 1 lines of the query log") {
		t.Errorf("Entries: %v", err)
	}
	if l.Dropped() != 1 {
		t.Errorf("%d lines dropped, want 1", l.Dropped())
	}
}

func TestConcurrentSessions(t *testing.T) {
	t.Parallel()
	const sessions, each = 8, 100
	l, _ := openTest(t, filepath.Join(t.TempDir(), "query_log.db"), limits{keep: 10_000, queue: 10_000, gather: time.Millisecond})
	var wg sync.WaitGroup
	for s := range sessions {
		wg.Go(func() {
			for i := range each {
				e := line(s*each + i)
				l.Record(e)
				if i%10 != 0 {
					continue
				}
				got, err := l.Entries(t.Context(), sessions*each)
				if err != nil || !slices.ContainsFunc(got, func(g Entry) bool { return g.QueryID == e.QueryID }) {
					t.Errorf("session %d does not find its own query %s: %v", s, e.QueryID, err)
				}
			}
		})
	}
	wg.Wait()
	if got := entries(t, l, 10_000); len(got) != sessions*each || l.Dropped() != 0 {
		t.Errorf("%d lines, %d dropped", len(got), l.Dropped())
	}
}

func TestUnknownSchemaIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "query_log.db")
	l, _ := openTest(t, path, slow())
	if _, err := l.file.db.ExecContext(t.Context(), `PRAGMA user_version = 99`); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("Open: %v", err)
	}
}
