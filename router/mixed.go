package router

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// maxBrought bounds the bytes of rows that are brought to the system relations for one statement.
const maxBrought = 256 << 20

// planMixed answers a statement over tables and system relations: the local engine does, to which the tables' rows are
// brought. Each table is read by a plan of its own, hot or cold.
func (d *decision) planMixed(ctx context.Context, local Locals) (*engine.Plan, error) {
	bringer, ok := local.Engine.(engine.Bringer)
	if !ok {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "a query over tables and system relations at once is not supported here")
	}
	m := &mixed{Engine: local.Engine, bringer: bringer}
	release := d.release
	d.release = func() {
		m.release()
		release()
	}
	system, items := d.sourceOf(local), map[*sql.Use]string{}
	var names []string
	for _, u := range d.req.Query.Uses {
		if !isTable(u) {
			continue
		}
		if err := d.ownList(u); err != nil {
			return nil, err
		}
		b, err := d.req.Query.Bring(u)
		if err != nil {
			return nil, err
		}
		req := d.req
		req.Statement, req.Query, req.Latency, req.Generation, req.TimeZone = b.Statement, b.Query, d.latency, d.view.Generation, ""
		req.Style = pgtypes.Style{}
		p, err := d.r.Plan(ctx, req)
		if err != nil {
			return nil, err
		}
		items[u] = b.Item(engine.BroughtTable(len(m.parts)))
		m.parts = append(m.parts, brought{plan: p, columns: b.Texts()})
		names = append(names, fmt.Sprintf("%s (%s)", u.Relation.Name, p.Route))
	}
	text, err := d.req.Query.Render(func(u *sql.Use) (string, error) {
		if item, ok := items[u]; ok {
			return item, nil
		}
		return system(u)
	})
	if err != nil {
		return nil, err
	}
	return &engine.Plan{
		Route: engine.RouteLocal, Engine: m, Statement: d.statement(text),
		Temporary: d.readsTemporary(),
		Reason:    "names what system relations have; the rows of " + strings.Join(names, ", ") + " are brought to them",
	}, nil
}

// ownList refuses a table of the warehouse for a session that reads it over a connection of its own.
func (d *decision) ownList(u *sql.Use) error {
	bound, _ := d.req.Query.Catalog().(bindings)
	if u.Relation.Class == sql.ClassHotOnly && bound.only != nil && bound.only != d.r.o.Hot.Only {
		return pgerr.New(pgerr.FeatureNotSupported, "a session that has changed the warehouse cannot read %s and system relations in one statement",
			u.Relation.Name).WithHint("read the system relation in a statement of its own")
	}
	return nil
}

// mixed is the local engine with the rows of tables for one statement.
type mixed struct {
	engine.Engine
	bringer engine.Bringer
	parts   []brought
}

// brought is the read of a table, all of whose columns are text.
type brought struct {
	plan    *engine.Plan
	columns int
}

func (m *mixed) release() {
	for _, p := range m.parts {
		p.plan.Release()
	}
}

// Describe needs no rows: the binder knows the columns.
func (m *mixed) Describe(_ context.Context, s engine.Statement) ([]engine.Column, error) {
	return s.Columns, nil
}

// Query brings the rows and then asks.
func (m *mixed) Query(ctx context.Context, s engine.Statement) (engine.Rows, error) {
	b, err := m.bringer.Bring(ctx, s.TimeZone)
	if err != nil {
		return nil, err
	}
	for i := range m.parts {
		if err := m.parts[i].take(ctx, b, i); err != nil {
			return nil, errors.Join(err, b.Close())
		}
	}
	rows, err := b.Query(ctx, s)
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return &mixedRows{rows, b}, nil
}

func (p *brought) take(ctx context.Context, b engine.Bringing, i int) error {
	rows, err := p.plan.Engine.Query(ctx, p.plan.Statement)
	if errors.Is(err, engine.ErrUnavailable) && p.plan.Otherwise != nil {
		other, otherErr := p.plan.Otherwise(err)
		if otherErr != nil {
			return otherErr
		}
		p.plan = other
		rows, err = other.Engine.Query(ctx, other.Statement)
	}
	if err != nil {
		return err
	}
	return errors.Join(b.Take(ctx, i, p.columns, rows, maxBrought), rows.Close())
}

// mixedRows drop what was brought when they end.
type mixedRows struct {
	engine.Rows
	brought engine.Bringing
}

func (r *mixedRows) Close() error { return errors.Join(r.Rows.Close(), r.brought.Close()) }
