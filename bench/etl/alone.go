package etl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"tidegate/internal/engine/duck"
)

// parquetOptions are those of the program's files.
const parquetOptions = "(FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v1"

// alone does with DuckDB alone what a program of few lines would: read every object of the hour into a table with the
// pipeline's casts, write it in partitions, sorted, and the column subset. Nothing is checked.
func (s *suite) alone(ctx context.Context) (seconds float64, err error) {
	dir := filepath.Join(s.program.Dir, aloneDir)
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return 0, err
	}
	began := time.Now()
	db, err := duck.Open(ctx, duck.Options{TempDir: filepath.Join(dir, "spill")})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	session, err := db.Session(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	for _, statement := range []string{
		fmt.Sprintf(`CREATE TEMP TABLE rows AS SELECT event_id, ts, site_id, lower(domain) AS domain, left(path, 2048) AS path, user_id, referrer,
			user_agent, load_ms, query::VARCHAR AS query, experiment, strftime(ts, '%%Y-%%m-%%d') AS dt
			FROM read_json('%s', format = 'newline_delimited', columns = {event_id: 'VARCHAR', ts: 'TIMESTAMPTZ', site_id: 'INTEGER',
				domain: 'VARCHAR', path: 'VARCHAR', user_id: 'VARCHAR', referrer: 'VARCHAR', user_agent: 'VARCHAR', load_ms: 'INTEGER',
				query: 'JSON', experiment: 'VARCHAR'})
			WHERE user_agent IS NULL OR user_agent NOT LIKE 'kube-probe/%%'`, filepath.Join(s.program.Dir, rawDir, "23", "*")),
		fmt.Sprintf("COPY (SELECT * FROM rows ORDER BY dt, site_id, ts) TO '%s' %s, PARTITION_BY (dt))", filepath.Join(dir, "full"), parquetOptions),
		fmt.Sprintf("COPY (SELECT ts, site_id, domain, path, user_id, load_ms, dt FROM rows ORDER BY ts) TO '%s' %s)", filepath.Join(dir, "subset.parquet"), parquetOptions),
	} {
		if _, err := session.Exec(ctx, statement); err != nil {
			return 0, err
		}
	}
	return time.Since(began).Seconds(), nil
}
