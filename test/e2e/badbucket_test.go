package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"tidegate/internal/testkit"
)

// elsewhere is an S3 that says of every bucket that it is in another region, as AWS does: by a redirection, or by
// refusing the signature.
func elsewhere(t *testing.T, status int, code string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amz-Bucket-Region", "ap-northeast-1")
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>the bucket is elsewhere</Message><Region>ap-northeast-1</Region></Error>", code)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// listsOnly is an S3 whose one bucket may be listed, and whose one object may not be read.
func listsOnly(t *testing.T, key string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		if r.URL.Query().Has("list-type") {
			fmt.Fprintf(w, "<ListBucketResult><Contents><Key>%s</Key><Size>10</Size><ETag>\"e\"</ETag>"+
				"<LastModified>2018-02-15T00:00:00Z</LastModified></Contents></ListBucketResult>", key)
			return
		}
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestBadBuckets gives the program buckets that are missing, refused or elsewhere: each verb that needs them ends with
// one line that names the bucket, the object if there is one, and what to do.
func TestBadBuckets(t *testing.T) {
	t.Parallel()
	s3 := testkit.S3(t)
	good := s3.Bucket(t)
	wrongSecret := append(s3.Environment(), "AWS_SECRET_ACCESS_KEY=wrong")
	anyone := append(s3.Environment(), "AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=any")
	for _, c := range []struct {
		name, bucket, endpoint string
		env                    []string
		want                   []string
	}{
		{"missing", "no-such-bucket", s3.Endpoint, s3.Environment(), []string{"there is no bucket no-such-bucket", "create it or correct the location"}},
		{"wrong secret", good, s3.Endpoint, wrongSecret, []string{"the credentials are not known there", "correct them"}},
		{"elsewhere", "tokyo-logs", elsewhere(t, 301, "PermanentRedirect"), anyone, []string{"is in region ap-northeast-1", "set the region to it"}},
		{
			"signed for another region", "tokyo-logs", elsewhere(t, 400, "AuthorizationHeaderMalformed"), anyone,
			[]string{"is in region ap-northeast-1", "set the region to it"},
		},
	} {
		for _, verb := range []string{"serve", "etl run"} {
			t.Run(c.name+" lake, "+verb, func(t *testing.T) {
				t.Parallel()
				checkBadBucket(t, verb, "lake.location", c.bucket, "", c.endpoint, c.env, c.want)
			})
		}
		t.Run(c.name+" source, etl run", func(t *testing.T) {
			t.Parallel()
			checkBadBucket(t, "etl run", "source.location", c.bucket, "", c.endpoint, c.env, c.want)
		})
	}
	t.Run("object that may not be read, etl run", func(t *testing.T) {
		t.Parallel()
		checkBadBucket(t, "etl run", "source.location", "logs", "2018/02/15/a.json.gz", listsOnly(t, "raw/2018/02/15/a.json.gz"), anyone,
			[]string{"allow these credentials to read there (s3:GetObject on bucket logs)"})
	})
}

// checkBadBucket runs a verb with a bad bucket at one place of the configuration, and a folder at the other.
func checkBadBucket(t *testing.T, verb, place, bucket, key, endpoint string, env, want []string) {
	t.Helper()
	dir := t.TempDir()
	lake, source := "file:./lake", "file:./raw"
	if place == "lake.location" {
		lake = "s3://" + bucket + "/lake"
	} else {
		source = "s3://" + bucket + "/raw"
	}
	writeFile(t, filepath.Join(dir, "raw", "a.json"), "{\"id\": 1, \"ts\": \"2018-02-15T00:00:00Z\"}\n")
	writeFile(t, filepath.Join(dir, "pipelines/web/hits.sql"), "select id::int as id, ts::timestamptz as ts from source")
	writeFile(t, filepath.Join(dir, "pipelines/web/hits.yml"), "table: web.hits\nsource: { location: \""+source+"\", format: json, required: [id, ts] }\n"+
		"time: { column: ts, zone: UTC, grain: day }\nfields: { id: int, ts: timestamptz }\npartition_by: [dt]\n")
	writeFile(t, filepath.Join(dir, "t.yml"), "data_dir: ./data\nadmin: \"\"\nhot: { kind: none }\npipelines: ./pipelines\n"+
		"lake: { location: \""+lake+"\", s3: { endpoint: \""+endpoint+"\", region: us-east-1, path_style: true } }\n")
	code, _, errs := runWith(t, dir, append(env, "TIDEGATE_LISTEN=127.0.0.1:0"), append(strings.Fields(verb), "-c", "t.yml")...)
	var told []string
	for line := range strings.Lines(errs) {
		if !strings.HasPrefix(line, "{") { // the log
			told = append(told, line)
		}
	}
	if code != 1 || len(told) != 1 {
		t.Fatalf("exit %d, %d lines:\n%s", code, len(told), errs)
	}
	for _, w := range append(want, bucket, key) {
		if !strings.Contains(told[0], w) {
			t.Errorf("no %q in %s", w, told[0])
		}
	}
}
