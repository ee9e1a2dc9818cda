package sqlite_test

import (
	stdsql "database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"tidegate/catalog"
)

// TestOlderFiles opens files as each of the older programs left them, with a batch of two partitions of which one was
// replaced and one is hot.
func TestOlderFiles(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(names) < 4 {
		t.Fatalf("%d migrations, %v", len(names), err)
	}
	for version := 1; version < len(names); version++ {
		t.Run(filepath.Base(names[version-1]), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "catalog.db")
			writeOlder(t, path, names[:version])
			s := open(t, path)
			v, err := s.View(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			tv := v.Tables[catalog.Name{Schema: "web", Table: "events"}]
			pair := catalog.Pair{Batch: "b1", Partition: "dt=2018-02-14"}
			if v.Generation != 2 || tv == nil || len(tv.Files) != 1 || tv.Files[0].Path != "b" || tv.Files[0].Rows != 20 ||
				tv.Files[0].Batch != "b1" || !slices.Equal(tv.Hot.Covered[pair], []catalog.HotPart{{LoadSeq: 5, SchemaVersion: 1}}) {
				t.Errorf("generation %d: %+v", v.Generation, tv)
			}
			before, err := s.ViewAt(t.Context(), 1)
			if err != nil || len(before.Tables[tv.Table.Name].Files) != 2 {
				t.Errorf("at generation 1: %+v, %v", before, err)
			}
			batches, err := s.Batches(t.Context())
			if err != nil || len(batches) != 1 || batches[0].Counts != (catalog.Counts{Read: 30, Emitted: 30}) {
				t.Errorf("batches %+v, %v", batches, err)
			}
		})
	}
}

func writeOlder(t *testing.T, path string, migrations []string) {
	t.Helper()
	db, err := stdsql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	statements := make([]string, 0, len(migrations)+2)
	for _, name := range migrations {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		statements = append(statements, string(text))
	}
	statements = append(statements, `
		INSERT INTO tbl (table_id, name, batch_seq, load_seq) VALUES (1, 'web.events', 1, 5);
		INSERT INTO generation VALUES (1, 1000000, 'append', 1), (2, 2000000, 'cover', 1);
		INSERT INTO definition VALUES (1, 1, NULL, 1, '{"name": "web.events", "schema_version": 1,
			"columns": [{"name": "path", "type": "text"}], "partition_by": ["dt"], "hot": {"columns": ["path"]}}');
		INSERT INTO part VALUES (1, 1, 'dt=2018-02-13'), (2, 1, 'dt=2018-02-14');
		INSERT INTO batch (batch_id, table_id, batch, revision, seq, state, read, blank, rejected, filtered, deduplicated, emitted,
			bytes_in, bytes_out, started_at) VALUES (1, 1, 'b1', 1, 1, 'committed', 30, 0, 0, 0, 0, 30, 0, 0, 0);
		INSERT INTO file (table_id, batch_id, partition_id, path, rows, bytes, footer_bytes, schema_version, begin_generation,
			end_generation, stats) VALUES (1, 1, 1, 'a', 10, 1, 1, 1, 1, 2, x'01'), (1, 1, 2, 'b', 20, 1, 1, 1, 1, NULL, x'01');
		INSERT INTO hot_schema VALUES (1, 1, '["path"]');
		INSERT INTO hot_part VALUES (1, 5, 1, 2, 1, 2, NULL, 0);`, fmt.Sprintf("PRAGMA user_version = %d", len(migrations)))
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
