package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

func explainColumns(st *sql.Statement) []engine.Column {
	columns := textColumns("QUERY PLAN")
	if st.Explain.Format == "json" {
		columns[0].Type = pgtypes.Of(pgtypes.JSON)
	}
	return columns
}

// explain answers EXPLAIN with the plan's own words. q is the read inside, or nil.
func (s *session) explain(ctx context.Context, st *sql.Statement, q *sql.Query) (*answer, error) {
	x := st.Explain
	switch {
	case x.Analyze:
		return nil, pgerr.New(pgerr.FeatureNotSupported, "EXPLAIN ANALYZE is not supported").
			WithHint("EXPLAIN (ROUTE) shows the plan; tidegate.query_log has the measured time.")
	case x.Query.Kind != sql.KindSelect:
		return nil, pgerr.New(pgerr.FeatureNotSupported, "EXPLAIN of %s is not supported", x.Query.Tag)
	}
	if q == nil {
		var err error
		if q, err = s.bindAlone(ctx, x.Query); err != nil {
			return nil, err
		}
	}
	ctx, t := newTask(ctx)
	defer t.end()
	defer s.engage(t).release()
	entry := s.entry(st)
	p, err := s.server.planner.Plan(ctx, q, x.Query, &s.state)
	if err != nil {
		err = t.explain(err)
		s.record(entry, p, 0, err)
		return nil, err
	}
	s.tx.pinned, s.tx.queried = s.state.Pinned, true
	p.Observe = nil // nothing of it is run
	lines := p.Explain()
	rows := explainText(lines)
	if x.Format == "json" {
		if rows, err = explainJSON(lines); err != nil {
			s.record(entry, p, 0, err)
			return nil, err
		}
	}
	s.record(entry, p, int64(len(rows)), nil)
	return show(st.Tag, explainColumns(st), rows), nil
}

// explainText gives a row per line; a value of several lines goes on indented.
func explainText(explain []engine.ExplainLine) [][]string {
	var rows [][]string
	for _, l := range explain {
		for i, text := range strings.Split(l.Text, "\n") {
			if i == 0 {
				text = l.Label + ": " + text
			} else {
				text = "  " + text
			}
			rows = append(rows, []string{text})
		}
	}
	return rows
}

// explainJSON gives one row: an array with one object, its keys in the plan's order.
func explainJSON(explain []engine.ExplainLine) ([][]string, error) {
	var b bytes.Buffer
	b.WriteString("[\n  {")
	for i, l := range explain {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "\n    %q: ", l.Key)
		values := json.NewEncoder(&b)
		values.SetEscapeHTML(false) // SQL has < and >
		if err := values.Encode(l.Value); err != nil {
			return nil, fmt.Errorf("write %s as JSON: %w", l.Key, err)
		}
		b.Truncate(b.Len() - 1) // the newline that Encode ends with
	}
	b.WriteString("\n  }\n]")
	return [][]string{{b.String()}}, nil
}
