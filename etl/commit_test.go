package etl

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/pgtypes"
	"tidegate/internal/storage"
)

// remote hides that a bucket's objects are local files, as in a lake on S3.
type remote struct{ storage.Bucket }

func TestLakeThatIsNotLocal(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.runner.Lake = remote{l.lake}
	l.put(t, "1.gz", event("a", "2018-02-14T01:00:00Z", 1, ""))
	l.mustRun(t, l.events(), daily())
	l.put(t, "2.gz", event("a", "2018-02-14T01:00:00Z", 1, ""), event("b", "2018-02-14T01:00:00Z", 1, ""))
	l.mustRun(t, l.events(), daily())
	if diff := cmp.Diff([]string{"1|2"}, l.query(t, "web.daily", "SELECT site_id, pv FROM t")); diff != "" {
		t.Error(diff)
	}
}

// rival commits the same batch first, between this run's decision and its record.
type rival struct {
	storage.Bucket
	once sync.Once
	act  func(key string, body []byte)
}

func (r *rival) PutIfAbsent(ctx context.Context, key string, body []byte) (storage.Object, error) {
	r.once.Do(func() { r.act(key, body) })
	return r.Bucket.PutIfAbsent(ctx, key, body)
}

func TestARecordThatIsThereCounts(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.runner.Lake = &rival{Bucket: l.lake, act: func(key string, body []byte) {
		// The rival's attempt had another start; otherwise it is the same record.
		other := strings.Replace(string(body), `"checksum": "`, `"checksum": "feed`, 1)
		if _, err := l.lake.PutIfAbsent(context.Background(), key, []byte(other)); err != nil {
			t.Error(err)
		}
	}}
	l.put(t, "1.gz", event("a", "2018-02-14T01:00:00Z", 1, ""))
	if got := l.mustRun(t, l.events()).Pipelines[0]; got.Batches != 1 || got.Failed != 0 {
		t.Errorf("%+v", got)
	}
	if diff := cmp.Diff([]string{"a"}, l.query(t, "web.events", "SELECT event_id FROM t")); diff != "" {
		t.Error(diff)
	}
	if record := l.record(t, l.batches(t)[0]); !strings.HasPrefix(record.Checksum, "feed") {
		t.Errorf("checksum %s is not the rival's", record.Checksum)
	}
}

func TestRecordsAreRecoveredInOrder(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	for _, key := range []string{"1.gz", "2.gz", "3.gz"} {
		l.put(t, key, event(key, "2018-02-14T01:00:00Z", 1, ""))
		l.mustRun(t, l.events())
	}
	// A new, empty catalog for the same lake.
	fresh, err := openLab(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.close(t)
	l.runner.Store = fresh.store
	report := l.mustRun(t, l.events()).Pipelines[0]
	if report.Recovered != 3 || report.Batches != 0 {
		t.Errorf("recovered %d, made %d", report.Recovered, report.Batches)
	}
	var seqs []int64
	for _, b := range fresh.batches(t) {
		seqs = append(seqs, b.Seq)
	}
	if diff := cmp.Diff([]int64{1, 2, 3}, seqs); diff != "" {
		t.Error(diff)
	}
}

func TestOneWriterPerTable(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.put(t, "1.gz", event("a", "2018-02-14T01:00:00Z", 1, ""))
	log := &lines{}
	other, err := newClaimant(t.Context(), l.store, l.runner.WorkDir, 0, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	_, _, release, err := other.take(t.Context(), l.events().Table, wholeTable, nil)
	if err != nil {
		t.Fatal(err)
	}
	l.runner.Log = slog.New(slog.NewTextHandler(log, nil))
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("asked to stop")
	log.on = func() { cancel(stop) }
	p, err := seal(l.events())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.runner.Run(ctx, []*pipeline.Pipeline{p}); !errors.Is(err, stop) {
		t.Errorf("a run that waits and is stopped: %v", err)
	}
	if !strings.Contains(log.text.String(), "waiting for another run of this table") {
		t.Errorf("log: %s", log.text.String())
	}
	// The next run waits until the lock is free and then works.
	log.on = func() {
		log.on = nil
		if err := release(); err != nil {
			t.Error(err)
		}
	}
	log.text.Reset()
	if got := l.mustRun(t, l.events()).Pipelines[0]; got.Batches != 1 {
		t.Errorf("%d batches", got.Batches)
	}
	if err := other.close(t.Context()); err != nil {
		t.Error(err)
	}
}

// lines is a log that calls on with its first line.
type lines struct {
	text strings.Builder
	on   func()
}

func (l *lines) Write(b []byte) (int, error) {
	if l.on != nil {
		l.on()
	}
	return l.text.Write(b)
}

func TestSchemaEvolution(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	first := `select event_id::text as event_id, ts::timestamptz as ts, site_id::int as site_id, load_ms::int as load_ms from source`
	for i, c := range []struct {
		name, sql, err string
		version        int
	}{
		{"first", first, "", 1},
		{"same", first, "", 1},
		{"added in the middle", strings.Replace(first, "load_ms::int", "path::text as path, load_ms::int", 1), "", 2},
		{"widened", strings.Replace(first, "load_ms::int as", "path::text as path, load_ms::bigint as", 1), "", 3},
		{"narrowed", strings.Replace(first, "load_ms::int as", "path::text as path, load_ms::int as", 1), "cannot become", 3},
		{"gone", strings.Replace(first, "site_id::int as site_id, load_ms::int", "path::text as path, load_ms::bigint", 1), "site_id", 3},
	} {
		p := l.events()
		p.SQL, p.ClusterBy = c.sql, []string{"ts"}
		p.Hot.Columns = []string{"ts", "load_ms"}
		l.put(t, c.name+".gz", event(c.name, "2018-02-14T01:00:00Z", i, `,"load_ms":7,"path":"/p"`))
		_, err := l.run(t, p)
		if (err != nil) != (c.err != "") || err != nil && (!strings.Contains(err.Error(), c.err) || !strings.Contains(err.Error(), "web/events.yml")) {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := l.table(t, "web.events").Table.SchemaVersion; got != c.version {
			t.Errorf("%s: schema version %d, want %d", c.name, got, c.version)
		}
		if c.err != "" {
			continue
		}
		if diff := cmp.Diff([]string{"0"}, l.query(t, "web.events", "SELECT count(*) FROM t WHERE load_ms <> 7")); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
	hotter := l.events()
	hotter.SQL, hotter.ClusterBy = strings.Replace(first, "load_ms::int as", "path::text as path, load_ms::bigint as", 1), []string{"ts"}
	hotter.Hot.Columns = []string{"ts", "load_ms", "path"}
	l.put(t, "hotter.gz", event("h", "2018-02-14T01:00:00Z", 1, ""))
	l.mustRun(t, hotter)
	table := l.table(t, "web.events").Table
	if diff := cmp.Diff([]string{"ts", "path", "load_ms", "dt"}, table.Hot.Columns); diff != "" || table.SchemaVersion != 3 {
		t.Errorf("hot columns of schema version %d:\n%s", table.SchemaVersion, diff)
	}
	l.put(t, "zone.gz", event("z", "2018-02-14T01:00:00Z", 1, ""))
	p := l.events()
	p.Time.Zone = "UTC"
	p.SQL = strings.Replace(first, "load_ms::int as", "path::text as path, load_ms::bigint as", 1)
	if _, err := l.run(t, p); err == nil || !strings.Contains(err.Error(), "time changed") {
		t.Errorf("another zone: %v", err)
	}
}

// TestLimitEvolution: the definition's max_bytes holds for every file, whatever the pipeline says since.
func TestLimitEvolution(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	for i, c := range []struct {
		name           string
		pipeline, want int
		path           string // as written of a path of 9 bytes
	}{
		{"first", 4, 4, "/123"},
		{"grown", 6, 6, "/12345"},
		{"shrunk", 3, 6, "/12"},
		{"gone", 0, 0, "/12345678"},
		{"back", 4, 0, "/123"},
	} {
		p := l.events()
		if c.pipeline > 0 {
			p.Columns = []pipeline.Column{{Name: "path", MaxBytes: c.pipeline, OnOverflow: "truncate"}}
		}
		l.put(t, c.name+".gz", event(c.name, "2018-02-14T01:00:00Z", i, `,"path":"/12345678"`))
		l.mustRun(t, p)
		table := l.table(t, "web.events").Table
		if path, _ := table.Column("path"); path.MaxBytes != c.want || table.SchemaVersion != 1 {
			t.Errorf("%s: max_bytes %d of schema version %d, want %d of 1", c.name, path.MaxBytes, table.SchemaVersion, c.want)
		}
		got := l.query(t, "web.events", "SELECT path FROM t WHERE event_id = '"+c.name+"'")
		if diff := cmp.Diff([]string{c.path}, got); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
}

func TestParquetSource(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	s := l.session(t)
	for name, query := range map[string]string{
		"a[1].parquet": `SELECT 'a' || i AS event_id, TIMESTAMPTZ '2018-02-14 00:00:00+00' + to_hours(i) AS ts, i::INTEGER AS site_id, {'q': i} AS extra FROM range(10) r(i)`,
		"b.parquet": `SELECT CASE WHEN i IN (3, 5) THEN NULL ELSE 'a' || i END AS event_id, CASE WHEN i = 4 THEN NULL ELSE TIMESTAMPTZ '2018-02-14 00:00:00+00' + to_hours(i) END AS ts,
			CASE WHEN i = 5 THEN 2 ELSE i END::SMALLINT AS site_id, {'q': i} AS extra FROM range(6) r(i)`,
	} {
		if _, err := s.Exec(t.Context(), "COPY ("+query+") TO "+literal(l.raw.LocalPath(name))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	p := l.events()
	p.SQL = "select event_id::text as event_id, ts::timestamptz as ts, site_id::int as site_id, extra::text as extra from source where site_id <> 2"
	p.Source.Format, p.Hot.Columns = "parquet", []string{"ts"}
	p.Source.Fields = []pipeline.Field{
		{Name: "event_id", Type: pgtypes.Of(pgtypes.Text)},
		{Name: "ts", Type: pgtypes.Of(pgtypes.Timestamptz)},
		{Name: "site_id", Type: pgtypes.Of(pgtypes.Int4)},
	}
	report := l.mustRun(t, p).Pipelines[0]
	if want := (catalog.Counts{Read: 16, Rejected: 3, Filtered: 2, Deduplicated: 2, Emitted: 9}); report.Counts != want {
		t.Errorf("counts: got %+v, want %+v", report.Counts, want)
	}
	if diff := cmp.Diff(map[string]int64{"missing_field(event_id)": 2, "missing_field(ts)": 1}, report.Rejects); diff != "" {
		t.Error(diff)
	}
	want := []string{
		`b.parquet:4 missing_field(event_id) {"event_id":null,"ts":"2018-02-14 03:00:00+00","site_id":3,"extra":{"q":3}}`,
		`b.parquet:5 missing_field(ts) {"event_id":"a4","ts":null,"site_id":4,"extra":{"q":4}}`,
		`b.parquet:6 missing_field(event_id) {"event_id":null,"ts":"2018-02-14 05:00:00+00","site_id":2,"extra":{"q":5}}`, // which WHERE would not let through
	}
	if diff := cmp.Diff(want, quarantined(t, l)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{`a0|{"q":0}`, `a1|{"q":1}`}, l.query(t, "web.events", "SELECT event_id, extra FROM t WHERE site_id < 3 ORDER BY 1")); diff != "" {
		t.Error(diff)
	}
	var records []int64
	for _, in := range l.record(t, l.batches(t)[0]).Inputs {
		records = append(records, in.Records)
	}
	if diff := cmp.Diff([]int64{10, 6}, records); diff != "" {
		t.Error(diff)
	}
}

func TestBatchID(t *testing.T) {
	t.Parallel()
	at := time.Date(2018, 2, 15, 3, 0, 59, 0, time.UTC)
	inputs := []catalog.Input{{Key: "a", ETag: "1", Size: 1}, {Key: "b", ETag: "2", Size: 2}}
	name := catalog.Name{Schema: "web", Table: "events"}
	id := batchID(name, "v", recipe{inputs: inputs, newest: at})
	if !strings.HasPrefix(id, "20180215T0300Z-") || len(id) != len("20180215T0300Z-")+12 {
		t.Errorf("id %q", id)
	}
	if same := batchID(name, "v", recipe{inputs: []catalog.Input{inputs[1], inputs[0]}, newest: at}); same != id {
		t.Error("the order of inputs matters")
	}
	others := map[string]string{
		"version":  batchID(name, "w", recipe{inputs: inputs, newest: at}),
		"table":    batchID(catalog.Name{Schema: "web", Table: "other"}, "v", recipe{inputs: inputs, newest: at}),
		"inputs":   batchID(name, "v", recipe{inputs: inputs[:1], newest: at}),
		"etag":     batchID(name, "v", recipe{inputs: []catalog.Input{inputs[0], {Key: "b", ETag: "3", Size: 2}}, newest: at}),
		"size":     batchID(name, "v", recipe{inputs: []catalog.Input{inputs[0], {Key: "b", ETag: "2", Size: 3}}, newest: at}),
		"replaces": batchID(name, "v", recipe{inputs: inputs, replaces: []catalog.Replaced{{Batch: "x", Revision: 1, Partition: "dt=1"}}, newest: at}),
		"remakes":  batchID(name, "v", recipe{inputs: inputs, remakes: []catalog.BatchRef{{Batch: "x", Revision: 1}}, newest: at}),
	}
	for what, other := range others {
		if other == id {
			t.Errorf("%s does not matter", what)
		}
	}
}

func TestFailedUpstreamStopsOnlyItsReaders(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.put(t, "1.gz", event("a", "2018-02-14T01:00:00Z", 1, ""))
	broken, other := l.events(), l.events()
	broken.SQL = strings.Replace(broken.SQL, "path::text", "(1/(site_id-1))::text", 1)
	other.Name, other.Table = "web/other", catalog.Name{Schema: "web", Table: "other"}
	report, err := l.run(t, broken, daily(), other)
	if err == nil {
		t.Fatal("no error")
	}
	var got []string
	for _, p := range report.Pipelines {
		state := "done"
		if p.Err != nil {
			state = "failed"
		}
		if p.Err != nil && strings.Contains(p.Err.Error(), "its upstream web.events failed") {
			state = "not run"
		}
		got = append(got, p.Name+" "+state)
	}
	if diff := cmp.Diff([]string{"web/events failed", "web/daily not run", "web/other done"}, got); diff != "" {
		t.Errorf("%s\n%v", diff, err)
	}
}

// TestLogNamesOneBatch holds the lines of several batches of a run apart.
func TestLogNamesOneBatch(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	for i := range 3 {
		l.put(t, fmt.Sprintf("%d.gz", i), event(strconv.Itoa(i), "2018-02-14T01:00:00Z", 1, ""))
	}
	log := &lines{}
	l.runner.Log = slog.New(slog.NewTextHandler(log, nil))
	p := l.events()
	p.MaxObjects = 1
	l.mustRun(t, p)
	committed := 0
	for line := range strings.Lines(log.text.String()) {
		if strings.Contains(line, "batch committed") {
			committed++
		}
		if strings.Count(line, " batch=") > 1 {
			t.Errorf("more than one batch: %s", line)
		}
	}
	if committed != 3 {
		t.Errorf("%d batches in the log:\n%s", committed, log.text.String())
	}
}
