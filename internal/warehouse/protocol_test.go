package warehouse_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"tidegate/internal/warehouse"
)

func TestIdentity(t *testing.T) {
	t.Parallel()
	c := start(t).connect(t)
	for name, want := range map[string]string{
		"server_version": "8.0.2", "client_encoding": "UTF8", "integer_datetimes": "on", "TimeZone": "UTC",
		"standard_conforming_strings": "", // what depends on it fails here as it does on Redshift
	} {
		if got := c.ParameterStatus(name); got != want {
			t.Errorf("ParameterStatus %s: got %q, want %q", name, got, want)
		}
	}
	got := ask(t, c, "select version()")
	if len(got) != 1 || got[0][:16] != "PostgreSQL 8.0.2" {
		t.Errorf("version(): %q", got)
	}
	if got := ask(t, c, "show server_version"); !cmp.Equal(got, []string{"8.0.2"}) {
		t.Errorf("show server_version: %q", got)
	}
	if got := ask(t, c, "select current_database(), current_user, current_schema()"); !cmp.Equal(got, []string{"dev|etl|public"}) {
		t.Errorf("who and where: %q", got)
	}
	ask(t, c, "set timezone to 'Asia/Tokyo'")
	if got := c.ParameterStatus("TimeZone"); got != "Asia/Tokyo" {
		t.Errorf("TimeZone after SET: %q", got)
	}
}

func TestParametersThatRedshiftRefuses(t *testing.T) {
	t.Parallel()
	l := start(t)
	for _, c := range []struct{ name, value, code string }{
		{"IntervalStyle", "postgres", "42704"},
		{"standard_conforming_strings", "on", "42704"},
		{"lc_monetary", "C", "42704"},
		{"idle_in_transaction_session_timeout", "1", "42704"},
		{"extra_float_digits", "3", "22023"},
		{"client_encoding", "latin1", "22023"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			config, err := pgconn.ParseConfig(l.url())
			if err != nil {
				t.Fatal(err)
			}
			config.RuntimeParams[c.name] = c.value
			_, err = pgconn.ConnectConfig(t.Context(), config)
			if e, ok := errors.AsType[*pgconn.PgError](err); !ok || e.Code != c.code || e.Severity != "FATAL" {
				t.Errorf("startup: got %v, want FATAL %s", err, c.code)
			}
			refused(t, l.connect(t), fmt.Sprintf("set %s to '%s'", c.name, c.value), c.code, strings.ToLower(c.name))
		})
	}
	c := l.connect(t)
	refused(t, c, "show standard_conforming_strings", "42704", "standard_conforming_strings")
	refused(t, c, "set server_version to '15'", "55P02", "server_version")
}

func TestDriversMayConnect(t *testing.T) {
	t.Parallel()
	l := start(t)
	config, err := pgconn.ParseConfig(l.url())
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(config.RuntimeParams, map[string]string{ // AWS's JDBC driver
		"client_encoding": "UTF8", "DateStyle": "ISO", "TimeZone": "Europe/Berlin", "extra_float_digits": "2", "application_name": "x",
		"driver_version": "2.1", "os_version": "y", "plugin_name": "", "client_protocol_version": "2", "search_path": "etl,public",
	})
	c, err := pgconn.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(t, c, "show timezone"); !cmp.Equal(got, []string{"Europe/Berlin"}) {
		t.Errorf("time zone of the startup message: %q", got)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestPassword(t *testing.T) {
	t.Parallel()
	l := start(t, func(o *warehouse.Options) {
		o.Authenticate = func(user, password string) bool { return user == "IAM:etl" && password == "right" }
	})
	for password, ok := range map[string]bool{"right": true, "wrong": false, "": false} {
		c, err := pgconn.Connect(t.Context(), fmt.Sprintf("host=127.0.0.1 port=%s user='IAM:etl' dbname=dev password='%s' sslmode=disable",
			l.address[len("127.0.0.1:"):], password))
		if (err == nil) != ok {
			t.Errorf("password %q: %v", password, err)
		}
		if err == nil {
			_ = c.Close(t.Context())
		}
	}
}

// Every type comes back as pgx asks for it: in text by the simple protocol, in binary where it has a codec for that.
func TestTypesInBothFormats(t *testing.T) {
	t.Parallel()
	l := start(t)
	c := l.pgx(t)
	_, err := c.Exec(t.Context(), `create table v (a smallint, b int, c bigint, d numeric(12,2), e real, f float, g boolean,
		h varchar(20), i date, j timestamp, k timestamptz, n char(3))`)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Exec(t.Context(), `insert into v values (-1, 2, 9007199254740993, -1234567890.12, 1.5, 0.1, true, 'é''"', '2018-02-15',
		'2018-02-15 01:02:03.456789', '2018-02-15 01:02:03.5+09', 'xyz'), (null, null, null, null, null, null, null, null, null, null, null, null)`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`-1|2|9007199254740993|-1234567890.12|1.5|0.1|t|é'"|2018-02-15|2018-02-15 01:02:03.456789|2018-02-14 16:02:03.5+00|xyz`,
		"∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅",
	}
	if diff := cmp.Diff(want, ask(t, c.PgConn(), "select * from v order by b")); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	var a int16
	var b int32
	var i8 int64
	var d pgtype.Numeric
	var e float32
	var f float64
	var g bool
	var h, n string
	var day, at, zoned time.Time
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec} {
		err = c.QueryRow(t.Context(), "select * from v where b is not null", mode).Scan(&a, &b, &i8, &d, &e, &f, &g, &h, &day, &at, &zoned, &n)
		if err != nil {
			t.Fatalf("%v: %v", mode, err)
		}
		got := fmt.Sprint(a, b, i8, d.Int, d.Exp, e, f, g, h, day.Format(time.DateOnly), at.UTC().Format(time.RFC3339Nano),
			zoned.UTC().Format(time.RFC3339Nano), n)
		want := fmt.Sprint(-1, 2, 9007199254740993, big.NewInt(-123456789012), -2, 1.5, 0.1, true, `é'"`, "2018-02-15",
			"2018-02-15T01:02:03.456789Z", "2018-02-14T16:02:03.5Z", "xyz")
		if got != want {
			t.Errorf("%v: got %s, want %s", mode, got, want)
		}
	}
	rows, err := c.Query(t.Context(), "select d, h, count(*), sum(b), 1 from v group by 1, 2")
	if err != nil {
		t.Fatal(err)
	}
	rows.Close()
	var got []string
	for _, f := range rows.FieldDescriptions() {
		got = append(got, fmt.Sprint(f.Name, ":", f.DataTypeOID, ":", f.TypeModifier))
	}
	want = []string{"d:1700:786438", "h:1043:-1", "count:20:-1", "sum:1700:-1", "?column?:23:-1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}

func TestParameters(t *testing.T) {
	t.Parallel()
	l := start(t)
	config, err := pgx.ParseConfig(l.url())
	if err != nil {
		t.Fatal(err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec // what facts and our own loader use with Redshift
	c, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
	if _, err := c.Exec(t.Context(), "create table p (n bigint, s varchar(10), ts timestamptz)"); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2018, 2, 15, 3, 0, 0, 0, time.UTC)
	for _, args := range [][]any{{int64(1), `o'cl\n$1`, at}, {int64(2), nil, nil}, {nil, "", at}} {
		if _, err := c.Exec(t.Context(), "insert into p values ($1, $2, $3)", args...); err != nil {
			t.Fatalf("%v: %v", args, err)
		}
	}
	var s string
	var got time.Time
	err = c.QueryRow(t.Context(), "select s, ts from p where n = $1 and $1 < $2 and s = $3", int64(1), int64(9), `o'cl\n$1`).Scan(&s, &got)
	if err != nil || s != `o'cl\n$1` || !got.Equal(at) {
		t.Errorf("got %q %v %v", s, got, err)
	}
	if diff := cmp.Diff([]string{"1|f|f", "2|t|t", "∅|f|f"}, ask(t, c.PgConn(), "select n, s is null, ts is null from p order by n")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	_, err = c.Exec(t.Context(), "insert into p values ($1, $2, $3)", int64(3), "12345678901", at)
	if e, ok := errors.AsType[*pgconn.PgError](err); !ok || e.Code != "22001" {
		t.Errorf("a text that is too long: %v", err)
	}
}

// Without declared types the statement tells them, as pgx's default mode needs.
func TestParameterTypesAreInferred(t *testing.T) {
	t.Parallel()
	c := start(t).pgx(t)
	if _, err := c.Exec(t.Context(), "create table p (n bigint, s varchar(10), v numeric(10,2), t timestamp)"); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2018, 2, 15, 3, 0, 0, 0, time.UTC)
	if _, err := c.Exec(t.Context(), "insert into p (v, s, n, t) values ($1, $2, $3, $4)", "1.25", "x", 7, at); err != nil {
		t.Fatal(err)
	}
	var n int64
	var v string
	err := c.QueryRow(t.Context(), "select n, v::varchar from p where n in ($1, $2) and s = $3 and t <= $4 limit $5", 7, 8, "x", at, 1).Scan(&n, &v)
	if err != nil || n != 7 || v != "1.25" {
		t.Errorf("got %d %s %v", n, v, err)
	}
	d, err := c.Prepare(t.Context(), "named", "delete from p where n = $1 and s = $2")
	if err != nil || !cmp.Equal(d.ParamOIDs, []uint32{pgtype.Int8OID, pgtype.VarcharOID}) {
		t.Errorf("parameters: %v %v", d, err)
	}
}

func TestMessagesOfOneQuery(t *testing.T) {
	t.Parallel()
	l := start(t)
	c := l.connect(t)
	got := ask(t, c, "create temp table q (n int); insert into q values (1), (2); select count(*) from q")
	if !cmp.Equal(got, []string{"2"}) {
		t.Errorf("three statements: %q", got)
	}
	// The statements of one message are one transaction.
	if _, err := try(t, c, "create table r (n int); insert into r values (1); insert into r values ('x')"); err == nil {
		t.Error("x went into an integer")
	}
	refused(t, c, "select * from r", "42P01", `"r" does not exist`)
	for _, empty := range []string{"", ";", "-- ping", "/* nothing */ ;"} {
		if got := ask(t, c, empty); len(got) != 0 {
			t.Errorf("%q: %q", empty, got)
		}
	}
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	refused(t, c, "select 'a", "42601", "unterminated")
	refused(t, c, "listen x", "0A000", "listen")
	if tag, err := c.Exec(t.Context(), "select 1").ReadAll(); err != nil || tag[0].CommandTag.String() != "SELECT" {
		t.Errorf("tag of SELECT: %v %v", tag, err)
	}
}

func TestPortalLimits(t *testing.T) {
	t.Parallel()
	c := start(t).pgx(t)
	rows, err := c.Query(t.Context(), "select i from range(100000) r(i) order by i")
	if err != nil {
		t.Fatal(err)
	}
	n := int64(0)
	for rows.Next() {
		var i int64
		if err := rows.Scan(&i); err != nil || i != n {
			t.Fatalf("row %d: %d %v", n, i, err)
		}
		n++
	}
	if err := rows.Err(); err != nil || n != 100000 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestCancelAndTimeout(t *testing.T) {
	t.Parallel()
	l := start(t)
	const long = "select count(*) from range(100000000000) a(i) where i % 7 = 3"
	c := l.connect(t)
	ask(t, c, "set statement_timeout to 100")
	refused(t, c, long, "57014", "canceled on user's request")
	ask(t, c, "set statement_timeout to 0")
	running := make(chan struct{}, 1)
	withdraw := l.Fail(warehouse.Fault{At: warehouse.BeforeStatement, Effect: warehouse.Delay, Match: "range", Hit: func() { running <- struct{}{} }})
	defer withdraw()
	ended := make(chan error, 1)
	go func() {
		_, err := c.Exec(context.WithoutCancel(t.Context()), long).ReadAll()
		ended <- err
	}()
	<-running
	if err := c.CancelRequest(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e, ok := errors.AsType[*pgconn.PgError](<-ended); !ok || e.Code != "57014" {
		t.Errorf("cancelled: %v", e)
	}
	if got := ask(t, c, "select 1"); !cmp.Equal(got, []string{"1"}) {
		t.Errorf("after the cancel: %q", got)
	}
}
