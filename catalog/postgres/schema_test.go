package postgres_test

import (
	stdsql "database/sql"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tidegate/catalog/sqlite"
	"tidegate/internal/testkit"
)

// TestSameTables holds the tables against those of catalog/sqlite: the queries are the same.
func TestSameTables(t *testing.T) {
	t.Parallel()
	cluster := testkit.Postgres(t)
	open(t, inSchema(cluster, "tables"))
	rows, err := cluster.Connect(t).Query(t.Context(), `SELECT table_name || '.' || column_name || ' ' || data_type ||
		CASE WHEN data_type = 'text' THEN ' ' || collation_name ELSE '' END
		FROM information_schema.columns WHERE table_schema = 'tables' AND table_name <> 'catalog'`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	want := columnsOfSQLite(t)
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-sqlite +postgres):\n%s", diff)
	}
}

func columnsOfSQLite(t *testing.T) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "catalog.db")
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	db, err := stdsql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT m.name || '.' || c.name || ' ' ||
		CASE c.type WHEN 'INTEGER' THEN 'bigint' WHEN 'TEXT' THEN 'text C' WHEN 'BLOB' THEN 'bytea' ELSE c.type END
		FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var columns []string
	for rows.Next() {
		var c string
		if err := rows.Scan(&c); err != nil {
			t.Fatal(err)
		}
		columns = append(columns, c)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return columns
}
