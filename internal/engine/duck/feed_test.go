package duck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tidegate/internal/engine"
	"tidegate/internal/engine/duck/udf"
	"tidegate/internal/engine/enginetest"
)

func feedColumns() []engine.FeedColumn {
	return []engine.FeedColumn{{Name: "n", Type: "BIGINT"}, {Name: "i", Type: "INTEGER"}, {Name: "s", Type: "VARCHAR"}}
}

func withFeed(t *testing.T, db *DB, threads int) engine.Feed {
	t.Helper()
	f, err := db.Feed(t.Context(), feedColumns(), threads)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// fed adds rows from to to, not all in chunks that are full, and counts the chunks that come back.
func fed(ctx context.Context, f engine.Feed, from, to int, back *atomic.Int64) (added int64, err error) {
	for n := from; n < to; {
		b := engine.NewBuilder([]engine.Physical{engine.PhysicalI64, engine.PhysicalI32, engine.PhysicalString})
		for ; n < to && !b.Full() && b.Rows() < 300+n%3000; n++ {
			setRow(b, n)
			b.Keep()
		}
		c := b.Chunk()
		done := func() {
			back.Add(1)
			for i := range c.Texts() { // whoever still looks at them sees it
				c.Texts()[i] = '!'
			}
		}
		if err := f.Add(ctx, c, done); err != nil {
			return added, err
		}
		added++
	}
	return added, nil
}

// TestFeed has a statement read what several goroutines add, with one thread and with several.
func TestFeed(t *testing.T) {
	t.Parallel()
	for _, threads := range []int{1, 3} {
		t.Run(strconv.Itoa(threads), func(t *testing.T) {
			t.Parallel()
			db := open(t, Options{Threads: 4})
			s := session(t, db)
			if _, err := s.Exec(t.Context(), "CREATE TABLE t (n BIGINT, i INTEGER, s VARCHAR)"); err != nil {
				t.Fatal(err)
			}
			f := withFeed(t, db, threads)
			const writers, each = 4, 30_000
			var wg sync.WaitGroup
			var added, back atomic.Int64
			for w := range writers {
				wg.Go(func() {
					n, err := fed(t.Context(), f, w*each, (w+1)*each, &back)
					if err != nil {
						t.Error(err)
					}
					added.Add(n)
				})
			}
			go func() {
				wg.Wait()
				f.End()
			}()
			tally := db.Tally()
			defer tally.Close()
			n, err := s.Exec(t.Context(), "INSERT INTO t SELECT n, i, s FROM "+f.Relation()+" WHERE "+tally.Of("s LIKE '%long%' OR i IS NULL"))
			f.Close()
			if err != nil {
				t.Fatal(err)
			}
			if n+tally.Others() != writers*each {
				t.Errorf("%d rows and %d others", n, tally.Others())
			}
			if back.Load() != added.Load() {
				t.Errorf("%d chunks came back of %d", back.Load(), added.Load())
			}
			want := fmt.Sprintf(`SELECT * FROM (SELECT n, CASE WHEN n %% 5 <> 0 THEN (n * 3)::INTEGER END AS i,
				CASE WHEN n %% 3 = 1 THEN 'short' || n %% 10 WHEN n %% 3 = 2 THEN repeat('é', (n %% 40)::INTEGER) || ' long enough' END AS s
				FROM range(%d) r(n)) WHERE s LIKE '%%long%%' OR i IS NULL`, writers*each)
			for _, query := range []string{want, "FROM t INTERSECT " + want} {
				if got := firstValue(t, s, "SELECT count(*) FROM ("+query+")"); got != strconv.FormatInt(n, 10) {
					t.Errorf("%s: %s rows, not %d", query, got, n)
				}
			}
		})
	}
}

// TestFeedIsReadAtOnce has threads wait for each other in a statement that puts rows into a table.
func TestFeedIsReadAtOnce(t *testing.T) {
	t.Parallel()
	const threads = 3
	var within atomic.Int64
	met := make(chan struct{})
	meet := udf.Of1("t_meet", func(n int64) (int64, error) {
		if within.Add(1) == threads {
			close(met)
		}
		select {
		case <-met:
			return n, nil
		case <-time.After(20 * time.Second):
			return 0, errors.New("alone")
		}
	})
	db := open(t, Options{Threads: threads + 1, Functions: []udf.Function{meet}})
	f := withFeed(t, db, threads)
	ended := reading(t.Context(), session(t, db), f, "CREATE TABLE t AS SELECT t_meet(n) AS n FROM "+f.Relation())
	var back atomic.Int64
	_, err := fed(t.Context(), f, 0, 40_000, &back)
	f.End()
	if err := errors.Join(err, <-ended); err != nil {
		t.Fatal(err)
	}
}

// reading runs a statement and closes the feed behind it.
func reading(ctx context.Context, s engine.Session, f engine.Feed, statement string) (ended chan error) {
	ended = make(chan error, 1)
	go func() {
		_, err := s.Exec(ctx, statement)
		f.Close()
		ended <- err
	}()
	return ended
}

// TestFeedIsJoined looks whether a hash table is made of the other side: of all rows of a feed there would be one in memory.
func TestFeedIsJoined(t *testing.T) {
	t.Parallel()
	db := open(t, Options{Threads: 4})
	s := session(t, db)
	if _, err := s.Exec(t.Context(), "CREATE TABLE names AS SELECT n, 'name ' || n AS name FROM range(100000) r(n)"); err != nil {
		t.Fatal(err)
	}
	for _, threads := range []int{1, 3} {
		f := withFeed(t, db, threads)
		rows, err := s.Query(t.Context(), "EXPLAIN SELECT f.*, name FROM "+f.Relation()+" AS f LEFT JOIN names USING (n)")
		if err != nil {
			t.Fatal(err)
		}
		if plan := enginetest.Table(t, rows)[0][1]; !strings.Contains(plan, "Join Type: LEFT") {
			t.Errorf("with %d threads:\n%s", threads, plan)
		}
		f.Close()
	}
}

// TestFeedsShareAThread has statements that wait for records of others run on the one thread that there is.
func TestFeedsShareAThread(t *testing.T) {
	t.Parallel()
	db := open(t, Options{Threads: 1})
	const feeds, rows = 3, 20_000
	var ended []chan error
	var all []engine.Feed
	for i := range feeds {
		f := withFeed(t, db, 1)
		all = append(all, f)
		ended = append(ended, reading(t.Context(), session(t, db), f, fmt.Sprintf("CREATE TABLE t%d AS SELECT * FROM %s", i, f.Relation())))
	}
	var back atomic.Int64
	for from := 0; from < rows; from += rows / 4 {
		for _, f := range all {
			if _, err := fed(t.Context(), f, from, from+rows/4, &back); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, f := range all {
		f.End()
		if err := <-ended[i]; err != nil {
			t.Error(err)
		}
	}
}

// TestFeedOfAStatementThatFails lets go of those who add, also while another thread waits for more.
func TestFeedOfAStatementThatFails(t *testing.T) {
	t.Parallel()
	db := open(t, Options{Threads: 4})
	f := withFeed(t, db, 3)
	ended := reading(t.Context(), session(t, db), f, "CREATE TEMP TABLE t AS SELECT CASE WHEN n = 123456 THEN error('no') END AS y FROM "+f.Relation())
	var back atomic.Int64
	if _, err := fed(t.Context(), f, 0, 1<<40, &back); !errors.Is(err, engine.ErrNotRead) {
		t.Errorf("who adds gets %v", err)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "no") {
		t.Errorf("the statement ended with %v", err)
	}
}

// TestFeedIsGivenUp ends a statement that would take half a minute with a context, and whoever adds with it.
func TestFeedIsGivenUp(t *testing.T) {
	t.Parallel()
	slow := udf.Of1("t_slow", func(n int64) (int64, error) {
		time.Sleep(time.Millisecond)
		return n, nil
	})
	db := open(t, Options{Threads: 2, Functions: []udf.Function{slow}})
	f := withFeed(t, db, 1)
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := reading(ctx, session(t, db), f, "CREATE TEMP TABLE t AS SELECT t_slow(n) AS n FROM "+f.Relation())
	time.AfterFunc(20*time.Millisecond, func() { cancel(io.ErrNoProgress) })
	var back atomic.Int64
	if _, err := fed(ctx, f, 0, 30_000, &back); !errors.Is(err, io.ErrNoProgress) && !errors.Is(err, engine.ErrNotRead) {
		t.Errorf("who adds gets %v", err)
	}
	f.End()
	if err := <-ended; !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("the statement ended with %v", err)
	}
}

// TestFeedRefuses what is not of its columns.
func TestFeedRefuses(t *testing.T) {
	t.Parallel()
	db := open(t, Options{})
	s := session(t, db)
	if _, err := db.Feed(t.Context(), []engine.FeedColumn{{Name: "a", Type: "NOTHING"}}, 1); err == nil || !strings.Contains(err.Error(), "NOTHING") {
		t.Errorf("an unknown type: %v", err)
	}
	f := withFeed(t, db, 1)
	wide := engine.NewBuilder([]engine.Physical{engine.PhysicalI64})
	wide.Keep()
	if err := f.Add(t.Context(), wide.Chunk(), func() {}); err != nil {
		t.Fatal(err)
	}
	f.End()
	if _, err := s.Exec(t.Context(), "CREATE TABLE t AS SELECT * FROM "+f.Relation()); err == nil || !strings.Contains(err.Error(), "feed of 3 columns") {
		t.Errorf("columns that are missing: %v", err)
	}
	relation := f.Relation()
	f.Close()
	if _, err := s.Exec(t.Context(), "SELECT * FROM "+relation); err == nil || !strings.Contains(err.Error(), "there is no table") {
		t.Errorf("a feed that is closed: %v", err)
	}
}

// TestTally counts conditions that are constant, and in the places where DuckDB moves them.
func TestTally(t *testing.T) {
	t.Parallel()
	db := open(t, Options{Threads: 4})
	s := session(t, db)
	const rows = 100_000
	if _, err := s.Exec(t.Context(), fmt.Sprintf("CREATE TABLE t AS SELECT n, CASE WHEN n %% 10 <> 0 THEN n %% 7 END AS k FROM range(%d) r(n)", rows)); err != nil {
		t.Fatal(err)
	}
	const joined = "t LEFT JOIN (SELECT i, 'x' || i AS name FROM range(5) r(i)) l ON l.i = t.k"
	for _, c := range []struct{ from, where string }{
		{"t", "true"}, {"t", "false"}, {"t", "NULL"}, {"t", "k > 2"}, {"t", "k > 2 AND n < 0"}, {joined, "t.k > 2"}, {joined, "name IS NULL"}, {joined, "name = 'x3'"}, {joined, "name IS NOT NULL"},
	} {
		tally := db.Tally()
		kept := firstValue(t, s, "SELECT count(*) FROM (SELECT n FROM "+c.from+" WHERE "+tally.Of(c.where)+")")
		others := firstValue(t, s, "SELECT count(*) FROM "+c.from+" WHERE NOT coalesce("+c.where+", false)")
		if got := strconv.FormatInt(tally.Others(), 10); got != others || others == kept {
			t.Errorf("%s WHERE %s: %s others, want %s, beside %s rows", c.from, c.where, got, others, kept)
		}
		tally.Close()
	}
}
