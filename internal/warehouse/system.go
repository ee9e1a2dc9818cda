package warehouse

import (
	"context"
	_ "embed"
	"errors"
	"slices"
	"strings"

	"tidegate/internal/engine"
)

//go:embed system.sql
var systemSQL string

// systemView reports whether Redshift has a view of this name in pg_catalog that system.sql makes.
func systemView(name string) bool {
	return slices.Contains([]string{
		"pg_rewrite", "pg_table_def", "svv_table_info", "svv_tables", "svv_columns", "svv_all_tables", "svv_all_columns", "svv_all_schemas",
		"stl_load_errors", "stl_load_commits", "sys_load_error_detail", "sys_load_history",
	}, name)
}

// makeSystem makes the schemas and the system views; the tables under them stay as they are.
func (w *Warehouse) makeSystem(ctx context.Context) (err error) {
	s, err := w.o.Database.Session(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return runScript(ctx, s, systemSQL)
}

// runScript runs statements that are divided by a semicolon at the end of a line.
func runScript(ctx context.Context, s engine.Session, script string) error {
	for sql := range strings.SplitSeq(script, ";\n") {
		if strings.TrimSpace(sql) == "" {
			continue
		}
		if _, err := s.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}
