package raw

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/etl/pipeline"
	"tidegate/internal/engine"
	"tidegate/internal/engine/duck"
	"tidegate/internal/storage"
)

// everyType declares a field of every type.
func everyType(t *testing.T) *pipeline.Pipeline {
	t.Helper()
	p := &pipeline.Pipeline{Source: &pipeline.Source{Format: "json"}}
	for _, f := range [][2]string{
		{"i2", "smallint"},
		{"i4", "int"},
		{"i8", "bigint"},
		{"f4", "real"},
		{"f8", "double precision"},
		{"n", "numeric(20,3)"},
		{"b", "bool"},
		{"t", "text"},
		{"v", "varchar(40)"},
		{"d", "date"},
		{"c", "time"},
		{"ts", "timestamp"},
		{"tz", "timestamptz"},
		{"u", "uuid"},
		{"j", "json"},
		{"Quo'ted \"Né", "text"},
	} {
		p.Source.Fields = append(p.Source.Fields, pipeline.Field{Name: f[0], Type: mustType(t, f[1])})
	}
	return p
}

// row is one random record: its JSON and, by field, what DuckDB must show of it.
type row struct {
	members []string
	want    map[string]string
}

func (r *row) add(name, value, want string) {
	key, _ := json.Marshal(name)
	r.members = append(r.members, string(key)+":"+value)
	r.want[name] = want
}

func randomText(rng *rand.Rand, n int) (literal, value string) {
	pieces := [][2]string{
		{"a", "a"},
		{"\\n", "\n"},
		{"é", "é"},
		{"\\u00e9", "é"},
		{"日", "日"},
		{"\\ud83d\\ude00", "😀"},
		{"\\\"", "\""},
		{"\\\\", "\\"},
		{"\\/", "/"},
		{"'", "'"},
		{"\x7f", "\x7f"},
		{"\\t", "\t"},
		{" ", " "},
		{"{}", "{}"},
		{"\\u001f", "\x1f"},
	}
	var l, v strings.Builder
	for range rng.IntN(n) {
		p := pieces[rng.IntN(len(pieces))]
		l.WriteString(p[0])
		v.WriteString(p[1])
	}
	return `"` + l.String() + `"`, v.String()
}

func randomRow(rng *rand.Rand) row {
	r := row{want: map[string]string{}}
	quote := func(s string) string {
		if rng.IntN(3) == 0 {
			return strconv.Quote(s)
		}
		return s
	}
	i2, i4, i8 := int16(rng.Uint32()), int32(rng.Uint32()), int64(rng.Uint64())
	r.add("i2", quote(strconv.Itoa(int(i2))), strconv.Itoa(int(i2)))
	r.add("i4", fmt.Sprintf("%d.0", i4), strconv.Itoa(int(i4)))
	r.add("i8", quote(strconv.FormatInt(i8, 10)), strconv.FormatInt(i8, 10))
	f4 := math.Float32frombits(rng.Uint32()&0xbfffffff | 0x10000000)
	f8 := math.Float64frombits(rng.Uint64()&0xbfffffffffffffff | 0x1000000000000000)
	r.add("f4", strconv.FormatFloat(float64(f4), 'e', -1, 32), strconv.FormatUint(uint64(math.Float32bits(f4)), 10))
	r.add("f8", quote(strconv.FormatFloat(f8, 'e', -1, 64)), strconv.FormatUint(math.Float64bits(f8), 10))
	n := big.NewRat(rng.Int64()-math.MaxInt64/2, 10_000) // 4 digits after the point, to be rounded to 3
	r.add("n", quote(n.FloatString(4)), n.FloatString(3))
	r.add("b", []string{"true", `"f"`}[i8&1], []string{"true", "false"}[i8&1])
	literal, value := randomText(rng, 60)
	r.add("t", literal, value)
	literal, value = randomText(rng, 20)
	r.add("v", literal, value)
	at := time.UnixMicro(rng.Int64N(endMicros-firstMicros-4*86400_000_000) + firstMicros + 2*86400_000_000).UTC()
	r.add("d", at.Format(`"2006-01-02"`), at.Format("2006-01-02"))
	r.add("c", at.Format(`"15:04:05.999999"`), at.Format("15:04:05.000000"))
	r.add("ts", at.Format(`"2006-01-02T15:04:05.999999"`), at.Format("2006-01-02 15:04:05.000000"))
	zone := time.FixedZone("", (rng.IntN(28*4)-14*4)*900)
	r.add("tz", at.In(zone).Format(`"2006-01-02 15:04:05.999999Z07:00"`), at.Format("2006-01-02 15:04:05.000000"))
	u := fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", rng.Uint32(), rng.Uint32()>>16, rng.Uint32()>>16, rng.Uint32()>>16, rng.Uint64()>>16)
	r.add("u", `"`+strings.ToUpper(u)+`"`, u)
	literal, _ = randomText(rng, 10)
	r.add("j", `{"a": [1.50, null,`+literal+`]}`, `{"a": [1.50, null,`+literal+`]}`)
	literal, value = randomText(rng, 10)
	r.add(`Quo'ted "Né`, literal, value)
	rng.Shuffle(len(r.members), func(i, j int) { r.members[i], r.members[j] = r.members[j], r.members[i] })
	for range rng.IntN(5) { // some members are missing or null
		last := r.members[len(r.members)-1]
		key, _, _ := strings.Cut(last[1:], `":`)
		delete(r.want, strings.ReplaceAll(key, `\"`, `"`))
		r.members = r.members[:len(r.members)-1]
		if rng.IntN(2) == 0 {
			r.members = append([]string{`"` + key + `":null`}, r.members...)
		}
	}
	return r
}

// TestDuckDBHasWhatWasValidated sends random values of every type through Ingest into a table.
func TestDuckDBHasWhatWasValidated(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	rows := make([]row, 5000)
	var text strings.Builder
	for i := range rows {
		rows[i] = randomRow(rng)
		fmt.Fprintf(&text, "{%s}\n", strings.Join(rows[i].members, ","))
	}
	b, objects := source(t, map[string][]byte{"x.gz": gzipped(t, text.String())})
	p := everyType(t)
	in, s := ingestIntoTable(t, p, b, objects)
	if in.Parsed != int64(len(rows)) {
		t.Fatalf("%d of %d records are good: %q", in.Parsed, len(rows), in.quarantined(t)[0])
	}
	shown := map[string]string{ // as texts that do not depend on how DuckDB writes floats, times and JSON
		"f4": "f4::DOUBLE", "f8": "f8", "c": "strftime(DATE '2000-01-01' + c, '%H:%M:%S.%f')",
		"ts": "strftime(ts, '%Y-%m-%d %H:%M:%S.%f')", "tz": "strftime(tz, '%Y-%m-%d %H:%M:%S.%f')", "d": "strftime(d, '%Y-%m-%d')",
	}
	var columns []string
	for _, f := range p.Source.Fields {
		e, ok := shown[f.Name]
		name := `"` + strings.ReplaceAll(f.Name, `"`, `""`) + `"`
		if !ok {
			e = name + "::VARCHAR"
		}
		columns = append(columns, e)
	}
	query := "SELECT _tg_object, _tg_line, " + strings.Join(columns, ", ") + " FROM source ORDER BY _tg_line"
	got := read(t, s, query)
	if len(got) != len(rows) {
		t.Fatalf("%d rows, want %d", len(got), len(rows))
	}
	for i, g := range got {
		if g[0] != "0" || g[1] != strconv.Itoa(i+1) {
			t.Fatalf("row %d comes from object %s, line %s", i, g[0], g[1])
		}
		for j, f := range p.Source.Fields {
			want, ok := rows[i].want[f.Name]
			if !ok {
				want = "NULL"
			}
			if g[j+2] != want {
				t.Fatalf("row %d, %s of %s: %q, want %q", i, f.Name, strings.Join(rows[i].members, ","), g[j+2], want)
			}
		}
	}
}

// ingestIntoTable reads objects into the table source of a session.
func ingestIntoTable(t *testing.T, p *pipeline.Pipeline, b storage.Bucket, objects []storage.Object) (*Ingested, engine.Session) {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := db.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	var columns []string
	for _, c := range Columns(p) {
		columns = append(columns, `"`+strings.ReplaceAll(c.Name, `"`, `""`)+`" `+c.Type)
	}
	if _, err := s.Exec(t.Context(), "CREATE TEMP TABLE source ("+strings.Join(columns, ", ")+")"); err != nil {
		t.Fatal(err)
	}
	rows, err := s.Append(t.Context(), "source")
	if err != nil {
		t.Fatal(err)
	}
	in, err := Ingest(t.Context(), Request{Pipeline: p, Bucket: b, Objects: objects, Into: IntoTable{rows}, WorkDir: t.TempDir()})
	if err := errors.Join(err, rows.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	return in, s
}

// read runs a query in DuckDB and gives every value as text; floats as their bits.
func read(t *testing.T, s engine.Session, query string) [][]string {
	t.Helper()
	rows, err := s.Query(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var all [][]string
	for {
		c, err := rows.Next(context.WithoutCancel(t.Context()))
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.Rows {
			line := make([]string, len(c.Vectors))
			for j := range c.Vectors {
				line[j] = cell(&c.Vectors[j], i, j)
			}
			all = append(all, line)
		}
	}
}

func cell(v *engine.Vector, i, column int) string {
	switch {
	case !v.Valid(i):
		return "NULL"
	case v.Physical == engine.PhysicalI64:
		return strconv.FormatInt(v.I64[i], 10)
	case v.Physical == engine.PhysicalF64 && column == 5: // f4, widened exactly
		return strconv.FormatUint(uint64(math.Float32bits(float32(v.F64[i]))), 10)
	case v.Physical == engine.PhysicalF64:
		return strconv.FormatUint(math.Float64bits(v.F64[i]), 10)
	}
	return string(v.Str[i].Bytes())
}

// TestTableOfLargeRecords: what DuckDB's own reader of JSON would refuse, and what makes a chunk full before its time.
func TestTableOfLargeRecords(t *testing.T) {
	t.Parallel()
	large := record1(strings.Repeat("x", MaxRecord-len(record1("", ""))), "")
	b, objects := source(t, map[string][]byte{"x": []byte(large + "\n" + record1("b", "") + "\n" + large + "x")})
	_, s := ingestIntoTable(t, views(t), b, objects)
	got := read(t, s, "SELECT _tg_line, length(id)::BIGINT FROM source ORDER BY 1")
	if d := cmp.Diff([][]string{{"1", strconv.Itoa(MaxRecord - len(record1("", "")))}, {"2", "1"}}, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
