package main

import (
	"context"

	"tidegate/catalog"
	"tidegate/router"
	"tidegate/router/procedures"
)

// procedures are CALL tidegate.… over the tiers that the router has. hold is the router's.
func (h *hotStore) procedures(hold func(context.Context) (*catalog.View, func(), error), o *router.Options) *procedures.Procedures {
	p := procedures.Options{Hold: hold, Cold: o.Cold, LocalPath: o.LocalPath}
	if h.loader != nil {
		p.Hot, p.Down = h.loader.Hot, o.Hot.Down
		p.Refresh = func(ctx context.Context, table catalog.Name) (rows int64, batches int, err error) {
			r, err := h.loader.LoadTable(ctx, table)
			return r.Rows, r.Batches, err
		}
	}
	return procedures.New(p)
}
