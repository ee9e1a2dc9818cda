package sqlite

import (
	"cmp"
	"context"
	stdsql "database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tidegate/catalog"
)

// reader is the connection that notices changes: PRAGMA data_version of one connection moves when any other one
// has committed, in this process or another. It never writes, so it sees the writes of this process too.
type reader struct {
	conn        *stdsql.Conn
	dataVersion int64 // of the last load; no version is 0 or less
}

// viewState is a View with what the next one is made from.
type viewState struct {
	view   *catalog.View
	tables map[int64]*tableState
}

type tableState struct {
	view       *catalog.TableView
	generation int64 // newest one that changed the table
	defined    int64 // generation of its definition
	hotChanges int64
}

// View gives the newest generation.
func (s *Store) View(ctx context.Context) (*catalog.View, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	s.viewMu.Lock()
	defer s.viewMu.Unlock()
	// Not the caller's context: a caller that goes away must not cost the others the connection.
	v, err := s.refresh(context.WithoutCancel(ctx))
	if err != nil {
		if s.reader != nil {
			err = errors.Join(err, s.reader.conn.Close())
			s.reader = nil
		}
		return nil, fmt.Errorf("read catalog %s: %w", s.path, err)
	}
	return v, nil
}

func (s *Store) refresh(ctx context.Context) (*catalog.View, error) {
	if s.reader == nil {
		conn, err := s.db.Conn(ctx)
		if err != nil {
			return nil, err
		}
		s.reader = &reader{conn: conn}
	}
	// Read before the load: a commit between the two is loaded, and loaded again with the next call.
	var version int64
	if err := s.reader.conn.QueryRowContext(ctx, `PRAGMA data_version`).Scan(&version); err != nil {
		return nil, err
	}
	if s.view != nil && version == s.reader.dataVersion {
		return s.view.view, nil
	}
	tx, err := s.reader.conn.BeginTx(ctx, &stdsql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	next, err := (&loader{ctx: ctx, tx: tx}).load(s.view)
	if err := errors.Join(err, tx.Rollback()); err != nil {
		return nil, err
	}
	s.view, s.reader.dataVersion = next, version
	return next.view, nil
}

// loader reads one View in one read transaction.
type loader struct {
	ctx context.Context //nolint:containedctx // lives for one transaction, as database/sql's own Tx
	tx  *stdsql.Tx
}

// each runs scan on every row.
func (l *loader) each(scan func(*stdsql.Rows) error, query string, args ...any) (err error) {
	rows, err := l.tx.QueryContext(l.ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// load makes the newest View. Tables that did not change since prev are shared with it.
func (l *loader) load(prev *viewState) (*viewState, error) {
	next := &viewState{view: &catalog.View{Tables: map[catalog.Name]*catalog.TableView{}}, tables: map[int64]*tableState{}}
	var committed int64
	err := l.tx.QueryRowContext(l.ctx, `SELECT number, committed_at FROM generation ORDER BY number DESC LIMIT 1`).
		Scan(&next.view.Generation, &committed)
	if err != nil && !errors.Is(err, stdsql.ErrNoRows) {
		return nil, err
	}
	next.view.CommittedAt = instant(committed)
	if prev == nil {
		prev = &viewState{view: &catalog.View{}}
	}
	err = l.each(func(rows *stdsql.Rows) error {
		var id int64
		var t tableState
		if err := rows.Scan(&id, &t.hotChanges, &t.generation, &t.defined); err != nil {
			return err
		}
		next.tables[id] = &t
		return nil
	}, `SELECT t.table_id, t.hot_changes, (SELECT max(number) FROM generation g WHERE g.table_id = t.table_id), d.begin_generation
		FROM tbl t JOIN definition d ON d.table_id = t.table_id AND d.end_generation IS NULL`)
	if err != nil {
		return nil, err
	}
	for id, t := range next.tables {
		if err := l.table(id, t, prev); err != nil {
			return nil, fmt.Errorf("table %d: %w", id, err)
		}
		next.view.Tables[t.view.Table.Name] = t.view
		next.view.SchemaGeneration = max(next.view.SchemaGeneration, t.defined)
	}
	return next, nil
}

func (l *loader) table(id int64, t *tableState, prev *viewState) error {
	old, ok := prev.tables[id]
	if ok && old.generation == t.generation && old.hotChanges == t.hotChanges {
		t.view = old.view
		return nil
	}
	if !ok {
		old = &tableState{view: &catalog.TableView{}}
	}
	t.view = &catalog.TableView{Table: old.view.Table, Files: old.view.Files}
	if old.defined != t.defined {
		table, err := l.definition(id)
		if err != nil {
			return err
		}
		t.view.Table = table
	}
	if old.generation != t.generation {
		files, err := l.files(id, old.view.Files, old.generation)
		if err != nil {
			return err
		}
		t.view.Files = files
	}
	var err error
	t.view.Hot, err = l.hot(id)
	return err
}

func (l *loader) definition(id int64) (*catalog.Table, error) {
	var text string
	err := l.tx.QueryRowContext(l.ctx, `SELECT definition FROM definition WHERE table_id = ? AND end_generation IS NULL`, id).
		Scan(&text)
	if err != nil {
		return nil, err
	}
	t := &catalog.Table{}
	if err := json.Unmarshal([]byte(text), t); err != nil {
		return nil, fmt.Errorf("read definition: %w", err)
	}
	t.ID = id
	return t, nil
}

// files gives the live files from those that were live at generation since.
func (l *loader) files(id int64, old []*catalog.File, since int64) ([]*catalog.File, error) {
	ended := map[int64]bool{}
	err := l.each(func(rows *stdsql.Rows) error {
		var file int64
		err := rows.Scan(&file)
		ended[file] = true
		return err
	}, `SELECT file_id FROM file WHERE table_id = ? AND end_generation > ?`, id, since)
	if err != nil {
		return nil, err
	}
	files := make([]*catalog.File, 0, len(old))
	names := map[string]string{}
	for _, f := range old {
		if !ended[f.ID] {
			files = append(files, f)
		}
	}
	if len(files) > 0 {
		for i := range files[0].Stats {
			names[files[0].Stats[i].Name] = files[0].Stats[i].Name
		}
	}
	batches, err := l.text(`SELECT batch_id, batch FROM batch WHERE table_id = ?`, id)
	if err != nil {
		return nil, err
	}
	partitions, err := l.text(`SELECT partition_id, value FROM part WHERE table_id = ?`, id)
	if err != nil {
		return nil, err
	}
	err = l.each(func(rows *stdsql.Rows) error {
		f := new(catalog.File)
		var batch, partition int64
		var stats stdsql.RawBytes
		err := rows.Scan(&f.ID, &batch, &f.Revision, &partition, &f.Path, &f.Rows, &f.Bytes, &f.ETag, &f.FooterBytes,
			&f.SchemaVersion, &f.Generation, &stats)
		if err != nil {
			return err
		}
		f.Batch, f.Partition = batches[batch], partitions[partition]
		if f.Stats, err = decodeStats(stats, names); err != nil {
			return fmt.Errorf("file %s: %w", f.Path, err)
		}
		files = append(files, f)
		return nil
	}, `SELECT f.file_id, f.batch_id, b.revision, f.partition_id, f.path, f.rows, f.bytes, f.etag, f.footer_bytes,
			f.schema_version, f.begin_generation, f.stats
		FROM file f JOIN batch b USING (batch_id)
		WHERE f.table_id = ? AND f.begin_generation > ? AND f.end_generation IS NULL`, id, since)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(files, func(a, b *catalog.File) int {
		return cmp.Or(strings.Compare(a.Partition, b.Partition), strings.Compare(a.Path, b.Path))
	})
	return files, nil
}

// text reads id → text, so that the files of a batch share its name.
func (l *loader) text(query string, tableID int64) (map[int64]string, error) {
	m := map[int64]string{}
	err := l.each(func(rows *stdsql.Rows) error {
		var id int64
		var s string
		err := rows.Scan(&id, &s)
		m[id] = s
		return err
	}, query, tableID)
	return m, err
}

func (l *loader) hot(id int64) (catalog.HotState, error) {
	h := catalog.HotState{Covered: map[catalog.Pair]catalog.HotPart{}, Versions: map[int][]string{}}
	err := l.each(func(rows *stdsql.Rows) error {
		var p catalog.Pair
		var part catalog.HotPart
		err := rows.Scan(&p.Batch, &p.Partition, &part.LoadSeq, &part.SchemaVersion)
		h.Covered[p] = part
		return err
	}, `SELECT b.batch, p.value, h.load_seq, h.hot_schema_version
		FROM hot_part h JOIN batch b USING (batch_id) JOIN part p USING (partition_id)
		WHERE h.table_id = ? AND h.end_generation IS NULL`, id)
	if err != nil {
		return h, err
	}
	err = l.tx.QueryRowContext(l.ctx, `SELECT coalesce(max(load_seq), 0) FROM hot_part WHERE table_id = ?`, id).Scan(&h.MaxLoadSeq)
	if err != nil {
		return h, err
	}
	err = l.each(func(rows *stdsql.Rows) error {
		var seq int64
		err := rows.Scan(&seq)
		h.Withdrawn = append(h.Withdrawn, seq)
		return err
	}, `SELECT load_seq FROM hot_part WHERE table_id = ? AND end_generation IS NOT NULL AND purged = 0 ORDER BY load_seq`, id)
	if err != nil {
		return h, err
	}
	err = l.each(func(rows *stdsql.Rows) error {
		var version int
		var columns string
		if err := rows.Scan(&version, &columns); err != nil {
			return err
		}
		var names []string
		err := json.Unmarshal([]byte(columns), &names)
		h.Versions[version] = names
		return err
	}, `SELECT version, columns FROM hot_schema WHERE table_id = ?`, id)
	return h, err
}
