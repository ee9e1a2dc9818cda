package gateway

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/gateway/encode"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgjson"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// arguments gives the values of an EXECUTE's arguments in the parameters' types.
func (s *session) arguments(ctx context.Context, st *sql.Statement, types []pgtypes.OID) ([]sql.Arg, error) {
	e := st.Prepared
	if len(e.Args) != len(types) {
		return nil, pgerr.New(pgerr.SyntaxError, "wrong number of parameters for prepared statement %q", e.Name).
			WithDetail("Expected %d parameters but got %d.", len(types), len(e.Args))
	}
	args := make([]sql.Arg, len(types))
	for i, a := range e.Args {
		if !a.Quoted && (!a.Integer || !holdsIntegers(types[i])) {
			return s.evaluate(ctx, st, types)
		}
		if args[i] = a.Arg; a.Null {
			continue
		}
		var err error
		if args[i].Text, err = textParam(types[i], []byte(a.Text), s.state.Style); err != nil {
			return nil, st.At(a, err)
		}
	}
	return args, nil
}

// textParam is pgtypes.TextParam that also reads what has a form of its own: json, and arrays with their elements.
func textParam(oid pgtypes.OID, data []byte, style pgtypes.Style) (string, error) {
	text, err := pgtypes.TextParam(oid, data, style)
	if err != nil {
		return "", err
	}
	element, array := pgtypes.ElementOf(oid)
	if !array {
		return jsonParam(oid, text)
	}
	items, err := pgtypes.ParseArray(text)
	if err != nil {
		return "", err
	}
	for i, item := range items {
		if item == nil {
			continue
		}
		plain, err := textParam(element, []byte(*item), style)
		if err != nil {
			return "", err
		}
		items[i] = &plain
	}
	return string(pgtypes.AppendArray(nil, items)), nil
}

// jsonParam reads the text of a parameter if it is json.
func jsonParam(oid pgtypes.OID, text string) (string, error) {
	switch oid {
	case pgtypes.JSON:
		return text, pgjson.Check(text)
	case pgtypes.JSONB:
		return pgjson.Normal(text)
	}
	return text, nil
}

// holdsIntegers reports whether an integer that stands in a text is a value of the type as it is.
func holdsIntegers(t pgtypes.OID) bool {
	return t == pgtypes.Int4 || t == pgtypes.Int8 || t == pgtypes.Numeric
}

// evaluate reads arguments that are expressions.
func (s *session) evaluate(ctx context.Context, st *sql.Statement, types []pgtypes.OID) (args []sql.Arg, err error) {
	q, err := s.bindAlone(ctx, st.Arguments(nil))
	if err != nil {
		return nil, err
	}
	if err := st.Coercible(q.Types, types); err != nil {
		return nil, err
	}
	a, err := s.read(ctx, st.Arguments(types), nil)
	if err != nil {
		return nil, err
	}
	r := a.result
	defer s.engage(r.task).release()
	end := errPanic // what it is if it comes to no other end: then too the plan is given back
	defer func() { r.close(end) }()
	args, end = firstRow(r)
	return args, end
}

// firstRow reads one row as texts that are the same whatever the session's styles are.
func firstRow(r *result) ([]sql.Arg, error) {
	if err := r.start(); err != nil {
		return nil, err
	}
	more, err := r.fill()
	if err != nil || !more {
		return nil, fmt.Errorf("read arguments: no row: %w", err)
	}
	e, err := encode.New(r.columns, nil, pgtypes.Style{})
	if err != nil {
		return nil, err
	}
	message, _, err := e.Rows(nil, r.chunk, r.row, 1, flushBytes)
	if err != nil {
		return nil, err
	}
	var row pgproto3.DataRow
	if err := row.Decode(message[5:]); err != nil {
		return nil, fmt.Errorf("read arguments: %w", err)
	}
	args := make([]sql.Arg, len(row.Values))
	for i, v := range row.Values {
		args[i] = sql.Arg{Null: v == nil, Text: string(v)}
	}
	return args, nil
}
