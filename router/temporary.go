package router

import (
	"slices"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// Temporary are the temporary tables of one session, which the engine of the cold side keeps. They stand before all
// other relations.
type Temporary interface {
	// Relation finds one, of class ClassTemporary.
	Relation(name string) (*sql.Relation, bool)
	// All gives them, by name.
	All() map[string]*sql.Relation
	// Shown is the name of their schema in the system relations.
	Shown() string
	// Source gives the FROM item of one in the engine's words.
	Source(u *sql.Use) (string, error)
}

// boundTo gives what a query was bound against; another catalog is none of ours.
func boundTo(q *sql.Query) bindings {
	b, _ := q.Catalog().(bindings)
	return b
}

// onlyTemporary reports whether nothing but temporary tables is read.
func (d *decision) onlyTemporary() bool {
	return len(d.scans) == 0 && d.hotOnly() == nil
}

// planTemporary has the cold side's engine answer, whose tables they are.
func (d *decision) planTemporary() (*engine.Plan, error) {
	return d.planOwn("names temporary tables only")
}

// planValues is for rows that are put into a temporary table and come from no other.
func (d *decision) planValues() (*engine.Plan, error) {
	return d.planOwn("names no table")
}

func (d *decision) planOwn(reason string) (*engine.Plan, error) {
	text, err := d.req.Query.Render(d.coldSource)
	if err != nil {
		return nil, err
	}
	return &engine.Plan{Route: engine.RouteLocal, Reason: reason, Engine: d.r.o.Cold, Statement: d.statement(text), Temporary: d.readsTemporary()}, nil
}

func (d *decision) readsTemporary() bool {
	return slices.ContainsFunc(d.req.Query.Uses, func(u *sql.Use) bool { return u.Relation.Class == sql.ClassTemporary })
}

// barTemporary closes the hot way of a statement that also reads temporary tables, if the hot store is another server's.
func (d *decision) barTemporary(hot *candidate) {
	if d.r.o.Hot == nil || !d.r.o.Hot.Postgres || !d.readsTemporary() || hot.barred != nil {
		return
	}
	hot.why = "temporary tables are not in the hot store"
	hot.barred = pgerr.New(pgerr.FeatureNotSupported, "the hot store cannot answer: %s", hot.why)
}
