package sql

import (
	"fmt"
	"slices"
)

// rebinding is a text that was bound in whole although there is a template of it, and the values it had. DuckDB's text
// depends on values, and what comes again often comes with the same: a chart that is drawn anew, a prepared statement
// that is described, planned and explained.
type rebinding struct {
	literals, args []Arg // args is nil while the client's parameters are open
	full           *Query
}

// bound is a template's query as it is without a template. The template remembers the last one, unless it depends on
// who asked or when: all else that binding depends on is the same for every query of a template.
func (q *Query) bound() (*Query, error) {
	r := q.template.last.Load()
	if r == nil || (r.args == nil) != (q.args == nil) || !slices.Equal(r.args, q.args) || !slices.Equal(r.literals, q.literals) {
		full, err := q.bindWhole()
		if err != nil || full.binder.momentary || len(full.constants) > 0 {
			return full, err
		}
		full.forget()
		r = &rebinding{literals: q.literals, args: q.args, full: full}
		q.template.last.Store(r)
	}
	full := *r.full
	full.catalog, full.env = q.catalog, q.env
	return &full, nil
}

// forget lets go of the session and of the generation of the catalog: a query that is kept must not keep them.
func (q *Query) forget() {
	q.catalog, q.env.Settings = nil, nil
	q.binder.catalog, q.binder.env.Settings = nil, nil
}

func (q *Query) bindWhole() (*Query, error) {
	statements, err := q.statement.dialect.Parse(q.source)
	if err != nil {
		return nil, err
	}
	if q.args == nil {
		return Bind(statements[0], q.catalog, q.env)
	}
	return bind(statements[0], q.catalog, q.env, q.Params, q.args)
}

// rebound is bound, with a source that is asked for the uses of q.
func (q *Query) rebound(source func(*Use) (string, error)) (*Query, func(*Use) (string, error), error) {
	full, err := q.bound()
	if err != nil {
		return nil, nil, err
	}
	if len(full.Uses) != len(q.Uses) {
		return nil, nil, fmt.Errorf("render query: %d relations are bound, the template has %d", len(full.Uses), len(q.Uses))
	}
	return full, func(u *Use) (string, error) { return source(q.Uses[slices.Index(full.Uses, u)]) }, nil
}
