// Package adopt makes tables of what others write: Parquet below a prefix, and a table of the warehouse beside it.
//
// Scan registers the Parquet in place: find.go lists it, footer.go reads what is new, union.go makes one schema of all.
// Compare counts and sums both sides day by day; what is the same may be answered by the warehouse. Nothing is ever
// written below the prefix or into the warehouse's table.
package adopt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/logkey"
	"tidegate/internal/pgtypes"
	"tidegate/internal/storage"
	"tidegate/internal/yamlfile"
)

// Change is how the prefix differs from the catalog's files.
type Change struct {
	Table *catalog.Table
	Added []catalog.FileRecord
	Drops []string // URLs of files that are gone or were replaced; a replaced one is in Added too
	Known int      // objects that are files already
	Gone  int      // of Drops, the ones that are gone
	// Ignored counts objects that are no Parquet by their name.
	Ignored int
	Notes   []string // columns that are left out, and why
}

// Empty says that the catalog need not change: neither files nor the definition.
func (c *Change) Empty(have *catalog.TableView) bool {
	return have != nil && len(c.Added)+len(c.Drops) == 0 && equalTables(have.Table, c.Table)
}

// Rows sums the added files' rows.
func (c *Change) Rows() int64 {
	var n int64
	for i := range c.Added {
		n += c.Added[i].Rows
	}
	return n
}

// footersAtATime bounds the requests of a scan.
const footersAtATime = 16

// shownErrors bounds how many broken files one run names.
const shownErrors = 10

// Scan compares the prefix with the files that the catalog has, have nil for a new table. An object whose URL, ETag and
// size are known is not read again; of the others the footer is. If one cannot be read, or its schema not be united with
// the others', nothing is registered and the error names each such file: an answer that lacks a file is wrong.
func Scan(ctx context.Context, b storage.Bucket, p *pipeline.Pipeline, have *catalog.TableView, log *slog.Logger) (*Change, error) {
	base, err := baseURL(b, p.Adopt.Cold)
	if err != nil {
		return nil, err
	}
	l, err := find(ctx, b, base)
	if err != nil {
		return nil, err
	}
	c := &Change{Ignored: l.ignored}
	fresh := c.compare(l.objects, have)
	if len(l.objects) == 0 && have == nil {
		return nil, &yamlfile.Error{
			File: p.YMLFile, Line: p.Adopt.ColdLine,
			Message: fmt.Sprintf("there is no Parquet below %s (%d other objects)", p.Adopt.Cold, l.ignored),
		}
	}
	log.InfoContext(ctx, "adopted prefix listed", logkey.Files, len(l.objects), "new", len(fresh), "gone", c.Gone)
	footers, err := readFooters(ctx, b, fresh)
	if err != nil {
		return nil, err
	}
	if err := c.define(p, base, l.objects, fresh, footers, have); err != nil {
		return nil, err
	}
	for i, f := range fresh {
		c.Added = append(c.Added, record(f, footers[i], c.Table))
	}
	return c, nil
}

// baseURL is what an object's key is put behind to be its URL.
func baseURL(b storage.Bucket, location string) (string, error) {
	if local, ok := b.(storage.LocalPather); ok {
		// DuckDB's fence compares real paths.
		folder, err := filepath.EvalSymlinks(local.LocalPath(""))
		if err != nil {
			return "", fmt.Errorf("find %s: %w", location, err)
		}
		return "file:" + strings.TrimSuffix(folder, "/") + "/", nil
	}
	if !strings.HasPrefix(location, "s3://") {
		return "", fmt.Errorf("location %s has no URL", location)
	}
	return strings.TrimSuffix(location, "/") + "/", nil
}

// compare sorts the objects by what the catalog knows of them, and gives the ones to read.
func (c *Change) compare(objects []found, have *catalog.TableView) (fresh []found) {
	known := map[string]*catalog.File{}
	if have != nil {
		for _, f := range have.Files {
			known[f.Path] = f
		}
	}
	for _, o := range objects {
		f, ok := known[o.url]
		delete(known, o.url)
		switch {
		case !ok:
			fresh = append(fresh, o)
		case f.ETag == o.ETag && f.Bytes == o.Size:
			c.Known++
		default:
			fresh = append(fresh, o)
			c.Drops = append(c.Drops, o.url)
		}
	}
	c.Gone = len(known)
	for url := range known {
		c.Drops = append(c.Drops, url)
	}
	slices.Sort(c.Drops)
	return fresh
}

func readFooters(ctx context.Context, b storage.Bucket, objects []found) ([]*footer, error) {
	footers, errs := make([]*footer, len(objects)), make([]error, len(objects))
	reading, readCtx := errgroup.WithContext(ctx)
	reading.SetLimit(footersAtATime)
	for i, o := range objects {
		reading.Go(func() error {
			var err error
			if footers[i], err = readFooter(readCtx, b, o.Object); err != nil {
				errs[i] = fmt.Errorf("%s: %w", o.url, err)
			}
			if errors.Is(err, storage.ErrDenied) {
				return errs[i] // it is so for all of them
			}
			return nil
		})
	}
	if err := reading.Wait(); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return footers, someOf(errs)
}

// someOf joins the first few errors.
func someOf(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if more := len(errs) - shownErrors; more > 0 {
		errs = append(errs[:shownErrors], fmt.Errorf("and %d more", more))
	}
	return errors.Join(errs...)
}

// define makes the table's definition of what it was, the new files' schemas and the yml.
func (c *Change) define(p *pipeline.Pipeline, base string, objects, fresh []found, footers []*footer, have *catalog.TableView) error {
	var prev *catalog.Table
	if have != nil {
		prev = have.Table
	}
	u := newUnion(prev, typesOf(p))
	if err := u.keyColumns(objects); err != nil {
		return err
	}
	if prev != nil && len(objects) == 0 {
		u.keys = partitionColumns(prev)
	}
	var errs []error
	for i, o := range fresh {
		errs = append(errs, u.add(o.url, footers[i]))
	}
	if err := someOf(errs); err != nil {
		return err
	}
	t, err := u.table()
	if err != nil {
		return err
	}
	t.Name, t.Description, t.Time, t.Keys = p.Table, p.Description, p.Time, p.Keys
	t.Adopt = &catalog.AdoptSpec{Cold: base, Hot: p.Adopt.Hot, HotFrom: p.Adopt.HotFrom, Verify: p.Adopt.Verify}
	c.Table, c.Notes = t, u.notes()
	if err := describe(t, p); err != nil {
		return err
	}
	if prev == nil {
		return nil
	}
	if err := catalog.Follows(prev, t); err != nil {
		return fmt.Errorf("%s: %w; choose another table name", p.YMLFile, err)
	}
	return nil
}

func typesOf(p *pipeline.Pipeline) map[string]pgtypes.Type {
	types := map[string]pgtypes.Type{}
	for _, c := range p.Columns {
		if c.Type != nil {
			types[c.Name] = *c.Type
		}
	}
	return types
}

func partitionColumns(t *catalog.Table) []catalog.Column {
	var keys []catalog.Column
	for _, c := range t.Columns {
		if c.Partition {
			keys = append(keys, c)
		}
	}
	return keys
}

// describe checks the yml's names against the columns that there are, and takes its descriptions.
func describe(t *catalog.Table, p *pipeline.Pipeline) error {
	var errs []error
	columnNames := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columnNames[i] = c.Name
		t.Columns[i].Description = ""
	}
	fail := func(line int, format string, args ...any) {
		errs = append(errs, &yamlfile.Error{File: p.YMLFile, Line: max(line, 1), Message: fmt.Sprintf(format, args...)})
	}
	for _, c := range p.Columns {
		i := slices.Index(columnNames, c.Name)
		switch {
		case i < 0:
			fail(c.Line, "there is no column %s%s; the files have %s", c.Name, yamlfile.DidYouMean(c.Name, columnNames), strings.Join(columnNames, ", "))
		case c.Type != nil && !t.Columns[i].Partition:
			fail(c.Line, "column %s is in the files, which say that it is %s; only a key in the path can be given a type", c.Name, t.Columns[i].Type)
		case c.Type != nil && *c.Type != t.Columns[i].Type:
			fail(c.Line, "column %s is %s since the table was adopted; choose another table name", c.Name, t.Columns[i].Type)
		default:
			t.Columns[i].Description = c.Description
		}
	}
	keyed := slices.Clone(p.Keys.PrimaryKey)
	for _, k := range p.Keys.ForeignKeys {
		keyed = append(keyed, k.Columns...)
	}
	for _, name := range keyed {
		if !slices.Contains(columnNames, name) {
			fail(p.KeysLine, "a key has column %s%s; the files have %s", name, yamlfile.DidYouMean(name, columnNames), strings.Join(columnNames, ", "))
		}
	}
	if t.Time != nil {
		c, ok := t.Column(t.Time.Column)
		switch {
		case !ok:
			fail(p.Adopt.SplitLine, "split_on: there is no column %s%s; the files have %s", t.Time.Column,
				yamlfile.DidYouMean(t.Time.Column, columnNames), strings.Join(columnNames, ", "))
		case !slices.Contains([]pgtypes.OID{pgtypes.Date, pgtypes.Timestamp, pgtypes.Timestamptz}, c.Type.OID):
			fail(p.Adopt.SplitLine, "split_on: column %s is %s; it must be timestamptz, timestamp or date", c.Name, c.Type)
		}
	}
	return errors.Join(errs...)
}

// record makes the file of an object. A column of the table that the file does not have is NULL in every row.
func record(o found, f *footer, t *catalog.Table) catalog.FileRecord {
	r := catalog.FileRecord{
		Path: o.url, Partition: o.partition, Rows: f.rows, Bytes: o.Size, ETag: o.ETag, FooterBytes: f.sizeBytes,
	}
	for _, c := range t.Columns {
		if c.Partition {
			continue
		}
		i := slices.IndexFunc(f.stats, func(s catalog.ColumnStats) bool { return s.Name == c.Name })
		if i < 0 {
			r.Columns = append(r.Columns, catalog.ColumnStats{Name: c.Name, Nulls: f.rows})
			continue
		}
		r.Columns = append(r.Columns, widened(f.stats[i], c.Type))
	}
	return r
}

// widened gives statistics of a narrower type of the file as the table's, whose class they must have to be compared.
func widened(s catalog.ColumnStats, t pgtypes.Type) catalog.ColumnStats {
	class := pgtypes.ClassOf(t.OID)
	if s.Min != nil && (s.Min.Class != class || s.Max.Class != class) {
		s.Min, s.Max, s.Exact = nil, nil, false
	}
	return s
}

func equalTables(have, want *catalog.Table) bool {
	a := *have
	a.ID = want.ID
	return reflect.DeepEqual(&a, want)
}
