package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/engine"
	"tidegate/internal/engine/spool"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// parking serves with a spool that takes what a result holds almost at once.
func parkingServer(t *testing.T, limit int64, scripts map[string]*script) (*door, *spool.Store) {
	t.Helper()
	store := spool.New(t.TempDir(), limit)
	d := serve(t, scripts, func(o *Options) { o.Spool, o.ParkAfter = store, time.Millisecond })
	d.planner.(*planner).held.Store(1 << 30)
	return d, store
}

// awaitQueues waits until so many results were moved, and their work was ended.
func awaitQueues(t *testing.T, store *spool.Store, n int64) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if made, _ := store.Stats(); made >= n {
			return
		}
	}
	t.Fatalf("no result was moved")
}

func texts(t *testing.T, c *pgconn.PgConn, query string) []string {
	t.Helper()
	results, err := c.Exec(t.Context(), query).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var rows []string
	for _, r := range results[len(results)-1].Rows {
		var cells []string
		for _, v := range r {
			if v == nil {
				v = []byte("NULL")
			}
			cells = append(cells, string(v))
		}
		rows = append(rows, strings.Join(cells, "|"))
	}
	return rows
}

// TestParkedRows reads cursors whose rows were moved away in between: they are the same, of every layout, with NULLs,
// and with no room for most of them.
func TestParkedRows(t *testing.T) {
	t.Parallel()
	const query = "select g as id, case when g % 3 > 0 then g::int2 % 1000::int2 end as small, g::int4 as whole, (g * 1.5)::numeric(12,2) as money, g::float8 / 7 as share, " +
		"g::float4 as half, g % 2 = 0 as even, case when g % 5 > 0 then repeat('long text ', (g % 20)::int) || g end as label, " +
		"date '2024-01-01' + g::int as day, timestamp '2024-01-01 00:00:00' + g * interval '1 second' as moment, g * interval '1 hour' as span, " +
		"array[g, null, g + 1] as list, array['a' || g, null] as words, null::text as nothing, " +
		"(g * 12345678901234567890.5)::numeric(38,1) as large from generate_series(1, 9000) g order by g % 97, g"
	for name, limit := range map[string]int64{"roomy": 1 << 30, "tight": 300 << 10} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, store := parkingServer(t, limit, nil)
			c := d.connect(t)
			want := texts(t, c, query)
			if len(want) != 9000 {
				t.Fatalf("%d rows", len(want))
			}
			var got []string
			texts(t, c, "begin; declare a cursor for "+query)
			for i, step := range []string{
				"fetch 10 from a", "fetch 3000 from a",
				"fetch 4000 from a", // where it is tight, past all that was moved: what is moved then comes behind a chunk half read
				"fetch 1 from a", "fetch all from a",
			} {
				got = append(got, texts(t, c, step)...)
				if i < 4 {
					awaitQueues(t, store, 1)
					time.Sleep(20 * time.Millisecond) // some of it is moved
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%.2000s", diff)
			}
			texts(t, c, "commit")
			if _, bytes := store.Stats(); bytes != 0 {
				t.Errorf("%d bytes are left", bytes)
			}
		})
	}
}

// TestScrolledRows goes over rows of every layout forward and back.
func TestScrolledRows(t *testing.T) {
	t.Parallel()
	const query = "select g, g * interval '1 day' as span, array[g, null] as list, array['text of some length ' || g] as words, " +
		"decode('00ff', 'hex') as bytes, case when g > 2 then 'é' || g end as label from generate_series(1, 4) g order by g"
	c := serve(t, nil).connect(t)
	want := texts(t, c, query)
	texts(t, c, "begin; declare a scroll cursor for "+query)
	got := texts(t, c, "fetch all from a")
	back := texts(t, c, "fetch backward all from a")
	slices.Reverse(back)
	if diff := cmp.Diff([][]string{want, want}, [][]string{got, back}); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// TestParkedEnds moves results away that end with an error, and ones that nobody reads to their end.
func TestParkedEnds(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	d, store := parkingServer(t, 1<<30, map[string]*script{
		"select faulty": {
			columns: numberColumns, plan: engine.Plan{Statement: engine.Statement{Columns: numberColumns, Memory: engine.Memory{Held: 1 << 30}}},
			query: func(context.Context) (engine.Rows, error) {
				return &numbers{n: 5000, size: 2048, err: pgerr.New(pgerr.DivisionByZero, "division by zero"), closed: closed}, nil
			},
		},
	})
	c := d.connect(t)
	texts(t, c, "begin; declare a cursor for select faulty; fetch 10 from a")
	await(t, "the end of the work", closed)
	awaitQueues(t, store, 1)
	if got := texts(t, c, "fetch 4990 from a"); len(got) != 4990 || got[4989] != "4999" {
		t.Errorf("%d rows", len(got))
	}
	_, err := c.Exec(t.Context(), "fetch 1 from a").ReadAll()
	if e, ok := errors.AsType[*pgconn.PgError](err); !ok || e.Code != string(pgerr.DivisionByZero) {
		t.Errorf("got %v", err)
	}
	texts(t, c, "rollback")
	texts(t, c, "begin; declare b cursor for select g, repeat('x', 100) from generate_series(1, 100000) g order by 1 desc; fetch 1 from b")
	awaitQueues(t, store, 2)
	texts(t, c, "close b; commit")
	if _, bytes := store.Stats(); bytes != 0 {
		t.Errorf("%d bytes are left", bytes)
	}
}

// stuckRows give one chunk, and another one never.
type stuckRows struct {
	numbers

	waits chan struct{}
}

func (x *stuckRows) Next(ctx context.Context) (*engine.Chunk, error) {
	if x.at == 0 {
		return x.numbers.Next(ctx)
	}
	close(x.waits)
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

// stuck scripts a result that holds much and gives one chunk. It tells when somebody waits for the next one, and when its
// work was ended.
func stuck() (x *script, waits, closed chan struct{}) {
	waits, closed = make(chan struct{}), make(chan struct{})
	return &script{
		columns: numberColumns, plan: engine.Plan{Statement: engine.Statement{Columns: numberColumns, Memory: engine.Memory{Held: 1 << 30}}},
		query: func(context.Context) (engine.Rows, error) {
			return &stuckRows{numbers: numbers{n: 5000, size: 2048, closed: closed}, waits: waits}, nil
		},
	}, waits, closed
}

// TestParkedGone has the client leave while a result that is moved away waits for its next rows: that work ends too.
func TestParkedGone(t *testing.T) {
	t.Parallel()
	x, waits, closed := stuck()
	d, _ := parkingServer(t, 1<<30, map[string]*script{"select stuck": x})
	c := d.connect(t)
	texts(t, c, "begin; declare a cursor for select stuck; fetch 10 from a")
	await(t, "the move", waits)
	if err := c.Conn().Close(); err != nil {
		t.Fatal(err)
	}
	await(t, "the end of the work", closed)
}

// TestParkedMeanwhile has a result that is moved away wait for its next rows. Other statements do not wait for it, and who
// wants its rows can be cancelled, or has a time.
func TestParkedMeanwhile(t *testing.T) {
	t.Parallel()
	ends := map[string]func(t *testing.T, c *pgconn.PgConn) error{
		"cancel": func(t *testing.T, c *pgconn.PgConn) error {
			t.Helper()
			stop := make(chan struct{})
			defer close(stop)
			go func() { // the session may not have begun when the first comes
				for {
					select {
					case <-stop:
						return
					case <-time.After(10 * time.Millisecond):
						_ = c.CancelRequest(context.WithoutCancel(t.Context())) // the statement's error is looked at
					}
				}
			}()
			_, err := c.Exec(t.Context(), "fetch all from a").ReadAll()
			return err
		},
		"timeout": func(t *testing.T, c *pgconn.PgConn) error {
			t.Helper()
			texts(t, c, "set local statement_timeout = 50")
			_, err := c.Exec(t.Context(), "fetch all from a").ReadAll()
			return err
		},
		"close": func(t *testing.T, c *pgconn.PgConn) error {
			t.Helper()
			texts(t, c, "close a")
			return nil
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x, waits, closed := stuck()
			d, store := parkingServer(t, 1<<30, map[string]*script{"select stuck": x})
			c := d.connect(t)
			texts(t, c, "begin; declare a cursor for select stuck; fetch 10 from a")
			await(t, "the move", waits)
			if got := texts(t, c, "select 'meanwhile'"); got[0] != "meanwhile" {
				t.Errorf("another statement: %v", got)
			}
			if got := texts(t, c, "fetch 5 from a"); len(got) != 5 || got[4] != "14" {
				t.Errorf("what was there before the move: %v", got)
			}
			err := end(t, c)
			if e, ok := errors.AsType[*pgconn.PgError](err); err != nil && (!ok || e.Code != string(pgerr.QueryCanceled)) || err == nil && name != "close" {
				t.Errorf("got %v", err)
			}
			await(t, "the end of the work", closed)
			texts(t, c, "rollback")
			if _, bytes := store.Stats(); bytes != 0 {
				t.Errorf("%d bytes are left", bytes)
			}
		})
	}
}

var wideColumns = []engine.Column{{Name: "w", Type: pgtypes.Of(pgtypes.Text)}}

// wideTail makes a row so long that a client that reads nothing is noticed after few of them.
var wideTail = strings.Repeat(" ", 16<<10)

// wideRows are numbers with a tail.
type wideRows struct{ numbers }

func (x *wideRows) Columns() []engine.Column { return wideColumns }

func (x *wideRows) Next(ctx context.Context) (*engine.Chunk, error) {
	c, err := x.numbers.Next(ctx)
	if err != nil {
		return nil, err
	}
	v := engine.Vector{Physical: engine.PhysicalText}
	for _, n := range c.Vectors[0].I64 {
		v.Text = append(v.Text, strconv.FormatInt(n, 10)+wideTail)
	}
	c.Vectors[0] = v
	return c, nil
}

// TestParkedSlowReader reads nothing of a large answer that the engine holds whole: the rest of it is moved away, and then all of
// it comes, whatever the client asked for it with.
func TestParkedSlowReader(t *testing.T) {
	t.Parallel()
	const rows = 4_000 // of 16 KiB: more than the system takes for a client
	for name, ask := range map[string]string{"query": "select large", "copy": "copy (select large) to stdout"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			closed := make(chan struct{})
			x := &script{
				columns: wideColumns, plan: engine.Plan{Statement: engine.Statement{Columns: wideColumns, Memory: engine.Memory{Held: 1 << 30}}},
				query: func(context.Context) (engine.Rows, error) {
					return &wideRows{numbers{n: rows, size: 128, closed: closed}}, nil
				},
			}
			d, store := parkingServer(t, 1<<30, map[string]*script{"select large": x})
			c, f := d.raw(t)
			if _, err := c.Write(typed('Q', zero(ask))); err != nil {
				t.Fatal(err)
			}
			await(t, "the end of the work", closed) // and nothing was read
			awaitQueues(t, store, 1)
			n := 0
			readUntilReady(t, f, func(line string) {
				var got int
				switch verb, value, _ := strings.Cut(line, " "); verb {
				case "DataRow", "CopyData":
					if _, err := fmt.Sscanf(strings.Trim(strings.ReplaceAll(value, `\n`, ""), `"`), "%d", &got); err != nil || got != n {
						t.Fatalf("row %d is %s: %v", n, line, err)
					}
					n++
				case "ErrorResponse":
					t.Error(line)
				}
			})
			if n != rows {
				t.Errorf("%d rows", n)
			}
			if _, bytes := store.Stats(); bytes != 0 {
				t.Errorf("%d bytes are left", bytes)
			}
		})
	}
}
