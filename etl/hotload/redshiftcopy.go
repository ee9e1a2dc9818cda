package hotload

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
	"tidegate/internal/storage"
)

// stageTable is the temporary table of a load's transaction.
const stageTable = "tg_stage"

// stage copies the load's rows into a temporary table: from the lake's own subset files where COPY can take them, else
// from a file that is written for it. Everything that it puts on S3 is gone when it returns.
func (r *Redshift) stage(ctx context.Context, c *pgconn.PgConn, s *Server, l Load, columns []catalog.Column) (err error) {
	// The ledger's lock keeps other loaders out: what is there was left by one that was killed or lost its connection.
	if err := r.clear(ctx, stagePrefix(s)); err != nil {
		return err
	}
	// One that lost it may still be writing, and clears what it wrote: it must not be what this one wrote.
	folder := stagePrefix(s) + rand.Text() + "/"
	defer func() { err = errors.Join(err, r.clear(context.WithoutCancel(ctx), folder)) }()
	var files copyFiles
	if r.direct(l) {
		files, err = r.subsetFiles(ctx, l)
	} else {
		files, err = r.writeFiles(ctx, folder, l, columns)
	}
	if err != nil {
		return err
	}
	s.step("staged")
	manifest, err := writeManifest(files.entries)
	if err != nil {
		return err
	}
	key := folder + "manifest.json"
	if _, err := r.Stage.Put(ctx, key, bytes.NewReader(manifest)); err != nil {
		return fmt.Errorf("write the manifest of a COPY: %w", err)
	}
	return r.copyFiles(ctx, c, files, objectURL(r.Stage, key))
}

// copyFiles are what one COPY reads.
type copyFiles struct {
	entries []manifestEntry
	columns []stagedColumn
	rows    int64
	format  string // COPY's words
}

// The words of COPY for both formats. Avro has the texts of dates and times.
const (
	asParquet = "FORMAT AS PARQUET MANIFEST"
	asAvro    = "FORMAT AS AVRO 'auto' MANIFEST DATEFORMAT 'auto' TIMEFORMAT 'auto'"
)

// stagedColumn is a column of the files, in their order, and its type in the temporary table.
type stagedColumn struct{ name, typeName string }

// stagePrefix begins the keys of everything that is staged for this hot store, and of nothing else.
func stagePrefix(s *Server) string { return s.Schema + "/_tg_load-" }

// clear removes the stage's objects whose keys have the prefix.
func (r *Redshift) clear(ctx context.Context, prefix string) error {
	for object, err := range r.Stage.List(ctx, prefix, "") {
		if err == nil {
			err = r.Stage.Delete(ctx, object.Key)
		}
		if err != nil {
			return fmt.Errorf("clear the stage of the hot store: %w", err)
		}
	}
	return nil
}

// objectURL is what COPY reads an object by.
func objectURL(b storage.Bucket, key string) string {
	return strings.TrimSuffix(b.Location(), "/") + "/" + key
}

// direct reports whether COPY can take the lake's subset files: they are on S3, and their types are those that COPY
// takes. In Parquet a uuid is no text, and json is a text that is marked as something else.
func (r *Redshift) direct(l Load) bool {
	if l.Subset == nil || !strings.HasPrefix(r.Lake.Location(), "s3://") {
		return false
	}
	return l.Subset.Format == catalog.FormatAvro ||
		!slices.ContainsFunc(l.Subset.Columns, func(c catalog.Column) bool { return c.Type != copyType(c.Type) })
}

// copyType is the type as which a column is written for COPY.
func copyType(t pgtypes.Type) pgtypes.Type {
	if t.OID == pgtypes.UUID || t.OID == pgtypes.JSON {
		return pgtypes.Of(pgtypes.Text)
	}
	return t
}

func (r *Redshift) subsetFiles(ctx context.Context, l Load) (copyFiles, error) {
	files := copyFiles{rows: l.Subset.Rows, format: asParquet}
	if l.Subset.Format == catalog.FormatAvro {
		files.format = asAvro
	}
	for _, key := range l.Subset.Keys {
		object, err := r.Lake.Stat(ctx, key)
		if err != nil {
			return files, fmt.Errorf("look at the column subset: %w", err)
		}
		files.entries = append(files.entries, manifestEntry{URL: objectURL(r.Lake, key), Bytes: object.Size})
	}
	for _, c := range l.Subset.Columns {
		// The types of the day when the files were written: COPY wants them exactly, INSERT widens them.
		typeName, err := r.columnType(c)
		if err != nil {
			return files, err
		}
		files.columns = append(files.columns, stagedColumn{c.Name, typeName})
	}
	return files, nil
}

// writeFiles writes the load's rows as one Parquet object: the hot columns as COPY takes them, and the load sequence.
func (r *Redshift) writeFiles(ctx context.Context, folder string, l Load, columns []catalog.Column) (files copyFiles, err error) {
	files.format = asParquet
	written := make([]catalog.Column, len(columns))
	for i, c := range columns {
		typeName, err := r.columnType(c)
		if err != nil {
			return files, err
		}
		files.columns = append(files.columns, stagedColumn{c.Name, typeName})
		written[i] = c
		written[i].Type = copyType(c.Type)
	}
	files.columns = append(files.columns, stagedColumn{SeqColumn, "bigint"})
	from, err := l.open(ctx)
	if err != nil {
		return files, err
	}
	path := filepath.Join(r.WorkDir, "staged.parquet")
	defer func() { err = errors.Join(err, removeIfThere(path)) }()
	session, err := r.Read.Session(ctx)
	if err != nil {
		return files, err
	}
	files.rows, err = session.Exec(ctx, "COPY ("+selectStatement(from, written)+") TO "+quoteText(path)+" (FORMAT parquet, COMPRESSION snappy)")
	if err := errors.Join(err, session.Close()); err != nil {
		return files, fmt.Errorf("write what is to be loaded: %w", err)
	}
	object, err := r.put(ctx, folder+"0000.parquet", path)
	files.entries = []manifestEntry{{URL: objectURL(r.Stage, object.Key), Bytes: object.Size}}
	return files, err
}

func (r *Redshift) put(ctx context.Context, key, path string) (object storage.Object, err error) {
	f, err := os.Open(path)
	if err != nil {
		return object, fmt.Errorf("stage rows: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if object, err = r.Stage.Put(ctx, key, f); err != nil {
		return object, fmt.Errorf("stage rows: %w", err)
	}
	return object, nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// manifestEntry is one file of a manifest.
type manifestEntry struct {
	URL   string // s3://bucket/key
	Bytes int64
}

// writeManifest names the files of a COPY. Without one COPY takes every key that begins with what it is told; a file
// that is not mandatory may be missing without a word; and Parquet needs the length. A file named twice would be loaded
// twice, so that is an error.
func writeManifest(files []manifestEntry) ([]byte, error) {
	type meta struct {
		ContentLength int64 `json:"content_length"`
	}
	type entry struct {
		URL       string `json:"url"`
		Mandatory bool   `json:"mandatory"`
		Meta      meta   `json:"meta"`
	}
	seen := map[string]bool{}
	entries := []entry{}
	for _, f := range files {
		if !strings.HasPrefix(f.URL, "s3://") {
			return nil, fmt.Errorf("COPY reads from S3 only, not %s", f.URL)
		}
		if seen[f.URL] {
			return nil, fmt.Errorf("file %s is named twice", f.URL)
		}
		seen[f.URL] = true
		entries = append(entries, entry{f.URL, true, meta{f.Bytes}})
	}
	if len(entries) == 0 {
		return nil, errors.New("a manifest needs a file")
	}
	return json.Marshal(map[string]any{"entries": entries})
}

// copyFiles copies the manifest's files into the temporary table and counts what came: COPY's own count, and the
// table's. COPY reads Parquet by position, so the table has the files' columns in their order; Avro it reads by name.
func (r *Redshift) copyFiles(ctx context.Context, c *pgconn.PgConn, files copyFiles, manifestURL string) error {
	create, copyText := r.copyStatements(files, manifestURL)
	if err := exec(ctx, c, create+"; "+copyText); err != nil {
		return fmt.Errorf("COPY: %w", withDetail(err))
	}
	counts, err := texts(ctx, c, "SELECT pg_last_copy_count(), count(*) FROM "+stageTable)
	if err != nil {
		return err
	}
	want := strconv.FormatInt(files.rows, 10)
	if counts[0][0] != want || counts[0][1] != want {
		return fmt.Errorf("the files have %s rows, COPY says that it took %s, and %s arrived; nothing was loaded", want, counts[0][0], counts[0][1])
	}
	return nil
}

func (r *Redshift) copyStatements(files copyFiles, manifestURL string) (create, copyText string) {
	names, definitions := make([]string, len(files.columns)), make([]string, len(files.columns))
	for i, column := range files.columns {
		names[i] = quoteName(column.name)
		definitions[i] = names[i] + " " + column.typeName
	}
	create = "CREATE TEMP TABLE " + stageTable + " (" + strings.Join(definitions, ", ") + ")"
	copyText = "COPY " + stageTable + " (" + strings.Join(names, ", ") + ") FROM " + r.quote(manifestURL) +
		" IAM_ROLE " + r.role() + " " + files.format
	return create, copyText
}

// role is that of IAM_ROLE: a word for the cluster's own, else a text.
func (r *Redshift) role() string {
	if r.IAMRole == "default" {
		return r.IAMRole
	}
	return r.quote(r.IAMRole)
}

// withDetail adds what a server says of the reason: "Spectrum Scan Error" alone tells nothing.
func withDetail(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Detail != "" {
		return fmt.Errorf("%w: %s", err, strings.Join(strings.Fields(e.Detail), " "))
	}
	return err
}

// insert moves the staged rows into the hot table. There is no VALUES to join with, so the load sequence of a row of
// the lake's subset comes from a CASE.
func (r *Redshift) insert(ctx context.Context, c *pgconn.PgConn, s *Server, l Load, columns []catalog.Column) (int64, error) {
	results, err := c.Exec(ctx, r.insertStatement(s, l, columns)).ReadAll()
	if err != nil {
		return 0, withDetail(err)
	}
	return results[0].CommandTag.RowsAffected(), nil
}

func (r *Redshift) insertStatement(s *Server, l Load, columns []catalog.Column) string {
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = quoteName(column.Name)
	}
	list, seq, where := strings.Join(names, ", "), SeqColumn, ""
	if r.direct(l) {
		seq, where = r.partOf(l)
	}
	return "INSERT INTO " + s.TableRef(l.Table.Name) + " (" + list + ", " + SeqColumn + ") SELECT " + list + ", " + seq + " FROM " + stageTable + where
}

// partOf gives the expression of a staged row's load sequence, and the WHERE that keeps the rows of the load's parts.
func (r *Redshift) partOf(l Load) (seq, where string) {
	if len(l.Table.PartitionBy) == 0 {
		return strconv.FormatInt(l.Parts[0].LoadSeq, 10), ""
	}
	var cases, conditions []string
	for _, p := range l.Parts {
		var keys []string
		for _, name := range l.Table.PartitionBy {
			value, null, ok := catalog.PartitionValue(p.Partition, name)
			if null || !ok {
				keys = append(keys, quoteName(name)+" IS NULL")
			} else {
				keys = append(keys, quoteName(name)+" = "+r.quote(value))
			}
		}
		condition := strings.Join(keys, " AND ")
		cases = append(cases, fmt.Sprintf("WHEN %s THEN %d", condition, p.LoadSeq))
		conditions = append(conditions, "("+condition+")")
	}
	return "CASE " + strings.Join(cases, " ") + " END", " WHERE " + strings.Join(conditions, " OR ")
}
