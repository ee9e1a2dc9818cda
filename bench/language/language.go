// Package language measures the binder: what a statement costs before anybody reads data.
package language

import (
	"context"
	"errors"
	"fmt"
	"time"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/bench/measure"
	"tidegate/router"
	"tidegate/sql"
)

// Run measures, of a BI query of forty lines and of a point query, the way from text to bound tree and DuckDB's text,
// beside parsing and deparsing the same text with pg_query, which any way through a tree pays; and the same statement
// with other literals when the plan cache knows it.
func Run(ctx context.Context, b *measure.Bench) error {
	for _, s := range []struct{ metric, text, again string }{
		{"bi40", biQuery, biQueryAgain}, {"point", pointQuery, pointQueryAgain},
	} {
		if err := bindRewrite(ctx, b, s.metric, s.text); err != nil {
			return fmt.Errorf("%s: %w", s.metric, err)
		}
		if err := planHit(ctx, b, s.metric, s.text, s.again); err != nil {
			return fmt.Errorf("%s: %w", s.metric, err)
		}
	}
	return nil
}

// rounds is how many times a sample runs its statement; a sample is their median, in microseconds.
func rounds(b *measure.Bench) int {
	if b.Quick {
		return 200
	}
	return 1000
}

// p50 gives the median time of f.
func p50(n int, f func() error) (float64, error) {
	times := make([]float64, n)
	for i := range times {
		begin := time.Now()
		if err := f(); err != nil {
			return 0, err
		}
		times[i] = float64(time.Since(begin).Nanoseconds()) / 1e3
	}
	return measure.Median(times), nil
}

func source(u *sql.Use) (string, error) { return "lake." + u.Relation.Name.Table, nil }

// bindRewrite measures parse, bind and rewrite.
func bindRewrite(ctx context.Context, b *measure.Bench, metric, text string) error {
	relations, err := router.New(router.Options{Views: newTables()}).Bindings(ctx, 0, "")
	if err != nil {
		return err
	}
	env := environment()
	bind := func() error {
		statements, err := sql.Parse(text)
		if err != nil {
			return err
		}
		q, err := sql.Bind(statements[0], relations, env)
		if err != nil {
			return err
		}
		_, err = q.Render(source)
		return err
	}
	parse := func() error {
		tree, err := pg_query.Parse(text)
		if err != nil {
			return err
		}
		_, err = pg_query.Deparse(tree)
		return err
	}
	n := rounds(b)
	m, samples, err := b.Measure(ctx,
		func() (float64, error) { return p50(n, bind) },
		func() (float64, error) { return p50(n, parse) })
	if err != nil {
		return err
	}
	return b.Compare("bind_rewrite_"+metric+"_p50", "us", m[0], "pg_query parse and deparse", m[1], samples)
}

// planHit measures a text that the plan cache knows with other literals: to the bound tree, which the router plans by, and
// to DuckDB's text when the literals are those of the last time.
func planHit(ctx context.Context, b *measure.Bench, metric, text, again string) error {
	r := router.New(router.Options{Views: newTables()})
	env := environment()
	for range 3 {
		statements, err := sql.Parse(text)
		if err != nil {
			return err
		}
		if _, err := r.Bind(ctx, 0, statements[0], env); err != nil {
			return err
		}
	}
	recall := func() (*sql.Query, error) {
		_, q, ok := r.Recall(ctx, 0, again, env)
		if !ok {
			return nil, errors.New("the plan cache does not know the statement")
		}
		return q, nil
	}
	hit := func() error {
		_, err := recall()
		return err
	}
	render := func() error {
		q, err := recall()
		if err == nil {
			_, err = q.Render(source)
		}
		return err
	}
	parse := func() error {
		_, err := pg_query.Parse(again)
		return err
	}
	n := rounds(b)
	m, samples, err := b.Measure(ctx,
		func() (float64, error) { return p50(n, hit) },
		func() (float64, error) { return p50(n, render) },
		func() (float64, error) { return p50(n, parse) })
	if err != nil {
		return err
	}
	if err := b.Compare("plan_hit_"+metric+"_p50", "us", m[0], "pg_query parse", m[2], samples); err != nil {
		return err
	}
	return b.Compare("plan_hit_rendered_"+metric+"_p50", "us", m[1], "pg_query parse", m[2], samples)
}
