package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	s3store "tidegate/internal/storage/s3"
	"tidegate/internal/testkit"
)

// TestSourceOnS3 runs a pipeline from a bucket: each object is read once, whenever it comes and wherever its key sorts,
// and an object that was replaced is read again.
func TestSourceOnS3(t *testing.T) {
	t.Parallel()
	s3 := testkit.S3(t)
	location := "s3://" + s3.Bucket(t) + "/raw/web"
	bucket, err := s3store.Open(t.Context(), location, s3store.Options{
		Endpoint: s3.Endpoint, Region: "us-east-1", PathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(s3.AccessKey, s3.SecretKey, ""),
	})
	if err != nil {
		t.Fatal(err)
	}
	put := func(key string, records ...string) {
		t.Helper()
		if _, err := bucket.Put(t.Context(), key, strings.NewReader(strings.Join(records, "\n")+"\n")); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "pipelines/web/hits.sql"), "select id::int as id, ts::timestamptz as ts, note::text as note from source")
	writeFile(t, filepath.Join(dir, "pipelines/web/hits.yml"), "table: web.hits\nsource: { location: \""+location+"\", format: json, required: [id, ts] }\n"+
		"time: { column: ts, zone: UTC, grain: day }\nfields: { id: int, ts: timestamptz, note: text }\npartition_by: [dt]\nunique_key: [id]\n"+
		"checks: { max_reject_ratio: 0.9 }\n")
	writeFile(t, filepath.Join(dir, "t.yml"), "data_dir: ./data\nhot: { kind: none }\npipelines: ./pipelines\n"+
		"lake: { location: \"file:./lake\", s3: { endpoint: \""+s3.Endpoint+"\", region: us-east-1, path_style: true } }\n")
	run := func() {
		t.Helper()
		if code, _, errs := runWith(t, dir, s3.Environment(), "etl", "run", "-c", "t.yml"); code != 0 {
			t.Fatalf("etl run: exit %d\n%s", code, errs)
		}
	}
	hit := func(id, note string) string {
		return `{"id": ` + id + `, "ts": "2018-02-15T0` + id + `:00:00Z", "note": "` + note + `"}`
	}

	put("2018/02/15/b.json", hit("1", "first"), hit("2", "first"), "broken")
	put("2018/02/15/_temporary/x.json", hit("9", "hidden"))
	run()
	run()                                         // nothing is new
	put("2018/02/14/late.json", hit("3", "late")) // its key sorts before all that was read
	run()
	put("2018/02/15/b.json", hit("1", "first"), hit("2", "first"), hit("4", "replaced"))
	run()

	s := start(t, dir, "serve", "-c", "t.yml")
	c := s.connect(t)
	got := table(t, c, "select id, note from web.hits order by id")
	if d := cmp.Diff([]string{"1|first", "2|first", "3|late", "4|replaced"}, got); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	got = table(t, c, "select rows_read, rows_rejected, rows_deduplicated, rows_emitted from tidegate.batches where table_name = 'web.hits' order by started_at")
	if d := cmp.Diff([]string{"3|1|0|2", "1|0|0|1", "3|0|2|1"}, got); d != "" {
		t.Errorf("batches (-want +got):\n%s", d)
	}
	got = table(t, c, "select object, line, reason from tidegate.quarantine")
	if d := cmp.Diff([]string{"2018/02/15/b.json|3|invalid_json"}, got); d != "" {
		t.Errorf("quarantine (-want +got):\n%s", d)
	}
}
