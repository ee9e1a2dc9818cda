package metastore

import (
	"context"
	"crypto/sha256"
	stdsql "database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"tidegate/catalog"
)

// Publish applies a commit record as one generation.
func (s *Store) Publish(ctx context.Context, r *catalog.Record, under ...catalog.Lease) (int64, error) {
	content, err := check(r)
	if err != nil {
		return 0, err
	}
	var generation int64
	doing := fmt.Sprintf("publish %s %s.r%d", r.Table.Name, r.Batch, r.Revision)
	err = s.write(ctx, doing, func(w *writer) error {
		p := publication{writer: w, r: r, content: content}
		if p.tableID, err = w.table(r.Table.Name); err != nil {
			return err
		}
		applied, err := p.applied()
		if err != nil || applied > 0 {
			generation = applied
			return err
		}
		if err := p.allowed(under); err != nil {
			return err
		}
		generation, err = w.generation(string(r.Kind), p.tableID)
		p.generation = generation
		if err != nil {
			return err
		}
		return p.apply()
	})
	if err != nil {
		return 0, err
	}
	return generation, nil
}

// check says what is wrong with a record by itself, and gives the hash of what it does.
func check(r *catalog.Record) (content string, err error) {
	var rows int64
	for i := range r.Files {
		rows += r.Files[i].Rows
	}
	switch {
	case r.Format != catalog.RecordFormat:
		err = fmt.Errorf("its format is %d, this program knows %d", r.Format, catalog.RecordFormat)
	case r.Batch == "" || r.Revision < 1 || r.Seq < 1 || r.Table.SchemaVersion < 1:
		err = fmt.Errorf("batch %q, revision %d, seq %d or schema version %d is missing",
			r.Batch, r.Revision, r.Seq, r.Table.SchemaVersion)
	case !slices.Contains([]catalog.RecordKind{
		catalog.RecordAppend, catalog.RecordReplace, catalog.RecordRequeue, catalog.RecordRemake, catalog.RecordCompact,
		catalog.RecordRegister, catalog.RecordDrop,
	}, r.Kind):
		err = fmt.Errorf("kind %q is not known", r.Kind)
	case r.Table.Adopt == nil && (len(r.Drops) > 0 || r.Kind == catalog.RecordRegister || r.Kind == catalog.RecordDrop):
		err = errors.New("it is one of an adopted table, and the table is not")
	case r.Kind == catalog.RecordDrop && len(r.Files) > 0:
		err = errors.New("it drops and adds files")
	case (r.Kind == catalog.RecordAppend || r.Kind == catalog.RecordRequeue) && len(r.Replaces) > 0:
		err = errors.New("it appends and replaces")
	case (r.Kind == catalog.RecordRemake) != (len(r.Remakes) > 0):
		err = fmt.Errorf("it is of kind %s and remakes %d batches", r.Kind, len(r.Remakes))
	case r.Kind == catalog.RecordCompact:
		err = checkCompact(r)
	case rows != r.Counts.Emitted:
		err = fmt.Errorf("its files have %d rows, the batch emitted %d", rows, r.Counts.Emitted)
	}
	if err != nil {
		return "", fmt.Errorf("%w: commit record of %s %s: %w", catalog.ErrConflict, r.Table.Name, r.Batch, err)
	}
	type fileContent struct {
		Path, Partition string
		Rows, Bytes     int64
	}
	files := make([]fileContent, len(r.Files))
	for i, f := range r.Files {
		files[i] = fileContent{f.Path, f.Partition, f.Rows, f.Bytes}
	}
	what := []any{r.Seq, r.Kind, r.Checksum, r.Counts, files, slices.Concat(r.Replaces), slices.Concat(r.Inputs)}
	if r.Table.Adopt != nil {
		what = append(what, r.Drops, r.Table)
	}
	if len(r.Remakes) > 0 {
		what = append(what, r.Remakes)
	}
	b, err := json.Marshal(what)
	if err != nil {
		return "", fmt.Errorf("hash commit record of %s %s: %w", r.Table.Name, r.Batch, err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// publication is one record on its way into the catalog.
type publication struct {
	*writer
	r          *catalog.Record
	content    string
	tableID    int64
	batchID    int64
	generation int64
	partitions map[string]int64 // ids of those of its files
	leased     bool             // it is published under leases: by a run, not by a rebuild
	// recut says that an adopted table's days are not what they were: another column, zone or warehouse table.
	recut bool
}

// applied gives the generation that the record got, if it is there already.
func (p *publication) applied() (int64, error) {
	var generation int64
	var content string
	err := p.row(`SELECT generation, content FROM batch
		WHERE table_id = $1 AND batch = $2 AND revision = $3 AND state <> 'failed'`,
		p.tableID, p.r.Batch, p.r.Revision).Scan(&generation, &content)
	switch {
	case errors.Is(err, stdsql.ErrNoRows):
		return 0, nil
	case err != nil:
		return 0, err
	case content != p.content:
		return 0, fmt.Errorf("%w: generation %d published this batch and revision with other content",
			catalog.ErrConflict, generation)
	}
	return generation, nil
}

func (p *publication) apply() error {
	for _, step := range []func() error{p.define, p.addBatch, p.remake, p.replace, p.drop, p.addFiles, p.withdrawDays, p.addInputs, p.tellIncidents} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// define makes the record's table definition the newest, unless the record was made under an older schema version.
func (p *publication) define() error {
	old, stored, err := p.definition(p.tableID, 0)
	if err != nil {
		return err
	}
	next, err := json.Marshal(withLiveHot(p.r.Table, old))
	if err != nil {
		return err
	}
	switch {
	case old == nil:
	case stored == string(next):
		return nil
	case p.r.Table.SchemaVersion < old.SchemaVersion, p.r.Kind == catalog.RecordCompact && p.r.Table.SchemaVersion == old.SchemaVersion:
		return p.knownVersion()
	default:
		if err := catalog.Follows(old, &p.r.Table); err != nil {
			return err
		}
		p.recut = recut(old, &p.r.Table)
	}
	return p.redefine(p.tableID, p.generation, p.r.Table.SchemaVersion, next)
}

// redefine puts a definition in the place of the newest.
func (w *writer) redefine(tableID, generation int64, version int, definition []byte) error {
	err := w.exec(`UPDATE definition SET end_generation = $1 WHERE table_id = $2 AND end_generation IS NULL`, generation, tableID)
	if err != nil {
		return err
	}
	return w.exec(`INSERT INTO definition (table_id, begin_generation, schema_version, definition) VALUES ($1, $2, $3, $4)`,
		tableID, generation, version, string(definition))
}

// knownVersion accepts a batch of an older schema version if it means the same columns by it.
func (p *publication) knownVersion() error {
	old, _, err := p.definition(p.tableID, p.r.Table.SchemaVersion)
	if err != nil {
		return err
	}
	if old == nil {
		return fmt.Errorf("%w: schema version %d of %s is older than the newest and unknown",
			catalog.ErrConflict, p.r.Table.SchemaVersion, p.r.Table.Name)
	}
	return catalog.Follows(old, &p.r.Table)
}

// definition reads the newest definition of a schema version, of any for 0; nil if there is none.
func (w *writer) definition(tableID int64, version int) (*catalog.Table, string, error) {
	var text string
	err := w.row(`SELECT definition FROM definition WHERE table_id = $1 AND CAST($2 AS bigint) IN (0, schema_version)
		ORDER BY begin_generation DESC LIMIT 1`, tableID, version).Scan(&text)
	if errors.Is(err, stdsql.ErrNoRows) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	t := new(catalog.Table)
	if err := json.Unmarshal([]byte(text), t); err != nil {
		return nil, "", fmt.Errorf("read definition: %w", err)
	}
	return t, text, nil
}

func (p *publication) addBatch() error {
	r := p.r
	var bytesIn, bytesOut int64
	for i := range r.Inputs {
		bytesIn += r.Inputs[i].Size
	}
	for i := range r.Files {
		bytesOut += r.Files[i].Bytes
	}
	err := p.exec(`DELETE FROM batch WHERE table_id = $1 AND batch = $2 AND revision = $3 AND state = 'failed'`,
		p.tableID, r.Batch, r.Revision)
	if err != nil {
		return err
	}
	var other string
	err = p.row(`SELECT batch FROM batch WHERE table_id = $1 AND seq = $2 AND state <> 'failed'`, p.tableID, r.Seq).Scan(&other)
	if err == nil {
		return fmt.Errorf("%w: seq %d is that of batch %s", catalog.ErrConflict, r.Seq, other)
	}
	if !errors.Is(err, stdsql.ErrNoRows) {
		return err
	}
	if err := p.exec(`UPDATE tbl SET batch_seq = $1 WHERE table_id = $2 AND batch_seq < $1`, r.Seq, p.tableID); err != nil {
		return err
	}
	notes, err := encodeNotes(r.Notes)
	if err != nil {
		return err
	}
	c := &r.Counts
	return p.row(`INSERT INTO batch (table_id, batch, revision, seq, state, kind, pipeline, version,
			read, blank, rejected, filtered, deduplicated, emitted, truncated, bytes_in, bytes_out,
			started_at, committed_at, generation, content, notes, place, arrived_at)
		VALUES ($1, $2, $3, $4, 'committed', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $4, $18)
		RETURNING batch_id`,
		p.tableID, r.Batch, r.Revision, r.Seq, string(r.Kind), r.Pipeline.Name, r.Pipeline.Version,
		c.Read, c.Blank, c.Rejected, c.Filtered, c.Deduplicated, c.Emitted, c.Truncated, bytesIn, bytesOut,
		micros(r.StartedAt), micros(r.CommittedAt), p.generation, p.content, notes).Scan(&p.batchID)
}

// replace ends the files that the record takes the place of, and their coverage, unless it passes to a compaction.
func (p *publication) replace() error {
	for _, old := range p.r.Replaces {
		ended, err := p.changed(`UPDATE file SET end_generation = $1
			WHERE end_generation IS NULL
			  AND batch_id = (SELECT batch_id FROM batch WHERE table_id = $2 AND batch = $3 AND revision = $4 AND state <> 'failed')
			  AND partition_id = (SELECT partition_id FROM part WHERE table_id = $2 AND value = $5)`,
			p.generation, p.tableID, old.Batch, old.Revision, old.Partition)
		if err != nil {
			return err
		}
		if ended == 0 {
			// Another replacement came first: applying this one too would double its rows.
			return fmt.Errorf("%w: it replaces partition %q of batch %s.r%d, which has no live file",
				p.late(), old.Partition, old.Batch, old.Revision)
		}
	}
	if err := p.nothingLeft(); err != nil {
		return err
	}
	if err := p.sameRows(); err != nil {
		return err
	}
	if len(p.r.Replaces) == 0 {
		return nil
	}
	err := p.exec(`UPDATE hot_part SET end_generation = $1
		WHERE table_id = $2 AND end_generation IS NULL AND NOT EXISTS (
			SELECT 1 FROM file f WHERE f.batch_id = hot_part.batch_id AND f.partition_id = hot_part.partition_id
			AND f.end_generation IS NULL)`, p.generation, p.tableID)
	if err != nil {
		return err
	}
	if err := p.passCoverage(); err != nil {
		return err
	}
	return p.endBatches()
}

func (p *publication) addFiles() error {
	if err := p.newPairs(); err != nil {
		return err
	}
	rows := make([][]any, len(p.r.Files))
	for i := range p.r.Files {
		f := &p.r.Files[i]
		rows[i] = []any{
			p.tableID, p.batchID, p.partitions[f.Partition], f.Path, f.Rows, f.Bytes, f.ETag, f.FooterBytes,
			p.r.Table.SchemaVersion, p.generation, encodeStats(f.Columns),
		}
	}
	added, err := p.insert(`file (table_id, batch_id, partition_id, path, rows, bytes, etag, footer_bytes,
		schema_version, begin_generation, stats)`, `ON CONFLICT DO NOTHING`, rows)
	if err == nil && added < int64(len(rows)) {
		return p.conflictOfPaths()
	}
	return err
}

// conflictOfPaths says which of the record's files is there already.
func (p *publication) conflictOfPaths() error {
	seen := map[string]bool{}
	for i := range p.r.Files {
		path := p.r.Files[i].Path
		var there bool
		err := p.row(`SELECT EXISTS (SELECT 1 FROM file WHERE table_id = $1 AND path = $2 AND end_generation IS NULL AND begin_generation < $3)`,
			p.tableID, path, p.generation).Scan(&there)
		if err != nil {
			return err
		}
		if there || seen[path] {
			return fmt.Errorf("%w: file %s is there already", catalog.ErrConflict, path)
		}
		seen[path] = true
	}
	return fmt.Errorf("%w: some of its files are there already", catalog.ErrConflict)
}

// newPairs finds the ids of the partitions that the batch is about to have files in, and makes those that are not there.
// Coverage knows a pair by the batch's name without its revision, so two revisions must not be live in one partition.
func (p *publication) newPairs() error {
	p.partitions = map[string]int64{}
	for i := range p.r.Files {
		p.partitions[p.r.Files[i].Partition] = 0
	}
	values := slices.Sorted(maps.Keys(p.partitions))
	rows := make([][]any, len(values))
	for i, value := range values {
		rows[i] = []any{p.tableID, value}
	}
	if _, err := p.insert(`part (table_id, value)`, `ON CONFLICT DO NOTHING`, rows); err != nil {
		return err
	}
	for some := range slices.Chunk(values, keysPerQuery) {
		err := eachRow(p.ctx, p.tx, `SELECT value, partition_id FROM part WHERE table_id = $1 AND value IN (`+parameters(2, len(some))+`)`,
			func(rows *stdsql.Rows) error {
				var value string
				var id int64
				err := rows.Scan(&value, &id)
				p.partitions[value] = id
				return err
			}, behind(some, p.tableID)...)
		if err != nil {
			return err
		}
	}
	return eachRow(p.ctx, p.tx, `SELECT DISTINCT b.revision, v.value FROM batch b JOIN file f USING (batch_id) JOIN part v USING (partition_id)
		WHERE b.table_id = $1 AND b.batch = $2 AND b.batch_id <> $3 AND f.end_generation IS NULL`,
		func(rows *stdsql.Rows) error {
			var revision int
			var value string
			err := rows.Scan(&revision, &value)
			if _, ok := p.partitions[value]; ok && err == nil {
				err = fmt.Errorf("%w: revision %d of the batch is live in partition %q and not replaced",
					catalog.ErrConflict, revision, value)
			}
			return err
		}, p.tableID, p.r.Batch, p.batchID)
}

// addInputs makes the record the newest that has read its inputs. An object that was replaced since, and read by another
// batch, stays that one's when the batch is made again that read it before.
func (p *publication) addInputs() error {
	last := map[string]int{} // of a key that is there twice: one statement must not change a row twice
	rows := make([][]any, 0, len(p.r.Inputs))
	for _, in := range p.r.Inputs {
		row := []any{p.tableID, in.Key, in.ETag, in.Size, p.r.Seq}
		if i, ok := last[in.Key]; ok {
			rows[i] = row
			continue
		}
		last[in.Key] = len(rows)
		rows = append(rows, row)
	}
	newest := `excluded.seq >= input.seq`
	if p.r.Kind == catalog.RecordRemake {
		newest = fmt.Sprintf(`input.seq IN (SELECT seq FROM batch WHERE table_id = %d AND remade_by = %d)`, p.tableID, p.r.Seq)
	}
	_, err := p.insert(`input (table_id, key, etag, size, seq)`,
		`ON CONFLICT (table_id, key) DO UPDATE SET etag = excluded.etag, size = excluded.size, seq = excluded.seq WHERE `+newest, rows)
	return err
}
