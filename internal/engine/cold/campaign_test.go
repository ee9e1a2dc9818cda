package cold_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/storage/colcache"
	"tidegate/internal/storage/s3"
	"tidegate/internal/storage/storagetest"
	"tidegate/internal/testkit"
)

const campaignSeed = 20180215

// campaignQueries is how many queries a campaign has: a few hundred, or what make faults says.
func campaignQueries(t *testing.T) int {
	t.Helper()
	text := os.Getenv("TIDEGATE_TEST_FAULTS")
	if text == "" {
		return 300
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("TIDEGATE_TEST_FAULTS is %q, not a number of queries", text)
	}
	return n
}

// weather makes requests fail for the moment: single ones, and bursts of 503.
type weather struct {
	random *rand.Rand
	burst  int // requests still to refuse
	faults int
}

func (w *weather) next(storagetest.Request) storagetest.Fault {
	f := storagetest.None
	switch n := w.random.IntN(1000); {
	case w.burst > 0:
		w.burst--
		f = storagetest.Unavailable
	case n < 10:
		w.burst = w.random.IntN(10)
		f = storagetest.Unavailable
	case n < 70:
		f = storagetest.Reset
	case n < 130:
		f = storagetest.Short
	case n < 132:
		f = storagetest.Hang
	}
	if f != storagetest.None {
		w.faults++
	}
	return f
}

// randomQuery gives a statement over some of the files.
func randomQuery(r *rand.Rand, all []engine.ScanFile) (sql string, files []engine.ScanFile, columns []string) {
	for _, i := range r.Perm(len(all))[:1+r.IntN(3)] {
		files = append(files, all[i])
	}
	names := []string{"id", "site", "url", "ts", "r", "x", "nl", "h", "later"}
	for _, i := range r.Perm(len(names))[:1+r.IntN(3)] {
		columns = append(columns, names[i])
	}
	c := columns[0]
	list := strings.Join(columns, ", ")
	return []string{
		"SELECT count(*) FROM SOURCE",
		"SELECT count(" + c + "), min(" + c + "), max(" + c + ") FROM SOURCE",
		"SELECT count(*) FROM SOURCE WHERE " + c + " IS NOT NULL",
		"SELECT " + list + ", count(*) FROM SOURCE GROUP BY ALL ORDER BY ALL LIMIT 20",
		"SELECT " + list + " FROM SOURCE ORDER BY ALL LIMIT 10",
		"SELECT sum(hash(" + list + ")) FROM SOURCE",
		"SELECT count(*) FROM SOURCE a JOIN (SELECT max(" + c + ") k FROM SOURCE) b ON a." + c + " = b.k",
	}[r.IntN(7)], files, columns
}

// campaignLake writes files of every codec and gives the size of all.
func campaignLake(t *testing.T, l *lab) (size int64) {
	t.Helper()
	for i, compression := range []string{"uncompressed", "zstd", "snappy", "uncompressed", "zstd", "gzip", "uncompressed", "zstd"} {
		f := l.write(t, fmt.Sprintf("t/dt=2018-02-%02d/0000.parquet", i+1), events(i, 6000), "ROW_GROUP_SIZE 2048, COMPRESSION "+compression)
		size += f.Size
	}
	return size
}

// underWeather runs seeded queries, several at a time. None may be wrong, and nearly all must succeed.
func (l *lab) underWeather(t *testing.T, w *weather, queries int) {
	t.Helper()
	const workers = 4
	var failed atomic.Int64
	var all sync.WaitGroup
	for n := range workers {
		all.Go(func() {
			for i := n; i < queries; i += workers {
				r := rand.New(rand.NewPCG(campaignSeed, uint64(i)))
				q, files, names := randomQuery(r, l.files)
				got, err := answer(t.Context(), l.engine, l.statement(q, files, columnsOf(names...)))
				if err != nil {
					t.Logf("query %d: %s: %v", i, q, err)
					failed.Add(1)
					continue
				}
				if want := l.expected(t, q, files, columnsOf(names...)); got != want {
					t.Errorf("query %d is wrong: %s over %d files\ngot  %.300q\nwant %.300q", i, q, len(files), got, want)
				}
			}
		})
	}
	all.Wait()
	t.Logf("%d queries, %d failed; %d requests went wrong", queries, failed.Load(), w.faults)
	if n := failed.Load(); n > int64(queries)/200 {
		t.Errorf("%d of %d queries failed", n, queries)
	}
	if w.faults < queries/4 {
		t.Errorf("only %d requests went wrong: nothing was tested", w.faults)
	}
}

// TestQueriesUnderFaults asks in a cache that holds a part of the lake while requests fail for the moment.
func TestQueriesUnderFaults(t *testing.T) {
	t.Parallel()
	l := newLab(t, t.TempDir())
	size := campaignLake(t, l)
	l.open(t, colcache.Options{MaxBytes: size * 3 / 5, Stall: 50 * time.Millisecond, Backoff: 100 * time.Microsecond, Tries: 12})
	w := &weather{random: rand.New(rand.NewPCG(campaignSeed, 0))}
	l.bucket.Next = w.next
	l.underWeather(t, w, campaignQueries(t))
}

// TestQueriesUnderFaultsOfS3 is the same over HTTP: a real S3 behind a proxy that refuses, breaks connections and
// sends less than it says.
func TestQueriesUnderFaultsOfS3(t *testing.T) {
	t.Parallel()
	server := testkit.S3(t)
	front := storagetest.NewFaultyServer(t, server.Endpoint)
	l := newLab(t, t.TempDir())
	size := campaignLake(t, l)
	bucket, err := s3.Open(t.Context(), "s3://"+server.Bucket(t), s3.Options{
		Endpoint: front.URL, Region: "us-east-1", PathStyle: true, MaxBackoff: time.Millisecond,
		Credentials: credentials.NewStaticCredentialsProvider(server.AccessKey, server.SecretKey, ""),
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range l.files { // the same bytes under the ETag of S3
		body, err := os.Open(l.lake.LocalPath(f.Key))
		if err != nil {
			t.Fatal(err)
		}
		o, err := bucket.Put(t.Context(), f.Key, body)
		if err := errors.Join(err, body.Close()); err != nil {
			t.Fatal(err)
		}
		l.files[i].ETag = o.ETag
	}
	l.remote = bucket
	l.open(t, colcache.Options{MaxBytes: size * 3 / 5, Stall: 200 * time.Millisecond, Backoff: 100 * time.Microsecond, Tries: 12})
	w := &weather{random: rand.New(rand.NewPCG(campaignSeed, 0))}
	front.Next = w.next
	l.underWeather(t, w, campaignQueries(t))
	t.Logf("%d GETs", front.Gets())
}

// permanentFaults are the lines of decision 0021 that a store can be the reason of.
func permanentFaults() map[storagetest.Fault]pgerr.Code {
	return map[storagetest.Fault]pgerr.Code{
		storagetest.Missing: "58P01", storagetest.Changed: "55000", storagetest.Denied: "58000",
		storagetest.Unavailable: "58030", storagetest.Reset: "58030", storagetest.Hang: "58030",
	}
}

// TestQueriesUnderPermanentFaults has every request fail from some moment of each query on: the answer is right, from
// what is in the cache, or the error of the table. Once the store is mended the same query is right.
func TestQueriesUnderPermanentFaults(t *testing.T) {
	t.Parallel()
	l := newLab(t, t.TempDir())
	size := campaignLake(t, l)
	l.open(t, colcache.Options{MaxBytes: size * 3 / 5, Stall: 2 * time.Millisecond, Backoff: 10 * time.Microsecond, Tries: 3})
	var fault storagetest.Fault
	after := 0
	l.bucket.Next = func(storagetest.Request) storagetest.Fault {
		if after--; after >= 0 {
			return storagetest.None
		}
		return fault
	}
	order := []storagetest.Fault{
		storagetest.Missing, storagetest.Changed, storagetest.Denied, storagetest.Unavailable, storagetest.Reset, storagetest.Hang,
	}
	codes := permanentFaults()
	told := map[pgerr.Code]int{}
	queries := campaignQueries(t)
	for i := range queries {
		r := rand.New(rand.NewPCG(campaignSeed, uint64(i)))
		q, files, names := randomQuery(r, l.files)
		fault, after = order[r.IntN(len(order))], r.IntN(4)
		want := l.expected(t, q, files, columnsOf(names...))
		got, err := answer(t.Context(), l.engine, l.statement(q, files, columnsOf(names...)))
		switch {
		case err != nil && pgerr.CodeOf(err) != codes[fault]:
			t.Errorf("query %d, fault %d: %v, want %s", i, fault, err, codes[fault])
		case err != nil:
			told[codes[fault]]++
		case got != want:
			t.Errorf("query %d is wrong: %s\ngot  %.300q\nwant %.300q", i, q, got, want)
		}
		fault = storagetest.None
		if got, err := answer(t.Context(), l.engine, l.statement(q, files, columnsOf(names...))); err != nil || got != want {
			t.Errorf("query %d once it is mended: %v\ngot  %.300q\nwant %.300q", i, err, got, want)
		}
	}
	t.Logf("%d queries; errors by SQLSTATE %v", queries, told)
	if len(told) != 4 {
		t.Errorf("only %v of the table were seen", told)
	}
}
