package warehouse_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/avro"
	"github.com/twmb/avro/ocf"
)

const role = " iam_role 'arn:aws:iam::123456789012:role/load'"

// put writes an object into the bucket "lake".
func (l *lab) put(t *testing.T, key, body string) int64 {
	t.Helper()
	o, err := l.bucket.Put(t.Context(), key, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return o.Size
}

// parquet writes a query's rows as an object.
func (l *lab) parquet(t *testing.T, key, query string) int64 {
	t.Helper()
	s, err := l.db.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	// The fence lets DuckDB write into the stage only.
	rows, err := s.Query(t.Context(), "select current_setting('allowed_directories')[1]")
	if err != nil {
		t.Fatal(err)
	}
	chunk, err := rows.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(string(chunk.Vectors[0].Str[0].Bytes()), "test-"+strings.ReplaceAll(key, "/", "_"))
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Exec(t.Context(), "copy ("+query+") to '"+path+"' (format parquet)"); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return l.put(t, key, string(b))
}

// manifest writes one of the entries "url" or "url!" (mandatory), each with its length.
func (l *lab) manifest(t *testing.T, key string, entries ...string) {
	t.Helper()
	var out []string
	for _, e := range entries {
		url, mandatory := strings.CutSuffix(e, "!")
		length := int64(0)
		if o, err := l.bucket.Stat(t.Context(), strings.TrimPrefix(url, "s3://lake/")); err == nil {
			length = o.Size
		}
		out = append(out, fmt.Sprintf(`{"url": %q, "mandatory": %t, "meta": {"content_length": %d}}`, url, mandatory, length))
	}
	l.put(t, key, `{"entries": [`+strings.Join(out, ",")+`], "rows": 7}`)
}

func TestCopyParquetIsPositional(t *testing.T) {
	t.Parallel()
	l := start(t)
	c := l.connect(t)
	ask(t, c, `create table e (ts timestamptz, site int, path varchar(4), amount numeric(12,2) default 9, _tg_seq bigint)`)
	l.parquet(t, "a.parquet", `select 7::integer as whatever, timestamptz '2018-02-15 00:00:00+00' as names, 'é/x' as x`)
	ask(t, c, "copy e (site, ts, path) from 's3://lake/a.parquet'"+role+" format as parquet statupdate off")
	same(t, "by position, default for the rest", ask(t, c, "select * from e"), "2018-02-15 00:00:00+00|7|é/x|9.00|∅")
	same(t, "pg_last_copy_count", ask(t, c, "select pg_last_copy_count(), pg_last_copy_id() > 0"), "1|t")

	for _, r := range []struct{ name, query, code, message string }{
		{"fewer columns than the list", "select 7::integer, timestamptz '2018-01-01'", "XX000", "Table columns: 3, Data columns: 2"},
		{"more columns than the list", "select 7::integer, timestamptz '2018-01-01', 'x', 1", "XX000", "Table columns: 3, Data columns: 4"},
		{"another order", "select timestamptz '2018-01-01', 7::integer, 'x'", "XX000", "incompatible Parquet schema for column 'site'"},
		{"wider integer", "select 7::bigint, timestamptz '2018-01-01', 'x'", "XX000", "Column type: INTEGER, Parquet schema: bigint"},
		{"narrower integer", "select 7::smallint, timestamptz '2018-01-01', 'x'", "XX000", "incompatible"},
		{"integer for text", "select 7::integer, timestamptz '2018-01-01', 3::integer", "XX000", "incompatible"},
		{"date for timestamp", "select 7::integer, date '2018-01-01', 'x'", "XX000", "incompatible"},
		{"more bytes than VARCHAR(4)", "select 7::integer, timestamptz '2018-01-01', 'éé/'", "XX000", "Table: 4, Data: 5"},
	} {
		l.parquet(t, "bad/"+strings.ReplaceAll(r.name, " ", "_")+"/1.parquet", r.query)
		refused(t, c, "copy e (site, ts, path) from 's3://lake/bad/"+strings.ReplaceAll(r.name, " ", "_")+"/1.parquet'"+role+" format parquet", r.code, r.message)
	}
	l.put(t, "junk.parquet", "no parquet at all, but long enough to look at")
	refused(t, c, "copy e from 's3://lake/junk.parquet'"+role+" parquet", "XX000", "not a valid Parquet file")
	same(t, "nothing of it was loaded", ask(t, c, "select count(*) from e"), "1")

	l.parquet(t, "short.parquet", `select timestamp '2018-02-15 01:02:03' as t, 8::integer as s`)
	ask(t, c, "copy e from 's3://lake/short.parquet'"+role+" format parquet fillrecord")
	same(t, "FILLRECORD pads the end", ask(t, c, "select * from e where site = 8"), "2018-02-15 01:02:03+00|8|∅|9.00|∅")
	ask(t, c, "create table n (a int not null)")
	l.parquet(t, "null.parquet", `select null::integer as a`)
	refused(t, c, "copy n from 's3://lake/null.parquet'"+role+" parquet", "23502", "n.a")
	l.parquet(t, "dec.parquet", `select 1.50::decimal(12,2) as a, 1.5::decimal(12,1) as b`)
	ask(t, c, "create table d (a numeric(14,2), b numeric(12,1))")
	ask(t, c, "copy d from 's3://lake/dec.parquet'"+role+" parquet")
	refused(t, c, "copy d (b, a) from 's3://lake/dec.parquet'"+role+" parquet", "XX000", "incompatible")
}

func TestCopyNeedsItsWords(t *testing.T) {
	t.Parallel()
	l := start(t)
	c := l.connect(t)
	ask(t, c, "create table e (a int)")
	l.parquet(t, "a.parquet", "select 1::integer as a")
	l.put(t, "a.json", `{"a": 1}`)
	const parquet = "copy e from 's3://lake/a.parquet'"
	for _, r := range []struct{ sql, code, message string }{
		{parquet + " format parquet", "XX000", "IAM_ROLE"},
		{parquet + " iam_role 'load' format parquet", "XX000", "arn:aws:iam"},
		{parquet + " credentials 'secret' format parquet", "XX000", "credentials"},
		{parquet + role + " format parquet region 'eu-west-1'", "0A000", "REGION argument is not supported for PARQUET"},
		{parquet + role + " format parquet maxerror 5", "0A000", "MAXERROR argument"},
		{parquet + role + " format parquet compupdate off", "0A000", "COMPUPDATE argument"},
		{parquet + role + " format parquet gzip", "0A000", "GZIP argument"},
		{parquet + role + " format orc", "0A000", "ORC"},
		{parquet + role + " format parquet frobnicate", "42601", "frobnicate"},
		{"copy e from 's3://lake/a.json'" + role + " json 's3://lake/paths.json'", "0A000", "JSONPaths"},
		{"copy e from 's3://lake/a.json'" + role + " json 'auto' job create j auto on", "0A000", "JOB"},
		{"copy e from stdin", "42601", "stdin"},
		{"copy nothing from 's3://lake/a.parquet'" + role, "42P01", "nothing"},
		{"copy e (b) from 's3://lake/a.parquet'" + role, "42703", `"b"`},
		{"copy e from 's3://lake/none'" + role + " parquet", "XX000", "The specified S3 prefix 'none' does not exist"},
		{"copy e from 's3://pond/a'" + role + " parquet", "XX000", "NoSuchBucket"},
	} {
		refused(t, c, r.sql, r.code, r.message)
	}
	for _, words := range []string{
		"format as parquet iam_role default", "parquet credentials 'aws_iam_role=arn:aws:iam::1:role/x' statupdate on",
		"access_key_id 'a' secret_access_key 'b' session_token 'c' format parquet",
	} {
		ask(t, c, parquet+" "+words)
	}
	ask(t, c, "/* a comment before it */ copy e from 's3://lake/a.json'"+role+" format as json 'auto' region as 'eu-west-1' compupdate off statupdate off")
	same(t, "loads", ask(t, c, "select count(*) from e"), "4")
	ask(t, c, parquet+role+" parquet noload")
	same(t, "NOLOAD", ask(t, c, "select count(*) from e"), "4")
}

// FROM names a prefix: the file beside it is loaded too.
func TestCopyFromIsAPrefix(t *testing.T) {
	t.Parallel()
	l := start(t)
	c := l.connect(t)
	ask(t, c, "create table e (a int)")
	l.parquet(t, "run/part-1", "select 1::integer as a")
	l.parquet(t, "run/part-10", "select 10::integer as a")
	l.parquet(t, "run/part-1.bak", "select 100::integer as a")
	l.parquet(t, "run/part-2", "select 2::integer as a")
	ask(t, c, "copy e from 's3://lake/run/part-1'"+role+" parquet")
	same(t, "what came with it", ask(t, c, "select a from e order by a"), "1", "10", "100")
	same(t, "files", ask(t, c, "select filename, lines_scanned from stl_load_commits order by 1"),
		"s3://lake/run/part-1|1", "s3://lake/run/part-1.bak|1", "s3://lake/run/part-10|1")
}

func TestCopyManifest(t *testing.T) {
	t.Parallel()
	l := start(t)
	c := l.connect(t)
	ask(t, c, "create table e (a int)")
	for _, n := range []string{"1", "10", "2"} {
		l.parquet(t, "f/"+n, "select "+n+"::integer as a")
	}
	load := func(name string) string { return "copy e from 's3://lake/" + name + "'" + role + " manifest parquet" }
	l.manifest(t, "m1", "s3://lake/f/1!", "s3://lake/f/2!")
	ask(t, c, load("m1"))
	same(t, "exactly the entries", ask(t, c, "select a from e order by a"), "1", "2")
	l.manifest(t, "m2", "s3://lake/f/1!", "s3://lake/f/1!")
	ask(t, c, "truncate e")
	ask(t, c, load("m2"))
	same(t, "twice in the manifest, twice in the table", ask(t, c, "select a, count(*), pg_last_copy_count() from e group by 1"), "1|2|2")

	l.manifest(t, "m3", "s3://lake/f/1", "s3://lake/f/gone")
	ask(t, c, "truncate e")
	ask(t, c, load("m3"))
	same(t, "what is not mandatory is skipped silently", ask(t, c, "select a from e"), "1")
	l.manifest(t, "m4", "s3://lake/f/1!", "s3://lake/f/gone!")
	refused(t, c, load("m4"), "XX000", "NoSuchKey")
	l.manifest(t, "m5", "s3://lake/f/gone")
	refused(t, c, load("m5"), "XX000", "was found")

	l.put(t, "m6", `{"entries": [{"url": "s3://lake/f/1", "mandatory": true}]}`)
	refused(t, c, load("m6"), "XX000", "content_length is required")
	l.put(t, "m7", `{"entries": [{"url": "s3://lake/f/1", "mandatory": true, "meta": {"content_length": 3}}]}`)
	refused(t, c, load("m7"), "XX000", "3 in the manifest")
	l.put(t, "m8", string([]byte{0x1f, 0x8b, 8, 0}))
	refused(t, c, load("m8"), "XX000", "manifest file is not valid")
	refused(t, c, load("m"), "XX000", "NoSuchKey") // a manifest is an object, not a prefix
	same(t, "nothing of them was loaded", ask(t, c, "select a from e"), "1")
}

func TestCopyByName(t *testing.T) {
	t.Parallel()
	l := start(t)
	c := l.connect(t)
	ask(t, c, "create table e (id int, path varchar(8), at timestamp, ok boolean, extra varchar(100) default 'd')")
	l.put(t, "a.json", `{"unknown": 1, "path": "/a", "id": 1, "at": "2018-02-15 01:02:03", "ok": true, "extra": {"k": [1, 2]}}
{"id": 2,
 "Path": "/b"}
{"id": 3, "path": null, "ok": false}`)
	ask(t, c, "copy e from 's3://lake/a.json'"+role+" json 'auto'")
	same(t, "auto", ask(t, c, "select * from e order by id"),
		`1|/a|2018-02-15 01:02:03|t|{"k": [1, 2]}`, "2|∅|∅|∅|∅", "3|∅|∅|f|∅")
	ask(t, c, "truncate e")
	ask(t, c, "copy e (id, path) from 's3://lake/a.json'"+role+" json 'auto ignorecase'")
	same(t, "auto ignorecase, with a list", ask(t, c, "select id, path, extra from e order by id"), "1|/a|d", "2|/b|d", "3|∅|d")

	schema := avro.MustParse(`{"type": "record", "name": "r", "fields": [
		{"name": "path", "type": ["null", "string"]}, {"name": "gone", "type": "double"},
		{"name": "id", "type": "long"}, {"name": "at", "type": "long"}]}`)
	var b bytes.Buffer
	w, err := ocf.NewWriter(&b, schema)
	if err != nil {
		t.Fatal(err)
	}
	for i, path := range []any{"/x", nil} {
		if err := w.Encode(map[string]any{"path": path, "gone": 1.5, "id": int64(i), "at": int64(1518656523000)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	l.put(t, "a.avro", b.String())
	ask(t, c, "truncate e")
	ask(t, c, "copy e from 's3://lake/a.avro'"+role+" format avro 'auto' timeformat 'epochmillisecs'")
	same(t, "avro", ask(t, c, "select * from e order by id"), "0|/x|2018-02-15 01:02:03|∅|∅", "1|∅|2018-02-15 01:02:03|∅|∅")
	l.put(t, "b.avro", "no avro")
	refused(t, c, "copy e from 's3://lake/b.avro'"+role+" format avro 'auto'", "XX000", "avro")
}

func TestCopyText(t *testing.T) {
	t.Parallel()
	l := start(t)
	c := l.connect(t)
	ask(t, c, "create table e (id int, s varchar(5), d date)")
	l.put(t, "a.csv", "id,s,d\n1,\"a,\"\"b\n\",2018-02-15\n2,,\n\\N,x,2018-01-01\n")
	ask(t, c, "copy e from 's3://lake/a.csv'"+role+" csv ignoreheader 1")
	same(t, "csv", ask(t, c, "select * from e order by id"), "1|a,\"b\n|2018-02-15", "2||∅", "∅|x|2018-01-01")
	var z bytes.Buffer
	g := gzip.NewWriter(&z)
	fmt.Fprint(g, "3||2018-02-15\n4|ab|\n")
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	l.put(t, "b.gz", z.String())
	ask(t, c, "truncate e")
	ask(t, c, "copy e from 's3://lake/b.gz'"+role+" gzip emptyasnull delimiter '|'")
	same(t, "text", ask(t, c, "select * from e order by id"), "3|∅|2018-02-15", "4|ab|∅")
	if _, err := try(t, c, "copy e from 's3://lake/b.gz'"+role); err == nil {
		t.Error("gzip was read without GZIP")
	}
}

func TestLoadErrors(t *testing.T) {
	t.Parallel()
	l := start(t)
	c := l.connect(t)
	ask(t, c, "create table e (id int not null, s varchar(3), at timestamp)")
	l.put(t, "bad.csv", "1,abc,2018-01-01\nx,abc,2018-01-01\n3,abcd,2018-01-01\n4,a,yesterday\n5,a\n6,a,2018-01-01,z\n,a,\n8,a\xff,\n2.5,a,\n9,ok,\n")
	refused(t, c, "copy e from 's3://lake/bad.csv'"+role+" csv maxerror 7", "XX000", "Check 'stl_load_errors'")
	same(t, "nothing is loaded", ask(t, c, "select count(*), pg_last_copy_count() from e"), "0|0")
	ask(t, c, "copy e from 's3://lake/bad.csv'"+role+" csv maxerror 8")
	same(t, "what is good is loaded", ask(t, c, "select id, pg_last_copy_count() from e order by id"), "1|2", "9|2")
	same(t, "stl_load_errors", ask(t, c, `select line_number, trim(colname), type, col_length, err_code, err_reason from stl_load_errors
		where query = pg_last_copy_id() order by line_number`),
		"2|id|integer||1207|Invalid digit, Value 'x', Type: integer",
		"3|s|character varying|3|1204|String length exceeds DDL length",
		"4|at|timestamp without time zone||1206|Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]",
		"5|at|timestamp without time zone||1203|Delimiter not found",
		"6||||1202|Extra column(s) found",
		"7|id|integer||1213|Missing data for not-null field",
		"8|s|character varying|3|1220|String contains invalid or unsupported UTF8 codepoints",
		"9|id|integer||1207|Invalid digit, Value '2.5', Type: integer")
	same(t, "sys_load_error_detail", ask(t, c, "select count(*) from sys_load_error_detail where query_id = pg_last_copy_id()"), "8")
	same(t, "sys_load_history", ask(t, c, "select loaded_rows, status from sys_load_history order by query_id"), "0|aborted", "2|completed")
	ask(t, c, "truncate e")
	l.put(t, "long.csv", "1,abéd,\n2,a\xff,\n")
	ask(t, c, "copy e from 's3://lake/long.csv'"+role+" csv truncatecolumns acceptinvchars as '^'")
	same(t, "cut at a whole character, byte replaced", ask(t, c, "select id, s from e order by id"), "1|ab", "2|a^")
	l.put(t, "bad.json", "{\"id\": 1}\n{\"id\": \n")
	refused(t, c, "copy e from 's3://lake/bad.json'"+role+" json 'auto'", "XX000", "line 2")
}

func TestUnload(t *testing.T) {
	t.Parallel()
	l := start(t)
	c := l.connect(t)
	ask(t, c, "create table e (id int, s varchar(10), v numeric(12,2)); insert into e values (1, 'a,b', 1.5), (2, null, 2)")
	ask(t, c, "unload ('select id, s, v from e where s <> ''x'' or s is null') to 's3://lake/out/'"+role+" format as parquet manifest verbose maxfilesize 256 mb")
	ask(t, c, "create table f (like e)")
	ask(t, c, "copy f from 's3://lake/out/manifest'"+role+" manifest format parquet")
	same(t, "there and back", ask(t, c, "select * from f order by id"), "1|a,b|1.50", "2|∅|2.00")
	m, _, err := l.bucket.Get(t.Context(), "out/manifest", "")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(m); err != nil || !strings.Contains(text.String(), `"record_count":2`) || !strings.Contains(text.String(), "s3://lake/out/0000_part_00.parquet") {
		t.Errorf("manifest: %s %v", text.String(), err)
	}
	const again = "unload ($$select * from e$$) to 's3://lake/out/'" + role + " format parquet"
	refused(t, c, again, "XX000", "is not empty")
	ask(t, c, again+" allowoverwrite")
	ask(t, c, again+" cleanpath")
	if _, err := l.bucket.Stat(t.Context(), "out/manifest"); err == nil {
		t.Error("CLEANPATH left the manifest")
	}
	ask(t, c, "unload ('select id, s from e order by id') to 's3://lake/csv/x_'"+role+" csv header")
	o, _, err := l.bucket.Get(t.Context(), "csv/x_0000_part_00", "")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	text.Reset()
	if _, err := text.ReadFrom(o); err != nil || text.String() != "id,s\n1,\"a,b\"\n2,\n" {
		t.Errorf("csv: %q %v", text.String(), err)
	}
	for _, r := range []struct{ sql, code, message string }{
		{"unload ('select 1') to 's3://lake/u/' format parquet", "XX000", "IAM_ROLE"},
		{"unload ('select 1 limit 1') to 's3://lake/u/'" + role + " format parquet", "0A000", "Limit clause"},
		{"unload ('delete from e') to 's3://lake/u/'" + role + " format parquet", "42601", "SELECT"},
		{"unload ('select 1') to 's3://lake/u/'" + role + " format parquet header", "0A000", "HEADER"},
		{"unload ('select 1') to 's3://lake/u/'" + role + " format parquet partition by (a)", "0A000", "PARTITION"},
		{"unload ('select 1') to 's3://lake/u/'" + role, "0A000", "FORMAT"},
		{"unload ('select 1') to 's3://pond/u/'" + role + " csv", "XX000", "NoSuchBucket"},
	} {
		refused(t, c, r.sql, r.code, r.message)
	}
}
