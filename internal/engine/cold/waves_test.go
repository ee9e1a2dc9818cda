package cold_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/internal/storage/colcache"
	"tidegate/internal/storage/storagetest"
	"tidegate/sql"
)

// eventsRelation is the table of the lab's files, as a catalog knows it.
type eventsRelation struct{}

func (eventsRelation) HasSchema(schema string) bool { return schema == "web" }

func (eventsRelation) Relation(_, table string) (*sql.Relation, bool) {
	r := &sql.Relation{Name: sql.TableName{Schema: "web", Table: "events"}, Class: sql.ClassLake}
	for name, typ := range map[string]string{
		"id": "bigint", "site": "integer", "url": "text", "ts": "timestamp", "r": "double precision", "x": "numeric(10,2)", "nl": "bigint", "h": "text",
	} {
		t, err := pgtypes.Parse(typ)
		if err != nil {
			return nil, false
		}
		r.Columns = append(r.Columns, sql.Column{Name: name, Type: t})
	}
	slices.SortFunc(r.Columns, func(a, b sql.Column) int { return strings.Compare(a.Name, b.Name) })
	return r, table == "events"
}

func bindEvents(t *testing.T, text string) *sql.Query {
	t.Helper()
	statements, err := sql.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	q, err := sql.Bind(statements[0], eventsRelation{}, sql.Env{SearchPath: []string{"web"}, Zone: time.UTC})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return q
}

// columnsOfQuery are the columns that the client sees.
func columnsOfQuery(q *sql.Query) []engine.Column {
	var all []engine.Column
	for i := range q.Names {
		all = append(all, engine.Column{Name: q.Names[i], Type: q.Types[i]})
	}
	return all
}

// onePass is the lake's own answer.
func (l *lab) onePass(t *testing.T, q *sql.Query) (string, error) {
	t.Helper()
	text, err := q.Render(func(u *sql.Use) (string, error) {
		return source(l.files, columnsOf(u.Columns...), func(f engine.ScanFile) string { return l.lake.LocalPath(f.Key) }), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return answer(t.Context(), l.truth, engine.Statement{SQL: text, Columns: columnsOfQuery(q)})
}

// inWaves makes a statement of the query that runs in waves of n files; ok is false if it cannot.
func (l *lab) inWaves(t *testing.T, q *sql.Query, n int) (s engine.Statement, ok bool) {
	t.Helper()
	d, why, err := q.Decompose()
	if err != nil {
		t.Fatal(err)
	}
	if why != "" {
		return s, false
	}
	s = engine.Statement{SQL: "never run", Columns: columnsOfQuery(q), Waves: &engine.Waves{Final: d.RenderFinal(engine.GatheredTable), Limit: d.Limit}}
	columns := q.Uses[0].Columns
	for files := range slices.Chunk(l.files, n) {
		text, err := d.RenderPartial(func(*sql.Use) (string, error) {
			return source(files, columnsOf(columns...), l.engine.Path), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Waves.Parts = append(s.Waves.Parts, engine.Part{SQL: text, Files: with(files, columns...)})
	}
	return s, true
}

// wavesLab has a lake larger than its cache.
func wavesLab(t *testing.T) *lab {
	t.Helper()
	l := newLab(t, t.TempDir())
	var size int64
	for i := range 8 {
		f := l.write(t, fmt.Sprintf("t/dt=2018-02-%02d/0000.parquet", i+1), events(i, 3000+500*i), "ROW_GROUP_SIZE 2048, COMPRESSION zstd")
		size += f.Size
	}
	l.open(t, colcache.Options{MaxBytes: size * 2 / 5})
	return l
}

// randomSelect gives a query of one of the kinds that run in waves.
func randomSelect(r *rand.Rand) string {
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	some := func(most int, from ...string) []string {
		var list []string
		for _, i := range r.Perm(len(from))[:1+r.IntN(most)] {
			list = append(list, from[i])
		}
		return list
	}
	where := pick("", "", " where site between 10 and 60", " where nl is not null and url like 'url/1%'", " where ts > timestamp '2024-01-01 00:10:00'",
		" where false", " where x > 50 or r < 5000")
	aggregates := some(4, "count(*)", "count(nl)", "sum(id)", "sum(site)", "sum(x)", "sum(r)", "avg(nl)", "avg(x)", "avg(r)", "min(h)", "max(ts)",
		"max(x) - min(x)", "bool_and(site > 5)", "bool_or(nl = 3)", "sum(nl) filter (where site < 50)", "count(*) filter (where url > 'url/2')",
		"avg(id) filter (where nl = 5)", "stddev(nl)", "var_pop(id)", "variance(site)", "sum(x::numeric(12,4) / 3)", "max(nl / 7.0)", "avg(site * 1.5)",
		"bit_xor(site)", "bit_or(site)", "bit_and(nl)", "coalesce(sum(nl), -1) * 2", "case when count(*) > 100 then 'many' else 'few' end")
	keys := some(2, "site", "nl", "url", "date_trunc('hour', ts)", "site / 10", "left(h, 1)", "x > 30")
	switch r.IntN(6) {
	case 0:
		return "select " + strings.Join(aggregates, ", ") + " from web.events" + where
	case 1, 2:
		list := strings.Join(keys, ", ")
		having := pick("", "", " having count(*) > 40", " having sum(x) > 1000 and max(nl) is not null")
		return "select " + list + ", " + strings.Join(aggregates, ", ") + " from web.events" + where + " group by " + list + having
	case 3:
		return "select " + keys[0] + " as k, " + aggregates[0] + " as v from web.events" + where + " group by 1 order by count(*) desc, 1 limit " +
			pick("3", "10") + pick("", " offset 2")
	case 4:
		return "select distinct " + strings.Join(keys, ", ") + " from web.events" + where
	}
	return pick(
		"select "+strings.Join(some(3, "id", "url", "x", "nl", "h"), ", ")+" from web.events"+where,
		"select id, "+keys[0]+" from web.events"+where+" order by x desc, nl nulls first, id limit 7 offset 3",
		"select k, count(*) from (select "+keys[0]+" as k, x from web.events"+where+") s where x > 10 group by k",
	)
}

// TestWavesAreOnePass compares random queries in waves, in a cache that holds two fifths of the lake, with one pass over
// the lake in place.
func TestWavesAreOnePass(t *testing.T) {
	t.Parallel()
	const queries, seed = 100, 20180215
	l := wavesLab(t)
	for i := range queries {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		text := randomSelect(r)
		q := bindEvents(t, text)
		s, ok := l.inWaves(t, q, 1+r.IntN(2))
		if !ok {
			t.Fatalf("%s does not run in waves", text)
		}
		want, err := l.onePass(t, q)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got, err := answer(t.Context(), l.engine, s)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if !sameRows(got, want, strings.Contains(text, " order by ")) {
			t.Errorf("%s\ngot  %.400q\nwant %.400q", text, got, want)
		}
	}
}

// sameRows compares rows, in their order or in any. Doubles may differ by the order of their additions.
func sameRows(a, b string, ordered bool) bool {
	left, right := strings.Split(a, "\n"), strings.Split(b, "\n")
	if !ordered {
		slices.Sort(left)
		slices.Sort(right)
	}
	return slices.EqualFunc(left, right, func(x, y string) bool {
		return slices.EqualFunc(strings.Split(x, "|"), strings.Split(y, "|"), sameValue)
	})
}

func sameValue(a, b string) bool {
	if a == b {
		return true
	}
	x, err1 := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	isDouble := strings.ContainsAny(a+b, ".e")
	return err1 == nil && err2 == nil && isDouble && math.Abs(x-y) <= 1e-12*math.Abs(y)
}

// TestWaveLimit checks that waves end when there are rows enough, and that no file of a later wave is fetched.
func TestWaveLimit(t *testing.T) {
	t.Parallel()
	l := wavesLab(t)
	s, ok := l.inWaves(t, bindEvents(t, "select id, h from web.events where site >= 0 limit 5000"), 1)
	if !ok {
		t.Fatal("a LIMIT does not run in waves")
	}
	got, err := answer(t.Context(), l.engine, s)
	if n := strings.Count(got, "\n"); err != nil || n != 5000 { // 3,000 of the first file, 2,000 of the second
		t.Errorf("%d rows, %v; want 5000", n, err)
	}
	for _, r := range l.bucket.Requests() {
		if r.Key != l.files[0].Key && r.Key != l.files[1].Key {
			t.Errorf("%s was fetched in vain", r.Key)
		}
	}
}

// TestWaveReadsWhatItDidNotAskFor leaves a column out of what a wave says it needs.
func TestWaveReadsWhatItDidNotAskFor(t *testing.T) {
	t.Parallel()
	l := wavesLab(t)
	q := bindEvents(t, "select site, min(h) from web.events group by site")
	s, _ := l.inWaves(t, q, 1)
	for i := range s.Waves.Parts {
		s.Waves.Parts[i].Files = with(s.Waves.Parts[i].Files, "site")
	}
	got, err := answer(t.Context(), l.engine, s)
	want, wantErr := l.onePass(t, q)
	if err != nil || wantErr != nil || !sameRows(got, want, false) {
		t.Errorf("%v, %v\ngot  %.300q\nwant %.300q", err, wantErr, got, want)
	}
}

// TestCancelWaves ends the statement between two waves and inside of one.
func TestCancelWaves(t *testing.T) {
	t.Parallel()
	canceled := pgerr.New(pgerr.QueryCanceled, "canceling statement due to user request")
	for _, text := range []string{"select site, sum(x) from web.events group by site", "select id from web.events"} {
		l := wavesLab(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		s, _ := l.inWaves(t, bindEvents(t, text), 1)
		l.bucket.Next = func(r storagetest.Request) storagetest.Fault {
			if r.Key == l.files[3].Key {
				cancel(canceled)
				return storagetest.Hang
			}
			return storagetest.None
		}
		if _, err := answer(ctx, l.engine, s); !errors.Is(err, canceled) {
			t.Errorf("%s: %v", text, err)
		}
		l.bucket.Next = nil
		got, err := answer(t.Context(), l.engine, s)
		if want, wantErr := l.onePass(t, bindEvents(t, text)); err != nil || wantErr != nil || !sameRows(got, want, false) {
			t.Errorf("%s again: %v, %v, or other rows", text, err, wantErr)
		}
	}
}

// TestFailedWaveIsToldAsAnyOther loses an object that a later wave needs.
func TestFailedWaveIsToldAsAnyOther(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"select site, sum(x) from web.events group by site", "select id from web.events"} {
		l := wavesLab(t)
		l.bucket.Next = func(r storagetest.Request) storagetest.Fault {
			if r.Key == l.files[5].Key {
				return storagetest.Missing
			}
			return storagetest.None
		}
		s, _ := l.inWaves(t, bindEvents(t, text), 1)
		_, err := answer(t.Context(), l.engine, s)
		if pgerr.CodeOf(err) != "58P01" || !strings.Contains(err.Error(), l.files[5].Key) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
