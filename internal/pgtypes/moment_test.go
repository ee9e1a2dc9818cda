package pgtypes_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/internal/testkit"
)

// momentSeeds are texts of dates as people, drivers and standards write them.
var momentSeeds = []string{
	"1999-01-08", "January 8, 1999", "1/8/1999", "1/18/1999", "01/02/03", "1999-Jan-08", "Jan-08-1999", "08-Jan-1999", "99-Jan-08",
	"08-Jan-99", "Jan-08-99", "19990108", "990108", "1999.008", "J2451187", "January 8, 99 BC", "15.02.2018", "15-02-2018", "2018/02/15",
	"2018-02-15 03:04:05.678", "2018-02-15T03:04:05Z", "20180215T030405", "20180215T030405+09", "20180215 030405.5", "2018-02-15 04:05 AM", "2018-02-15 04:05 PM",
	"2018-02-15 12:00 am", "2018-02-15 13:00 pm", "2018-02-15 03:04:05 EST", "2018-07-15 03:04:05 EDT", "2018-02-15 03:04:05 PST8PDT",
	"2018-02-15 03:04:05 America/New_York", "2018-07-15 03:04:05 america/new_york", "2018-02-15 03:04:05 -8:00", "2018-02-15 03:04:05 -800",
	"2018-02-15 03:04:05-08:15:30", "Thu Feb 15 03:04:05 2018 UTC", "Thu Feb 15 03:04:05.5 2018 EST", "Thu 15 Feb 03:04:05 2018", "Feb 15 03:04:05 2018",
	"2018-02-15 03:04:05 MSK", "1990-02-15 03:04:05 MSK", "2018-02-15 03:04:05 MET DST", "2018-02-15 03:04:05 DST", "2018-02-30", "2018-13-01", "13/13/2018",
	"epoch", "infinity", "-infinity", "+infinity", "allballs", "2018-02-15 allballs", "2018-02-15 24:00:00", "2018-02-15 24:00:01", "2018-02-15 23:59:60", "2018-02-15 25:00", "2018-02-15 1:2:3",
	"2018-02-15 03:04:", "2018-02-15 03:04:05.", "2018-02-15 3:4.5", "y2018m02d15", "y2018m02d15 h3 mm4 s5.5", "2018 046", "2018-046", "2018.046", "J2451187.5", "J2451187+09", "julian 2451187",
	"4714-11-24 BC", "4714-11-23 BC", "5874897-12-31", "5874898-01-01", "294276-12-31 23:59:59", "294247-01-10 04:00:54.775806", "0000-01-01", "0001-01-01", "0-1-1", "1-1-1", "2018-2-5",
	"on 2018-02-15 at 03:04", "2018-02-15 (UTC)", "2018-02-15,03:04", "Thursday 2018-02-15", "monday", "feb", "2018", "02", "", " ", "x", "2018-02-15 x", "2018-02-15 x/y", "2018-02-15 03:04:05+16",
	"2018-02-15 03:04:05+15:59:59", "2018-02-15 03:04:05+1:2:3:4", "2018-02-15 03:04:05+", "2018-02-15T", "2018-02-15t03", "2018-02-15T0304", "T03:04:05", "03:04:05", "20180215T25", "2018-02-15 990000",
	"12345678901-01-01", "2018-02-15 99999999999:00", "2018-02-15 03:04:05+99999999999", "2100-01-01 +00", "2026-11-22 19:36:42.608823124Z", "15feb2018", "feb15 2018", "15 feb 18", "Feb 15, 18", "20-feb-18", "8-1-99",
	"2018-03-11 02:30:00", "2018-11-04 01:30:00", "2018-02-15 03:04:05 ZULU", "2018-02-15 Z", "2018-02-15 GMT+3", "2018-02-15 03:04:05 GMT-3", "2018-02-15 utc+9", "2018-02-15 03:04:05 est5edt", "2018-02-15 BC", "2018-02-15 AD", "bc 2018-02-15",
	"2018-02-15 12:00 AM BC", "1/2/3 4", "1 2 3", "2018-02-29", "2016-02-29", "1900-02-29", "feb 29 2018", "2018-02-15\t03:04", "d15 m2 y2018", "m2", "J-1", "J 0", "J99999999999", "dow 2018-02-15", "isoyear 2018",
	"now", "today", "2018-02-15 IST", "2018-02-15 03:04:05 cest", "2018-02-15 03:04:05 local", "2018-02-15 utc", "2018-02-15 UTC UTC", "2018-02-15 2018-02-16", "2018-02-15 1:00 2:00",
}

// parts are what random texts are made of.
var momentParts = []string{
	"2018", "18", "2", "02", "15", "31", "99", "046", "366", "20180215", "180215", "030405", "0304", "2018-02-15", "15.02.2018", "2/15/2018", "15/2/18", "1.5", "030405.25", "20180215.5",
	"03:04", "03:04:05", "3:4:5.678901234", "12:00", "23:59:59.9999999", "24:00", "feb", "February", "sept", "15-feb-2018", "feb-15-18", "2018-feb-15", "thu", "AM", "pm", "BC", "AD", "T", "Z", "UTC", "EST", "EDT", "MSK",
	"America/New_York", "+09", "-05:30", "+0530", "-8", "+1:2:3", "on", "at", "j", "y", "m", "d", "h", "mm", "s", "DST", "allballs", "epoch", "infinity", ",", "(", "/", "-", "J2451187", "2451187", "2451187.25", "t030405", "T03:04", "CET", "IST",
}

func momentTexts(n int) []string {
	r := rand.New(rand.NewPCG(5, 15))
	texts := append([]string(nil), momentSeeds...)
	for range n {
		var b strings.Builder
		for range 1 + r.IntN(5) {
			b.WriteString(momentParts[r.IntN(len(momentParts))])
			if r.IntN(6) > 0 {
				b.WriteString([]string{" ", " ", "-", ""}[r.IntN(4)])
			}
		}
		texts = append(texts, b.String())
	}
	for range n / 2 { // seeds with a byte changed
		b := []byte(momentSeeds[r.IntN(len(momentSeeds))])
		if len(b) > 0 {
			const bytes = "0123456789-:/. +TZabmnJ,"
			b[r.IntN(len(b))] = bytes[r.IntN(len(bytes))]
		}
		texts = append(texts, string(b))
	}
	return texts
}

// TestMoments reads thousands of texts here and in PostgreSQL 15, in every order of day, month and year: the same
// value, or the same SQLSTATE and message.
func TestMoments(t *testing.T) {
	t.Parallel()
	const zoneName = "America/New_York"
	zone, err := time.LoadLocation(zoneName)
	if err != nil {
		t.Fatal(err)
	}
	conn := testkit.Postgres(t).Connect(t).PgConn()
	if err := conn.Exec(t.Context(), "set timezone = '"+zoneName+`';
		create function read(text text, type text) returns text language plpgsql as $$
		declare
			z timestamptz; s timestamp; d date;
		begin
			case type
			when 'date' then d := text; return d;
			when 'timestamp' then s := text; return s;
			else z := text; return z at time zone 'UTC';
			end case;
		exception when others then return sqlstate || ' ' || sqlerrm;
		end $$`).Close(); err != nil {
		t.Fatal(err)
	}
	texts := momentTexts(6000)
	array := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 1), 0), pgtypes.Text)
	array = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(array, uint32(len(texts))), 1)
	for _, text := range texts {
		array = append(binary.BigEndian.AppendUint32(array, uint32(len(text))), text...)
	}
	for order := range pgtypes.OrderYMD + 1 {
		if err := conn.Exec(t.Context(), fmt.Sprintf("set datestyle = 'ISO, %s'", order)).Close(); err != nil {
			t.Fatal(err)
		}
		style := pgtypes.Style{Order: order, Zone: zone}
		for typ, read := range momentReaders(style) {
			r := conn.ExecParams(t.Context(), "select read(x, '"+typ+"') from unnest($1::text[]) x", [][]byte{array}, nil, []int16{1}, nil).Read()
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			for i, text := range texts {
				got, err := read(text)
				if err != nil {
					e, _ := errors.AsType[*pgerr.Error](err)
					got = string(e.Code) + " " + e.Message
				}
				if want := string(r.Rows[i][0]); got != want && !elsewhere(text, want, got) {
					t.Errorf("%s %s %q: got %q, want %q", order, typ, text, got, want)
				}
			}
		}
	}
}

func momentReaders(style pgtypes.Style) map[string]func(text string) (string, error) {
	return map[string]func(text string) (string, error){
		"date": func(text string) (string, error) {
			v, err := style.ParseDate(text)
			return string(pgtypes.AppendDate(nil, v)), err
		},
		"timestamp": func(text string) (string, error) {
			v, err := style.ParseTimestamp(text)
			return string(pgtypes.AppendTimestamp(nil, v)), err
		},
		"timestamptz": func(text string) (string, error) {
			v, err := style.ParseTimestamptz(text)
			return string(pgtypes.AppendTimestamp(nil, v)), err
		},
	}
}

// summerZone is a zone as POSIX has it with the name of a summer time: est5edt, which is no zone's name if spelt otherwise.
var summerZone = regexp.MustCompile(`22023 time zone "[^"0-9,+-]*[+-]?[0-9:]*[^"]*" not recognized`)

// elsewhere tells what is so by choice: the moments of the transaction are read in constants only, by the binder;
// timestamps end thirty years before PostgreSQL's; rules of summer times have to have a zone's name.
func elsewhere(text, want, got string) bool {
	lower := strings.ToLower(text)
	return strings.HasPrefix(got, "0A000 ") && (strings.Contains(lower, "now") || strings.Contains(lower, "today")) ||
		strings.HasPrefix(got, "0A000 timestamps after 294247") && strings.HasPrefix(want, "2942") ||
		summerZone.MatchString(got) && !strings.HasPrefix(want, "22023")
}

// FuzzMoments: what is read is written so that it reads as itself.
func FuzzMoments(f *testing.F) {
	for i, text := range momentSeeds {
		f.Add(text, uint8(i))
	}
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string, order uint8) {
		style := pgtypes.Style{Order: pgtypes.FieldOrder(order % 3), Zone: zone}
		if v, err := style.ParseDate(text); err == nil {
			if again, err := style.ParseDate(string(pgtypes.AppendDate(nil, v))); again != v || err != nil {
				t.Errorf("date %q is %d, then %d, %v", text, v, again, err)
			}
		}
		if v, err := style.ParseTimestamp(text); err == nil {
			if again, err := style.ParseTimestamp(string(pgtypes.AppendTimestamp(nil, v))); again != v || err != nil {
				t.Errorf("timestamp %q is %d, then %d, %v", text, v, again, err)
			}
		}
		if v, err := style.ParseTimestamptz(text); err == nil {
			shown := style.AppendTimestamptz(nil, v, pgtypes.NewZone(zone))
			if again, err := style.ParseTimestamptz(string(shown)); again != v || err != nil {
				t.Errorf("timestamptz %q is %d, %s is %d, %v", text, v, shown, again, err)
			}
		}
	})
}
