package adopt

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/engine"
	"tidegate/internal/engine/duck"
	"tidegate/internal/engine/enginetest"
	"tidegate/internal/storage/file"
)

// lab is a folder that others fill.
type lab struct {
	dir    string
	bucket *file.Bucket
	db     *duck.DB
	yml    *pipeline.Pipeline
}

func newLab(t *testing.T) *lab {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{dir: dir}
	if l.bucket, err = file.Open("file:" + dir); err != nil {
		t.Fatal(err)
	}
	if l.db, err = duck.Open(t.Context(), duck.Options{Threads: 2}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.db.Close(); err != nil {
			t.Error(err)
		}
	})
	l.yml = &pipeline.Pipeline{
		Name: "web/events", YMLFile: "web/events.yml", Table: catalog.Name{Schema: "web", Table: "events"},
		Adopt: &pipeline.Adopt{Cold: "file:" + dir, ColdLine: 2, SplitLine: 3},
	}
	return l
}

func (l *lab) path(key string) string { return filepath.Join(l.dir, filepath.FromSlash(key)) }

func (l *lab) url(key string) string { return "file:" + l.path(key) }

// write makes an object of a SELECT.
func (l *lab) write(t *testing.T, key, query string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(l.path(key)), 0o755); err != nil {
		t.Fatal(err)
	}
	l.exec(t, fmt.Sprintf("COPY (%s) TO '%s' (FORMAT parquet)", query, strings.ReplaceAll(l.path(key), "'", "''")))
}

func (l *lab) exec(t *testing.T, statement string) {
	t.Helper()
	s, err := l.db.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if _, err := s.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (l *lab) query(t *testing.T, query string) [][]string {
	t.Helper()
	rows, err := l.db.Query(t.Context(), engine.Statement{SQL: query})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	return enginetest.Table(t, rows)
}

func (l *lab) scan(t *testing.T, have *catalog.TableView) (*Change, error) {
	t.Helper()
	return Scan(t.Context(), l.bucket, l.yml, have, slog.New(slog.DiscardHandler))
}

func (l *lab) mustScan(t *testing.T, have *catalog.TableView) *Change {
	t.Helper()
	c, err := l.scan(t, have)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// after gives the view that a change makes of another one, nil for none.
func after(have *catalog.TableView, c *Change) *catalog.TableView {
	next := &catalog.TableView{Table: c.Table}
	dropped := map[string]bool{}
	for _, url := range c.Drops {
		dropped[url] = true
	}
	if have != nil {
		for _, f := range have.Files {
			if !dropped[f.Path] {
				next.Files = append(next.Files, f)
			}
		}
	}
	for _, f := range c.Added {
		next.Files = append(next.Files, &catalog.File{
			Path: f.Path, Partition: f.Partition, Rows: f.Rows, Bytes: f.Bytes, ETag: f.ETag, FooterBytes: f.FooterBytes,
			SchemaVersion: c.Table.SchemaVersion, Stats: f.Columns,
		})
	}
	return next
}

func columns(t *catalog.Table) string {
	var all []string
	for _, c := range t.Columns {
		s := c.Name + " " + c.Type.String()
		if c.Partition {
			s += " in the path"
		}
		all = append(all, s)
	}
	return strings.Join(all, ", ")
}
