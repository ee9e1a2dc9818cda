package gateway

import (
	"context"
	"math"
	"slices"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/gateway/encode"
	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// copy answers COPY.
func (s *session) copy(ctx context.Context, st *sql.Statement) (*answer, error) {
	if err := mayCopy(st.Copy); err != nil {
		return nil, s.refuse(st, err)
	}
	if st.Copy.From {
		return s.copyIn(ctx, st)
	}
	return s.copyOut(ctx, st)
}

// copyOut answers COPY … TO STDOUT as far as its first row. What it checks comes in PostgreSQL's order.
func (s *session) copyOut(ctx context.Context, st *sql.Statement) (*answer, error) {
	read, all := st.Copy.Query, []string(nil)
	if read == nil {
		var err error
		if read, all, err = s.copyTable(ctx, st); err != nil {
			return nil, err
		}
	}
	options, err := st.CopyOptions()
	if err != nil {
		return nil, err
	}
	encoding, err := s.copyEncoding(options.Encoding)
	if err != nil {
		return nil, s.refuse(st, err)
	}
	if read.Kind != sql.KindSelect {
		return nil, s.refuse(st, pgerr.New(pgerr.FeatureNotSupported, "COPY (%s) is not supported", read.Tag))
	}
	a, err := s.read(ctx, read, nil)
	if err != nil {
		return nil, err
	}
	a.tag, a.copyEncoding = st.Tag, encoding
	if a.copied, err = s.copier(st, options, a.result.columns, all); err != nil {
		a.result.close(err)
		return nil, err
	}
	return a, nil
}

// mayCopy refuses what would read or write anything but the client.
func mayCopy(c *sql.Copy) error {
	privilege := func(role, does string) error {
		return pgerr.New(pgerr.InsufficientPrivilege, "must be superuser or have privileges of the %s role to COPY %s", role, does).
			WithHint("Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.")
	}
	switch {
	case c.Program:
		return privilege("pg_execute_server_program", "to or from an external program")
	case c.File != "" && c.From:
		return privilege("pg_read_server_files", "from a file")
	case c.File != "":
		return privilege("pg_write_server_files", "to a file")
	}
	return nil
}

// copyTable gives the read of a COPY's table, and all columns that the table has for this user.
func (s *session) copyTable(ctx context.Context, st *sql.Statement) (read *sql.Statement, all []string, err error) {
	if read, err = st.CopyTable(nil); err != nil {
		return nil, nil, err
	}
	q, err := s.bind(ctx, read, nil)
	if err != nil {
		return nil, nil, unplaced(err)
	}
	written, err := st.CopyColumns(q.Names)
	if err != nil {
		return nil, nil, s.refuse(st, err)
	}
	if len(q.Uses) == 1 && q.Uses[0].Relation.View {
		return nil, nil, s.refuse(st, pgerr.New(pgerr.WrongObjectType, "cannot copy from view %q", st.Copy.Table.Table).
			WithHint("Try the COPY (SELECT ...) TO variant."))
	}
	read, err = st.CopyTable(written)
	return read, q.Names, err
}

// copier makes what writes the rows. all are the columns of the table, nil of a query.
func (s *session) copier(st *sql.Statement, o sql.CopyOptions, columns []engine.Column, all []string) (*encode.Copier, error) {
	written := make([]string, len(columns))
	for i, c := range columns {
		written[i] = c.Name
	}
	if all == nil {
		all = written
	}
	forced, err := st.CopyForced(o, written, all)
	if err != nil {
		return nil, err
	}
	return encode.NewCopier(columns, encode.CopyFormat{
		CSV: o.CSV, Binary: o.Binary, Header: o.Header, Delimiter: o.Delimiter, Quote: o.Quote, Escape: o.Escape,
		Null: o.Null, Forced: forced,
	}, s.state.Style)
}

// unplaced takes the place in a text away that is not the client's.
func unplaced(err error) error {
	e, _ := flatten(err, "")
	if e.Position == 0 {
		return err
	}
	there := *e
	there.Position = 0
	return &there
}

// deliverCopy sends every row, in COPY's messages.
func (s *session) deliverCopy(a *answer) error {
	r := a.result
	defer s.engage(r.task).release()
	s.wire.send(copyResponse(len(r.columns), a.copied.Binary()))
	err := r.start()
	rows := s.copyRows(a)
	if err == nil {
		_, _, err = r.guarded(s.wire, rows, math.MaxInt64)
	}
	r.close(err)
	if err != nil {
		return err
	}
	end := a.copied.End(nil)
	if e, ok := rows.(*encodedRows); ok {
		if s.wire.buf, err = e.messages(s.wire.buf, end); err != nil {
			return err
		}
	} else {
		s.wire.buf = append(s.wire.buf, end...)
	}
	s.wire.send(&pgproto3.CopyDone{})
	s.wire.complete(counted(a.tag, r.sent))
	return nil
}

// copyRows gives what writes the rows of a COPY, in its encoding.
func (s *session) copyRows(a *answer) rowWriter {
	if a.copyEncoding == nil {
		return a.copied
	}
	rows := &encodedRows{rowWriter: a.copied, encoding: a.copyEncoding}
	if a.copied.Binary() {
		formats := slices.Repeat([]int16{encode.BinaryFormat}, len(a.result.columns))
		rows.kinds, rows.signed = kindsOf(a.result.columns, formats), true
	}
	return rows
}

func copyResponse(columns int, binary bool) *pgproto3.CopyOutResponse {
	m := &pgproto3.CopyOutResponse{ColumnFormatCodes: make([]uint16, columns)}
	if binary {
		m.OverallFormat = byte(encode.BinaryFormat)
		for i := range m.ColumnFormatCodes {
			m.ColumnFormatCodes[i] = uint16(encode.BinaryFormat)
		}
	}
	return m
}
