package hotload_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/etl/hotload"
	"tidegate/internal/pgtypes"
)

var sha = regexp.MustCompile(`[0-9a-f]{64}`)

func TestRedshiftStatements(t *testing.T) {
	t.Parallel()
	r := &hotload.Redshift{Schema: "tidegate_hot", IAMRole: "arn:aws:iam::123456789012:role/copy"}
	table := events()
	load := hotload.Load{
		Table: table, Batch: "b1.r1",
		Parts: []hotload.Part{{part{13, "a'b", 0}.partition(), 7, 400}, {part{14, "", 0}.partition(), 8, 50}},
	}
	s, err := r.Load(load, []string{"ts", "load_ms", "dt", "kind"}, "s3://lake/_hot/m.json")
	if err != nil {
		t.Fatal(err)
	}
	columns := `"ts" timestamp with time zone, "load_ms" integer, "dt" date, "kind" character varying(65535)`
	names := `"ts", "load_ms", "dt", "kind"`
	ledger := ` load_seq IN (7,8) AND target = 'web.events'`
	want := []string{
		`BEGIN`,
		`LOCK "tidegate_hot".tidegate_load`,
		`SELECT load_seq, sha256 FROM "tidegate_hot".tidegate_load WHERE` + ledger,
		`CREATE TEMP TABLE tg_stage (` + columns + `)`,
		`COPY tg_stage (` + names + `) FROM 's3://lake/_hot/m.json' IAM_ROLE 'arn:aws:iam::123456789012:role/copy' FORMAT AS PARQUET MANIFEST`,
		`SELECT pg_last_copy_count(), count(*) FROM tg_stage`,
		`DELETE FROM "tidegate_hot"."web__events" WHERE _tg_seq IN (7,8)`,
		`INSERT INTO "tidegate_hot"."web__events" (` + names + `, _tg_seq) SELECT ` + names +
			`, CASE WHEN "dt" = '2018-02-13' AND "kind" = 'a''b' THEN 7 WHEN "dt" = '2018-02-14' AND "kind" IS NULL THEN 8 END FROM tg_stage` +
			` WHERE ("dt" = '2018-02-13' AND "kind" = 'a''b') OR ("dt" = '2018-02-14' AND "kind" IS NULL)`,
		`SELECT _tg_seq, count(*) FROM "tidegate_hot"."web__events" WHERE _tg_seq IN (7,8) GROUP BY 1`,
		`DELETE FROM "tidegate_hot".tidegate_load WHERE` + ledger,
		`INSERT INTO "tidegate_hot".tidegate_load (target, load_seq, batch, partition, rows, sha256, loaded_at) ` +
			`SELECT 'web.events', 7, 'b1.r1', 'dt=2018-02-13/kind=a%27b', 400, 'SHA', getdate() UNION ALL ` +
			`SELECT 'web.events', 8, 'b1.r1', 'dt=2018-02-14/kind=__HIVE_DEFAULT_PARTITION__', 50, 'SHA', getdate()`,
		`COMMIT`,
	}
	got := []string{
		s.Begin, s.Lock, s.Known, s.Stage, s.Copy, s.CountCopied, s.Delete, s.Insert, s.CountHot, s.Forget,
		sha.ReplaceAllString(s.Remember, "SHA"), s.Commit,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, text := range got {
		// COPY is Redshift's own; the rest is PostgreSQL's grammar too.
		if _, err := pg_query.Parse(text); err != nil && !strings.HasPrefix(text, "COPY") {
			t.Errorf("%s: %v", text, err)
		}
	}
	table.Hot.Dist = "key(kind)"
	create, err := r.CreateTable(table)
	if want := `CREATE TABLE "tidegate_hot"."web__events" (` + columns + `, _tg_seq bigint NOT NULL) DISTSTYLE KEY DISTKEY ("kind") SORTKEY ("load_ms")`; create != want || err != nil {
		t.Errorf("%s, %v, want %s", create, err, want)
	}
	if _, err := r.Load(load, []string{"ts", "nope"}, "s3://x"); err == nil {
		t.Error("a column that the table has not")
	}
}

func TestRedshiftTypes(t *testing.T) {
	t.Parallel()
	r := &hotload.Redshift{}
	for typ, want := range map[string]string{
		"int": "integer", "text": "character varying(65535)", "varchar(40)": "character varying(160)",
		"varchar(20000)": "character varying(65535)", "numeric(12,2)": "numeric(12,2)", "uuid": "character varying(36)",
		"json": "character varying(65535)", "timestamptz": "timestamp with time zone", "numeric": "", "interval": "", "bytea": "",
	} {
		parsed, err := pgtypes.Parse(typ)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Type(parsed)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%s: %q, %v, want %q", typ, got, err, want)
		}
	}
}

func TestRedshiftManifest(t *testing.T) {
	t.Parallel()
	r := &hotload.Redshift{}
	got, err := r.Manifest([]hotload.ManifestEntry{{"s3://lake/a.parquet", 12}, {"s3://lake/b.parquet", 7}})
	want := `{"entries":[{"url":"s3://lake/a.parquet","mandatory":true,"meta":{"content_length":12}},{"url":"s3://lake/b.parquet","mandatory":true,"meta":{"content_length":7}}]}`
	if string(got) != want || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	for _, files := range [][]hotload.ManifestEntry{
		nil, {{"file:/a", 1}}, {{"s3://lake/a.parquet", 12}, {"s3://lake/a.parquet", 12}},
	} {
		if _, err := r.Manifest(files); err == nil {
			t.Errorf("%v: no error", files)
		}
	}
}
