package adopt

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/catalog"
	"tidegate/catalog/sqlite"
	"tidegate/internal/engine"
	"tidegate/internal/engine/hot"
	"tidegate/internal/storage/byurl"
	"tidegate/internal/testkit"
)

// pair is a lab with a PostgreSQL beside it, and a catalog.
type pair struct {
	*lab
	store    catalog.Store
	comparer *Comparer
	sql      *pgconn.PgConn
	seq      int64
	reads    int // statements that read the lake
}

// countedEngine counts what is asked of the lake.
type countedEngine struct {
	engine.Engine
	n *int
}

func newPair(t *testing.T, server *testkit.Cluster) *pair {
	t.Helper()
	p := &pair{lab: newLab(t)}
	var err error
	if p.store, err = sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.store.Close() })
	if p.sql, err = pgconn.Connect(t.Context(), server.DSN()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.sql.Close(t.Context()) })
	e, err := hot.New(hot.Options{Kind: hot.PostgreSQL, URL: server.DSN()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	p.comparer = &Comparer{
		Store: p.store, Cold: countedEngine{p.db, &p.reads}, Hot: e, Dialect: PostgreSQL, Log: slog.New(slog.DiscardHandler),
		Path: func(f engine.ScanFile) string { _, key, _ := byurl.Split(f.Key); return "/" + key },
	}
	p.yml.Time = &catalog.TimeSpec{Column: "ts", Zone: "UTC", Grain: "day"}
	p.yml.Adopt.Hot = "public.events"
	p.psql(t, "DROP TABLE IF EXISTS public.events")
	return p
}

func (p *pair) psql(t *testing.T, statements string) {
	t.Helper()
	if _, err := p.sql.Exec(t.Context(), statements).ReadAll(); err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}

// copyIn puts the rows of a SELECT of DuckDB into the warehouse's table.
func (p *pair) copyIn(t *testing.T, query string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows.csv")
	p.exec(t, fmt.Sprintf("COPY (%s) TO '%s' (FORMAT csv, HEADER false)", query, path))
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := p.sql.CopyFrom(t.Context(), f, "COPY public.events FROM STDIN (FORMAT csv)"); err != nil {
		t.Fatal(err)
	}
}

// register publishes what is below the prefix now.
func (p *pair) register(t *testing.T) {
	t.Helper()
	have := p.table(t)
	c := p.mustScan(t, have)
	if c.Empty(have) {
		return
	}
	p.seq++
	r := &catalog.Record{
		Format: catalog.RecordFormat, Table: *c.Table, Batch: fmt.Sprintf("b%d", p.seq), Revision: 1, Seq: p.seq, Kind: catalog.RecordRegister,
		Counts: catalog.Counts{Read: c.Rows(), Emitted: c.Rows()}, Files: c.Added, Drops: c.Drops, CommittedAt: time.Now(),
	}
	if _, err := p.store.Publish(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func (p *pair) table(t *testing.T) *catalog.TableView {
	t.Helper()
	v, err := p.store.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v.Tables[p.yml.Table]
}

// compare compares and gives the days: "2018-02-15..2018-02-17" covered, then the others with the reason.
func (p *pair) compare(t *testing.T) (covered string, different map[string]string, notes []string) {
	t.Helper()
	p.reads = 0
	if err := p.comparer.Compare(t.Context(), p.yml.Table); err != nil {
		t.Fatal(err)
	}
	return p.days(t)
}

func (p *pair) days(t *testing.T) (covered string, different map[string]string, notes []string) {
	t.Helper()
	h := p.table(t).Hot.Days
	var ranges []string
	for _, r := range h.Covered {
		ranges = append(ranges, r.First.String()+".."+r.Last.String())
	}
	different = map[string]string{}
	for d, why := range h.Different {
		different[d.String()] = why
	}
	return strings.Join(ranges, " "), different, h.Notes
}

// everyType is a SELECT of a column of each type, rows of three days from the first. bin writes a byte array of i.
func everyType(first, bin string) string {
	return fmt.Sprintf(`SELECT TIMESTAMPTZ '%s 00:00:00+00' + to_microseconds(i * 77777777777 %% 259200000000) AS ts, i::SMALLINT AS i2, (i * 7919)::INTEGER AS i4,
		(i * 1000000007 - 500)::BIGINT AS i8, CASE WHEN i %% 9 <> 0 THEN (i * 31 / 7 - 100)::DECIMAL(12,3) END AS n, (i * 1e24)::DECIMAL(38,2) AS big,
		CASE i %% 11 WHEN 0 THEN 'NaN' WHEN 1 THEN '-0.0' WHEN 2 THEN 'Infinity' WHEN 3 THEN NULL ELSE (i / 7.0)::VARCHAR END::DOUBLE AS f8,
		CASE i %% 5 WHEN 0 THEN 'NaN' ELSE (i / 3.0)::VARCHAR END::FLOAT AS f4, CASE WHEN i %% 3 <> 1 THEN i %% 2 = 0 END AS b,
		CASE i %% 4 WHEN 0 THEN '' WHEN 1 THEN NULL ELSE 'é"''\ ' || i END AS t, (DATE '1960-01-01' + (i * 13)::INTEGER) AS d,
		TIMESTAMP '1969-12-31 23:59:59.999999' + to_microseconds(i * 1001) AS wall, TIME '00:00:00.000001' + to_seconds(i) AS tm,
		md5(i::VARCHAR)::UUID AS id, '{"i": ' || i || '}' AS j, %s AS bin FROM range(3000) r(i)`, first, bin)
}

const everyTypeDDL = `CREATE TABLE public.events (ts timestamptz, i2 smallint, i4 integer, i8 bigint, n numeric(12,3), big numeric, f8 double precision,
	f4 real, b boolean, t varchar(100), d date, wall timestamp, tm time, id uuid, j text, bin bytea)`

func TestCompareEveryType(t *testing.T) {
	t.Parallel()
	p := newPair(t, testkit.Postgres(t))
	p.write(t, "a.parquet", everyType("2018-02-15", "unhex(md5(i::VARCHAR))"))
	p.register(t)
	p.psql(t, everyTypeDDL)
	p.copyIn(t, everyType("2018-02-15", `'\x' || md5(i::VARCHAR)`))
	covered, different, notes := p.compare(t)
	if covered != "2018-02-15..2018-02-17" || len(different)+len(notes) > 0 {
		t.Fatalf("covered %s, different %v, notes %v", covered, different, notes)
	}
	h := p.table(t).Hot.Days
	if len(h.Columns) != 16 || h.Rows != 3000 || p.reads != 1 {
		t.Errorf("%d columns, %d rows, %d reads of the lake", len(h.Columns), h.Rows, p.reads)
	}
	p.psql(t, "CREATE TABLE public.kept AS SELECT * FROM public.events")
	// Each change of one value must be seen, and named if a number tells.
	for column, change := range map[string]struct{ to, want string }{
		"i2": {"i2 + 1", "column i2: sum"}, "i4": {"i4 - 1", "column i4: sum"}, "i8": {"-i8", "column i8: sum"},
		"n": {"n + 0.001", "column n: sum"}, "big": {"big + 0.01", "column big: sum"}, "f8": {"f8 * 1.0000000000000002", "the checksums differ"},
		"f4": {"f4 + 0.0001", "the checksums differ"}, "b": {"coalesce(not b, true)", "column b: values"}, "t": {"t || '!'", "the checksums differ"},
		"d": {"d + 1", "the checksums differ"}, "wall": {"wall + interval '1 microsecond'", "the checksums differ"},
		"tm": {"tm + interval '1 second'", "the checksums differ"}, "id": {"md5('x')::uuid", "the checksums differ"},
		"bin": {`'\x00'`, "the checksums differ"}, "j": {"null", "column j: values 996, in the lake 997"}, "ts": {"ts + interval '1 microsecond'", "the checksums differ"},
	} {
		p.psql(t, fmt.Sprintf("UPDATE public.events SET %s = %s WHERE i4 = 7919 * 1006", column, change.to))
		covered, different, _ := p.compare(t)
		if len(different) != 1 || strings.Contains(covered, "2018-02-15..2018-02-17") || p.reads != 0 {
			t.Errorf("%s: covered %s, different %v, %d reads of the lake", column, covered, different, p.reads)
		}
		for _, why := range different {
			if !strings.Contains(why, change.want) {
				t.Errorf("%s: %s, want %s", column, why, change.want)
			}
		}
		p.psql(t, "TRUNCATE public.events; INSERT INTO public.events SELECT * FROM public.kept")
	}
	if covered, different, _ := p.compare(t); covered != "2018-02-15..2018-02-17" {
		t.Errorf("put right: %s, %v", covered, different)
	}
}

// simple is a SELECT of rows of one day, with a time every 10 s.
func simple(day string, rows int) string {
	return fmt.Sprintf("SELECT TIMESTAMPTZ '%s 00:00:00+00' + to_seconds(i * 10) AS ts, i AS n, 'x' || i AS s FROM range(%d) r(i)", day, rows)
}

const simpleDDL = "CREATE TABLE public.events (ts timestamptz, n bigint, s text)"

func TestCompareDays(t *testing.T) {
	t.Parallel()
	p := newPair(t, testkit.Postgres(t))
	p.comparer.MaxBytes = 1 // a day at a time
	days := []string{"2018-02-14", "2018-02-15", "2018-02-16", "2018-02-17", "2018-02-18"}
	p.psql(t, simpleDDL)
	for i, d := range days {
		p.write(t, "dt="+d+"/a.parquet", simple(d, 100+i))
		p.copyIn(t, simple(d, 100+i))
	}
	p.write(t, "dt=2018-02-20/a.parquet", simple("2018-02-20", 5))
	p.copyIn(t, simple("2018-02-23", 7)) // no Parquet
	p.register(t)
	p.yml.Adopt.HotFrom = "2018-02-15"
	p.register(t)
	covered, different, _ := p.compare(t)
	if covered != "2018-02-15..2018-02-18" || p.reads != 5 {
		t.Errorf("covered %s, %d reads", covered, p.reads)
	}
	want := map[string]string{"2018-02-20": "rows 0, in the lake 5"}
	if d := cmp.Diff(want, different); d != "" {
		t.Error(d)
	}
	p.psql(t, `DELETE FROM public.events WHERE ts = '2018-02-15 00:01:00+00'; INSERT INTO public.events SELECT ts + interval '1 hour', n, s FROM public.events
		WHERE ts = '2018-02-16 00:01:00+00'; UPDATE public.events SET s = 'y' WHERE ts = '2018-02-17 00:01:00+00'`)
	covered, different, _ = p.compare(t)
	want["2018-02-15"], want["2018-02-16"], want["2018-02-17"] = "rows 100, in the lake 101", "rows 103, in the lake 102", "a value of some row (the checksums differ)"
	if d := cmp.Diff(want, different); d != "" || covered != "2018-02-18..2018-02-18" || p.reads != 0 {
		t.Errorf("covered %s, %d reads:\n%s", covered, p.reads, d)
	}
	// A new file of a day ends that day at once; only it is read anew.
	p.write(t, "dt=2018-02-18/b.parquet", simple("2018-02-18", 3))
	p.register(t)
	if covered, _, _ = p.days(t); covered != "" || !Pending(p.table(t)) {
		t.Errorf("covered with a new file: %s, pending %v", covered, Pending(p.table(t)))
	}
	covered, different, _ = p.compare(t)
	want["2018-02-18"] = "rows 104, in the lake 107"
	if d := cmp.Diff(want, different); d != "" || covered != "" || p.reads != 1 {
		t.Errorf("covered %s, %d reads:\n%s", covered, p.reads, d)
	}
	if err := os.Remove(p.path("dt=2018-02-18/b.parquet")); err != nil {
		t.Fatal(err)
	}
	p.register(t)
	if covered, _, _ = p.compare(t); covered != "2018-02-18..2018-02-18" || Pending(p.table(t)) {
		t.Errorf("covered after the new file went: %s", covered)
	}
}

func TestCompareAlteredTables(t *testing.T) {
	t.Parallel()
	p := newPair(t, testkit.Postgres(t))
	p.write(t, "a.parquet", simple("2018-02-15", 10)+" ORDER BY ts")
	p.register(t)
	expect := func(what, columns, covered string, notes ...string) {
		t.Helper()
		got, _, gotNotes := p.compare(t)
		if have := strings.Join(p.table(t).Hot.Days.Columns, " "); have != columns || got != covered {
			t.Errorf("%s: columns %s, covered %s", what, have, got)
		}
		if !slices.Equal(gotNotes, notes) {
			t.Errorf("%s: notes %q", what, gotNotes)
		}
	}
	const day = "2018-02-15..2018-02-15"
	expect("no table", "", "", "the warehouse has no table public.events")
	p.psql(t, simpleDDL)
	p.copyIn(t, simple("2018-02-15", 10))
	expect("as it should be", "ts n s", day)
	p.psql(t, "ALTER TABLE public.events ALTER COLUMN n TYPE numeric, ADD COLUMN more text")
	expect("retyped", "ts s", day, "column n is not hot: it is numeric in public.events, bigint in the lake", "only public.events has more: the relation does not")
	p.psql(t, "ALTER TABLE public.events ALTER COLUMN n TYPE integer, DROP COLUMN s, DROP COLUMN more")
	expect("narrower, and without a column", "ts n", day)
	p.psql(t, "ALTER TABLE public.events RENAME COLUMN ts TO at")
	expect("without its time", "", "", "only public.events has at: the relation does not",
		"nothing is hot: public.events must have ts as timestamp with time zone, which splits the table into days")
	p.psql(t, "ALTER TABLE public.events RENAME COLUMN at TO ts")
	expect("with its time again", "ts n", day)
	p.psql(t, "ALTER TABLE public.events ALTER COLUMN ts TYPE timestamp")
	expect("another time", "", "", "column ts is not hot: it is timestamp without time zone in public.events, timestamp with time zone in the lake",
		"nothing is hot: public.events must have ts as timestamp with time zone, which splits the table into days")
	p.psql(t, "DROP TABLE public.events; CREATE VIEW public.events AS SELECT TIMESTAMPTZ '2018-02-15 00:00:00+00' + n * INTERVAL '10 seconds' AS ts, n FROM generate_series(0, 9) AS g(n)")
	expect("a view", "ts n", day)
	p.psql(t, "DROP VIEW public.events")
}

// TestCompareWidened has a new file with a wider numeric and a wider float: the text of the older days' values is another
// one on both sides, so that the lake's sums from before do not count.
func TestCompareWidened(t *testing.T) {
	t.Parallel()
	p := newPair(t, testkit.Postgres(t))
	day := func(day, n, f string) string {
		return fmt.Sprintf("SELECT TIMESTAMPTZ '%s 01:00:00+00' AS ts, %s AS n, %s AS f FROM range(10) r(i)", day, n, f)
	}
	p.psql(t, "CREATE TABLE public.events (ts timestamptz, n numeric(12,4), f real)")
	for i, query := range []string{
		day("2018-02-15", "(i / 4)::DECIMAL(10,2)", "i::FLOAT"), day("2018-02-16", "(i / 8)::DECIMAL(12,4)", "i::DOUBLE"),
	} {
		p.write(t, fmt.Sprintf("%d.parquet", i), query)
		p.copyIn(t, query)
		p.register(t)
		want := fmt.Sprintf("2018-02-15..2018-02-%d", 15+i)
		if covered, different, notes := p.compare(t); covered != want {
			t.Errorf("covered %s, want %s; different %v, notes %v", covered, want, different, notes)
		}
	}
}

// TestCompareZones compares days of a zone around its clock changes: an instant belongs to the same day on both sides,
// and in the calendar that cuts queries.
func TestCompareZones(t *testing.T) {
	t.Parallel()
	server := testkit.Postgres(t)
	for _, c := range []struct{ zone, from, to string }{
		{"Europe/Berlin", "2018-03-23", "2018-03-28"},
		{"Europe/Berlin", "2018-10-26", "2018-10-31"},
		{"America/Sao_Paulo", "2018-11-02", "2018-11-07"}, // 2018-11-04 begins at 01:00
		{"Pacific/Apia", "2011-12-28", "2012-01-02"},      // has no 2011-12-30
		{"America/St_Johns", "2010-11-05", "2010-11-10"},  // went back from 00:01 to 23:01
		{"Asia/Tokyo", "2018-02-15", "2018-02-17"},
	} {
		p := newPair(t, server)
		p.yml.Time.Zone = c.zone
		rows := fmt.Sprintf("SELECT ts, row_number() OVER (ORDER BY ts) AS n FROM generate_series(TIMESTAMPTZ '%s 00:00:00+00', TIMESTAMPTZ '%s 00:00:00+00', INTERVAL 7 MINUTE) g(ts)", c.from, c.to)
		p.write(t, "a.parquet", rows)
		p.register(t)
		p.psql(t, "CREATE TABLE public.events (ts timestamptz, n bigint)")
		p.copyIn(t, rows)
		covered, different, _ := p.compare(t)
		if len(different) > 0 || strings.Contains(covered, " ") {
			t.Errorf("%s: covered %s, different %v", c.zone, covered, different)
		}
		// The rows between a day's borders are those that were compared as its rows.
		h := p.table(t).Hot.Days
		sums, err := p.store.DaySums(t.Context(), p.yml.Table, h.Columns)
		if err != nil {
			t.Fatal(err)
		}
		column, _ := p.table(t).Table.TimeColumn()
		for d, s := range sums {
			within := fmt.Sprintf("SELECT count(*) FROM public.events WHERE ts >= %s AND ts < %s", h.Calendar.StartSQL(column.Type, d), h.Calendar.StartSQL(column.Type, d+1))
			got, err := p.sql.Exec(t.Context(), within).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			if n := string(got[0].Rows[0][0]); n != strconv.FormatInt(s.Rows, 10) {
				t.Errorf("%s: %s has %s rows between its borders, %d were compared", c.zone, d, n, s.Rows)
			}
		}
	}
}

func TestCompareOddFiles(t *testing.T) {
	t.Parallel()
	p := newPair(t, testkit.Postgres(t))
	p.psql(t, simpleDDL)
	// NULL times, infinity in the warehouse, a file of days far away and one without rows.
	p.write(t, "a.parquet", simple("2018-02-15", 10)+" UNION ALL SELECT NULL, 5, 'null'")
	p.write(t, "b.parquet", "SELECT TIMESTAMPTZ '3018-02-15 00:00:00+00' AS ts, 1::BIGINT AS n, 's' AS s")
	p.write(t, "c.parquet", simple("2018-02-16", 0))
	p.copyIn(t, simple("2018-02-15", 10))
	p.psql(t, "INSERT INTO public.events VALUES (NULL, 1, 'other'), ('infinity', 1, 'inf'), ('-infinity', 1, 'inf'), ('0001-01-01 BC', 1, 'old')")
	p.register(t)
	covered, different, notes := p.compare(t)
	if covered != "2018-02-15..2018-02-15" || len(different) > 0 || len(notes) != 1 || !strings.Contains(notes[0], "days more than a hundred years after 2018-02-15 stay cold") {
		t.Errorf("covered %s, different %v, notes %q", covered, different, notes)
	}
	// Days by a key of the path.
	q := newPair(t, testkit.Postgres(t))
	q.yml.Time.Column = "day"
	q.write(t, "day=2018-02-15/a.parquet", "SELECT 1 AS n")
	q.write(t, "day=2018-02-16/a.parquet", "SELECT 2 AS n")
	q.register(t)
	q.psql(t, "CREATE TABLE public.events (n integer, day date); INSERT INTO public.events VALUES (1, '2018-02-15'), (3, '2018-02-16')")
	covered, different, _ = q.compare(t)
	if d := cmp.Diff(map[string]string{"2018-02-16": "column n: sum 3, in the lake 2"}, different); d != "" || covered != "2018-02-15..2018-02-15" {
		t.Errorf("covered %s:\n%s", covered, d)
	}
}

// Query counts.
func (e countedEngine) Query(ctx context.Context, s engine.Statement) (engine.Rows, error) {
	*e.n++
	return e.Engine.Query(ctx, s)
}
