package router

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

func integer(n int64) *pgtypes.Datum { return &pgtypes.Datum{Class: pgtypes.ClassInt, I: n} }

func text(s string) *pgtypes.Datum { return &pgtypes.Datum{Class: pgtypes.ClassText, S: s} }

func between(low, high int64) sql.Domain {
	return sql.Domain{Intervals: []sql.Interval{{Low: integer(low), High: integer(high)}}}
}

var everyValue = sql.Domain{Intervals: []sql.Interval{{}}}

func eventsTable() *catalog.Table {
	return &catalog.Table{
		Name: catalog.Name{Schema: "web", Table: "events"}, SchemaVersion: 2,
		Columns: []catalog.Column{
			{Name: "n", Type: pgtypes.Of(pgtypes.Int8)},
			{Name: "f", Type: pgtypes.Of(pgtypes.Float8)},
			{Name: "late", Type: pgtypes.Of(pgtypes.Int8)},
			{Name: "dt", Type: pgtypes.Of(pgtypes.Text), Partition: true},
		},
	}
}

func TestMatchFile(t *testing.T) {
	t.Parallel()
	file := &catalog.File{
		Partition: "dt=2018-02-03", Rows: 100, SchemaVersion: 1,
		Stats: []catalog.ColumnStats{
			{Name: "n", Min: integer(10), Max: integer(20)},
			{Name: "f", Min: &pgtypes.Datum{Class: pgtypes.ClassFloat, F: 1}, Max: &pgtypes.Datum{Class: pgtypes.ClassFloat, F: 2}},
		},
	}
	for _, c := range []struct {
		name   string
		column string
		domain sql.Domain
		nulls  int64
		want   match
	}{
		{"inside", "n", between(5, 25), 0, matchAll},
		{"equal bounds", "n", between(10, 20), 0, matchAll},
		{"part", "n", between(15, 25), 0, matchSome},
		{"below", "n", between(1, 9), 0, matchNone},
		{"touches", "n", between(20, 30), 0, matchSome},
		{"touches an open bound", "n", sql.Domain{Intervals: []sql.Interval{{Low: integer(20), LowOpen: true}}}, 0, matchNone},
		{"some nulls, not wanted", "n", between(5, 25), 3, matchSome},
		{"some nulls, wanted", "n", sql.Domain{Null: true, Intervals: between(5, 25).Intervals}, 3, matchAll},
		{"is null, none there", "n", sql.Domain{Null: true}, 0, matchNone},
		{"is null, some there", "n", sql.Domain{Null: true}, 3, matchSome},
		{"is null, all", "n", sql.Domain{Null: true}, 100, matchAll},
		{"values, all null", "n", everyValue, 100, matchNone},
		{"is not null", "n", everyValue, 0, matchAll},
		{"nulls unknown", "n", between(5, 25), -1, matchSome},
		{"nulls unknown, out of range", "n", between(1, 2), -1, matchNone},
		{"nothing at all", "n", sql.Domain{}, 0, matchNone},
		{"another class", "n", sql.Domain{Intervals: []sql.Interval{{Low: text("x")}}}, 0, matchSome},
		{"above a float's maximum lies NaN", "f", sql.Domain{Intervals: []sql.Interval{{Low: &pgtypes.Datum{Class: pgtypes.ClassFloat, F: 5}}}}, 0, matchSome},
		{"below a float's minimum lies nothing", "f", sql.Domain{Intervals: []sql.Interval{{High: &pgtypes.Datum{Class: pgtypes.ClassFloat, F: 0.5}}}}, 0, matchNone},
		{"a column younger than the file is null", "late", everyValue, 0, matchNone},
		{"a column younger than the file is null, wanted", "late", sql.Domain{Null: true}, 0, matchAll},
		{"partition equal", "dt", sql.Domain{Intervals: []sql.Interval{{Low: text("2018-02-03"), High: text("2018-02-03")}}}, 0, matchAll},
		{"partition other", "dt", sql.Domain{Intervals: []sql.Interval{{Low: text("2018-02-04")}}}, 0, matchNone},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := *file
			f.Stats = slices.Clone(file.Stats)
			f.Stats[0].Nulls = c.nulls
			if got := matchFile(eventsTable(), &f, map[string]sql.Domain{c.column: c.domain}); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

// TestPruneKeepsEveryMatch holds Prune against the rows themselves: a file with a row that the domain accepts stays.
func TestPruneKeepsEveryMatch(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		tv := &catalog.TableView{Table: eventsTable()}
		values := map[*catalog.File][]*int64{}
		for range 6 {
			f, rows := randomFile(r)
			tv.Files = append(tv.Files, f)
			values[f] = rows
		}
		d := randomDomain(r)
		where := map[string]sql.Domain{"n": d}
		kept := Prune(tv, where)
		for f, rows := range values {
			accepted := 0
			for _, v := range rows {
				if accepts(d, v) {
					accepted++
				}
			}
			if accepted > 0 && !slices.Contains(kept, f) {
				t.Fatalf("pruned a file with %d matching rows: %v, domain %s", accepted, rows, show(d))
			}
			if matchFile(tv.Table, f, where) == matchAll && accepted != len(rows) {
				t.Fatalf("said all of %v, only %d match %s", rows, accepted, show(d))
			}
		}
	}
}

func randomFile(r *rand.Rand) (*catalog.File, []*int64) {
	s := catalog.ColumnStats{Name: "n", Exact: true}
	var rows []*int64
	low, high := int64(math.MaxInt64), int64(math.MinInt64)
	for range 1 + r.IntN(5) {
		if r.IntN(4) == 0 {
			rows = append(rows, nil)
			s.Nulls++
			continue
		}
		v := r.Int64N(20)
		low, high = min(low, v), max(high, v)
		rows = append(rows, &v)
	}
	if low <= high {
		s.Min, s.Max = integer(low), integer(high)
	}
	return &catalog.File{Rows: int64(len(rows)), SchemaVersion: 2, Stats: []catalog.ColumnStats{s}}, rows
}

func randomDomain(r *rand.Rand) sql.Domain {
	d := sql.Domain{Null: r.IntN(3) == 0}
	at := int64(0)
	for range r.IntN(3) {
		low := at + r.Int64N(8)
		high := low + r.Int64N(5)
		at = high + 1
		iv := sql.Interval{Low: integer(low), High: integer(high), LowOpen: r.IntN(2) == 0 && low < high, HighOpen: r.IntN(2) == 0 && low < high}
		if r.IntN(6) == 0 {
			iv.High, iv.HighOpen = nil, false
			d.Intervals = append(d.Intervals, iv)
			return d
		}
		d.Intervals = append(d.Intervals, iv)
	}
	return d
}

func accepts(d sql.Domain, v *int64) bool {
	if v == nil {
		return d.Null
	}
	return slices.ContainsFunc(d.Intervals, func(iv sql.Interval) bool {
		lowOK := iv.Low == nil || *v > iv.Low.I || *v == iv.Low.I && !iv.LowOpen
		highOK := iv.High == nil || *v < iv.High.I || *v == iv.High.I && !iv.HighOpen
		return lowOK && highOK
	})
}

func show(d sql.Domain) string {
	var s strings.Builder
	fmt.Fprintf(&s, "null=%v", d.Null)
	for _, iv := range d.Intervals {
		s.WriteByte(' ')
		if iv.Low != nil {
			s.WriteString(strconv.FormatInt(iv.Low.I, 10))
		}
		fmt.Fprintf(&s, "(%v)..(%v)", iv.LowOpen, iv.HighOpen)
		if iv.High != nil {
			s.WriteString(strconv.FormatInt(iv.High.I, 10))
		}
	}
	return s.String()
}

// TestExtremeFiles holds the choice for ORDER BY … LIMIT against a full sort.
func TestExtremeFiles(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		var files []*catalog.File
		values := map[*catalog.File][]int64{}
		for range 1 + r.IntN(6) {
			var rows []int64
			base := r.Int64N(30)
			for range 1 + r.IntN(4) {
				rows = append(rows, base+r.Int64N(6))
			}
			f := &catalog.File{Rows: int64(len(rows)), Stats: []catalog.ColumnStats{{Name: "n", Min: integer(slices.Min(rows)), Max: integer(slices.Max(rows))}}}
			files, values[f] = append(files, f), rows
		}
		limit, desc := 1+r.Int64N(6), r.IntN(2) == 0
		want := topOf(files, values, int(limit), desc)
		got := topOf(extremeFiles(files, "n", desc, limit), values, int(limit), desc)
		if !slices.Equal(got, want) {
			t.Fatalf("limit %d desc %v: got %v, want %v", limit, desc, got, want)
		}
	}
}

func topOf(files []*catalog.File, values map[*catalog.File][]int64, limit int, desc bool) []int64 {
	var all []int64
	for _, f := range files {
		all = append(all, values[f]...)
	}
	slices.Sort(all)
	if desc {
		slices.Reverse(all)
	}
	return all[:min(limit, len(all))]
}

func TestExtremeFilesLeavesOut(t *testing.T) {
	t.Parallel()
	var files []*catalog.File
	for i := range int64(10) {
		files = append(files, &catalog.File{Rows: 10, Stats: []catalog.ColumnStats{{Name: "n", Min: integer(i * 10), Max: integer(i*10 + 9)}}})
	}
	if got := extremeFiles(files, "n", true, 15); !slices.Equal(got, []*catalog.File{files[9], files[8]}) {
		t.Errorf("newest 15 rows need 2 files, got %d", len(got))
	}
	files[0].Stats[0].Nulls = 1
	if got := extremeFiles(files, "n", true, 15); len(got) != 10 {
		t.Errorf("a NULL sorts first in descending order: want all files, got %d", len(got))
	}
}
