package gateway

import (
	"context"
	"errors"
	"io"
	"strconv"

	"tidegate/gateway/encode"
	"tidegate/internal/engine"
	"tidegate/internal/pgcopy"
	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// copyTemporary runs COPY … FROM STDIN into a temporary table up to its tag; ok is false if the table is none.
func (s *session) copyTemporary(ctx context.Context, st *sql.Statement) (a *answer, ok bool, err error) {
	w, ok, err := s.bindTemporary(ctx, st, nil, nil)
	if err != nil || !ok {
		return nil, ok, err
	}
	p := &engine.Plan{Route: engine.RouteLocal, Reason: "it fills a temporary table", Engine: copyingTemporary{s, w, st}}
	a, err = s.settled(ctx, st, func(context.Context) (*engine.Plan, error) { return p, nil })
	return a, true, err
}

// copyingTemporary runs one COPY … FROM STDIN.
type copyingTemporary struct {
	s  *session
	w  *sql.Temporary
	st *sql.Statement
}

var _ engine.Engine = copyingTemporary{}

// Describe gives no columns: there are no rows.
func (copyingTemporary) Describe(context.Context, engine.Statement) ([]engine.Column, error) {
	return nil, nil
}

// Query runs the COPY to its end.
func (c copyingTemporary) Query(ctx context.Context, _ engine.Statement) (engine.Rows, error) {
	s, w := c.s, c.w.Copy
	s.enterTemporary()
	client := &copyClient{socket: s.socket, in: s.in, wire: s.wire}
	formats := make([]uint16, len(w.Columns))
	if w.Options.Binary {
		for i := range formats {
			formats[i] = uint16(encode.BinaryFormat)
		}
	}
	next := client.Next
	encoding, err := s.copyEncoding(w.Options.Encoding)
	if err != nil {
		return nil, err
	}
	if err := s.textCopy(w.Options); err != nil {
		return nil, err
	}
	if encoding != nil && !w.Options.Binary {
		next = (&copyTexts{from: client.Next, encoding: encoding}).next
	}
	if err := client.Begin(w.Options.Binary, formats); err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, client.Stop)()
	n, err := s.server.options.Temporaries.CopyIn(ctx, c.w, c.st, &s.state, c.reader(ctx, next))
	if err != nil {
		return nil, err
	}
	return copied("COPY " + strconv.FormatInt(n, 10)), nil
}

// reader reads the rows that the client sends.
func (c copyingTemporary) reader(ctx context.Context, next func() ([]byte, error)) *pgcopy.Reader {
	w := c.w.Copy
	o := w.Options
	format := pgcopy.Format{
		CSV: o.CSV, Binary: o.Binary, Header: o.Header, Match: o.Match, Delimiter: o.Delimiter, Quote: o.Quote, Escape: o.Escape,
		Null: o.Null, ForceNotNull: w.ForceNotNull, ForceNull: w.ForceNull,
	}
	return pgcopy.NewReader(format, c.w.Table.Name.Table, w.Columns, func() ([]byte, error) {
		data, err := next()
		if failed, ok := errors.AsType[*engine.CopyFailed](err); ok {
			return nil, pgerr.New(pgerr.QueryCanceled, "%s", failed.Error())
		}
		if errors.Is(err, engine.ErrCopyStopped) {
			return nil, context.Cause(ctx)
		}
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return data, err
	})
}
