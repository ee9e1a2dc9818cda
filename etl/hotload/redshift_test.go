package hotload

import (
	"strings"
	"testing"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
	"tidegate/internal/storage/file"
)

func TestRedshiftTypes(t *testing.T) {
	t.Parallel()
	r := &Redshift{}
	for _, c := range []struct {
		typ      string
		maxBytes int
		want     string
	}{
		{"int", 0, "integer"},
		{"text", 0, "character varying(65535)"},
		{"varchar(40)", 0, "character varying(160)"},
		{"varchar(20000)", 0, "character varying(65535)"},
		{"numeric(12,2)", 0, "numeric(12,2)"},
		{"uuid", 0, "character varying(36)"},
		{"json", 0, "character varying(65535)"},
		{"timestamptz", 0, "timestamp with time zone"},
		{"text", 2048, "character varying(2048)"},
		{"varchar(40)", 50, "character varying(50)"},
		{"varchar(40)", 500, "character varying(160)"},
		{"numeric", 0, ""},
		{"interval", 0, ""},
		{"bytea", 0, ""},
	} {
		parsed, err := pgtypes.Parse(c.typ)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.columnType(catalog.Column{Name: "c", Type: parsed, MaxBytes: c.maxBytes})
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s of %d bytes: %q, %v, want %q", c.typ, c.maxBytes, got, err, c.want)
		}
	}
}

func TestRedshiftManifest(t *testing.T) {
	t.Parallel()
	got, err := writeManifest([]manifestEntry{{"s3://lake/a.parquet", 12}, {"s3://lake/b.parquet", 7}})
	want := `{"entries":[{"url":"s3://lake/a.parquet","mandatory":true,"meta":{"content_length":12}},{"url":"s3://lake/b.parquet","mandatory":true,"meta":{"content_length":7}}]}`
	if string(got) != want || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	for _, files := range [][]manifestEntry{
		nil, {{"file:/a", 1}}, {{"s3://lake/a.parquet", 12}, {"s3://lake/a.parquet", 12}},
	} {
		if _, err := writeManifest(files); err == nil {
			t.Errorf("%v: no error", files)
		}
	}
}

// onS3 says of a bucket that it is on S3.
type onS3 struct{ *file.Bucket }

func (onS3) Location() string { return "s3://lake/web" }

func TestRedshiftStatements(t *testing.T) {
	t.Parallel()
	text := pgtypes.Of(pgtypes.Text)
	columns := []catalog.Column{{Name: "load_ms", Type: pgtypes.Of(pgtypes.Int4)}, {Name: "dt", Type: pgtypes.Of(pgtypes.Date)}, {Name: "kind", Type: text}}
	table := &catalog.Table{
		Name: catalog.Name{Schema: "web", Table: "events"}, Columns: columns, PartitionBy: []string{"dt", "kind"},
		Hot: &catalog.HotSpec{Columns: []string{"load_ms", "dt", "kind"}, Sort: []string{"event_id", "load_ms"}, Dist: "key(kind)"},
	}
	r := &Redshift{IAMRole: "arn:aws:iam::123456789012:role/copy", Lake: onS3{}}
	s := &Server{Schema: "tidegate_hot", Dialect: r}
	load := Load{
		Table: table, Batch: "b1.r1", Subset: &Subset{Columns: columns},
		Parts: []Part{{`dt=2018-02-13/kind=a%27b%5C`, 7, 400}, {"dt=2018-02-14/kind=__HIVE_DEFAULT_PARTITION__", 8, 50}},
	}
	wanted, err := s.wanted(table)
	if err != nil {
		t.Fatal(err)
	}
	create, err := r.create(t.Context(), nil, s, table, wanted)
	if err != nil {
		t.Fatal(err)
	}
	stage, copyText := r.copyStatements(copyFiles{columns: []stagedColumn{{"load_ms", "integer"}, {"kind", "character varying(9)"}}, format: asParquet}, "s3://lake/_stage/m.json")
	for _, c := range []struct{ got, want string }{
		{create[0], `CREATE TABLE "tidegate_hot"."web__events" ("load_ms" integer, "dt" date, "kind" character varying(65535), _tg_seq bigint NOT NULL) ` +
			`DISTSTYLE KEY DISTKEY ("kind") SORTKEY ("load_ms")`},
		{stage, `CREATE TEMP TABLE tg_stage ("load_ms" integer, "kind" character varying(9))`},
		{copyText, `COPY tg_stage ("load_ms", "kind") FROM 's3://lake/_stage/m.json' IAM_ROLE 'arn:aws:iam::123456789012:role/copy' FORMAT AS PARQUET MANIFEST`},
		{r.insertStatement(s, load, columns), `INSERT INTO "tidegate_hot"."web__events" ("load_ms", "dt", "kind", _tg_seq) SELECT "load_ms", "dt", "kind", ` +
			`CASE WHEN "dt" = '2018-02-13' AND "kind" = 'a''b\\' THEN 7 WHEN "dt" = '2018-02-14' AND "kind" IS NULL THEN 8 END FROM tg_stage` +
			` WHERE ("dt" = '2018-02-13' AND "kind" = 'a''b\\') OR ("dt" = '2018-02-14' AND "kind" IS NULL)`},
	} {
		if c.got != c.want {
			t.Errorf("%s\nwant\n%s", c.got, c.want)
		}
		// COPY and DISTKEY are Redshift's own; the rest is PostgreSQL's grammar too.
		if _, err := pg_query.Parse(c.got); err != nil && !strings.HasPrefix(c.got, "COPY") && !strings.Contains(c.got, "DISTKEY") {
			t.Errorf("%s: %v", c.got, err)
		}
	}
	load.Subset.Columns[2].Type.OID = pgtypes.UUID
	if r.direct(load) {
		t.Error("a uuid in Parquet is no text")
	}
	if load.Subset.Format = catalog.FormatAvro; !r.direct(load) {
		t.Error("a uuid in Avro is a text")
	}
}
