package pgformat_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgformat"
	"tidegate/internal/pgtime"
	"tidegate/internal/pgtypes"
	"tidegate/internal/testkit"
)

const null = "<null>"

// asked gives PostgreSQL's text of an expression of one text parameter per argument, or its error's code and message.
func asked(t *testing.T, c *pgx.Conn, expression string, args ...any) string {
	t.Helper()
	var text *string
	err := c.QueryRow(t.Context(), "SELECT ("+expression+")::text", args...).Scan(&text)
	var bad *pgconn.PgError
	switch {
	case errors.As(err, &bad):
		return bad.Code + ": " + bad.Message
	case err != nil:
		t.Fatal(err)
	case text == nil:
		return null
	}
	return *text
}

func told(text string, ok bool, err error) string {
	var bad *pgerr.Error
	switch {
	case errors.As(err, &bad):
		return string(bad.Code) + ": " + bad.Message
	case err != nil:
		return err.Error()
	case !ok:
		return null
	}
	return text
}

// pick gives one of list.
func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

var dateWords = []string{
	"A.D.", "B.C.", "AD", "BC", "A.M.", "P.M.", "AM", "PM", "CC", "DAY", "Day", "day", "DY", "Dy", "dy", "DDD", "DD", "D", "FF1", "FF3", "FF6",
	"HH24", "HH12", "HH", "IDDD", "ID", "IW", "IYYY", "IYY", "IY", "I", "J", "MI", "MM", "MONTH", "Month", "month", "MON", "Mon", "mon", "MS", "OF", "Q",
	"RM", "rm", "SSSSS", "SSSS", "SS", "TZH", "TZM", "TZ", "tz", "US", "WW", "W", "Y,YYY", "YYYY", "YYY", "YY", "Y",
}

// dateFormat makes a format of any templates, prefixes, suffixes, quotes and characters.
func dateFormat(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(6) {
		b.WriteString(pick(r, []string{"", "", "", "", "FM", "TM", "fm", "FX"}))
		w := pick(r, dateWords)
		if r.IntN(4) == 0 {
			w = strings.ToLower(w)
		}
		b.WriteString(w)
		b.WriteString(pick(r, []string{"", "", "", "", "th", "TH", "SP"}))
		b.WriteString(pick(r, []string{"", " ", "-", "/", ":", ".", ", ", `"a\"b"`, "é", `\"`, `\`, "x", "7", "T", "h", `"`}))
	}
	return b.String()
}

func micros(r *rand.Rand) int64 {
	span := pick(r, []int64{4e15, 6e16, 1e17, 2e17})
	n := r.Int64N(2*span) - span
	if r.IntN(3) == 0 {
		n -= n % pgtime.Day
	}
	return max(n, -2e17)
}

// TestWriteDates writes seeded timestamps, instants and intervals by seeded formats, as PostgreSQL does.
func TestWriteDates(t *testing.T) {
	t.Parallel()
	c := testkit.Postgres(t).Connect(t)
	r := rand.New(rand.NewPCG(15, 1))
	zones := []string{"UTC", "Asia/Tokyo", "America/New_York", "Asia/Kolkata", "America/St_Johns"}
	for i := range 12000 {
		format := dateFormat(r)
		f := pgformat.ParseDateFormat(format)
		at := micros(r)
		text := string(pgtypes.AppendTimestamp(nil, at))
		var got, want, what string
		switch i % 3 {
		case 0:
			got, want, what = told(f.Timestamp(at)), asked(t, c, "to_char($1::text::timestamp, $2)", text, format), text
		case 1:
			name := zones[i%len(zones)]
			zone, err := time.LoadLocation(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Exec(t.Context(), "SET TimeZone = '"+name+"'"); err != nil {
				t.Fatal(err)
			}
			got, want, what = told(f.Timestamptz(at, zone)), asked(t, c, "to_char(($1::text::timestamp at time zone 'UTC'), $2)", text, format), text+" in "+name
		default:
			v := pgtime.Interval{Months: int32(r.IntN(60) - 30), Days: int32(r.IntN(200) - 100), Micros: r.Int64N(4e11) - 2e11}
			what = fmt.Sprintf("%d months %d days %d microseconds", v.Months, v.Days, v.Micros)
			got, want = told(f.Interval(v)), asked(t, c, "to_char($1::text::interval, $2)", what, format)
		}
		if got != want {
			t.Errorf("to_char(%q, %q): got %q, want %q", what, format, got, want)
		}
	}
}

// source makes a text that may be of a format: what the format writes, often changed a little.
func source(r *rand.Rand, f *pgformat.DateFormat, zone *time.Location) string {
	text, _, _ := f.Timestamptz(micros(r), zone)
	for range r.IntN(3) {
		i := r.IntN(len(text) + 1)
		switch r.IntN(4) {
		case 0:
			text = text[:i] + pick(r, []string{" ", "-", "  ", "1", "x", "é", "/", "+"}) + text[i:]
		case 1:
			text = strings.ToValidUTF8(text[:i], "")
		case 2:
			text = strings.TrimSpace(text)
		}
	}
	return strings.ToValidUTF8(text, "")
}

// TestReadDates reads seeded texts by seeded formats, with the same results and the same errors.
func TestReadDates(t *testing.T) {
	t.Parallel()
	c := testkit.Postgres(t).Connect(t)
	if _, err := c.Exec(t.Context(), "SET TimeZone = 'America/New_York'"); err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(15, 2))
	usual := []string{
		"YYYY-MM-DD", "YYYY-MM-DD HH24:MI:SS.US", "DD Mon YYYY", "MM/DD/YY", "YYYYMMDDHH24MISS", "FMMonth DD, YYYY", "HH12:MI AM", "IYYY-IW-ID",
		"YYYY-DDD", "J", "CC YY", "YYYY-WW", "YYYY-MM-W", "Y,YYY MM DD BC", "DD-RM-YYYY", "YYYY-MM-DD\"T\"HH24:MI:SSTZH:TZM", "FXYYYY/MM/DD", "SSSS", "YYYYMMDD", "Dy DD Mon", "IYYY IDDD",
	}
	for i := range 15000 {
		format := dateFormat(r)
		if i%2 == 0 {
			format = pick(r, usual)
		}
		f := pgformat.ParseDateFormat(format)
		text := source(r, f, zone)
		days, err := f.Date(text)
		if got, want := told(string(pgtypes.AppendDate(nil, days)), true, err), asked(t, c, "to_date($1, $2)", text, format); got != want {
			t.Errorf("to_date(%q, %q): got %q, want %q", text, format, got, want)
		}
		at, err := f.Instant(text, zone)
		got := told(string(pgtypes.AppendTimestamptz(nil, at, pgtypes.NewZone(zone))), true, err)
		if want := asked(t, c, "to_timestamp($1, $2)", text, format); got != want && !beyond(want) {
			t.Errorf("to_timestamp(%q, %q): got %q, want %q", text, format, got, want)
		}
	}
}

// beyond reports years that PostgreSQL's timestamps have and ours have not.
func beyond(text string) bool {
	year, _, _ := strings.Cut(text, "-")
	return len(year) == 6 && year >= "294247"
}
