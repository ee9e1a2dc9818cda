package differential

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/engine/duck"
)

// lake is where tables of PostgreSQL become raw Parquet and pipelines that read it.
type lake struct {
	dir      string
	postgres *pgconn.PgConn
	duck     *duck.DB
}

// column is one of PostgreSQL's, with its type as format_type writes it.
type column struct{ name, declared string }

// export writes a table's rows as Parquet, and the pipeline that reads or adopts it.
func (l *lake) export(t *testing.T, table string) {
	t.Helper()
	var columns []column
	for _, row := range must(t, l.postgres, "select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = '"+table+"'::regclass and attnum > 0 order by attnum").rows {
		columns = append(columns, column{row[0], row[1]})
	}
	var text bytes.Buffer
	if _, err := l.postgres.CopyTo(t.Context(), &text, "copy "+table+" to stdout (format csv, force_quote *)"); err != nil {
		t.Fatal(err)
	}
	csv, raw := filepath.Join(l.dir, table+".csv"), filepath.Join(l.dir, "raw", table)
	writeFile(t, csv, text.String())
	if err := os.MkdirAll(raw, 0o755); err != nil {
		t.Fatal(err)
	}
	var list, names, types []string
	for _, c := range columns {
		list, names = append(list, c.fromText()+" AS "+c.name), append(names, "'"+c.name+"': 'VARCHAR'")
		types = append(types, fmt.Sprintf("%s: %q", c.name, c.declared))
	}
	l.exec(t, fmt.Sprintf("COPY (SELECT %s FROM read_csv('%s', header=false, auto_detect=false, delim=',', quote='\"', escape='\"', "+
		"nullstr='', allow_quoted_nulls=false, columns={%s})) TO '%s/0.parquet' (FORMAT parquet)", strings.Join(list, ", "), csv, strings.Join(names, ", "), raw))
	if table == "forever" || table == "blob" { // what they have is not for pipelines
		writeFile(t, filepath.Join(l.dir, "pipelines/public", table+".yml"), fmt.Sprintf("table: public.%s\nadopt: { cold: \"file:./raw/%s\" }\n", table, table))
		return
	}
	l.pipeline(t, table, columns, types)
}

func (l *lake) pipeline(t *testing.T, table string, columns []column, types []string) {
	t.Helper()
	var names, varchars []string
	for _, c := range columns {
		names = append(names, c.name)
		if strings.HasPrefix(c.declared, "character varying(") {
			varchars = append(varchars, fmt.Sprintf("  - { name: %s, type: %q }\n", c.name, c.declared))
		}
	}
	yml := fmt.Sprintf("table: public.%s\nsource: { location: \"file:./raw/%s\", format: parquet }\nfields: { %s }\n", table, table, strings.Join(types, ", "))
	if slices.Contains(names, "dt") {
		yml += "partition_by: [dt]\n"
	}
	yml += "hot: { columns: [" + strings.Join(names, ", ") + "] }\n"
	if len(varchars) > 0 {
		yml += "columns:\n" + strings.Join(varchars, "")
	}
	writeFile(t, filepath.Join(l.dir, "pipelines/public", table+".yml"), yml)
	writeFile(t, filepath.Join(l.dir, "pipelines/public", table+".sql"), "select "+strings.Join(names, ", ")+" from source\n")
}

// fromText is DuckDB's expression for a value whose PostgreSQL text is in the column of the same name.
func (c column) fromText() string {
	switch {
	case strings.HasPrefix(c.declared, "timestamp"), c.declared == "date":
		to := map[bool]string{true: "TIMESTAMPTZ", false: "TIMESTAMP"}[strings.HasSuffix(c.declared, "with time zone")]
		if c.declared == "date" {
			to = "DATE"
		}
		return fmt.Sprintf(`CAST(regexp_replace(%s, '^(\S+)(.*) BC$', '\1 (BC)\2') AS %s)`, c.name, to)
	case c.declared == "bytea":
		return "unhex(substr(" + c.name + ", 3))"
	case strings.HasPrefix(c.declared, "character varying"), c.declared == "text":
		return c.name
	}
	return "CAST(" + c.name + " AS " + c.declared + ")"
}

func (l *lake) exec(t *testing.T, text string) {
	t.Helper()
	session, err := l.duck.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	if _, err := session.Exec(t.Context(), text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func openDuck(t *testing.T) *duck.DB {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}
