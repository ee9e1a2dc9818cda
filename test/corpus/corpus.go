// Package corpus is what statements of clients look like that were recorded with a PostgreSQL's answers, and how they are
// replayed.
package corpus

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// Statement is what one client sent, with what PostgreSQL answered. {{oid:x}} in its text is the OID of relation x.
type Statement struct {
	Client  string   `json:"client"`
	SQL     string   `json:"sql"`
	Results []Result `json:"results"`
	Types   []uint32 `json:"types,omitempty"` // of parameters, as the client told them; 0 is not told
	Args    []string `json:"args,omitempty"`  // of $1, $2, …, with {{oid:x}} as in the text
	Note    string   `json:"note,omitempty"`
	Differs string   `json:"differs,omitempty"` // why Tidegate answers otherwise, in our own corpus
}

// Result is an answer without the values of its rows.
type Result struct {
	Names    []string `json:"names"`
	OIDs     []uint32 `json:"oids"`
	Typmods  []int32  `json:"typmods"`
	Rows     int      `json:"rows"`
	Tag      string   `json:"tag"`
	SQLState string   `json:"sqlstate"`
	Message  string   `json:"message"`
}

// Replay runs a statement outside a transaction, as it was recorded, and gives the first difference.
func Replay(tb testing.TB, c *pgconn.PgConn, s *Statement) string {
	tb.Helper()
	defer func() {
		if c.TxStatus() != 'I' {
			if _, err := c.Exec(tb.Context(), "rollback").ReadAll(); err != nil {
				tb.Fatal(err)
			}
		}
	}()
	text, err := withOIDs(tb, c, s.SQL)
	if err != nil {
		return err.Error()
	}
	if strings.Contains(s.Note, describedNote) {
		return described(tb, c, text, s)
	}
	if len(s.Args) > 0 {
		return bound(tb, c, text, s)
	}
	got, err := results(tb, c, text)
	if err != nil {
		return err.Error()
	}
	return difference(s.Results, got)
}

// Record runs a statement without arguments and gives what is answered.
func Record(tb testing.TB, c *pgconn.PgConn, s *Statement) []Result {
	tb.Helper()
	text, err := withOIDs(tb, c, s.SQL)
	if err != nil {
		tb.Fatal(err)
	}
	got, err := results(tb, c, text)
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

// results runs a text; an error of the server is the last result.
func results(tb testing.TB, c *pgconn.PgConn, text string) (got []Result, err error) {
	tb.Helper()
	reader := c.Exec(tb.Context(), text)
	for reader.NextResult() {
		rr := reader.ResultReader()
		r := columns(rr.FieldDescriptions())
		for rr.NextRow() {
			r.Rows++
		}
		tag, err := rr.Close()
		if err != nil {
			break // the reader has it
		}
		r.Tag = tag.String()
		got = append(got, r)
	}
	if err := reader.Close(); err != nil {
		failed, ok := errors.AsType[*pgconn.PgError](err)
		if !ok {
			return nil, err
		}
		got = append(got, Result{SQLState: failed.Code, Message: failed.Message})
	}
	return got, nil
}

// bound executes a statement with arguments.
func bound(tb testing.TB, c *pgconn.PgConn, text string, s *Statement) string {
	tb.Helper()
	args := make([][]byte, len(s.Args))
	for i, a := range s.Args {
		arg, err := withOIDs(tb, c, a)
		if err != nil {
			return err.Error()
		}
		args[i] = []byte(arg)
	}
	reader := c.ExecParams(tb.Context(), text, args, s.Types, nil, nil)
	r := columns(reader.FieldDescriptions())
	for reader.NextRow() {
		r.Rows++
	}
	tag, err := reader.Close()
	if failed, ok := errors.AsType[*pgconn.PgError](err); ok {
		r = Result{SQLState: failed.Code, Message: failed.Message}
	} else if err != nil {
		return err.Error()
	}
	r.Tag = tag.String()
	return difference(s.Results, []Result{r})
}

const describedNote = "described, not executed"

// Described is the note of a statement with parameters of these types.
func Described(parameters []uint32) string {
	return fmt.Sprintf("parameters: OIDs %d; %s", parameters, describedNote)
}

func described(tb testing.TB, c *pgconn.PgConn, text string, s *Statement) string {
	tb.Helper()
	d, err := c.Prepare(tb.Context(), "", text, s.Types)
	if err != nil {
		return err.Error()
	}
	want := strings.TrimPrefix(strings.Split(s.Note, ";")[0], "parameters: OIDs ")
	if got := fmt.Sprint(d.ParamOIDs); got != want {
		return "parameters " + got + ", want " + want
	}
	return difference(s.Results, []Result{columns(d.Fields)})
}

func columns(fields []pgconn.FieldDescription) (r Result) {
	for _, f := range fields {
		r.Names, r.OIDs, r.Typmods = append(r.Names, f.Name), append(r.OIDs, f.DataTypeOID), append(r.Typmods, f.TypeModifier)
	}
	return r
}

func difference(want, got []Result) string {
	for i := range min(len(want), len(got)) {
		w, g := want[i], got[i]
		switch {
		case w.SQLState != g.SQLState:
			return fmt.Sprintf("result %d: SQLSTATE %q %s, want %q %s", i, g.SQLState, g.Message, w.SQLState, w.Message)
		case !slices.Equal(w.Names, g.Names):
			return fmt.Sprintf("result %d: columns %q, want %q", i, g.Names, w.Names)
		case !slices.Equal(w.OIDs, g.OIDs):
			return fmt.Sprintf("result %d: types %d, want %d", i, g.OIDs, w.OIDs)
		case !slices.Equal(w.Typmods, g.Typmods):
			return fmt.Sprintf("result %d: typmods %d, want %d", i, g.Typmods, w.Typmods)
		case w.Rows != g.Rows:
			return fmt.Sprintf("result %d: %d rows, want %d", i, g.Rows, w.Rows)
		case w.Tag != g.Tag:
			return fmt.Sprintf("result %d: tag %q, want %q", i, g.Tag, w.Tag)
		}
	}
	if len(want) != len(got) {
		return fmt.Sprintf("%d results, want %d", len(got), len(want))
	}
	return ""
}

var oidMark = regexp.MustCompile(`\{\{oid:([a-z_.]+)\}\}`)

// withOIDs puts a relation's OID where the statement names it so.
func withOIDs(tb testing.TB, c *pgconn.PgConn, text string) (string, error) {
	tb.Helper()
	var failed error
	return oidMark.ReplaceAllStringFunc(text, func(mark string) string {
		name := oidMark.FindStringSubmatch(mark)[1]
		r := c.ExecParams(tb.Context(), "select $1::regclass::oid", [][]byte{[]byte(name)}, nil, nil, nil).Read()
		if r.Err != nil {
			failed = fmt.Errorf("OID of %s: %w", name, r.Err)
			return mark
		}
		return string(r.Rows[0][0])
	}), failed
}
