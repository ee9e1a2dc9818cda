package pgtypes

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDatumJSON(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		datum Datum
		want  string
	}{
		{Datum{Class: ClassBool, I: 1}, `{"bool":true}`},
		{Datum{Class: ClassInt, I: math.MaxInt64}, `{"int":9223372036854775807}`},
		{Datum{Class: ClassFloat, F: 0.1}, `{"float":0.1}`},
		{Datum{Class: ClassNumeric, S: "-1.50"}, `{"numeric":"-1.50"}`},
		{Datum{Class: ClassText, S: "a\"b"}, `{"text":"a\"b"}`},
		{Datum{Class: ClassDate, I: -1}, `{"date":-1}`},
		{Datum{Class: ClassTimestamp, I: 1}, `{"timestamp":1}`},
		{Datum{Class: ClassTimestamptz, I: 1517443200000000}, `{"timestamptz":1517443200000000}`},
	} {
		got, err := json.Marshal(c.datum)
		if err != nil || string(got) != c.want {
			t.Errorf("%v: got %s, %v, want %s", c.datum, got, err, c.want)
		}
		var back Datum
		if err := json.Unmarshal(got, &back); err != nil {
			t.Errorf("%s: %v", got, err)
		}
		if d := cmp.Diff(c.datum, back); d != "" {
			t.Error(d)
		}
	}
	for _, bad := range []string{`{}`, `{"int":1,"text":"x"}`, `{"number":1}`, `{"int":"x"}`, `7`} {
		if err := json.Unmarshal([]byte(bad), new(Datum)); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

func TestTypeText(t *testing.T) {
	t.Parallel()
	for _, typ := range []Type{
		Of(Text), Of(Timestamptz), Of(Timestamp), NumericOf(12, 2), Of(Numeric), VarcharOf(40), Of(Int2), Of(Float8), Of(JSON), Of(Bool),
		Of(TextArray),
		{OID: 1231, Typmod: NumericOf(9, 2).Typmod},
	} {
		b, err := json.Marshal(typ)
		if err != nil {
			t.Fatal(err)
		}
		var back Type
		if err := json.Unmarshal(b, &back); err != nil || back != typ {
			t.Errorf("%s: got %v, %v, want %v", b, back, err, typ)
		}
	}
	if _, err := json.Marshal(Of(1)); err == nil {
		t.Error("an unknown OID was written")
	}
}
