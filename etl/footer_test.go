package etl

import (
	"fmt"
	"math/big"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/parquetfooter"
	"tidegate/internal/pgtypes"
)

// statisticsTable has a column of each class over 300,000 rows (three row groups) of a seeded random.
const statisticsTable = `CREATE TEMP TABLE s AS SELECT
	(random() * 60000 - 30000)::SMALLINT AS c_int2,
	(random() * 1e9 - 5e8)::INTEGER AS c_int4,
	(random() * 1e18 - 5e17)::BIGINT AS c_int8,
	random() < 0.5 AS c_bool,
	(random() - 0.5)::FLOAT AS c_float4,
	random() * 1e300 - 5e299 AS c_float8,
	CASE WHEN i = 7 THEN 'NaN'::DOUBLE ELSE random() END AS c_nan,
	CASE WHEN i = 7 THEN 'Infinity'::DOUBLE ELSE random() END AS c_inf,
	(random() * 2e6 - 1e6)::DECIMAL(9,2) AS c_dec9,
	(random() * 2e12 - 1e12)::DECIMAL(18,3) AS c_dec18,
	(random() * 2e20 - 1e20)::DECIMAL(30,5) AS c_dec30,
	(random() * 2e28 - 1e28)::DECIMAL(38,9) AS c_dec,
	chr(33 + (random() * 900)::INTEGER) || md5(i::VARCHAR) AS c_text,
	repeat('x', 300) || i AS c_long,
	DATE '1960-01-01' + (random() * 40000)::INTEGER AS c_date,
	TIMESTAMP '1965-01-01' + to_microseconds((random() * 1e15)::BIGINT) AS c_ts,
	TIMESTAMPTZ '1965-01-01 00:00:00+00' + to_microseconds((random() * 1e15)::BIGINT) AS c_tstz,
	CASE WHEN random() < 0.3 THEN (random() * 100)::INTEGER END AS c_some,
	CASE WHEN i < 200000 THEN NULL ELSE i::INTEGER END AS c_late,
	NULL::INTEGER AS c_none,
	uuid() AS c_uuid
	FROM range(300000) r(i)`

func TestFooterStatisticsEqualTheData(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	s := l.session(t)
	defer func() { _ = s.Close() }()
	path := filepath.Join(l.dir, "s.parquet")
	for _, statement := range []string{
		"SELECT setseed(0.42)", "SET threads = 1", statisticsTable,
		"COPY s TO " + literal(path) + " " + parquetOptions,
	} {
		if _, err := s.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	columns := []catalog.Column{
		{Name: "c_int2", Type: pgtypes.Of(pgtypes.Int2)},
		{Name: "c_int4", Type: pgtypes.Of(pgtypes.Int4)},
		{Name: "c_int8", Type: pgtypes.Of(pgtypes.Int8)},
		{Name: "c_bool", Type: pgtypes.Of(pgtypes.Bool)},
		{Name: "c_float4", Type: pgtypes.Of(pgtypes.Float4)},
		{Name: "c_float8", Type: pgtypes.Of(pgtypes.Float8)},
		{Name: "c_dec9", Type: pgtypes.NumericOf(9, 2)},
		{Name: "c_dec18", Type: pgtypes.NumericOf(18, 3)},
		{Name: "c_dec30", Type: pgtypes.NumericOf(30, 5)},
		{Name: "c_dec", Type: pgtypes.Of(pgtypes.Numeric)},
		{Name: "c_text", Type: pgtypes.Of(pgtypes.Text)},
		{Name: "c_date", Type: pgtypes.Of(pgtypes.Date)},
		{Name: "c_ts", Type: pgtypes.Of(pgtypes.Timestamp)},
		{Name: "c_tstz", Type: pgtypes.Of(pgtypes.Timestamptz)},
		{Name: "c_some", Type: pgtypes.Of(pgtypes.Int4)},
		{Name: "c_late", Type: pgtypes.Of(pgtypes.Int4)},
		{Name: "c_none", Type: pgtypes.Of(pgtypes.Int4)},
		{Name: "c_long", Type: pgtypes.Of(pgtypes.Text)},
		{Name: "c_nan", Type: pgtypes.Of(pgtypes.Float8)},
		{Name: "c_inf", Type: pgtypes.Of(pgtypes.Float8)},
		{Name: "c_uuid", Type: pgtypes.Of(pgtypes.UUID)},
	}
	foot, err := readFooter(path, columns)
	if err != nil {
		t.Fatal(err)
	}
	if foot.rows != 300_000 || foot.footerBytes < 100 || foot.footerBytes > foot.sizeBytes {
		t.Errorf("rows %d, footer %d of %d bytes", foot.rows, foot.footerBytes, foot.sizeBytes)
	}
	var bytes int64
	for i, c := range columns {
		got := foot.columns[i]
		bytes += got.Bytes
		got.Bytes = 0
		want := computed(t, s, c)
		switch c.Name {
		case "c_nan", "c_inf", "c_uuid":
			want.Min, want.Max, want.Exact = nil, nil, false
		case "c_long": // cut: bounds, not values
			low, _ := got.Min.Compare(*want.Min)
			high, _ := got.Max.Compare(*want.Max)
			if low > 0 || high < 0 {
				t.Errorf("%s: %s … %s are no bounds", c.Name, got.Min.S, got.Max.S)
			}
			want.Min, want.Max, want.Exact = got.Min, got.Max, false
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", c.Name, diff)
		}
	}
	// Beside the columns' chunks the file has bloom filters of a few bytes.
	if data := foot.sizeBytes - foot.footerBytes - 4; bytes > data || bytes < data-4096 {
		t.Errorf("columns have %d bytes, the file's data %d", bytes, data)
	}
}

// computed gives the statistics of a column of s as DuckDB computes them from the rows.
func computed(t *testing.T, s engine.Session, c catalog.Column) catalog.ColumnStats {
	t.Helper()
	stats := catalog.ColumnStats{Name: c.Name}
	class := pgtypes.ClassOf(c.Type.OID)
	low, ok := asDatum("min("+c.Name+")", c.Type)
	high, _ := asDatum("max("+c.Name+")", c.Type)
	if class == pgtypes.ClassFloat {
		low, high, ok = "CAST(min("+c.Name+")::DOUBLE AS VARCHAR)", "CAST(max("+c.Name+")::DOUBLE AS VARCHAR)", true
	}
	if !ok {
		low, high = "NULL::VARCHAR", "NULL::VARCHAR"
	}
	err := each(t.Context(), s, fmt.Sprintf("SELECT %s, %s, (count(*) - count(%s))::BIGINT FROM s", low, high, c.Name), func(row []cell) error {
		stats.Nulls = row[2].i
		for i, bound := range []**pgtypes.Datum{&stats.Min, &stats.Max} {
			if row[i].null {
				continue
			}
			d := pgtypes.Datum{Class: class, I: row[i].i, S: row[i].s}
			if class == pgtypes.ClassFloat {
				d.S = ""
				if _, err := fmt.Sscan(row[i].s, &d.F); err != nil {
					return err
				}
			}
			*bound = &d
		}
		stats.Exact = stats.Min != nil
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return stats
}

func TestReadFooterErrors(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	s := l.session(t)
	defer func() { _ = s.Close() }()
	path := filepath.Join(l.dir, "x.parquet")
	if _, err := s.Exec(t.Context(), "COPY (SELECT 1 AS a) TO "+literal(path)); err != nil {
		t.Fatal(err)
	}
	_, err := readFooter(path, []catalog.Column{{Name: "b", Type: pgtypes.Of(pgtypes.Int4)}})
	if err == nil || !strings.Contains(err.Error(), `column "b" is missing`) {
		t.Errorf("a missing column: %v", err)
	}
	_, err = readFooter(filepath.Join(l.dir, "none"), nil)
	if err == nil {
		t.Error("a missing file: no error")
	}
}

func TestDecimalText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		unscaled int64
		scale    int
		want     string
	}{{0, 0, "0"}, {0, 2, "0.00"}, {5, 2, "0.05"}, {-5, 2, "-0.05"}, {-1250, 2, "-12.50"}, {1250, 0, "1250"}, {100, 2, "1.00"}} {
		if got := parquetfooter.Decimal(big.NewInt(c.unscaled), c.scale); got != c.want {
			t.Errorf("%d, %d: got %s, want %s", c.unscaled, c.scale, got, c.want)
		}
	}
}

func FuzzDecodeBound(f *testing.F) {
	for _, oid := range []uint32{pgtypes.Int4, pgtypes.Int8, pgtypes.Bool, pgtypes.Float8, pgtypes.Text, pgtypes.Numeric, pgtypes.Timestamptz} {
		f.Add(oid, int32(-1), []byte{1, 0, 0, 0})
		f.Add(oid, int32(30<<16|5)+4, []byte{0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
	}
	f.Fuzz(func(t *testing.T, oid uint32, typmod int32, raw []byte) {
		typ := pgtypes.Type{OID: oid, Typmod: typmod}
		d, ok, err := decodeBound(typ, raw)
		if ok && err != nil {
			t.Fatalf("a bound and an error: %v", err)
		}
		same := d
		if order, comparable := d.Compare(same); ok && (!comparable || order != 0) {
			t.Fatalf("%+v does not equal itself", d)
		}
	})
}
