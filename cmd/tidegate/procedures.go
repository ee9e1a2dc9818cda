package main

import (
	"context"
	"errors"

	"tidegate/catalog"
	"tidegate/etl/hotload"
	"tidegate/router"
	"tidegate/router/procedures"
)

// procedures are CALL tidegate.… over the tiers that the router has. hold is the router's.
func (h *hotStore) procedures(hold func(context.Context) (*catalog.View, func(), error), o *router.Options) *procedures.Procedures {
	p := procedures.Options{Hold: hold, Cold: o.Cold, LocalPath: o.LocalPath}
	if h.loader != nil {
		p.Hot, p.Down = h.loader.Hot, o.Hot.Down
		p.Refresh = h.refresh
	}
	return procedures.New(p)
}

// refresh loads what of a table is pending. A client that goes away does not wait for the pass before its own.
func (h *hotStore) refresh(ctx context.Context, table catalog.Name) (rows int64, batches int, err error) {
	type loaded struct {
		report hotload.Report
		err    error
	}
	done := make(chan loaded, 1)
	go func() {
		r, err := h.loader.LoadTable(ctx, table)
		if h.server != nil {
			err = errors.Join(err, h.server.days.compare(ctx, table)) // nothing to do but for an adopted one
		}
		done <- loaded{r, err}
	}()
	select {
	case l := <-done:
		return l.report.Rows, l.report.Batches, l.err
	case <-ctx.Done():
		return 0, 0, context.Cause(ctx)
	}
}
