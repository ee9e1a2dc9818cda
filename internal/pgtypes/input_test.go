package pgtypes_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/internal/testkit"
)

// inputs are texts of parameters as clients send them, and some that are wrong.
var inputs = map[pgtypes.OID][]string{
	pgtypes.Bool: {"t", "true", "TRUE", " yes ", "on", "1", "f", "fals", "no", "off", "of", "0", "o", "", "2", "truee"},
	pgtypes.Int2: {"1", " -32768 ", "32768", "abc", "", "1.5", "+7"},
	pgtypes.Int4: {"2147483647", "2147483648", "-2147483648", "1e3", "0x10", "1_000"},
	pgtypes.Int8: {"9223372036854775807", "9223372036854775808", "-9223372036854775808", "--1"},
	pgtypes.Float8: {
		"1.5", "1e400", "NaN", "-Infinity", "inf", "1e-400", "0x1p4", "1_0", ".5", "5.", "", "1e", "1.7976931348623157e308",
	},
	pgtypes.Float4:  {"1.5", "1e39", "16777217"},
	pgtypes.Numeric: {"1.50", "-0.00", "1e3", "1.5e-3", "+12", "NaN", "infinity", "abc", "1.2.3", "", "123456789012345678901234567890.12", ".5", "5.", "-", "1e"},
	pgtypes.UUID:    {"00112233-4455-6677-8899-AABBCCDDEEFF", "{00112233445566778899aabbccddeeff}", "0011-2233-4455-6677-8899-aabb-ccdd-eeff", "0011", "x0112233445566778899aabbccddeeff", "00112233445566778899aabbccddee-ff-"},
	pgtypes.Bytea:   {`\x00ff`, `\xABcd`, `\x0`, `\xzz`, `a\\b`, `\001x`, `\9`, "plain"},
	pgtypes.Date: {
		"2018-02-15", " 2018-2-5 ", "0044-03-15 BC", "2018-02-30", "2018-13-01", "2100-01-01 +00", "2100-01-01 00:00:00+00",
		"2026-11-22T19:36:38.477+00:00", "2026-11-22 19:36:42.608823124Z", "infinity", "-infinity", "epoch", "5874897-12-31", "5874898-01-01",
		"4714-11-24 BC", "4714-11-23 BC", "0000-01-01", "nonsense", "", "2016-02-29", "1900-02-29",
	},
	pgtypes.Time: {"10:00", "10:00:00.5", "24:00:00", "24:00:01", "23:59:60", "25:00", "", "10:00:00.1234567", "1:2:3"},
	pgtypes.Timetz: {
		"10:00+02", "10:00:00.5 -05:30:15", "24:00:00Z", "24:00:01+00", "23:59:60 utc", "25:00+01", "10:00+16", "10:00-1559", "", "noon",
		"10:00:00.1234567+0", "1:2:3+1:2:3", "10:00+1:60", "10:00 x",
	},
	pgtypes.Timestamp: {
		"2018-02-15 03:04:05.678", "2018-02-15T03:04:05", "2018-02-15", "2018-02-15 03:04:05+09", "2018-02-15 24:00:00", "infinity",
		"294247-01-10 04:00:54.775806", "294277-01-01", "4714-11-24 00:00:00 BC", "2018-02-15 25:00:00", "2018-02-15 03:04:05.9999999", "x",
	},
	pgtypes.Timestamptz: {
		"2018-02-15 03:04:05.678+00", "2018-02-15T03:04:05Z", "2018-02-15 03:04:05", "2018-02-15 03:04:05-05:30", "2018-02-15 03:04:05+0530",
		"2018-03-11 02:30:00", "2018-11-04 01:30:00", "2018-07-01 12:00:00", "0044-03-15 12:00:00+00 BC", "-infinity", "2018-02-15 03:04:05 UTC",
		"2018-02-15 03:04:05+16", "2018-02-15 03:04:05+1:2:3:4", "x",
	},
	pgtypes.Text: {"it's", ""},
}

// TestTextParam reads every input here and in PostgreSQL 15: the same value, or the same SQLSTATE.
func TestTextParam(t *testing.T) {
	t.Parallel()
	const zoneName = "America/New_York"
	zone, err := time.LoadLocation(zoneName)
	if err != nil {
		t.Fatal(err)
	}
	c, err := pgconn.Connect(t.Context(), testkit.Postgres(t).DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.WithoutCancel(t.Context()))
	ask := func(oid pgtypes.OID, text string) string {
		// Read in the session's zone, shown in UTC as TextParam does.
		sql := "select $1::" + pgtypes.Of(oid).String()
		if oid == pgtypes.Timestamptz {
			sql = "select case when isfinite(v) then to_char(v at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' ||" +
				" case when v < '0001-01-01 00:00+00' then ' BC' else '' end else v::text end from (select " + "$1::timestamptz as v) s"
		}
		r := c.ExecParams(t.Context(), sql, [][]byte{[]byte(text)}, nil, nil, nil).Read()
		if e, ok := errors.AsType[*pgconn.PgError](r.Err); ok {
			return e.Code
		}
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		return string(r.Rows[0][0])
	}
	if err := c.Exec(t.Context(), "set timezone = '"+zoneName+"'").Close(); err != nil {
		t.Fatal(err)
	}
	for oid, texts := range inputs {
		for _, text := range texts {
			want := ask(oid, text)
			got, err := pgtypes.TextParam(oid, []byte(text), pgtypes.Style{Zone: zone})
			if err != nil {
				got = string(pgerr.CodeOf(err))
			} else {
				got = comparable(oid, got)
				want = comparable(oid, want)
			}
			if got != want {
				t.Errorf("%s %q: got %q, want %q (%v)", pgtypes.Of(oid), text, got, want, err)
			}
		}
	}
}

// comparable gives values that may be spelt in two ways one spelling.
func comparable(oid pgtypes.OID, text string) string {
	switch oid {
	case pgtypes.Float4, pgtypes.Float8:
		if f, err := pgtypes.ParseFloat(oid, text); err == nil {
			return string(pgtypes.AppendFloat8(nil, f))
		}
	case pgtypes.Timestamptz:
		// to_char shows all six digits of the fraction.
		if stamp, zone, ok := strings.Cut(text, "+00"); ok && strings.Contains(stamp, ".") {
			return strings.TrimRight(strings.TrimRight(stamp, "0"), ".") + "+00" + zone
		}
	}
	return text
}

func TestCheckUTF8(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]pgerr.Code{"δ": "", "a\x00b": pgerr.CharacterNotInRepertoire, "\xff": pgerr.CharacterNotInRepertoire} {
		if _, err := pgtypes.CheckUTF8([]byte(text)); pgerr.CodeOf(err) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestBinaryToTextErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		oid  pgtypes.OID
		data string
		want pgerr.Code
	}{
		{"short int", pgtypes.Int4, "\x00\x01", pgerr.ProtocolViolation},
		{"long int", pgtypes.Int4, "\x00\x01\x00\x00\x00", pgerr.InvalidBinary},
		{"numeric of no length", pgtypes.Numeric, "", pgerr.ProtocolViolation},
		{"numeric digit beyond 9999", pgtypes.Numeric, "\x00\x01\x00\x00\x00\x00\x00\x00\x27\x10", pgerr.InvalidBinary},
		{"numeric of another sign", pgtypes.Numeric, "\x00\x00\x00\x00\x12\x34\x00\x00", pgerr.InvalidBinary},
		{"numeric of a huge weight", pgtypes.Numeric, "\x00\x01\x7f\xff\x00\x00\x00\x00\x00\x01", pgerr.NumericOutOfRange},
		{"date before all dates", pgtypes.Date, "\x80\x00\x00\x01", pgerr.DatetimeOverflow},
		{"time beyond the day", pgtypes.Time, "\x00\x00\x01\x00\x00\x00\x00\x00", pgerr.DatetimeOverflow},
		{"timetz beyond the day", pgtypes.Timetz, "\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00", pgerr.DatetimeOverflow},
		{"timetz before the day", pgtypes.Timetz, "\xff\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00", pgerr.DatetimeOverflow},
		{"timetz of a zone too far", pgtypes.Timetz, "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xe1\x00", "22009"},
		{"timetz that is cut", pgtypes.Timetz, "\x00\x00\x00\x00\x00\x00\x00\x00", pgerr.ProtocolViolation},
		{"text that is none", pgtypes.Text, "\xff", pgerr.CharacterNotInRepertoire},
		{"array of two dimensions", 1007, "\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x17\x00\x00\x00\x01\x00\x00\x00\x01", pgerr.FeatureNotSupported},
		{"array of other elements", 1007, "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x19", pgerr.DatatypeMismatch},
		{"array that is cut", 1007, "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x17\x00\x00\x00\x05\x00\x00\x00\x01", pgerr.ProtocolViolation},
	} {
		if text, err := pgtypes.BinaryToText(c.oid, []byte(c.data)); pgerr.CodeOf(err) != c.want {
			t.Errorf("%s: %q, %v", c.name, text, err)
		}
	}
}

// decoded are the types whose binary parameters the fuzzer tries.
var decoded = []pgtypes.OID{
	pgtypes.Bool, pgtypes.Bytea, pgtypes.Int8, pgtypes.Int2, pgtypes.Int4, pgtypes.Text, pgtypes.Float4, pgtypes.Float8,
	pgtypes.Date, pgtypes.Time, pgtypes.Timestamp, pgtypes.Timestamptz, pgtypes.Numeric, pgtypes.UUID, pgtypes.Interval, 1007, 1009, 1231, pgtypes.Timetz, 1270,
}

// FuzzBinaryToText decodes anything; what it accepts must come back through the text form unchanged.
func FuzzBinaryToText(f *testing.F) {
	f.Add(uint8(12), []byte("\x00\x02\x00\x00\x00\x00\x00\x02\x00\x0c\x13\x88"))
	f.Add(uint8(15), []byte("\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x19\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01a"))
	f.Add(uint8(8), []byte("\x00\x00\x19\xd7"))
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		oid := decoded[int(which)%len(decoded)]
		text, err := pgtypes.BinaryToText(oid, data)
		if err != nil {
			return
		}
		binary, err := pgtypes.TextToBinary(nil, oid, text, nil)
		if err != nil {
			t.Fatalf("%s: %q is not read again: %v", pgtypes.Of(oid), text, err)
		}
		again, err := pgtypes.BinaryToText(oid, binary)
		if err != nil || again != text {
			t.Fatalf("%s: %q became %q, %v", pgtypes.Of(oid), text, again, err)
		}
	})
}

// FuzzTextParam reads anything; what it accepts must be its own normal form.
func FuzzTextParam(f *testing.F) {
	i := uint8(0)
	for _, texts := range inputs {
		for _, text := range texts {
			f.Add(i, []byte(text))
			i++
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		oid := decoded[int(which)%len(decoded)]
		text, err := pgtypes.TextParam(oid, data, pgtypes.Style{})
		if err != nil {
			return
		}
		if again, err := pgtypes.TextParam(oid, []byte(text), pgtypes.Style{}); err != nil || again != text {
			t.Fatalf("%s: %q gave %q and that %q, %v", pgtypes.Of(oid), data, text, again, err)
		}
	})
}

func TestBinaryArrays(t *testing.T) {
	t.Parallel()
	head := func(dimensions, flags, element, count, bound byte) string {
		return string([]byte{0, 0, 0, dimensions, 0, 0, 0, flags, 0, 0, 0, element, 0, 0, 0, count, 0, 0, 0, bound})
	}
	one := "\x00\x00\x00\x04\x00\x00\x00\x07"
	for data, want := range map[string]string{
		head(1, 0, 23, 1, 1) + one:                  `{"7"}`,
		head(1, 1, 23, 1, 1) + "\xff\xff\xff\xff":   "{NULL}",
		head(0, 0, 23, 0, 0)[:12]:                   "{}",
		head(1, 0, 23, 1, 0) + one:                  "0A000",
		head(2, 0, 23, 1, 1) + head(1, 0, 0, 0, 0):  "0A000",
		head(1, 2, 23, 1, 1) + one:                  "22P03",
		head(1, 0, 25, 1, 1) + one:                  "42804",
		head(1, 0, 23, 2, 1) + one:                  "08P01",
		head(1, 0, 23, 1, 1) + one + "x":            "22P03",
		head(1, 0, 23, 1, 1) + "\xff\xff\xff\xfe":   "22P03",
		head(1, 0, 23, 1, 1)[:15]:                   "08P01",
		head(1, 0, 23, 255, 1) + "\x7f\xff\xff\xff": "22P03",
	} {
		got, err := pgtypes.BinaryToText(pgtypes.Int4Array, []byte(data))
		if err != nil {
			got = string(pgerr.CodeOf(err))
		}
		if got != want {
			t.Errorf("%q: got %q, want %q (%v)", data, got, want, err)
		}
	}
}
