package hotload_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/etl/hotload"
	"tidegate/gateway/encode"
	"tidegate/internal/engine"
	"tidegate/internal/engine/duck"
	"tidegate/internal/pgtypes"
	"tidegate/internal/storage"
	"tidegate/internal/storage/file"
	"tidegate/internal/storage/s3"
	"tidegate/internal/testkit"
	"tidegate/internal/warehouse"
)

// serverStore is a hot store on a server, as a process can be told of it.
type serverStore struct {
	Kind    string // postgres, redshift
	URL     string
	Schema  string
	Buckets string // folder of the stand-in's buckets
	// Cluster is where the stage and lakes are, if the server is a cluster of its own: s3://bucket/prefix/.
	Cluster  string
	Role     string
	Endpoint string // of an S3 that is not AWS's
	// OnS3 says that the lake is on S3 as far as COPY can see; else its rows go through the stage.
	OnS3 bool
}

func (st serverStore) encode() string {
	text, err := json.Marshal(st)
	if err != nil {
		panic(err) // it has texts only
	}
	return string(text)
}

func decodeStore(text string) (st serverStore, err error) {
	return st, json.Unmarshal([]byte(text), &st)
}

// asS3 is a folder that is a bucket of the stand-in.
type asS3 struct {
	*file.Bucket
	location string
}

func (b asS3) Location() string { return b.location }

// The stand-in's buckets: the stage, and the lake's folder.
const (
	stageBucket = "stage"
	lakeBucket  = "lake"
)

// hot is the store in the hands of a world's loader.
func (st serverStore) hot(w *world, step func(string)) (*hotload.Server, error) {
	s := &hotload.Server{
		Schema: st.Schema, Step: step,
		Connect: func(ctx context.Context) (*pgconn.PgConn, error) { return pgconn.Connect(ctx, st.URL) },
	}
	if st.Kind == "postgres" {
		s.Dialect = &hotload.Postgres{Read: w.db, Encode: encodeBinary}
		return s, nil
	}
	stage, err := st.stage()
	if err != nil {
		return nil, err
	}
	r := &hotload.Redshift{
		Read: w.db, WorkDir: filepath.Join(w.dir, "work"), Lake: w.lake, Stage: stage, IAMRole: st.Role,
	}
	switch {
	case st.OnS3 && st.Cluster != "":
		bucket, err := st.open(filepath.Base(w.dir) + "/")
		if err != nil {
			return nil, err
		}
		r.Lake = uploaded{Bucket: bucket, from: w.lake}
	case st.OnS3:
		r.Lake = asS3{w.lake, "s3://" + lakeBucket + "/" + filepath.Base(w.dir) + "/lake"}
	}
	s.Dialect = r
	return s, nil
}

// stage opens the store's stage.
func (st serverStore) stage() (storage.Bucket, error) {
	if st.Cluster != "" {
		return st.open("stage/")
	}
	b, err := file.Create("file:" + filepath.Join(st.Buckets, stageBucket))
	if err != nil {
		return nil, err
	}
	return asS3{b, "s3://" + stageBucket + "/"}, nil
}

// open opens a folder of the cluster's S3.
func (st serverStore) open(folder string) (storage.Bucket, error) {
	b, err := s3.Open(context.Background(), st.Cluster+folder, s3.Options{Endpoint: st.Endpoint, PathStyle: st.Endpoint != ""})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// uploaded is a folder's copy on S3, object by object as they are looked at.
type uploaded struct {
	storage.Bucket
	from *file.Bucket
}

func (u uploaded) Stat(ctx context.Context, key string) (storage.Object, error) {
	f, err := os.Open(u.from.LocalPath(key))
	if err != nil {
		return storage.Object{}, err
	}
	defer f.Close()
	return u.Put(ctx, key, f)
}

func encodeBinary(columns []engine.Column) (hotload.Encoder, error) {
	formats := make([]int16, len(columns))
	for i := range formats {
		formats[i] = encode.BinaryFormat
	}
	return encode.New(columns, formats, pgtypes.Style{})
}

func (w *world) serverLoader(hot hotload.Hot, step func(string)) *hotload.Loader {
	return &hotload.Loader{Store: w.store, Lake: w.lake, Hot: hot, Log: slog.New(slog.NewTextHandler(w.log, nil)), Step: step}
}

// serverLab is a running server with what breaks its connections.
type serverLab struct {
	serverStore
	prefix string // of the schemas
	// worlds is a folder whose sub-folders may be worlds: the stand-in finds their lakes there.
	worlds string
	// breakOne breaks one connection of a loader at a seeded place, in half of the cases around COMMIT, until calm.
	breakOne func(random *rand.Rand)
	calm     func()
}

// store is a store of the lab that nobody else has.
func (l *serverLab) store(schema string) serverStore {
	st := l.serverStore
	st.Schema = l.prefix + schema
	return st
}

// eachServer runs a test on every kind of server.
func eachServer(t *testing.T, test func(t *testing.T, l *serverLab)) {
	t.Helper()
	for kind, start := range map[string]func(*testing.T) *serverLab{"postgres": startPostgres, "redshift": startRedshift} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, start(t))
		})
	}
}

// startPostgres starts a PostgreSQL, and a proxy that drops what clients send, or the answer to it.
func startPostgres(t *testing.T) *serverLab {
	t.Helper()
	var countdown, fate atomic.Int64
	var onCommit atomic.Bool
	proxy := testkit.NewProxy(t, testkit.Postgres(t), func(data []byte) testkit.Fate {
		if onCommit.Load() && !bytes.Contains(data, []byte("COMMIT")) || countdown.Add(-1) != 0 {
			return testkit.Forward
		}
		return testkit.Fate(fate.Load())
	})
	return &serverLab{
		serverStore: serverStore{Kind: "postgres", URL: proxy.URL(), Schema: "hot"}, worlds: t.TempDir(),
		breakOne: func(random *rand.Rand) {
			onCommit.Store(random.IntN(2) == 0)
			fate.Store(int64(testkit.Drop) + random.Int64N(2))
			limit := int64(25)
			if onCommit.Load() {
				limit = 1
			}
			countdown.Store(1 + random.Int64N(limit))
		},
		calm: func() { countdown.Store(0) },
	}
}

// startRedshift starts the stand-in, over a folder of buckets in which every world has its lake.
func startRedshift(t *testing.T) *serverLab {
	t.Helper()
	dir, worlds := t.TempDir(), t.TempDir()
	stage := filepath.Join(dir, "work")
	if err := os.MkdirAll(stage, 0o755); err != nil {
		t.Fatal(err)
	}
	db, err := duck.Open(t.Context(), duck.Options{
		Path: filepath.Join(dir, "warehouse.duckdb"), Threads: 2, Fence: true, AllowedDirs: []string{stage},
	})
	if err != nil {
		t.Fatal(err)
	}
	w, err := warehouse.New(t.Context(), warehouse.Options{Database: db, Stage: stage, Open: func(bucket string) (storage.Bucket, error) {
		switch bucket {
		case lakeBucket:
			return file.Open(worlds)
		case stageBucket:
			return file.Create("file:" + filepath.Join(dir, stageBucket))
		}
		return nil, fmt.Errorf("bucket %s: %w", bucket, storage.ErrNotFound)
	}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := w.Serve(ctx, l); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(func() {
		stop()
		serving.Wait()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	withdraw := func() {}
	return &serverLab{
		serverStore: serverStore{
			Kind: "redshift", URL: "postgres://etl@" + l.Addr().String() + "/dev?sslmode=disable", Schema: "hot", Buckets: dir, OnS3: true,
			Role: "arn:aws:iam::123456789012:role/copy",
		},
		worlds: worlds,
		breakOne: func(random *rand.Rand) {
			faults := []warehouse.Fault{
				{At: warehouse.BeforeCommit, Effect: warehouse.Drop},
				{At: warehouse.AfterCommit, Effect: warehouse.Drop},
				{At: warehouse.BeforeCommit, Effect: warehouse.Serialize},
				{At: warehouse.BeforeStatement, Effect: warehouse.Drop, Skip: random.IntN(25)},
				{At: warehouse.AfterStatement, Effect: warehouse.Drop, Skip: random.IntN(25)},
			}
			f := faults[random.IntN(len(faults))]
			f.Times = 1
			withdraw = w.Fail(f)
		},
		calm: func() { withdraw(); withdraw = func() {} },
	}
}

// world makes a world whose lake the server can see.
func (l *serverLab) world(t *testing.T) *world {
	t.Helper()
	return reopen(t, l.worldDir(t))
}

func (l *serverLab) worldDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(l.worlds, "world") //nolint:usetesting // the server looks below worlds
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// ask runs statements in the server itself and gives the rows of the last.
func (st serverStore) ask(t *testing.T, sql string) []string {
	t.Helper()
	c, err := pgconn.Connect(t.Context(), st.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	results, err := c.Exec(t.Context(), sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var rows []string
	for _, r := range results[len(results)-1].Rows {
		var cells []string
		for _, v := range r {
			if v == nil {
				cells = append(cells, "NULL")
			} else {
				cells = append(cells, string(v))
			}
		}
		rows = append(rows, strings.Join(cells, " "))
	}
	return rows
}

// staged gives what lies in the stage.
func (st serverStore) staged(t *testing.T) []string {
	t.Helper()
	if st.Kind == "postgres" {
		return nil
	}
	b, err := st.stage()
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for object, err := range b.List(t.Context(), st.Schema+"/", "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, object.Key)
	}
	return keys
}
