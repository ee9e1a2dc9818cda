package duck

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	bind "github.com/duckdb/duckdb-go-bindings"

	"tidegate/internal/engine/duck/pgfunc"
	"tidegate/internal/engine/duck/udf"
)

const utc = "UTC"

// settings are the same for every instance (decision 24). They are global: a new connection has them.
func settings() []string {
	return []string{
		// PostgreSQL's meaning of SQL.
		"SET GLOBAL default_null_order='nulls_last_on_asc_first_on_desc'",
		"SET GLOBAL integer_division=true",
		"SET GLOBAL ieee_floating_point_ops=false",
		"SET GLOBAL TimeZone='UTC'",
		// Both caches would remember holes of files that are filled later, and old footers.
		"SET GLOBAL enable_external_file_cache=false",
		"SET GLOBAL parquet_metadata_cache=false",
		// Nothing is fetched from outside, nothing is read from the user's home.
		"SET GLOBAL autoinstall_known_extensions=false",
		"SET GLOBAL autoload_known_extensions=false",
		"SET GLOBAL allow_community_extensions=false",
		"SET GLOBAL allow_persistent_secrets=false",
	}
}

// openInstance opens the database file with the limits of its process.
func (db *DB) openInstance(o Options) error {
	var config bind.Config
	if bind.CreateConfig(&config) == bind.StateError {
		return errors.New("create configuration")
	}
	defer bind.DestroyConfig(&config)
	for _, kv := range [][2]string{
		{"threads", threadsOption(o.Threads)},
		{"memory_limit", o.MemoryLimit},
	} {
		if kv[1] == "" {
			continue
		}
		if bind.SetConfig(config, kv[0], kv[1]) == bind.StateError {
			return fmt.Errorf("%s: %q is not valid", kv[0], kv[1])
		}
	}
	var message string
	if bind.OpenExt(o.Path, &db.instance, config, &message) == bind.StateError {
		return openError(message)
	}
	return nil
}

func threadsOption(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// openError tells a file that another process holds from one that cannot be opened.
func openError(message string) error {
	if strings.Contains(message, "Could not set lock on file") {
		return fmt.Errorf("%w: %s", ErrInUse, message)
	}
	return errors.New(message)
}

// configure sets what can be set after opening only. The order matters: files are attached and directories named
// before the fence closes, and nothing opens it again.
func (db *DB) configure(ctx context.Context, o Options) error {
	if err := db.registerFunctions(o.Functions); err != nil {
		return err
	}
	s, err := db.Session(ctx)
	if err != nil {
		return err
	}
	statements := append(settings(), "SET GLOBAL temp_directory="+quote(o.TempDir))
	for _, a := range o.Attach {
		statements = append(statements, fmt.Sprintf("ATTACH %s AS %s", quote(a.Path), quoteName(a.Name)))
	}
	if o.Fence {
		dirs := make([]string, len(o.AllowedDirs))
		for i, d := range o.AllowedDirs {
			abs, err := filepath.Abs(d)
			if err != nil {
				return errors.Join(fmt.Errorf("allowed directory %s: %w", d, err), s.Close())
			}
			dirs[i] = quote(abs)
		}
		statements = append(statements,
			"SET GLOBAL allowed_directories=["+strings.Join(dirs, ", ")+"]",
			"SET GLOBAL enable_external_access=false")
	}
	for _, sql := range statements {
		if _, err := s.Exec(ctx, sql); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", sql, err), s.Close())
		}
	}
	return s.Close()
}

// registerFunctions adds what PostgreSQL has and DuckDB has not.
func (db *DB) registerFunctions(more []udf.Function) error {
	c, err := db.acquire(utc)
	if err != nil {
		return err
	}
	defer db.release(c, true)
	if err := udf.Register(c.handle, append(slices.Concat(pgfunc.All(), more), udf.Counting(&db.numbered))); err != nil {
		return err
	}
	if err := udf.RegisterTables(c.handle, &db.numbered); err != nil {
		return err
	}
	return udf.RegisterAggregates(c.handle, pgfunc.Aggregates())
}

// quote gives s as a string literal.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// quoteName gives s as an identifier.
func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

func describePath(path string) string {
	if path == "" {
		return "in memory"
	}
	return path
}
