package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/testkit"
)

// TestAdoptFlights adopts a real file of half a year in place, beside a PostgreSQL that has most of it since March: one
// delay is another there and one row is missing.
func TestAdoptFlights(t *testing.T) {
	t.Parallel()
	cluster := testkit.Postgres(t)
	a := newAdopted(t, newFolder(t), cluster, cluster.DSN())
	copyFile(t, flightsFile(t), filepath.Join(a.scratch, "flights.parquet"))
	a.put(t, "flights-3m.parquet", filepath.Join(a.scratch, "flights.parquet"))
	a.psql(t, "CREATE TABLE public.flights (date timestamp, delay bigint, distance bigint, origin text)")
	csv := filepath.Join(a.scratch, "flights.csv")
	a.exec(t, fmt.Sprintf("COPY (SELECT date, delay, distance, origin FROM '%s/flights.parquet' WHERE date >= '2001-03-01') TO '%s' (FORMAT csv, HEADER false)", a.scratch, csv))
	f, err := os.Open(csv)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := a.warehouse.PgConn().CopyFrom(t.Context(), f, "COPY public.flights FROM STDIN (FORMAT csv)"); err != nil {
		t.Fatal(err)
	}
	a.psql(t, `UPDATE public.flights SET delay = delay + 1 WHERE ctid = (SELECT min(ctid) FROM public.flights WHERE date::date = '2001-05-17');
		DELETE FROM public.flights WHERE ctid = (SELECT min(ctid) FROM public.flights WHERE date::date = '2001-06-02')`)
	writeFile(t, filepath.Join(a.dir, "pipelines/air/flights.yml"), fmt.Sprintf(
		"table: air.flights\nadopt: { hot: public.flights, cold: %q, split_on: date, hot_from: 2001-03-01 }\n", a.location))
	a.run(t, "air.flights 1 1 0 0 3000000 5", "air.flights public.flights 121 2 59 2001017 4 of 5",
		"day 2001-05-17 is not the same in public.flights: column delay: sum", "day 2001-06-02 is not the same in public.flights: rows 15274, in the lake 15275")
	a.serve(t)
	const april = " where date >= '2001-04-01' and date < '2001-05-01'"
	a.alike(t, "hot", "select origin, count(*), sum(delay), min(distance) from air.flights"+april+" group by 1 order by 1",
		"select cast(date_trunc('day', date) as date), sum(delay), count(delay) from air.flights"+april+" group by 1 order by 1",
		"select count(*), count(distinct origin) from air.flights where date >= '2001-05-18' and date < '2001-06-02' and delay > 60")
	a.because(t, "day 2001-05-17 of air.flights", "select origin, sum(delay) from air.flights where date >= '2001-05-01' and date < '2001-06-01' group by 1 order by 1")
	a.because(t, "before hot_from 2001-03-01", "select sum(delay) from air.flights")
	a.because(t, "column destination is not hot", "select destination, count(*) from air.flights"+april+" group by 1 order by 1")
	// What the lake says is what the file says.
	for _, q := range []string{
		"select concat_ws('|', origin, count(*), sum(delay), sum(distance)) from %s group by origin order by origin",
		"select concat_ws('|', destination, count(*)) from %s where date >= '2001-05-01' group by destination order by destination",
	} {
		want := a.query(t, fmt.Sprintf(q, "'"+a.scratch+"/flights.parquet'"))
		if d := cmp.Diff(want, table(t, a.c, fmt.Sprintf(q, "air.flights"))); d != "" {
			t.Errorf("%s (-file +relation):\n%s", q, d)
		}
	}
	a.server.interrupt(t)
}
