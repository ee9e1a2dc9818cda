package pgformat_test

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"tidegate/internal/pgformat"
	"tidegate/internal/pgnumeric"
	"tidegate/internal/testkit"
)

func numberFormat(r *rand.Rand) string {
	var b strings.Builder
	if r.IntN(3) == 0 {
		b.WriteString("FM")
	}
	b.WriteString(pick(r, []string{"", "", "", "S", "MI", "PL", "SG", "L", "B", "$", `"x"`}))
	for range r.IntN(7) {
		b.WriteString(pick(r, []string{"9", "9", "9", "0", "0", ",", "G", " "}))
	}
	if r.IntN(2) == 0 {
		b.WriteString(pick(r, []string{".", "D", "V", "d", "."}))
		for range r.IntN(4) {
			b.WriteString(pick(r, []string{"9", "9", "0", "é"}))
		}
	}
	b.WriteString(pick(r, []string{"", "", "", "", "S", "MI", "PL", "SG", "PR", "TH", "th", "EEEE", "RN", "rn", "%", "L", "C", "SP"}))
	return b.String()
}

func number(r *rand.Rand) string {
	switch r.IntN(12) {
	case 0:
		return pick(r, []string{"0", "-0.0", "NaN", "Infinity", "-Infinity", "0.5", "-0.5", "0.05", "1", "11", "12", "13", "101", "-1"})
	case 1:
		return strconv.FormatInt(r.Int64()-r.Int64(), 10)
	}
	text := strconv.Itoa(r.IntN([]int{10, 1000, 100000, 10000000}[r.IntN(4)]))
	if r.IntN(2) == 0 {
		text += "." + strconv.Itoa(r.IntN([]int{10, 1000, 100000}[r.IntN(3)]))
	}
	return pick(r, []string{"", "", "-"}) + text
}

// TestWriteNumbers writes seeded numbers of every type by seeded formats, as PostgreSQL does.
func TestWriteNumbers(t *testing.T) {
	t.Parallel()
	c := testkit.Postgres(t).Connect(t)
	r := rand.New(rand.NewPCG(15, 3))
	for i := range 20000 {
		format, value := numberFormat(r), number(r)
		f, err := pgformat.ParseNumberFormat(format)
		var got, kind string
		if kind = []string{"numeric", "int4", "int8", "float8", "float4"}[i%5]; kind[0] == 'i' {
			value, _, _ = strings.Cut(value, ".")
			if strings.Contains(value, "N") || strings.Contains(value, "I") || kind == "int4" && len(value) > 9 {
				value = "485"
			}
		}
		if err == nil {
			got, err = written(f, kind, value)
		}
		got = told(got, true, err)
		if want := asked(t, c, "to_char($1::text::"+kind+", $2)", value, format); got != want {
			t.Errorf("to_char(%s::%s, %q): got %q, want %q", value, kind, format, got, want)
		}
	}
}

func written(f *pgformat.NumberFormat, kind, value string) (string, error) {
	switch kind {
	case "numeric":
		n, err := pgnumeric.Parse(value)
		if err != nil {
			return "", err
		}
		return f.Numeric(n)
	case "int4":
		n, err := strconv.ParseInt(value, 10, 32)
		if err != nil {
			return "", err
		}
		return f.Int4(int32(n))
	case "int8":
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return "", err
		}
		return f.Int8(n)
	case "float4":
		n, err := strconv.ParseFloat(value, 32)
		if err != nil {
			return "", err
		}
		return f.Float4(float32(n))
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return "", err
	}
	return f.Float8(n)
}

// TestReadNumbers reads seeded texts by seeded formats, with the same numbers and the same errors.
func TestReadNumbers(t *testing.T) {
	t.Parallel()
	c := testkit.Postgres(t).Connect(t)
	r := rand.New(rand.NewPCG(15, 4))
	for range 15000 {
		format := numberFormat(r)
		f, err := pgformat.ParseNumberFormat(format)
		text := number(r)
		if err == nil && r.IntN(2) == 0 {
			if n, bad := pgnumeric.Parse(text); bad == nil {
				text, _ = f.Numeric(n)
			}
		}
		for range r.IntN(3) {
			i := r.IntN(len(text) + 1)
			text = strings.ToValidUTF8(text[:i]+pick(r, []string{" ", "-", "+", ",", ".", "x", "<", "5"})+text[i:], "")
		}
		got := ""
		ok := true
		if err == nil {
			var n pgnumeric.Numeric
			n, ok, err = f.Number(text)
			got = n.String()
		}
		if got, want := told(got, ok, err), asked(t, c, "to_number($1, $2)", text, format); got != want {
			t.Errorf("to_number(%q, %q): got %q, want %q", text, format, got, want)
		}
	}
}
