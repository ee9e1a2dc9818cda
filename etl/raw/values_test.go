package raw

import (
	"math/big"
	"regexp"
	"testing"
	"time"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

func TestSetters(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ typ, in, want string }{ // want "" is refused
		{"int", "12", "12"},
		{"int", "-2147483648", "-2147483648"},
		{"int", "2147483648", ""},
		{"int", "-0", "0"},
		{"int", "12.0", "12"},
		{"int", "1.2e1", "12"},
		{"int", "1.5", ""},
		{"int", "3e9", ""},
		{"int", `"12"`, "12"},
		{"int", `"1\u0032"`, "12"},
		{"int", `"12.0"`, ""},
		{"int", `""`, ""},
		{"int", `" 12"`, ""},
		{"int", `"1_2"`, ""},
		{"int", `"slow"`, ""},
		{"int", "true", ""},
		{"int", "[1]", ""},
		{"smallint", "32767", "32767"},
		{"smallint", "32768", ""},
		{"bigint", "9223372036854775807", "9223372036854775807"},
		{"bigint", "9223372036854775808", ""},
		{"bigint", "9223372036854775807.0", "9223372036854775807"},
		{"bigint", "1e18", "1000000000000000000"},
		{"bigint", "1e400", ""},
		{"bigint", "0e9", "0"},
		{"float8", "1.5", "1.5"},
		{"float8", "1e308", "1e+308"},
		{"float8", "1e309", ""},
		{"float8", `"1.5"`, "1.5"},
		{"float8", `"NaN"`, "NaN"},
		{"float8", `"-Infinity"`, "-Inf"},
		{"float8", `"inf"`, ""},
		{"float8", `"0x10"`, ""},
		{"float8", `""`, ""},
		{"float8", "false", ""},
		{"real", "0.1", "0.1"},
		{"real", "1e39", ""},
		{"numeric(6,2)", "1234.5", "123450"},
		{"numeric(6,2)", "9999.994", "999999"},
		{"numeric(6,2)", "9999.995", ""},
		{"numeric(6,2)", "-10000", ""},
		{"numeric(6,2)", `"000.001e4"`, "1000"},
		{"numeric(6,2)", "1e3", "100000"},
		{"numeric(6,2)", "1e-3", "0"},
		{"numeric(6,2)", `"1.5x"`, ""},
		{"numeric(6,2)", `"."`, ""},
		{"numeric(38,0)", "99999999999999999999999999999999999999", "99999999999999999999999999999999999999"},
		{"numeric(38,0)", "100000000000000000000000000000000000000", ""},
		{"numeric(2,2)", "0.994", "99"},
		{"numeric(2,2)", "0.995", ""},
		{"numeric(2,2)", "0.00000000000000000000000001", "0"},
		{"bool", "true", "true"},
		{"bool", `"off"`, "false"},
		{"bool", "1", ""},
		{"bool", `"maybe"`, ""},
		{"text", `"x\né"`, "x\né"},
		{"text", "12", ""},
		{"text", "{}", ""},
		{"text", `"a\u0000b"`, ""},
		{"text", `"a\\u0000b"`, `a\u0000b`},
		{"varchar(3)", `"日本語"`, "日本語"},
		{"varchar(3)", `"abcd"`, ""},
		{"varchar(3)", `"a\u00e9\n"`, "aé\n"},
		{"date", `"2018-02-28"`, "17590"},
		{"date", `"2018-02-29"`, ""},
		{"date", `"2018-2-28"`, ""},
		{"date", "20180228", ""},
		{"time", `"03:04"`, "11040000000"},
		{"time", `"03:04:05.1234567"`, "11045123457"},
		{"time", `"23:59:59.9999999"`, ""},
		{"time", `"24:00:00"`, ""},
		{"timestamptz", `"2018-02-15T03:04:05.123456Z"`, "1518663845123456"},
		{"timestamptz", `"2018-02-15T03:04:05"`, "1518663845000000"},
		{"timestamptz", `"2018-02-15 03:04:05+09:00"`, "1518631445000000"},
		{"timestamptz", `"2018-02-15T03:04:05.5-0330"`, "1518676445500000"},
		{"timestamptz", `"2018-02-15T03:04+09"`, "1518631440000000"},
		{"timestamptz", `"2018-02-15"`, "1518652800000000"},
		{"timestamptz", `"2018-12-31T23:59:59.9999996Z"`, "1546300800000000"},
		{"timestamptz", `"2018-02-15T03:04:05.Z"`, ""},
		{"timestamptz", `"2018-02-15T03:04:60Z"`, ""},
		{"timestamptz", `"2018-02-15T03:04:05+9"`, ""},
		{"timestamptz", `"2018-02-15T03:04:05+09:0"`, ""},
		{"timestamptz", `"2018-02-15T03:04:05Zx"`, ""},
		{"timestamptz", `"2018-02-30T03:04:05Z"`, ""},
		{"timestamptz", `"0000-02-15T03:04:05Z"`, ""},
		{"timestamptz", `"9999-12-31T23:04:05-01:00"`, ""},
		{"timestamptz", `"yesterday"`, ""},
		{"timestamptz", "1518663845", ""},
		{"timestamp", `"2018-02-15T03:04:05"`, "1518663845000000"},
		{"timestamp", `"2018-02-15T03:04:05Z"`, "1518663845000000"},
		{"timestamp", `"2018-02-15T03:04:05+09:00"`, ""},
		{"uuid", `"01c5a7d2-7c1e-4d7b-9c1a-0F2e8f7b1c3d"`, "-167785669144822242096639045905521370051"},
		{"uuid", `"01c5a7d27c1e4d7b9c1a0f2e8f7b1c3d"`, ""},
		{"uuid", `"01c5a7d2-7c1e-4d7b-9c1a-0g2e8f7b1c3d"`, ""},
		{"json", `{"a": [1]}`, `{"a": [1]}`},
	} {
		set, physical, err := setterOf(mustType(t, tc.typ))
		if err != nil {
			t.Fatalf("%s: %v", tc.typ, err)
		}
		to := engine.NewBuilder([]engine.Physical{physical})
		ok := set(to, 0, []byte(tc.in))
		if ok {
			to.Keep()
		}
		if ok != (tc.want != "") || ok && shown(&to.Chunk().Vectors[0], 0) != tc.want {
			t.Errorf("%s %s: %s %v, want %q", tc.typ, tc.in, shown(to.Vector(0), 0), ok, tc.want)
		}
	}
}

func mustType(t *testing.T, s string) pgtypes.Type {
	t.Helper()
	typ, err := pgtypes.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

func TestTypesOfFields(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"numeric", "bytea", "interval", "char(3)", "name", "oid"} {
		if _, _, err := setterOf(mustType(t, s)); err == nil {
			t.Errorf("%s: accepted", s)
		}
	}
}

// FuzzDecimal compares with big.Rat.
func FuzzDecimal(f *testing.F) {
	for _, s := range []string{"0", "-0.0", "12.50", "1e5", "1.25e-3", "99999.95", "+7", ".5", "5.", "1e400", "-", "00012", "9.995"} {
		f.Add(s, 5, 2)
	}
	f.Fuzz(func(t *testing.T, s string, precision, scale int) {
		if precision < 1 || precision > 38 || scale < 0 || scale > precision {
			return
		}
		d, ok := parseDecimal([]byte(s))
		want, valid := new(big.Rat).SetString(s)
		if !ok {
			return
		}
		if !valid {
			t.Fatalf("%q: read, but is no number", s)
		}
		// Rounded half away from zero, the value must stay below 10^(precision-scale).
		unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
		scaled := new(big.Rat).Mul(new(big.Rat).Abs(want), new(big.Rat).SetInt(unit))
		scaled.Add(scaled, big.NewRat(1, 2))
		whole := new(big.Int).Quo(scaled.Num(), scaled.Denom())
		limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision)), nil)
		if fits := whole.Cmp(limit) < 0; d.fits(precision, scale) != fits {
			t.Fatalf("%q as numeric(%d,%d): fits %v, want %v", s, precision, scale, !fits, fits)
		} else if fits {
			got := shown(&engine.Vector{Physical: engine.PhysicalI128, I128: []engine.Int128{d.unscaled(scale)}}, 0)
			if want.Sign() < 0 {
				whole.Neg(whole)
			}
			if got != whole.String() {
				t.Fatalf("%q times 10^%d: %s, want %s", s, scale, got, whole)
			}
		}
		n, ok := d.integer()
		if integral := want.IsInt() && want.Num().IsInt64(); ok != integral || ok && n != want.Num().Int64() {
			t.Fatalf("%q: integer %d %v, want %v", s, n, ok, integral)
		}
	})
}

// FuzzInstant compares with package time where both read the text.
func FuzzInstant(f *testing.F) {
	for _, s := range []string{
		"2018-02-15T03:04:05Z", "2018-02-15T03:04:05.123456+09:00", "2000-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "0001-01-01T00:00:00Z",
		"9999-12-31T23:59:59.999999Z", "2018-02-15 03:04", "2018-02-15", "1969-12-31T23:59:59-00:30", "2018-02-15T03:04:05+0900", "2018-02-15T03:04:05+09",
	} {
		f.Add(s)
	}
	// Package time is laxer: one digit for the hour, a comma, 60 minutes of offset.
	strict := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:[0-5]\d)$`)
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseInstant([]byte(s))
		if want, err := time.Parse(time.RFC3339Nano, s); err == nil && strict.MatchString(s) {
			_, offset := want.Zone()
			far := offset >= 16*3600 || offset <= -16*3600
			if !far && ok != inYears(want.Round(time.Microsecond).UnixMicro()) && want.Year() > 0 {
				t.Fatalf("%q: read %v, want %v", s, ok, want)
			}
			if ok && got.micros != want.Round(time.Microsecond).UnixMicro() {
				t.Fatalf("%q: %s, want %s", s, time.UnixMicro(got.micros).UTC(), want)
			}
		}
		if !ok {
			return
		}
		text := time.UnixMicro(got.micros).UTC().Format("2006-01-02T15:04:05.000000Z")
		again, ok := parseInstant([]byte(text))
		if !ok || again.micros != got.micros {
			t.Fatalf("%q: became %q, which is %v %v", s, text, again, ok)
		}
	})
}
