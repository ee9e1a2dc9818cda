package hotload

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

const (
	copyBytes = 64 << 10
	// Head and end of a binary COPY, from PostgreSQL's documentation of COPY, "Binary Format".
	copyHead = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	copyEnd  = "\xff\xff"
	// A DataRow message begins with its kind and its length; what follows is a row of a binary COPY.
	rowHeader = 5
)

// copyRows reads the load's rows with DuckDB and copies them into the hot table.
func (p *Postgres) copyRows(ctx context.Context, c *pgconn.PgConn, table string, l Load, columns []catalog.Column) (n int64, err error) {
	source, err := l.open(ctx)
	if err != nil {
		return 0, err
	}
	s, err := p.Read.Session(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	rows, err := s.Query(ctx, selectStatement(source, columns))
	if err != nil {
		return 0, fmt.Errorf("read what is to be loaded: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()

	result := make([]engine.Column, 0, len(columns)+1)
	names := make([]string, 0, len(columns)+1)
	for _, column := range columns {
		result = append(result, engine.Column{Name: column.Name, Type: column.Type})
		names = append(names, quoteName(column.Name))
	}
	result = append(result, engine.Column{Name: SeqColumn, Type: pgtypes.Of(pgtypes.Int8)})
	names = append(names, SeqColumn)
	encoder, err := p.Encode(result)
	if err != nil {
		return 0, err
	}
	r := &copyReader{
		next:   func() (*engine.Chunk, error) { return rows.Next(ctx) },
		encode: encoder, out: []byte(copyHead),
	}
	tag, err := c.CopyFrom(ctx, r, "COPY "+table+" ("+strings.Join(names, ", ")+") FROM STDIN (FORMAT binary)")
	if readErr := r.stop(); readErr != nil {
		err = readErr // what the server says of it is only that the client gave up
	}
	if err != nil {
		return 0, fmt.Errorf("copy rows: %w", err)
	}
	return tag.RowsAffected(), nil
}

var errCopyOver = errors.New("the copy is over")

// copyReader gives chunks as the bytes of a binary COPY, until stop.
//
// pgx reads in a goroutine of its own, and does not wait for it when the connection breaks: without the lock it would
// go on to read rows whose memory is given back.
type copyReader struct {
	next   func() (*engine.Chunk, error)
	encode Encoder

	mu    sync.Mutex
	chunk *engine.Chunk
	row   int
	rows  []byte // messages of the encoder
	out   []byte // to be read
	at    int
	err   error // io.EOF when copyEnd was put out
}

// Read implements io.Reader.
func (r *copyReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.at == len(r.out) {
		if r.err != nil {
			return 0, r.err
		}
		r.out, r.at = r.out[:0], 0
		r.fill()
	}
	n := copy(p, r.out[r.at:])
	r.at += n
	return n, nil
}

// stop waits for the Read that runs and lets no other touch the rows. It gives the error that ended the rows.
func (r *copyReader) stop() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.err
	r.err, r.at = errCopyOver, len(r.out)
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (r *copyReader) fill() {
	if r.chunk == nil || r.row >= r.chunk.Rows {
		if r.chunk, r.err = r.next(); r.err != nil {
			if errors.Is(r.err, io.EOF) {
				r.out = append(r.out, copyEnd...)
			}
			return
		}
		r.row = 0
	}
	if r.rows, r.row, r.err = r.encode.Rows(r.rows[:0], r.chunk, r.row, r.chunk.Rows, copyBytes); r.err != nil {
		return
	}
	for b := r.rows; len(b) > 0; {
		size := int(binary.BigEndian.Uint32(b[1:])) + 1
		r.out = append(r.out, b[rowHeader:size]...)
		b = b[size:]
	}
}
