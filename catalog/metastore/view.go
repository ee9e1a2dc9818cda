package metastore

import (
	"cmp"
	"context"
	stdsql "database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tidegate/catalog"
)

// viewState is a View with what the next one is made from.
type viewState struct {
	version Version // that the catalog had before it was read
	view    *catalog.View
	tables  map[int64]*tableState
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
	now, err := s.db.Version(ctx)
	if err == nil {
		if have := s.latest.Load(); have != nil && have.version == now {
			return have.view, nil
		}
		var next *viewState
		if next, err = s.refresh(ctx); err == nil {
			return next.view, nil
		}
	}
	return nil, fmt.Errorf("read catalog %s: %w", s.db, err)
}

// refresh makes the newest View, unless somebody else made it meanwhile.
func (s *Store) refresh(ctx context.Context) (*viewState, error) {
	s.loading.Lock()
	defer s.loading.Unlock()
	// Before the load: a commit between the two is loaded, and loaded again with the next call.
	version, err := s.db.Version(ctx)
	if err != nil {
		return nil, err
	}
	have := s.latest.Load()
	if have != nil && have.version == version {
		return have, nil
	}
	base := have
	if have != nil && have.version.Catalog != version.Catalog {
		base = nil
	}
	var next *viewState
	err = s.db.Snapshot(ctx, func(q Querier) error {
		next, err = (&loader{ctx: ctx, q: q}).newest(base)
		return err
	})
	if err != nil {
		return nil, err
	}
	next.version = version
	s.latest.Store(next)
	return next, nil
}

// loader reads one View in one read transaction.
type loader struct {
	ctx context.Context //nolint:containedctx // lives for one transaction, as database/sql's own Tx
	q   Querier
	at  int64 // the generation that is read
}

// each runs scan on every row.
func (l *loader) each(scan func(*stdsql.Rows) error, query string, args ...any) error {
	return eachRow(l.ctx, l.q, query, scan, args...)
}

func (l *loader) row(query string, args ...any) *stdsql.Row {
	return l.q.QueryRowContext(l.ctx, query, args...)
}

// newest makes the newest View, from an older one if there is one.
func (l *loader) newest(prev *viewState) (*viewState, error) {
	var committed int64
	err := l.row(`SELECT number, committed_at FROM generation ORDER BY number DESC LIMIT 1`).
		Scan(&l.at, &committed)
	if err != nil && !errors.Is(err, stdsql.ErrNoRows) {
		return nil, err
	}
	return l.load(prev, instant(committed))
}

// load makes the View of generation l.at. Tables that are the same in other, an older View or a newer one, are shared
// with it; of the others only what differs is read.
func (l *loader) load(other *viewState, committed time.Time) (*viewState, error) {
	next := &viewState{
		view:   &catalog.View{Generation: l.at, CommittedAt: committed, Tables: map[catalog.Name]*catalog.TableView{}},
		tables: map[int64]*tableState{},
	}
	if other == nil {
		other = &viewState{view: &catalog.View{}}
	}
	err := l.each(func(rows *stdsql.Rows) error {
		var id int64
		var t tableState
		if err := rows.Scan(&id, &t.hotChanges, &t.generation, &t.defined); err != nil {
			return err
		}
		next.tables[id] = &t
		return nil
	}, `SELECT t.table_id, t.hot_changes, (SELECT max(number) FROM generation g WHERE g.table_id = t.table_id AND number <= $1),
			d.begin_generation
		FROM tbl t JOIN definition d ON d.table_id = t.table_id
			AND d.begin_generation <= $1 AND (d.end_generation IS NULL OR d.end_generation > $1)`, l.at)
	if err != nil {
		return nil, err
	}
	for id, t := range next.tables {
		if err := l.table(id, t, other); err != nil {
			return nil, fmt.Errorf("table %d: %w", id, err)
		}
		next.view.Tables[t.view.Table.Name] = t.view
		next.view.SchemaGeneration = max(next.view.SchemaGeneration, t.defined)
	}
	return next, nil
}

func (l *loader) table(id int64, t *tableState, other *viewState) error {
	old, ok := other.tables[id]
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
	if t.view.Hot, err = l.hot(id); err != nil {
		return err
	}
	if t.view.Table.Adopt != nil {
		t.view.Hot.Days, err = l.days(id, t.view)
	}
	return err
}

func (l *loader) definition(id int64) (*catalog.Table, error) {
	var text string
	err := l.row(`SELECT definition FROM definition WHERE table_id = $1
		AND begin_generation <= $2 AND (end_generation IS NULL OR end_generation > $2)`, id, l.at).Scan(&text)
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

// files gives the live files from those that were, or will be, live at generation since.
func (l *loader) files(id int64, others []*catalog.File, since int64) ([]*catalog.File, error) {
	ended := map[int64]bool{}
	err := l.each(func(rows *stdsql.Rows) error {
		var file int64
		err := rows.Scan(&file)
		ended[file] = true
		return err
	}, `SELECT file_id FROM file WHERE table_id = $1 AND end_generation > $2 AND end_generation <= $3`, id, since, l.at)
	if err != nil {
		return nil, err
	}
	files := make([]*catalog.File, 0, len(others))
	for _, f := range others {
		if f.Generation <= l.at && !ended[f.ID] {
			files = append(files, f)
		}
	}
	names := map[string]string{}
	if len(files) > 0 {
		for i := range files[0].Stats {
			names[files[0].Stats[i].Name] = files[0].Stats[i].Name
		}
	}
	missing := `f.begin_generation > $2 AND f.begin_generation <= $3 AND (f.end_generation IS NULL OR f.end_generation > $3)`
	if since > l.at {
		missing = `f.end_generation > $3 AND f.end_generation <= $2 AND f.begin_generation <= $3`
	}
	more, err := l.readFiles(id, names, missing, since)
	if err != nil {
		return nil, err
	}
	files = append(files, more...)
	slices.SortFunc(files, func(a, b *catalog.File) int {
		return cmp.Or(strings.Compare(a.Partition, b.Partition), strings.Compare(a.Path, b.Path))
	})
	return files, nil
}

// readFiles reads files of a table; names are the strings that statistics share.
func (l *loader) readFiles(id int64, names map[string]string, where string, since int64) ([]*catalog.File, error) {
	batches, err := l.text(`SELECT batch_id, batch FROM batch WHERE table_id = $1`, id)
	if err != nil {
		return nil, err
	}
	partitions, err := l.text(`SELECT partition_id, value FROM part WHERE table_id = $1`, id)
	if err != nil {
		return nil, err
	}
	var files []*catalog.File
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
		WHERE f.table_id = $1 AND `+where, id, since, l.at)
	return files, err
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
	h := catalog.HotState{Covered: map[catalog.Pair][]catalog.HotPart{}, Versions: map[int][]string{}}
	err := l.each(func(rows *stdsql.Rows) error {
		var p catalog.Pair
		var part catalog.HotPart
		err := rows.Scan(&p.Batch, &p.Partition, &part.LoadSeq, &part.SchemaVersion)
		h.Covered[p] = append(h.Covered[p], part)
		return err
	}, `SELECT b.batch, p.value, h.load_seq, h.hot_schema_version
		FROM hot_part h JOIN batch b USING (batch_id) JOIN part p USING (partition_id)
		WHERE h.table_id = $1 AND h.begin_generation <= $2 AND (h.end_generation IS NULL OR h.end_generation > $2)
		ORDER BY h.load_seq`, id, l.at)
	if err != nil {
		return h, err
	}
	if h.Passed, err = l.passed(id); err != nil {
		return h, err
	}
	var versions int
	err = l.row(`SELECT coalesce(max(load_seq), 0), coalesce(max(hot_schema_version), 0)
		FROM hot_part WHERE table_id = $1 AND begin_generation <= $2`, id, l.at).Scan(&h.MaxLoadSeq, &versions)
	if err != nil {
		return h, err
	}
	err = l.each(func(rows *stdsql.Rows) error {
		var seq int64
		err := rows.Scan(&seq)
		h.Withdrawn = append(h.Withdrawn, seq)
		return err
	}, `SELECT load_seq FROM hot_part h WHERE table_id = $1 AND end_generation <= $2 AND purged = 0 AND NOT EXISTS (
			SELECT 1 FROM hot_part n WHERE n.table_id = h.table_id AND n.load_seq = h.load_seq
				AND n.begin_generation > h.begin_generation AND n.begin_generation <= $2)
		ORDER BY load_seq`, id, l.at)
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
	}, `SELECT version, columns FROM hot_schema WHERE table_id = $1 AND version <= $2`, id, versions)
	return h, err
}

// passed gives the pairs that ended in compactions whose coverage has theirs. SQLite keeps the order of a CROSS JOIN: of a long
// history of loads only those of compactions are looked at.
func (l *loader) passed(id int64) (map[catalog.Replaced][]catalog.HotPart, error) {
	var passed map[catalog.Replaced][]catalog.HotPart
	err := l.each(func(rows *stdsql.Rows) error {
		var p catalog.Replaced
		var part catalog.HotPart
		if err := rows.Scan(&p.Batch, &p.Revision, &p.Partition, &part.LoadSeq, &part.SchemaVersion); err != nil {
			return err
		}
		if passed == nil {
			passed = map[catalog.Replaced][]catalog.HotPart{}
		}
		passed[p] = append(passed[p], part)
		return nil
	}, `SELECT b.batch, b.revision, p.value, was.load_seq, was.hot_schema_version
		FROM batch k CROSS JOIN hot_part h CROSS JOIN hot_part was
			JOIN batch b ON b.batch_id = was.batch_id JOIN part p ON p.partition_id = was.partition_id
		WHERE k.table_id = $1 AND k.kind = 'compact'
			AND h.batch_id = k.batch_id AND h.begin_generation <= $2 AND (h.end_generation IS NULL OR h.end_generation > $2)
			AND was.table_id = $1 AND was.load_seq = h.load_seq AND was.begin_generation < h.begin_generation
		ORDER BY was.load_seq`, id, l.at)
	return passed, err
}
