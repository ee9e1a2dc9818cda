package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/catalog/catalogtest"
	"tidegate/catalog/postgres"
	"tidegate/internal/pgerr"
	"tidegate/internal/testkit"
)

// throughProxy is the URL of the catalog in a schema behind a proxy.
func throughProxy(p *testkit.Proxy, schema string) string { return p.URL() + "&search_path=" + schema }

// TestCommitThatNobodyAnswers loses the COMMIT of a change, or the answer to it: the change is made once.
func TestCommitThatNobodyAnswers(t *testing.T) {
	t.Parallel()
	cluster := testkit.Postgres(t)
	for _, c := range []struct {
		name string
		fate testkit.Fate
	}{{"COMMIT lost", testkit.Drop}, {"answer lost", testkit.DropReply}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var armed atomic.Bool
			proxy := testkit.NewProxy(t, cluster, func(data []byte) testkit.Fate {
				if bytes.Contains(data, []byte("commit\x00")) && armed.CompareAndSwap(true, false) {
					return c.fate
				}
				return testkit.Forward
			})
			s := open(t, throughProxy(proxy, fmt.Sprintf("commit_%d", c.fate)))
			for want := int64(1); want <= 3; want++ {
				armed.Store(true)
				seq, err := s.Reserve(t.Context(), catalogtest.Events())
				if err != nil || seq != want || armed.Load() {
					t.Fatalf("seq %d, %v, want %d; a COMMIT was there: %v", seq, err, want, !armed.Load())
				}
			}
		})
	}
}

// disturbed is what a catalog holds after some changes of every kind.
func disturbed(ctx context.Context, s catalog.Store) (state string, err error) {
	now := time.Date(2018, 2, 15, 0, 0, 0, 0, time.UTC)
	table := catalogtest.Events()
	seq, err := s.Reserve(ctx, table)
	if err != nil {
		return "", err
	}
	lease, err := s.Lease(ctx, catalog.Lease{
		Table: table, Piece: "b1", Owner: "o", Until: now.Add(time.Minute), Inputs: []catalog.Input{{Key: "raw/b1.gz", ETag: "e-b1"}},
	}, now)
	if err != nil {
		return "", err
	}
	r := catalogtest.Record("b1", seq, catalogtest.Partition{Value: "dt=2018-02-15", Rows: []int64{1, 2}})
	if _, err := s.Publish(ctx, r, lease); err != nil {
		return "", err
	}
	load, err := s.ReserveLoad(ctx, table, 1)
	if err != nil {
		return "", err
	}
	pair := catalog.Pair{Batch: "b1", Partition: "dt=2018-02-15"}
	if _, err := s.Cover(ctx, catalog.Cover{Table: table, HotColumns: []string{"site_id"}, Add: map[catalog.Pair]int64{pair: load}}); err != nil {
		return "", err
	}
	if err := s.Raise(ctx, catalog.Incident{Table: table, Kind: catalog.IncidentFailure, Text: "x", SeenAt: now}); err != nil {
		return "", err
	}
	v, err := s.View(ctx)
	if err != nil {
		return "", err
	}
	leases, err := s.Leases(ctx, table)
	if err != nil {
		return "", err
	}
	open, err := s.Incidents(ctx, time.Time{})
	if err != nil {
		return "", err
	}
	if err := s.ReleaseLease(ctx, lease); err != nil {
		return "", err
	}
	tv := v.Tables[table]
	return fmt.Sprint(seq, load, v.Generation, len(tv.Files), tv.Hot.Covered, len(leases), len(open)), nil
}

// TestEveryMessageLost breaks the connection at each message of a client in turn, before the server has it and before its
// answer is there; make crash at every one.
func TestEveryMessageLost(t *testing.T) {
	t.Parallel()
	cluster := testkit.Postgres(t)
	var sent, at atomic.Int64
	var fate atomic.Int64
	proxy := testkit.NewProxy(t, cluster, func([]byte) testkit.Fate {
		if sent.Add(1) == at.Load() {
			return testkit.Fate(fate.Load())
		}
		return testkit.Forward
	})
	runs := 0
	run := func() (string, error) {
		runs++
		s, err := postgres.Open(t.Context(), throughProxy(proxy, fmt.Sprintf("run_%d", runs)))
		if err != nil {
			return "", err
		}
		sent.Store(0)
		state, err := disturbed(t.Context(), s)
		return state, errors.Join(err, s.Close())
	}
	want, err := run()
	if err != nil {
		t.Fatal(err)
	}
	messages := sent.Load()
	if messages < 40 {
		t.Fatalf("%d messages only", messages)
	}
	step := int64(11)
	if os.Getenv("TIDEGATE_TEST_CRASH_CASES") != "" {
		step = 1
	}
	for _, f := range []testkit.Fate{testkit.Drop, testkit.DropReply} {
		fate.Store(int64(f))
		for n := 1 + int64(f); n <= messages; n += step {
			at.Store(n)
			got, err := run()
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("message %d lost as %d: %v (-want +got):\n%s", n, f, err, diff)
			}
		}
		at.Store(0)
	}
}

func TestServerAway(t *testing.T) {
	t.Parallel()
	proxy := testkit.NewProxy(t, testkit.Postgres(t), nil)
	s := open(t, throughProxy(proxy, "away"))
	if _, err := s.View(t.Context()); err != nil {
		t.Fatal(err)
	}
	proxy.SetDown(true)
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := s.Reserve(short, catalogtest.Events()); err == nil {
		t.Error("a seq although the server is away")
	}
	if _, err := s.View(short); err == nil {
		t.Error("a view although the server is away")
	}
	back := time.AfterFunc(time.Second, func() { proxy.SetDown(false) })
	defer back.Stop()
	if seq, err := s.Reserve(t.Context(), catalogtest.Events()); err != nil || seq != 1 {
		t.Errorf("after the server is back: seq %d, %v", seq, err)
	}
	if _, err := s.View(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestPatienceIsShared asks while somebody else has been asking a server that is away: both are told what is the matter
// after about ten seconds.
func TestPatienceIsShared(t *testing.T) {
	t.Parallel()
	proxy := testkit.NewProxy(t, testkit.Postgres(t), nil)
	s := open(t, throughProxy(proxy, "patient"))
	proxy.SetDown(true)
	type end struct {
		took time.Duration
		err  error
	}
	ends := make(chan end)
	for i := range 2 {
		began := time.AfterFunc(time.Duration(i)*2*time.Second, func() {
			came := time.Now()
			_, err := s.View(t.Context())
			ends <- end{time.Since(came), err}
		})
		defer began.Stop()
	}
	for range 2 {
		if e := <-ends; pgerr.CodeOf(e.err) != pgerr.CannotConnectNow || e.took > 16*time.Second {
			t.Errorf("after %s: %v", e.took, e.err)
		}
	}
}

// TestPasswordIsNotTold looks for it in what errors and names say.
func TestPasswordIsNotTold(t *testing.T) {
	t.Parallel()
	proxy := testkit.NewProxy(t, testkit.Postgres(t), nil)
	s := open(t, strings.Replace(throughProxy(proxy, "secret"), "postgres@", "postgres:hidden@", 1))
	proxy.SetDown(true)
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := s.Horizon(short)
	if err == nil || strings.Contains(err.Error(), "hidden") || !strings.Contains(err.Error(), "search_path=secret") {
		t.Errorf("the error is %v", err)
	}
	if err := postgres.Check("postgres://u:hid@den@host/d"); err == nil || strings.Contains(err.Error(), "den") {
		t.Errorf("of an @ in the password: %v", err)
	}
}
