package gateway

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

// TestErrorInMidStream has a result fail after rows were sent, on every path that rows take: the error is told after
// exactly the rows before it, and no tag.
func TestErrorInMidStream(t *testing.T) {
	t.Parallel()
	const rows = 5000
	const failure = "ErrorResponse ERROR 22012 division by zero"
	bind := func(limits ...uint32) []pgproto3.FrontendMessage {
		list := []pgproto3.FrontendMessage{&pgproto3.Parse{Query: "select faulty"}, &pgproto3.Bind{}}
		for _, n := range limits {
			list = append(list, &pgproto3.Execute{MaxRows: n})
		}
		return append(list, &pgproto3.Sync{})
	}
	simple := func(texts ...string) []pgproto3.FrontendMessage {
		var list []pgproto3.FrontendMessage
		for _, text := range texts {
			list = append(list, &pgproto3.Query{String: text})
		}
		return list
	}
	for name, c := range map[string]struct {
		messages []pgproto3.FrontendMessage
		want     int // rows
	}{
		"simple":           {simple("select faulty"), rows},
		"extended":         {bind(0), rows},
		"limit beyond":     {bind(2 * rows), rows},
		"suspended":        {bind(10, 3000, 1, 0), rows},
		"suspended at end": {bind(rows, 1), rows},
		"cursor":           {simple("begin", "declare a cursor for select faulty", "fetch 10 from a", "fetch all from a"), rows},
		"cursor, one more": {simple("begin", "declare a no scroll cursor for select faulty", "fetch 5000 from a", "fetch 1 from a"), rows},
		"cursor moved":     {simple("begin", "declare a no scroll cursor for select faulty", "fetch 7 from a", "move all in a"), 7},
		"prepared":         {simple("prepare p as select faulty", "execute p"), rows},
		"copy":             {simple("copy (select faulty) to stdout"), rows},
		"second of two":    {simple("select well;select faulty;select well"), rows + 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := serve(t, map[string]*script{
				"select faulty": {
					columns: numberColumns, plan: engine.Plan{Statement: engine.Statement{Columns: numberColumns}},
					query: func(context.Context) (engine.Rows, error) {
						return &numbers{n: rows, size: 1024, err: pgerr.New(pgerr.DivisionByZero, "division by zero")}, nil
					},
				},
				"select well": count(3, 3, nil),
			})
			_, f := d.raw(t)
			var lines []string
			n, failures := 0, 0
			for _, m := range c.messages {
				f.Send(m)
				_, query := m.(*pgproto3.Query)
				_, sync := m.(*pgproto3.Sync)
				if !query && !sync {
					continue
				}
				if err := f.Flush(); err != nil {
					t.Fatal(err)
				}
				readUntilReady(t, f, func(line string) {
					switch {
					case strings.HasPrefix(line, "DataRow"), strings.HasPrefix(line, "CopyData"):
						n++
					case line == failure:
						failures++
					}
					lines = append(lines, line)
				})
			}
			if n != c.want || failures != 1 {
				t.Errorf("%d rows and %d errors, want %d and one", n, failures, c.want)
			}
			if diff := cmp.Diff(failure, lines[len(lines)-2]); diff != "" {
				t.Errorf("the last but one message (-want +got):\n%s", diff)
			}
			if codes := codes(d.log); len(codes) == 0 || codes[len(codes)-1] != pgerr.DivisionByZero {
				t.Errorf("recorded were %q", codes)
			}
		})
	}
}
