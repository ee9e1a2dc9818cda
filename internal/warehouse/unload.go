package warehouse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	wire "github.com/jeroenrinzema/psql-wire"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/storage"
)

// unloadOptions are what an UNLOAD says.
type unloadOptions struct {
	query     statement
	to        string
	format    string
	given     []string
	delimiter string
	header    bool
	gzip      bool
}

func (o unloadOptions) has(option string) bool { return slices.Contains(o.given, option) }

// unloadOptions reads UNLOAD ('query') TO 's3://…' options.
func (c *cursor) unloadOptions() (unloadOptions, error) {
	o := unloadOptions{format: formatText, delimiter: ","}
	if err := c.expect("("); err != nil {
		return o, err
	}
	query, err := c.literal()
	if err != nil {
		return o, err
	}
	statements, err := split(query)
	if err != nil {
		return o, err
	}
	if len(statements) != 1 {
		return o, pgerr.New(pgerr.SyntaxError, "UNLOAD has one query")
	}
	o.query = statements[0]
	if v := o.query.verb(); v != "select" && v != "with" {
		return o, pgerr.New(pgerr.SyntaxError, "UNLOAD has a SELECT, not %q", v)
	}
	if o.query.top("limit") {
		return o, pgerr.New(pgerr.FeatureNotSupported, "Limit clause is not supported in the outermost SELECT of UNLOAD").
			WithHint("nest it: select * from (select … limit n)")
	}
	if err := c.expect(")", "to"); err != nil {
		return o, err
	}
	if o.to, err = c.literal(); err != nil {
		return o, err
	}
	for c.peek().kind != end {
		if err := c.unloadOption(&o); err != nil {
			return o, err
		}
	}
	return o, o.check()
}

func (c *cursor) unloadOption(o *unloadOptions) error {
	if known, err := c.credentials(&o.given); known || err != nil {
		return err
	}
	if c.accept("format") {
		c.accept("as")
	}
	t := c.next()
	name := strings.ToUpper(t.value)
	var err error
	switch name {
	case "PARQUET", "CSV":
		o.format = name
	case "JSON", "TEXT":
		return unsupported("UNLOAD with FORMAT " + name)
	case "MANIFEST":
		if c.accept("verbose") {
			o.given = append(o.given, "VERBOSE")
		}
	case "HEADER":
		o.header = true
	case "GZIP":
		o.gzip = true
	case "DELIMITER":
		var r rune
		r, err = c.character()
		o.delimiter = string(r)
	case "ALLOWOVERWRITE", "CLEANPATH":
	case "REGION":
		c.accept("as")
		_, err = c.literal()
	case "PARALLEL", "STATUPDATE":
		if !c.accept("on") && !c.accept("true") && !c.accept("off") && !c.accept("false") {
			err = c.unexpected()
		}
	case "MAXFILESIZE":
		err = c.fileSize()
	case "PARTITION", "ENCRYPTED", "KMS_KEY_ID", "ADDQUOTES", "ESCAPE", "NULL", "FIXEDWIDTH", "BZIP2", "ZSTD", "ROWGROUPSIZE", "EXTENSION":
		return unsupported("UNLOAD with " + name)
	default:
		c.back(t)
		return c.unexpected()
	}
	o.given = append(o.given, name)
	return err
}

// fileSize reads MAXFILESIZE [AS] n [MB | GB]. One file is written whatever it says, so it is only checked.
func (c *cursor) fileSize() error {
	c.accept("as")
	if c.peek().kind != number {
		return c.unexpected()
	}
	c.next()
	if !c.accept("mb") {
		c.accept("gb")
	}
	return nil
}

func (o unloadOptions) check() error {
	switch {
	case !o.has("CREDENTIALS"):
		return pgerr.New(codeLoad, "UNLOAD needs IAM_ROLE, CREDENTIALS or access keys")
	case o.format == formatText:
		return unsupported("UNLOAD without FORMAT PARQUET or FORMAT CSV")
	case o.has("ALLOWOVERWRITE") && o.has("CLEANPATH"):
		return pgerr.New(pgerr.SyntaxError, "ALLOWOVERWRITE and CLEANPATH exclude one another")
	}
	if o.format != formatParquet {
		return nil
	}
	for _, option := range []string{"DELIMITER", "HEADER", "GZIP"} {
		if o.has(option) {
			return pgerr.New(pgerr.FeatureNotSupported, "UNLOAD %s is not supported with PARQUET", option)
		}
	}
	return nil
}

func (s *session) planUnload(ctx context.Context, st statement) (*action, error) {
	c := st.cursor()
	c.next()
	o, err := c.unloadOptions()
	if err != nil {
		return nil, err
	}
	sql, err := s.rewrite(o.query, nil)
	if err != nil {
		return nil, err
	}
	columns, err := s.duck.Describe(ctx, sql)
	if err != nil {
		return nil, err
	}
	run := func(ctx context.Context, _ wire.DataWriter) (string, error) {
		rows, err := s.unload(ctx, o, sql, columns)
		if err != nil {
			return "", err
		}
		return "UNLOAD", s.conn.notice("INFO", "00000", fmt.Sprintf("UNLOAD completed, %d record(s) unloaded successfully.", rows))
	}
	return &action{locks: s.reads(o.query), run: run}, nil
}

// unload writes one file <prefix>0000_part_00, and the manifest <prefix>manifest.
func (s *session) unload(ctx context.Context, o unloadOptions, sql string, columns []engine.Column) (rows int64, err error) {
	bucket, prefix, err := s.w.bucketOf(o.to)
	if err != nil {
		return 0, err
	}
	if err := clearTarget(ctx, bucket, prefix, o); err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp(s.w.o.Stage, "unload-*")
	if err != nil {
		return 0, fmt.Errorf("stage unload: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path, err := filepath.Abs(filepath.Join(dir, "part"))
	if err != nil {
		return 0, fmt.Errorf("stage unload: %w", err)
	}
	if rows, err = s.exec(ctx, o.duck(sql, path, columns)); err != nil {
		return 0, err
	}
	key := prefix + "0000_part_00" + o.extension()
	written, err := putFile(ctx, bucket, key, path)
	if err != nil {
		return 0, err
	}
	if !o.has("MANIFEST") {
		return rows, nil
	}
	url := strings.TrimSuffix(o.to, prefix) + key
	return rows, putManifest(ctx, bucket, prefix, url, written.Size, rows, o.has("VERBOSE"))
}

func putFile(ctx context.Context, bucket storage.Bucket, key, path string) (written storage.Object, err error) {
	f, err := os.Open(path)
	if err != nil {
		return written, fmt.Errorf("read what was unloaded: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if written, err = bucket.Put(ctx, key, f); err != nil {
		return written, fmt.Errorf("write %s: %w", key, err)
	}
	return written, nil
}

// duck is DuckDB's COPY. Names are as the client sees them: readers of the files go by them.
func (o unloadOptions) duck(sql, path string, columns []engine.Column) string {
	names := make([]string, len(columns))
	for i, c := range wireColumns(columns) {
		names[i] = c.Name
	}
	options := "FORMAT parquet, COMPRESSION snappy, PARQUET_VERSION v1"
	if o.format == formatCSV {
		options = fmt.Sprintf("FORMAT csv, HEADER %t, DELIMITER %s, COMPRESSION %s", o.header, quote(o.delimiter),
			map[bool]string{true: "gzip", false: "none"}[o.gzip])
	}
	return fmt.Sprintf("COPY (SELECT * FROM (%s) AS v(%s)) TO %s (%s)", sql, quoteNames(names), quote(path), options)
}

func (o unloadOptions) extension() string {
	switch {
	case o.format == formatParquet:
		return ".parquet"
	case o.gzip:
		return ".gz"
	}
	return ""
}

// clearTarget is an error if files are at the target; CLEANPATH removes them, ALLOWOVERWRITE lets them be.
func clearTarget(ctx context.Context, bucket storage.Bucket, prefix string, o unloadOptions) error {
	if o.has("ALLOWOVERWRITE") {
		return nil
	}
	for found, err := range bucket.List(ctx, prefix, "") {
		if err != nil {
			return fmt.Errorf("list %s: %w", o.to, err)
		}
		if !o.has("CLEANPATH") {
			return pgerr.New(codeLoad, "Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, "+
				"manually removing the target files in S3, or using the ALLOWOVERWRITE option.").WithDetail("%s", found.Key)
		}
		if err := bucket.Delete(ctx, found.Key); err != nil {
			return fmt.Errorf("clean %s: %w", o.to, err)
		}
	}
	return nil
}

// putManifest writes what COPY … MANIFEST reads; VERBOSE adds the rows.
func putManifest(ctx context.Context, bucket storage.Bucket, prefix, url string, size, rows int64, verbose bool) error {
	meta := &manifestMeta{ContentLength: &size}
	if verbose {
		meta.RecordCount = &rows
	}
	b, err := json.Marshal(manifestFile{Entries: []manifestEntry{{URL: url, Mandatory: true, Meta: meta}}})
	if err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	if _, err := bucket.Put(ctx, prefix+"manifest", bytes.NewReader(b)); err != nil {
		return fmt.Errorf("write manifest %smanifest: %w", prefix, err)
	}
	return nil
}
