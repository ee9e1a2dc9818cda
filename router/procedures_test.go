package router_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/hotload"
	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/router/procedures"
	"tidegate/sql"
)

// procedures are those of the tiers; change may make them others.
func (w *tiers) procedures(change func(*procedures.Options)) *procedures.Procedures {
	o := procedures.Options{
		Hold: w.router.Hold, Cold: w.db, LocalPath: func(f engine.ScanFile) string { return w.lake.LocalPath(f.Key) },
		Hot: &hotload.Embedded{DB: w.db},
		Refresh: func(ctx context.Context, table catalog.Name) (int64, int, error) {
			r, err := w.loader.LoadTable(ctx, table)
			return r.Rows, r.Batches, err
		},
	}
	if change != nil {
		change(&o)
	}
	return procedures.New(o)
}

// call gives the rows of a CALL, columns joined by "|" and NULL as "-".
func call(ctx context.Context, p *procedures.Procedures, text string, readOnly bool) ([]string, error) {
	statements, err := sql.Parse(text)
	if err != nil {
		return nil, err
	}
	plan, err := p.Plan(ctx, statements[0].Call, procedures.Caller{ReadOnly: readOnly})
	if err != nil {
		return nil, err
	}
	if plan.Release != nil {
		defer plan.Release()
	}
	rows, err := plan.Engine.Query(ctx, plan.Statement)
	if err != nil {
		return nil, err
	}
	var lines []string
	for {
		c, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return lines, rows.Close()
		}
		if err != nil {
			return nil, err
		}
		for i := range c.Rows {
			var cells []string
			for j := range c.Vectors {
				cells = append(cells, cell(&c.Vectors[j], i))
			}
			lines = append(lines, strings.Join(cells, "|"))
		}
	}
}

func cell(v *engine.Vector, i int) string {
	switch {
	case !v.Valid(i):
		return "-"
	case v.Physical == engine.PhysicalBool:
		return strconv.FormatBool(v.Bool[i])
	case v.Physical == engine.PhysicalI64:
		return strconv.FormatInt(v.I64[i], 10)
	}
	return v.Text[i]
}

func TestVerify(t *testing.T) {
	t.Parallel()
	w := newTiers(t)
	first := w.commit(t, visits(), nil, map[int]int{1: 50, 9: 40, 10: 30})
	w.load(t)
	w.commit(t, visits(), nil, map[int]int{9: 7})
	p := w.procedures(nil)
	verify := func(p *procedures.Procedures, prefix string, want ...string) {
		t.Helper()
		got, err := call(t.Context(), p, "call tidegate.verify('web.visits', '"+prefix+"')", true)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("prefix %q: %s", prefix, d)
		}
	}
	const old = "web.visits|dt=2018-02-01|50|50|0|-|true|it is older than what is kept hot"
	verify(p, "", old, "web.visits|dt=2018-02-09|47|47|40|-|true|1 of 2 batches are not hot yet", "web.visits|dt=2018-02-10|30|30|30|-|true|-")
	verify(p, "2018-02-0", old, "web.visits|dt=2018-02-09|47|47|40|-|true|1 of 2 batches are not hot yet")
	verify(p, "dt=2018-02-10", "web.visits|dt=2018-02-10|30|30|30|-|true|-")
	verify(p, "2019")
	if got, err := call(t.Context(), p, "call tidegate.refresh('web.visits')", false); err != nil || len(got) != 1 || got[0] != "web.visits|7|1" {
		t.Errorf("refresh: %q, %v", got, err)
	}
	verify(p, "2018-02-09", "web.visits|dt=2018-02-09|47|47|47|-|true|-")

	w.exec(t, "DELETE FROM "+hotload.TableRef(visits().Name)+" WHERE dt = '2018-02-10' AND v % 2 = 0")
	verify(p, "2018-02-10", "web.visits|dt=2018-02-10|30|30|15|-|false|batch b1 has 15 of 30 rows hot")
	// The lake: a file that lost rows, and one that is gone.
	w.exec(t, fmt.Sprintf("COPY (SELECT CAST(1 AS BIGINT) AS id, 1 AS v, 'n' AS note) TO '%s' (FORMAT parquet)", w.lake.LocalPath(first.Files[1].Path)))
	verify(p, "2018-02-09", "web.visits|dt=2018-02-09|47|8|47|-|false|8 rows are in the files")
	if err := os.Remove(w.lake.LocalPath(first.Files[0].Path)); err != nil {
		t.Fatal(err)
	}
	got, err := call(t.Context(), p, "call tidegate.verify('web.visits', '2018-02-01')", false)
	if err != nil || len(got) != 1 || !strings.HasPrefix(got[0], "web.visits|dt=2018-02-01|50|-|0|-|false|the lake cannot be read: ") {
		t.Errorf("a file that is gone: %q, %v", got, err)
	}

	down := w.procedures(func(o *procedures.Options) { o.Down = func() string { return "connection refused" } })
	verify(down, "2018-02-10", "web.visits|dt=2018-02-10|30|30|-|-|false|the hot store is down: connection refused")
	if _, err := call(t.Context(), down, "call tidegate.refresh('web.visits')", false); pgerr.CodeOf(err) != pgerr.CannotConnectNow {
		t.Errorf("refresh of a store that is down: %v", err)
	}
	none := w.procedures(func(o *procedures.Options) { o.Hot = nil })
	verify(none, "2018-02-10", "web.visits|dt=2018-02-10|30|30|-|-|true|-")
	ledger := w.procedures(func(o *procedures.Options) { o.Hot = withLedger{o.Hot, map[int64]int64{1: 40, 2: 29}} })
	verify(ledger, "2018-02-10", "web.visits|dt=2018-02-10|30|30|15|29|false|batch b1 has 15 of 30 rows hot; batch b1 has 29 of 30 rows in the ledger")
}

// withLedger is a hot store with a ledger that says something of its own.
type withLedger struct {
	procedures.Hot
	booked map[int64]int64
}

func (l withLedger) Ledger(context.Context, catalog.Name) (map[int64]int64, error) {
	return l.booked, nil
}

func TestCallsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newTiers(t)
	w.commit(t, visits(), nil, map[int]int{1: 5})
	p := w.procedures(nil)
	for _, c := range []struct {
		text     string
		readOnly bool
		code     pgerr.Code
		message  string
	}{
		{"call tidegate.nothing('x', 1)", false, pgerr.UndefinedFunction, "procedure tidegate.nothing(unknown, integer) does not exist"},
		{"call verify('web.visits', '')", false, pgerr.UndefinedFunction, "procedure verify(unknown, unknown) does not exist"},
		{"call tidegate.verify('web.visits')", false, pgerr.UndefinedFunction, "procedure tidegate.verify(unknown) does not exist"},
		{"call tidegate.verify('web.visits', 2018)", false, pgerr.UndefinedFunction, "procedure tidegate.verify(unknown, integer) does not exist"},
		{"call tidegate.verify('web.nowhere', '')", false, pgerr.UndefinedTable, `relation "web.nowhere" does not exist`},
		{"call tidegate.verify('visits', '')", false, pgerr.InvalidName, `"visits" is not the name of a table`},
		{"call tidegate.verify(null, '')", false, pgerr.InvalidParameterValue, "the table's name is null"},
		{"call tidegate.verify('web.visits', null)", false, pgerr.InvalidParameterValue, "the partition's prefix is null"},
		{"call tidegate.refresh('web.visits')", true, pgerr.ReadOnlyTransaction, "cannot execute CALL tidegate.refresh in a read-only transaction"},
	} {
		_, err := call(t.Context(), p, c.text, c.readOnly)
		e, ok := errors.AsType[*pgerr.Error](err)
		if !ok || e.Code != c.code || e.Message != c.message {
			t.Errorf("%s: %v, want %s: %s", c.text, err, c.code, c.message)
		}
	}
}
