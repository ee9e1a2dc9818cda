package metastore

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
)

func someStats() []catalog.ColumnStats {
	d := func(c pgtypes.Class, i int64, f float64, s string) *pgtypes.Datum {
		return &pgtypes.Datum{Class: c, I: i, F: f, S: s}
	}
	return []catalog.ColumnStats{
		{Name: "unknown", Nulls: -1},
		{Name: "empty", Bytes: 12, Nulls: 3, Exact: true},
		{
			Name: "int", Bytes: math.MaxInt64, Nulls: math.MaxInt64 - 1, Exact: true,
			Min: d(pgtypes.ClassInt, math.MinInt64, 0, ""), Max: d(pgtypes.ClassInt, math.MaxInt64, 0, ""),
		},
		{Name: "bool", Min: d(pgtypes.ClassBool, 0, 0, ""), Max: d(pgtypes.ClassBool, 1, 0, "")},
		{Name: "float", Min: d(pgtypes.ClassFloat, 0, math.Inf(-1), ""), Max: d(pgtypes.ClassFloat, 0, math.NaN(), "")},
		{Name: "numeric", Min: d(pgtypes.ClassNumeric, 0, 0, "-12.50"), Max: d(pgtypes.ClassNumeric, 0, 0, "99999999999999999999")},
		{Name: "text", Min: d(pgtypes.ClassText, 0, 0, ""), Max: d(pgtypes.ClassText, 0, 0, "あ\x00\xff")},
		{Name: "date", Max: d(pgtypes.ClassDate, -1, 0, "")},
		{Name: "timestamp", Min: d(pgtypes.ClassTimestamp, 1518652800000000, 0, "")},
		{Name: "timestamptz", Min: d(pgtypes.ClassTimestamptz, 1518652800000000, 0, "")},
		{Name: "", Min: d(pgtypes.ClassNone, 0, 0, "")},
	}
}

func TestStatsRoundTrip(t *testing.T) {
	t.Parallel()
	for n := range len(someStats()) + 1 {
		want := someStats()[:n]
		got, err := decodeStats(encodeStats(want), map[string]string{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%d columns (-want +got):\n%s", n, diff)
		}
	}
}

func TestStatsThatAreCut(t *testing.T) {
	t.Parallel()
	whole := encodeStats(someStats()[:8])
	columns := 0
	for n := range whole {
		got, err := decodeStats(whole[:n], map[string]string{})
		if err == nil && len(got) != columns {
			columns++ // the cut is just behind a column
			if len(got) != columns {
				t.Errorf("cut at %d: %d columns", n, len(got))
			}
		}
	}
	if columns != 7 {
		t.Errorf("found %d places between columns, want 7", columns)
	}
	for _, b := range [][]byte{nil, {0}, {2}, {1, 0, 0, 0, 1, 200}} {
		if got, err := decodeStats(b, map[string]string{}); err == nil {
			t.Errorf("%v was read as %v", b, got)
		}
	}
}

func FuzzDecodeStats(f *testing.F) {
	f.Add(encodeStats(someStats()))
	f.Add(encodeStats(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		first, err := decodeStats(b, map[string]string{})
		if err != nil {
			return
		}
		again, err := decodeStats(encodeStats(first), map[string]string{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, again, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("encoded and read again (-want +got):\n%s", diff)
		}
	})
}
