package duck

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	db := open(t, Options{Threads: 3, MemoryLimit: "300MB", Fence: true})
	for setting, want := range map[string]string{
		"threads":                      "3",
		"memory_limit":                 "286.1 MiB",
		"TimeZone":                     "UTC",
		"integer_division":             "true",
		"ieee_floating_point_ops":      "false",
		"default_null_order":           "NULLS_LAST_ON_ASC_FIRST_ON_DESC",
		"enable_external_file_cache":   "false",
		"parquet_metadata_cache":       "false",
		"enable_external_access":       "false",
		"autoinstall_known_extensions": "false",
		"autoload_known_extensions":    "false",
	} {
		got := table(t, db, "select current_setting('"+setting+"')::text")
		if !strings.EqualFold(got[0][0], want) {
			t.Errorf("%s is %s, want %s", setting, got[0][0], want)
		}
	}
	if got := table(t, db, "select 7 / 2, 1 / 0, -7 / 2"); !cmp.Equal(got, [][]string{{"3", "NULL", "-3"}}) {
		t.Errorf("division: %q", got)
	}
	got := table(t, db, "select i from (values (1), (null), (2)) t(i) order by i desc")
	if !cmp.Equal(got, [][]string{{"NULL"}, {"2"}, {"1"}}) {
		t.Errorf("null order: %q", got)
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk.duckdb")
	if err := os.WriteFile(junk, []byte(strings.Repeat("no database ", 1000)), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{
		"not a database":  {Path: junk},
		"no such folder":  {Path: filepath.Join(dir, "none", "a.duckdb")},
		"not a limit":     {MemoryLimit: "much"},
		"negative":        {Threads: -1},
		"attach the junk": {Attach: []Attachment{{Name: "hot", Path: junk}}},
	} {
		if db, err := Open(t.Context(), o); err == nil {
			t.Errorf("%s: opened", name)
			db.Close()
		}
	}
	// Nothing stays locked.
	good := Options{Path: filepath.Join(dir, "good.duckdb"), Attach: []Attachment{{Name: "hot", Path: junk}}}
	if _, err := Open(t.Context(), good); err == nil {
		t.Error("opened")
	}
	good.Attach = nil
	open(t, good)
}

func TestOneOpenerPerFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.duckdb")
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, "create table t as select 1 as a")
	for name, o := range map[string]Options{
		"same path":     {Path: path},
		"attached":      {Attach: []Attachment{{Name: "hot", Path: path}}},
		"by a link":     {Path: link},
		"in other form": {Path: dir + "/./a.duckdb"},
	} {
		if _, err := Open(t.Context(), o); !errors.Is(err, ErrInUse) {
			t.Errorf("%s: %v", name, err)
		}
	}

	rows, err := db.Query(t.Context(), engine.Statement{SQL: "select * from range(1000000)"})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err == nil {
		t.Error("close with open rows says nothing")
	}
	if _, err := db.Query(t.Context(), engine.Statement{SQL: "select 1"}); !errors.Is(err, ErrClosed) {
		t.Errorf("query after close: %v", err)
	}
	if _, err := rows.Next(t.Context()); err != nil {
		t.Errorf("open rows after close: %v", err)
	}
	if _, err := Open(t.Context(), Options{Path: path}); !errors.Is(err, ErrInUse) {
		t.Errorf("rows are still open: %v", err)
	}
	rows.Close()
	if got := table(t, open(t, Options{Path: path}), "select a from t"); !cmp.Equal(got, [][]string{{"1"}}) {
		t.Errorf("opened again: %q", got)
	}
}

func TestFence(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lake, outside := filepath.Join(dir, "lake"), filepath.Join(dir, "lakex")
	for _, d := range []string{lake, outside} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	secret := filepath.Join(outside, "secret.csv")
	if err := os.WriteFile(secret, []byte("a\n1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(lake, "link.csv")); err != nil {
		t.Fatal(err)
	}
	db := open(t, Options{AllowedDirs: []string{lake}, Fence: true, TempDir: filepath.Join(dir, "spill")})
	exec(t, db, "copy (select 1 as a) to '"+lake+"/a.parquet'")
	if got := table(t, db, "select a from read_parquet('"+lake+"/a.parquet')"); !cmp.Equal(got, [][]string{{"1"}}) {
		t.Errorf("inside: %q", got)
	}
	s := session(t, db)
	for _, sql := range []string{
		"copy (select 1) to '" + outside + "/x.parquet'",
		"copy (select 1) to '" + lake + "/../x.parquet'",
		"attach '" + outside + "/x.duckdb' as x",
		"select * from read_csv('/etc/passwd')",
		"select * from '/etc/passwd'",
		"select * from read_text('" + secret + "')",
		"select * from read_csv('" + lake + "/link.csv')",
		"select * from read_csv('" + lake + "/../lakex/secret.csv')",
		"select * from glob('/etc/*')",
		"install httpfs",
		"load '/tmp/x.duckdb_extension'",
		"set enable_external_access=true",
		"set allowed_directories=['/']",
		"set temp_directory='/tmp/x'",
	} {
		if _, err := s.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s: allowed", sql)
		} else if code := pgerr.CodeOf(err); code == pgerr.InternalError {
			t.Logf("%s: %v", sql, err)
		}
	}
}

// TestHot has a second database file in the fenced instance, as the embedded hot store is.
func TestHot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lake := filepath.Join(dir, "lake")
	if err := os.Mkdir(lake, 0o755); err != nil {
		t.Fatal(err)
	}
	hot := Options{
		Attach:      []Attachment{{Name: "hot", Path: filepath.Join(dir, "hot.duckdb")}},
		AllowedDirs: []string{lake}, Fence: true,
	}
	db := open(t, hot)
	exec(t, db,
		"copy (select i, 'site ' || i % 50 as domain from range(200000) t(i)) to '"+lake+"/a.parquet'",
		"create schema hot.web",
		"create table hot.web.events (i bigint, domain varchar, _tg_seq bigint)",
		"begin",
		"insert into hot.web.events select i, domain, 1 from read_parquet('"+lake+"/a.parquet')",
		"commit",
		"checkpoint hot",
		"begin",
		"delete from hot.web.events where i < 100000",
		"commit",
		"begin",
		"delete from hot.web.events",
		"rollback",
		"checkpoint hot",
		"alter table hot.web.events add column extra integer",
		"checkpoint hot",
	)
	want := [][]string{{"100000", "199999", "50"}}
	const sql = "select count(*), max(i), count(distinct domain) from hot.web.events"
	if got := table(t, db, sql); !cmp.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if got := table(t, open(t, hot), sql); !cmp.Equal(got, want) {
		t.Errorf("opened again: %q", got)
	}
}

// TestMemoryLimit: one query fails, the instance goes on; with a folder to spill to, it works.
func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	const sql = "select i, repeat('x', 100) || i as r from range(1500000) t(i) order by r desc limit 1000000"
	small := open(t, Options{MemoryLimit: "60MB", Threads: 2})
	if _, err := drainQuery(t, small, sql); pgerr.CodeOf(err) != pgerr.OutOfMemory {
		t.Errorf("got %v", err)
	}
	if got := table(t, small, "select 1"); !cmp.Equal(got, [][]string{{"1"}}) {
		t.Errorf("afterwards: %q", got)
	}
	spill := open(t, Options{MemoryLimit: "100MB", Threads: 2, TempDir: filepath.Join(t.TempDir(), "spill"), Fence: true})
	rows, err := spill.Query(t.Context(), engine.Statement{SQL: sql})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	chunk, err := rows.Next(t.Context())
	if err != nil || chunk.Rows == 0 {
		t.Errorf("with a spill folder: %v", err)
	}
}
