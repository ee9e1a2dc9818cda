package gateway

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

// talk sends one simple query and gives the answer, a line per message.
func talk(t *testing.T, f *pgproto3.Frontend, text string) []string {
	t.Helper()
	f.SendQuery(&pgproto3.Query{String: text})
	var got []string
	readUntilReady(t, f, func(line string) { got = append(got, queryID.ReplaceAllString(line, "(query ID)")) })
	return got
}

var queryID = regexp.MustCompile(`\(query [0-9a-z]+-[0-9]+\)`)

func TestErrors(t *testing.T) {
	t.Parallel()
	released := make(chan struct{}, 10)
	d := serve(t, map[string]*script{
		"select faulty": count(3, 2, pgerr.New(pgerr.DivisionByZero, "division by zero").At(4)),
		"select secret": count(0, 1, errors.New("open /the/path/of/something: permission denied")),
		"select no": {
			refuse: pgerr.New(pgerr.ConfigurationLimit, "too many bytes").WithHint("a predicate on ts would help").WithDetail("1 TB"),
			plan:   engine.Plan{Route: engine.RouteCold, Reason: "over max_scan", Release: func() { released <- struct{}{} }},
		},
		"select noisy": {
			columns: numberColumns,
			query:   func(context.Context) (engine.Rows, error) { return &numbers{n: 1, size: 1}, nil },
			plan: engine.Plan{
				Route: engine.RouteHot, Reason: "all columns are hot", Bytes: 100, CachedBytes: 40, Generation: 9, Latency: "standard",
				Notices: []engine.Notice{{Severity: "NOTICE", Code: "00000", Message: "column user_agent is not hot"}},
				Release: func() { released <- struct{}{} },
			},
		},
		"select broken": {
			query: func(context.Context) (engine.Rows, error) { panic("an invariant") },
			plan:  engine.Plan{Release: func() { released <- struct{}{} }},
		},
	})
	_, f := d.raw(t)
	for _, c := range []struct {
		text string
		want []string
	}{
		{"select faulty", []string{
			"RowDescription n:20:8:-1:0", `DataRow "0"`, `DataRow "1"`, `DataRow "2"`,
			"ErrorResponse ERROR 22012 division by zero at 4", "ReadyForQuery I",
		}},
		{"select secret", []string{"RowDescription n:20:8:-1:0", "ErrorResponse ERROR XX000 internal error (query ID)", "ReadyForQuery I"}},
		{"select no", []string{"ErrorResponse ERROR 53400 too many bytes DETAIL: 1 TB HINT: a predicate on ts would help", "ReadyForQuery I"}},
		{"select noisy", []string{
			"NoticeResponse NOTICE 00000 column user_agent is not hot",
			"RowDescription n:20:8:-1:0", `DataRow "0"`, "CommandComplete SELECT 1", "ReadyForQuery I",
		}},
		{"set client_min_messages = warning", []string{"CommandComplete SET", "ReadyForQuery I"}},
		{"select noisy", []string{"RowDescription n:20:8:-1:0", `DataRow "0"`, "CommandComplete SELECT 1", "ReadyForQuery I"}},
		{"select broken", []string{"ErrorResponse FATAL XX000 internal error (query ID)", "closed"}},
	} {
		if diff := cmp.Diff(c.want, talk(t, f, c.text)); diff != "" {
			t.Errorf("%s: %s", c.text, diff)
		}
	}
	for range 4 {
		await(t, "release of a plan", released)
	}
	_, f = d.raw(t)
	if got := talk(t, f, "show timezone"); len(got) != 4 {
		t.Errorf("after a panic in another session: %q", got)
	}
	want := []Entry{
		{Rows: 3, Code: pgerr.DivisionByZero},
		{Code: pgerr.InternalError},
		{Route: engine.RouteCold, Reason: "over max_scan", Code: pgerr.ConfigurationLimit},
		{Route: engine.RouteHot, Reason: "all columns are hot", Rows: 1, BytesScanned: 100, BytesFetched: 60, Generation: 9, Latency: "standard"},
		{Route: engine.RouteHot, Reason: "all columns are hot", Rows: 1, BytesScanned: 100, BytesFetched: 60, Generation: 9, Latency: "standard"},
	}
	want = append(want, Entry{Code: pgerr.InternalError})
	opts := cmpopts.IgnoreFields(Entry{}, "ID", "Started", "Elapsed", "User", "Fingerprint", "Query")
	if diff := cmp.Diff(want, d.log.all(), opts); diff != "" {
		t.Error(diff)
	}
}

// TestLargeResult reads more rows than any buffer holds, and every one of them.
func TestLargeResult(t *testing.T) {
	t.Parallel()
	const n = 300_000
	d := serve(t, map[string]*script{"select many": count(n, 2048, nil)})
	c := d.connect(t)
	r := c.ExecParams(t.Context(), "select many", nil, nil, nil, nil)
	var next int64
	for r.NextRow() {
		if got := string(r.Values()[0]); got != strconv.FormatInt(next, 10) {
			t.Fatalf("row %d is %s", next, got)
		}
		next++
	}
	tag, err := r.Close()
	if err != nil || tag.String() != fmt.Sprintf("SELECT %d", n) {
		t.Errorf("tag %q, error %v", tag, err)
	}
}

// TestSlowReader shows that rows wait in the engine, not in the gateway, while the client does not read.
func TestSlowReader(t *testing.T) { //nolint:paralleltest // it measures the memory of the process
	rows := &numbers{n: 1 << 40, size: 2048, closed: make(chan struct{})}
	closed := rows.closed
	d := serve(t, map[string]*script{"select endless": {
		columns: numberColumns,
		query:   func(context.Context) (engine.Rows, error) { return rows, nil },
	}})
	c, f := d.raw(t)
	f.SendQuery(&pgproto3.Query{String: "select endless"})
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	receive(t, f)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 200_000 {
		receive(t, f)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("heap grew by %d bytes", grown)
	}
	c.Close() // in the middle of a write
	await(t, "the end of the rows", closed)
}

// TestNow fixes now() for a transaction and the generation for a repeatable one.
func TestNow(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex // of what the session's goroutine leaves here
	var now []time.Time
	var pinned []int64
	d := serve(t, map[string]*script{"select n": count(1, 1, nil)})
	see := func(s *State) {
		mu.Lock()
		defer mu.Unlock()
		now, pinned = append(now, s.Now), append(pinned, s.Pinned)
	}
	d.planner.(*planner).see.Store(&see)
	_, f := d.raw(t)
	for _, text := range []string{"begin isolation level repeatable read", "select n", "select n", "commit", "select n"} {
		if got := talk(t, f, text); strings.HasPrefix(got[0], "Error") {
			t.Fatal(got)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if !now[0].Equal(now[1]) || !now[2].After(now[1]) {
		t.Errorf("now() was %v", now)
	}
	if diff := cmp.Diff([]int64{0, 7, 0}, pinned); diff != "" {
		t.Error(diff)
	}
}

func TestCall(t *testing.T) {
	t.Parallel()
	d := serve(t, map[string]*script{
		"call tidegate.verify('web.events')": count(2, 2, nil),
		"call tidegate.refresh()":            {query: func(context.Context) (engine.Rows, error) { return &nothing{}, nil }},
	})
	_, f := d.raw(t)
	for text, want := range map[string][]string{
		"call tidegate.verify('web.events')": {"RowDescription n:20:8:-1:0", `DataRow "0"`, `DataRow "1"`, "CommandComplete CALL", "ReadyForQuery I"},
		"call tidegate.refresh()":            {"CommandComplete CALL", "ReadyForQuery I"},
	} {
		if diff := cmp.Diff(want, talk(t, f, text)); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

// nothing is a result without columns.
type nothing struct{ numbers }

func (*nothing) Columns() []engine.Column { return nil }
