// Package system answers the relations of schema tidegate: what is where, what each batch did, what was rejected,
// and how queries went.
//
// They are tables of the local engine, filled from the catalog when a statement names them.
package system

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
	"tidegate/router/querylog"
	"tidegate/sql"
)

// Schema is the name of the schema.
const Schema = "tidegate"

// Reject is one record that ETL put aside.
type Reject struct {
	Table  catalog.Name
	Batch  string
	Object string
	Line   int64
	Reason string
	Raw    string
}

// Sources are where the rows come from beside the view.
type Sources struct {
	Batches    func(ctx context.Context) ([]catalog.Batch, error)
	Quarantine func(ctx context.Context) iter.Seq2[Reject, error]
	QueryLog   func(ctx context.Context) ([]querylog.Entry, error)
	Loads      func(ctx context.Context) ([]catalog.Load, error)
	// HotComplete gives the newest generation up to v's at which all of a table that should be hot is, and how far
	// behind that is.
	HotComplete func(ctx context.Context, v *catalog.View, table catalog.Name) (generation int64, behind time.Duration, ok bool, err error)
	// Audience is who asks.
	Audience Audience
}

// Relations is the schema tidegate. It is safe for concurrent use.
type Relations struct {
	loader  engine.Loader
	sources Sources

	mu     sync.Mutex
	loaded map[string]int64 // relation → generation; guarded by mu
}

// New makes the relations in the engine behind loader.
func New(loader engine.Loader, sources Sources) *Relations {
	return &Relations{loader: loader, sources: sources, loaded: map[string]int64{}}
}

// HasSchema reports whether schema is tidegate.
func (r *Relations) HasSchema(schema string) bool { return schema == Schema }

// Relation finds a relation of the schema.
func (r *Relations) Relation(schema, table string) (*sql.Relation, bool) {
	columns, ok := definitions()[table]
	if schema != Schema || !ok {
		return nil, false
	}
	rel := &sql.Relation{Name: sql.TableName{Schema: schema, Table: table}, Class: sql.ClassSystem}
	rel.OID = sql.TableOID(rel.Name)
	for _, c := range columns {
		rel.Columns = append(rel.Columns, sql.Column{Name: c.Name, Type: pgtypes.Of(c.Type)})
	}
	return rel, true
}

// All gives every relation, for catalogs that list them.
func (r *Relations) All() []*sql.Relation {
	var all []*sql.Relation
	for _, name := range Names() {
		rel, _ := r.Relation(Schema, name)
		all = append(all, rel)
	}
	return all
}

// Source gives the local engine's name of a relation.
func (r *Relations) Source(u *sql.Use, _ engine.Asker) (string, error) {
	return `"` + Schema + `"."` + u.Relation.Name.Table + `"`, nil
}

// Prepare fills the relations that uses name with their rows at v.
func (r *Relations) Prepare(ctx context.Context, v *catalog.View, uses []*sql.Use) error {
	for _, u := range uses {
		if u.Relation.Name.Schema != Schema {
			continue
		}
		if err := r.fill(ctx, v, u.Relation.Name.Table); err != nil {
			return fmt.Errorf("fill %s.%s: %w", Schema, u.Relation.Name.Table, err)
		}
	}
	return nil
}

// fill loads one relation unless it stands at this generation. The query log moves without generations, and so do
// failed batches and what is behind.
func (r *Relations) fill(ctx context.Context, v *catalog.View, table string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	moves := table == "query_log" || table == "batches" || table == "freshness"
	if g, ok := r.loaded[table]; ok && g == v.Generation && !moves {
		return nil
	}
	rows, err := r.rows(ctx, v, table)
	if err != nil {
		return err
	}
	rows = r.sources.Audience.only(table, rows)
	var failed error
	seq := func(yield func([]any) bool) {
		for row, err := range rows {
			if err != nil {
				failed = err
				return
			}
			if !yield(row) {
				return
			}
		}
	}
	if err := r.loader.Replace(ctx, Schema, table, definitions()[table], seq); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	r.loaded[table] = v.Generation
	return nil
}
