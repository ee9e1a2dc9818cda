package router

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tidegate/internal/engine"
	"tidegate/sql"
)

// explain gives the lines of EXPLAIN (ROUTE). The SQL is shown with the lake's files counted, not listed; d is needed for
// that of cold plans alone.
func explain(p *engine.Plan, d *decision) []engine.ExplainLine {
	lines := []engine.ExplainLine{
		{Label: "Route", Key: "route", Value: string(p.Route), Text: string(p.Route)},
		{Label: "Reason", Key: "reason", Value: p.Reason, Text: p.Reason},
		{Label: "Generation", Key: "generation", Value: p.Generation, Text: strconv.FormatInt(p.Generation, 10)},
		asOf(p.AsOf),
		{
			Label: "Files", Key: "files", Value: map[string]int{"kept": p.FilesKept, "pruned": p.FilesPruned},
			Text: fmt.Sprintf("%d kept, %d pruned", p.FilesKept, p.FilesPruned),
		},
		{
			Label: "Bytes", Key: "bytes", Value: map[string]int64{"read": p.Bytes, "cached": p.CachedBytes},
			Text: fmt.Sprintf("%s (%s cached)", formatBytes(p.Bytes), formatBytes(p.CachedBytes)),
		},
		{Label: "Estimate", Key: "estimate", Value: float64(p.Estimate) / float64(time.Millisecond), Text: formatDuration(p.Estimate)},
	}
	if q, ok := p.Engine.(queued); ok {
		lines = append(lines, memoryLine(q.Forecast(p.Statement)))
	}
	if w := p.Statement.Waves; w != nil {
		n := int64(len(w.Parts))
		lines = append(lines, engine.ExplainLine{Label: "Waves", Key: "waves", Value: n, Text: strconv.FormatInt(n, 10)})
	}
	tier := string(p.Route)
	text := d.shownSQL(p)
	return append(lines, engine.ExplainLine{
		Label: strings.ToUpper(tier[:1]) + tier[1:] + " SQL", Key: tier + "_sql", Value: text, Text: text,
	})
}

// queued is an engine that lets statements in one by one.
type queued interface {
	// Forecast gives the bytes that a statement reserves before it starts, and how many statements run and wait now.
	Forecast(s engine.Statement) (memory int64, running, waiting int)
}

func memoryLine(memory int64, running, waiting int) engine.ExplainLine {
	return engine.ExplainLine{
		Label: "Memory", Key: "memory", Value: map[string]int64{"reserved": memory, "running": int64(running), "waiting": int64(waiting)},
		Text: fmt.Sprintf("%s reserved (%d running, %d waiting)", formatBytes(memory), running, waiting),
	}
}

func asOf(t time.Time) engine.ExplainLine {
	text := "nothing committed yet"
	if !t.IsZero() {
		text = t.UTC().Format("2006-01-02 15:04:05.999999-07")
	}
	return engine.ExplainLine{Label: "As of", Key: "as_of", Value: text, Text: text}
}

// shownSQL renders a cold statement again with short sources; the others as they run.
func (d *decision) shownSQL(p *engine.Plan) string {
	if p.Route != engine.RouteCold {
		return p.Statement.SQL
	}
	text, err := d.req.Query.Render(func(u *sql.Use) (string, error) {
		if u.Relation.Class == sql.ClassTemporary {
			return d.temporary.Source(u)
		}
		s, err := d.scanOf(u)
		if err != nil {
			return "", err
		}
		columns := strings.Join(u.Columns, ", ")
		if columns == "" {
			columns = "1"
		}
		return fmt.Sprintf("(SELECT %s FROM read_parquet(<%d files of %s>))", columns, len(s.kept), s.table.Table.Name), nil
	})
	if err != nil {
		return p.Statement.SQL
	}
	return text
}
