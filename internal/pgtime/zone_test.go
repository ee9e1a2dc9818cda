package pgtime

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tidegate/internal/pgtypes"
	"tidegate/internal/testkit"
)

// TestZonesWithPostgres writes instants in zones of every kind, and finds the instant that a clock shows, as PostgreSQL
// does: all of the IANA's, POSIX specifications, abbreviations.
func TestZonesWithPostgres(t *testing.T) {
	t.Parallel()
	conn := testkit.Postgres(t).Connect(t)
	names := texts(t, conn, "select name from pg_timezone_names where name !~ '^(right|localtime|posixrules)'")
	names = append(names, texts(t, conn, "select abbrev from pg_timezone_abbrevs")...)
	names = append(names, "utc+3", "<+03>-3", "<-0530>5:30", "aaa3bbb", "AAA3BBB,M3.2.0,M11.1.0", "aaa-3bbb-4:30,j60/2,J300/25", "x-7:30y,59/-1,300",
		"a5", "5", "-7:30", "<>-7:30", "est5edt", "america/new_york", "EUROPE/BERLIN", "posix/asia/kolkata", "gmt-167", "UTC+3:30:15", "foo-14bar,M10.1.0,M4.1.0/3",
		"", "local", " utc", "nowhere", "america", "utc+", "+", "utc+200", "utc+3:99", "aaa3bbb,", "aaa3bbb,M13.1.0,M1.1.0", "<abc3", "aaa3bbb,M3.2.0")
	instants := []string{
		"1500-06-01 12:00", "1883-11-18 17:00", "1900-01-01 00:00", "1945-08-14 23:00", "1986-03-30 01:30", "2014-10-26 00:30", "2016-03-27 01:00", "2020-07-01 12:00",
		"2036-12-01 00:00", "2037-11-05 12:00", "2050-07-01 00:00", "3000-01-01 00:00",
	}
	var want, got []string
	for _, name := range names {
		want = append(want, shownByPostgres(t, conn, name, instants)...)
		got = append(got, shownHere(t, name, instants)...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-PostgreSQL +ours:\n%s", diff)
	}
}

func shownByPostgres(t *testing.T, conn *pgx.Conn, name string, instants []string) []string {
	t.Helper()
	var shown []string
	for _, at := range instants {
		var instant, clock string
		err := conn.QueryRow(t.Context(), "select (timestamptz '"+at+"+00' at time zone $1)::text, (timestamp '"+at+"' at time zone $1)::text", name).Scan(&clock, &instant)
		if err != nil {
			return []string{name + ": " + strings.TrimSuffix(strings.TrimPrefix(err.Error(), "ERROR: "), " (SQLSTATE 22023)")}
		}
		shown = append(shown, fmt.Sprintf("%s at %s: %s, %s", name, at, clock, instant))
	}
	return shown
}

func shownHere(t *testing.T, name string, instants []string) []string {
	t.Helper()
	zone, err := FindZone(name)
	if err != nil {
		return []string{name + ": " + strings.TrimPrefix(err.Error(), "22023: ")}
	}
	var shown []string
	for _, at := range instants {
		moment, err := time.Parse("2006-01-02 15:04", at)
		if err != nil {
			t.Fatal(err)
		}
		_, offset := moment.In(zone).Zone()
		clock := pgtypes.AppendTimestamp(nil, moment.UnixMicro()+int64(offset)*Second)
		instant := pgtypes.AppendTimestamptz(nil, (moment.Unix()-pgtypes.OffsetIn(moment.Unix(), zone))*Second, pgtypes.NewZone(nil))
		shown = append(shown, fmt.Sprintf("%s at %s: %s, %s", name, at, clock, instant))
	}
	return shown
}

func texts(t *testing.T, conn *pgx.Conn, query string) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(all) == 0 {
		t.Fatal(len(all), err)
	}
	return all
}
