package temporary

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tidegate/internal/engine"
	"tidegate/sql"
)

// Plan decides how a query is answered; into is where its rows go, nil to the caller, who releases the plan.
type Plan func(ctx context.Context, q *sql.Query, into *engine.Into) (*engine.Plan, error)

// Change runs a statement, all of it or nothing, and gives the number of rows that it changed.
func (t *Tables) Change(ctx context.Context, w *sql.Temporary, plan Plan) (int64, error) {
	if err := t.usable(); err != nil {
		return 0, err
	}
	c := &change{t, w, plan}
	if w.Brought != nil {
		return c.brought(ctx)
	}
	return c.run(ctx)
}

// brought is run of a statement whose rows another engine has.
func (c *change) brought(ctx context.Context) (n int64, err error) {
	if err := c.begin(ctx); err != nil {
		return 0, err
	}
	drop, err := c.newStage(ctx, c.w.Staged)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	watched, stop := c.store.watch(ctx)
	err = c.bring(watched)
	stop()
	if err != nil {
		return 0, err
	}
	return c.run(ctx)
}

func (c *change) run(ctx context.Context) (int64, error) {
	w, t := c.w, c.Tables
	switch w.Verb {
	case sql.TemporaryCreate:
		return c.create(ctx)
	case sql.TemporaryInsert:
		return c.undone(ctx, c.insert)
	case sql.TemporaryUpdate, sql.TemporaryDelete:
		return c.undone(ctx, c.update)
	case sql.TemporaryTruncate:
		for _, name := range w.Tables {
			r := t.tables[name].relation
			if w.Restart {
				r = r.Temporary.Restarted().Relation()
				c.version++
			}
			if err := t.replace(ctx, name, r); err != nil {
				return 0, err
			}
		}
	case sql.TemporaryDrop:
		for _, name := range w.Tables {
			t.forget(name)
		}
	case sql.TemporaryDefine:
		return 0, c.define(ctx)
	case sql.TemporaryCount:
		return 0, c.countRows(ctx)
	default:
	}
	return 0, nil
}

// countRows counts the rows of tables for those who look at the system relations.
func (c *change) countRows(ctx context.Context) (err error) {
	names := c.w.Tables
	if len(names) == 0 {
		names = slices.Collect(maps.Keys(c.tables))
	}
	for _, name := range names {
		x := c.tables[name]
		if x.rows, err = c.count(ctx, "SELECT count(*) FROM "+x.name+x.where(sql.LiveRows, c.command)); err != nil {
			return err
		}
	}
	c.version++
	return nil
}

// change is one statement that runs.
type change struct {
	*Tables
	w    *sql.Temporary
	plan Plan
}

// begin makes the schema of the tables, if it is not there.
func (t *Tables) begin(ctx context.Context) error {
	if t.made {
		return nil
	}
	t.generation = t.store.db.Generation()
	_, err := t.exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+t.schema)
	t.made = err == nil
	return err
}

// make makes an empty table in the engine.
func (t *Tables) make(ctx context.Context, r *sql.Relation) (*table, error) {
	t.names++
	x := &table{relation: t.numbered(r), rows: -1, heap: &heap{name: fmt.Sprintf("%s.t%d", t.schema, t.names)}}
	if err := t.begin(ctx); err != nil {
		return nil, err
	}
	definitions := make([]string, len(r.Columns), len(r.Columns)+2)
	for i, c := range r.Columns {
		definitions[i] = column(i) + " " + sql.StoredType(c.Type)
	}
	definitions = append(definitions, from+" BIGINT", to+" BIGINT")
	if _, err := t.exec(ctx, "CREATE TABLE "+x.name+" ("+strings.Join(definitions, ", ")+")"); err != nil {
		return nil, err
	}
	t.kept[x.heap] = true
	return x, nil
}

// numbered is a relation with the number under which the session's system relations have it.
func (t *Tables) numbered(r *sql.Relation) *sql.Relation {
	n := *r
	n.OID = sql.TableOID(sql.TableName{Schema: t.Shown(), Table: r.Name.Table})
	return &n
}

// replace puts an empty table in the place of one.
func (t *Tables) replace(ctx context.Context, name string, r *sql.Relation) error {
	x, err := t.make(ctx, r)
	if err == nil {
		t.tables[name] = x
	}
	return err
}

func (c *change) create(ctx context.Context) (int64, error) {
	r := c.w.Table
	x, err := c.make(ctx, r)
	if err != nil {
		return 0, err
	}
	n := int64(0)
	if c.w.Rows != nil {
		c.command++
		x.changed = c.command
		n, err = c.fill(ctx, c.w.Rows, x.name, columns(r))
	}
	if err != nil {
		return 0, errors.Join(err, c.sweep(context.WithoutCancel(ctx)))
	}
	c.tables[r.Name.Table] = x
	c.version++
	return n, nil
}

func columns(r *sql.Relation) []string {
	list := make([]string, len(r.Columns))
	for i := range list {
		list[i] = column(i)
	}
	return list
}

// undone runs a command of which nothing stays if it fails.
func (c *change) undone(ctx context.Context, run func(context.Context, *table) (int64, error)) (int64, error) {
	x := c.tables[c.w.Table.Name.Table]
	before := c.command
	c.command++
	x.changed = c.command
	n, err := run(ctx, x)
	if err == nil {
		err = c.check(ctx, x)
	}
	if err == nil {
		return n, nil
	}
	c.takeBack(ctx, before)
	return 0, err
}

// take counts on in the sequences of a statement that has made n rows.
func (c *change) take(n int64) {
	for _, u := range c.w.Takes {
		if u.Values >= 0 {
			u.Sequence.Take(u.Values)
		} else {
			u.Sequence.Take(n)
		}
	}
}

// takeBack undoes a statement that failed.
func (c *change) takeBack(ctx context.Context, before int64) {
	if err := c.undo(context.WithoutCancel(ctx), before); err != nil {
		c.broken = fmt.Errorf("take a failed statement back: %w", err)
	}
}

func (c *change) insert(ctx context.Context, x *table) (int64, error) {
	n, err := c.fill(ctx, c.w.Rows, x.name, columns(x.relation))
	c.take(n)
	if err != nil || c.w.Conflict == nil {
		return n, err
	}
	return c.conflicts(ctx, x, n)
}

// update collects the rows that are changed, takes the old ones away and puts the new ones there, if there are any.
func (c *change) update(ctx context.Context, x *table) (int64, error) {
	update, own := c.w.Verb == sql.TemporaryUpdate, columns(x.relation)
	definitions := []string{sql.NumberColumn + " BIGINT", from + " BIGINT"}
	into := []string{sql.NumberColumn}
	if update {
		for i, r := range x.relation.Columns {
			definitions = append(definitions, column(i)+" "+sql.StoredType(r.Type))
		}
		into = append(into, own...)
	}
	c.names++
	stage := fmt.Sprintf("%s.t%d", c.schema, c.names)
	if _, err := c.exec(ctx, "CREATE TABLE "+stage+" ("+strings.Join(definitions, ", ")+")"); err != nil {
		return 0, err
	}
	n, err := c.fill(ctx, c.w.Rows, stage, into)
	if err == nil && n > 0 {
		n, err = c.apply(ctx, x, stage, update, own)
	}
	if err == nil && update {
		err = c.store.fits(ctx)
	}
	_, dropErr := c.exec(context.WithoutCancel(ctx), "DROP TABLE "+stage)
	return n, errors.Join(err, dropErr)
}

// apply brings a stage into the table.
func (c *change) apply(ctx context.Context, x *table, stage string, update bool, own []string) (int64, error) {
	x.dead = true
	away := fmt.Sprintf("UPDATE %s SET %s = %d WHERE rowid IN (SELECT %s FROM %s)", x.name, to, c.command, sql.NumberColumn, stage)
	if !update {
		return c.exec(ctx, away)
	}
	list, source := strings.Join(own, ", "), stage
	if c.w.Several {
		source = fmt.Sprintf("(SELECT DISTINCT ON (%s) * FROM %s)", sql.NumberColumn, stage)
	}
	s, err := c.store.db.Session(ctx)
	if err != nil {
		return 0, err
	}
	var n int64
	for _, text := range []string{"BEGIN", away, fmt.Sprintf("INSERT INTO %s (%s, %s) SELECT %s, %s FROM %s", x.name, list, from, list, from, source), "COMMIT"} {
		var changed int64
		if changed, err = s.Exec(ctx, text); err != nil {
			break
		}
		n = max(n, changed)
	}
	return n, errors.Join(err, s.Close())
}

// fill puts the rows of a query into a table of the engine.
func (c *change) fill(ctx context.Context, q *sql.Query, name string, own []string) (n int64, err error) {
	ctx, stop := c.store.watch(ctx)
	defer stop()
	if err := c.store.fits(ctx); err != nil {
		return 0, err
	}
	err = c.read(ctx, q, &engine.Into{Table: name, Columns: own, Mark: from, Value: c.command}, func(chunk *engine.Chunk) error {
		for _, count := range chunk.Vectors[0].I64[:chunk.Rows] {
			n += count
		}
		return nil
	})
	if err == nil {
		err = c.store.fits(ctx)
	}
	return n, err
}

// read gives the chunks of a query, until take fails.
func (c *change) read(ctx context.Context, q *sql.Query, into *engine.Into, take func(*engine.Chunk) error) (err error) {
	p, err := c.plan(ctx, q, into)
	if err != nil {
		return err
	}
	if p.Release != nil {
		defer p.Release()
	}
	rows, err := p.Engine.Query(ctx, p.Statement)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for chunk, err := range engine.Chunks(ctx, rows) {
		if err != nil {
			return err
		}
		if err := take(chunk); err != nil {
			return err
		}
	}
	return nil
}
