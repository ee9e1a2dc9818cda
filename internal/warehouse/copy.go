package warehouse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	wire "github.com/jeroenrinzema/psql-wire"

	"tidegate/internal/engine"
	"tidegate/internal/logkey"
	"tidegate/internal/pgerr"
)

// load is one COPY while it runs.
type load struct {
	copyOptions
	s       *session
	r       relation
	columns []column // that the files hold, in their order
	query   int64
	started time.Time
	rows    int64
	errors  []loadError // rejected records, at most MAXERROR and one
	files   []loadedFile
}

type loadedFile struct {
	object object
	rows   int64
}

func (s *session) planCopy(ctx context.Context, st statement) (*action, error) {
	c := st.cursor()
	c.next()
	o, err := c.copyOptions()
	if err != nil {
		return nil, err
	}
	r, err := s.relation(ctx, o.target)
	if err != nil {
		return nil, err
	}
	columns, err := r.pick(o.names)
	if err != nil {
		return nil, err
	}
	run := func(ctx context.Context, _ wire.DataWriter) (string, error) {
		l := &load{copyOptions: o, s: s, r: r, columns: columns, query: s.lastQueryID, started: time.Now().UTC()}
		if err := l.run(ctx); err != nil {
			return "", errors.Join(err, l.record(context.WithoutCancel(ctx), err))
		}
		if err := l.record(ctx, nil); err != nil {
			return "", err
		}
		s.lastCopyRows, s.lastCopyID = l.rows, l.query
		done := fmt.Sprintf("Load into table '%s' completed, %d record(s) loaded successfully.", r.name, l.rows)
		return "COPY", s.conn.notice("INFO", "00000", done)
	}
	return &action{locks: s.lock(o.target, shareRowExclusive), run: run}, nil
}

// run loads every file; the first error undoes all, as the statement's transaction is rolled back.
func (l *load) run(ctx context.Context) error {
	objects, err := l.s.w.objects(ctx, l.copyOptions)
	if err != nil {
		return err
	}
	for _, o := range objects {
		if err := l.file(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func (l *load) file(ctx context.Context, o object) (err error) {
	path, err := l.s.w.stage(ctx, o, l.copyOptions)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(path)) }()
	before := l.rows
	if l.format == formatParquet {
		err = l.parquet(ctx, o, path)
	} else {
		err = l.records(ctx, o, path)
	}
	l.files = append(l.files, loadedFile{object: o, rows: l.rows - before})
	return err
}

// insert runs the INSERT of a file's rows, unless the COPY is NOLOAD.
func (l *load) insert(ctx context.Context, names []string, query string) error {
	if l.has("NOLOAD") {
		return nil
	}
	n, err := l.s.exec(ctx, "INSERT INTO "+l.r.duck()+" ("+quoteNames(names)+") "+query)
	l.rows += n
	return err
}

// record writes what happened to the system tables, in a transaction of its own: what a COPY met is there even if
// it is rolled back.
func (l *load) record(ctx context.Context, failure error) (err error) {
	s, err := l.s.w.o.Database.Session(ctx)
	if err != nil {
		return fmt.Errorf("record load: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	status := 1
	if failure != nil {
		status = 0
		l.s.w.log.InfoContext(ctx, "copy failed", logkey.Conn, l.s.conn.pid, logkey.Table, l.r.String(), logkey.Error, failure)
	}
	for _, f := range l.files {
		err := insertRow(ctx, s, "load_file", l.query, l.r.name, l.started, f.object.url, f.object.Size, f.rows, status)
		if err != nil {
			return fmt.Errorf("record load: %w", err)
		}
	}
	for _, e := range l.errors {
		err := insertRow(ctx, s, "load_error", l.query, l.r.name, l.started, e.file, e.line, e.column.Name,
			e.column.Type.base(), e.column.Type.size(), e.position, e.raw, e.value, e.code, e.reason)
		if err != nil {
			return fmt.Errorf("record load error: %w", err)
		}
	}
	return nil
}

func insertRow(ctx context.Context, s engine.Session, name string, row ...any) error {
	values := make([]string, len(row))
	for i, v := range row {
		switch v := v.(type) {
		case string:
			values[i] = quote(strings.ToValidUTF8(v, "?"))
		case time.Time:
			values[i] = quote(v.Format("2006-01-02 15:04:05.000000"))
		default:
			values[i] = fmt.Sprint(v)
		}
	}
	_, err := s.Exec(ctx, "INSERT INTO "+systemSchema+"."+name+" VALUES ("+strings.Join(values, ", ")+")")
	return err
}

// base and size are a type's name and length as stl_load_errors shows them: "character varying", "20".
func (t columnType) base() string {
	name, _, _ := strings.Cut(t.SQL, "(")
	return name
}

func (t columnType) size() string {
	_, args, _ := strings.Cut(t.SQL, "(")
	return strings.TrimSuffix(args, ")")
}

// scanError is an error of a columnar file, with the numbers and words of Redshift's scan layer.
func scanError(code int, format string, args ...any) *pgerr.Error {
	return &pgerr.Error{
		Code: codeLoad, Message: "Spectrum Scan Error",
		Detail: fmt.Sprintf("code: %d context: %s", code, fmt.Sprintf(format, args...)),
	}
}
