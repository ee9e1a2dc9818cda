package gateway

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/engine"
)

// TestDescribeRunsNothing describes statements, portals and cursors: no engine is asked before a row is (pitfall 3 of
// the facts about peers).
func TestDescribeRunsNothing(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	d := serve(t, map[string]*script{"select n": {
		columns: numberColumns,
		plan:    engine.Plan{Statement: engine.Statement{Columns: numberColumns}},
		query: func(context.Context) (engine.Rows, error) {
			asked.Add(1)
			return &numbers{n: 2, size: 1}, nil
		},
	}})
	_, f := d.raw(t)
	say := func(messages ...pgproto3.FrontendMessage) (got []string) {
		t.Helper()
		for _, m := range append(messages, &pgproto3.Sync{}) {
			f.Send(m)
		}
		readUntilReady(t, f, func(line string) { got = append(got, line) })
		return got
	}
	described := "RowDescription n:20:8:-1:0"
	for name, messages := range map[string][]pgproto3.FrontendMessage{
		"statement": {&pgproto3.Parse{Query: "select n"}, &pgproto3.Describe{ObjectType: 'S'}},
		"portal":    {&pgproto3.Parse{Query: "select n"}, &pgproto3.Bind{}, &pgproto3.Describe{ObjectType: 'P'}},
	} {
		if got := say(messages...); !slices.Contains(got, described) || asked.Load() != 0 {
			t.Errorf("%s: the engine was asked %d times, and said was %q", name, asked.Load(), got)
		}
	}
	explained := say(&pgproto3.Parse{Query: "explain analyze select n"}, &pgproto3.Describe{ObjectType: 'S'})
	if !slices.Contains(explained, "RowDescription QUERY PLAN:25:-1:-1:0") || asked.Load() != 0 {
		t.Errorf("explain analyze: the engine was asked %d times, and said was %q", asked.Load(), explained)
	}
	for _, text := range []string{"begin", "declare c cursor for select n"} {
		talk(t, f, text)
	}
	if got := say(&pgproto3.Describe{ObjectType: 'P', Name: "c"}); !slices.Contains(got, described) || asked.Load() != 0 {
		t.Errorf("cursor: the engine was asked %d times, and said was %q", asked.Load(), got)
	}
	if got := talk(t, f, "fetch all from c"); !slices.Contains(got, "CommandComplete FETCH 2") || asked.Load() != 1 {
		t.Errorf("fetch: the engine was asked %d times, and said was %q", asked.Load(), got)
	}
}
