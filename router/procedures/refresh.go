package procedures

import (
	"context"
	"errors"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

func refreshColumns() []engine.Column {
	return columns("table_name", pgtypes.Text, "rows", pgtypes.Int8, "batches", pgtypes.Int8)
}

// refresh loads what of a table is committed and not hot, and tells how much that was.
func (p *Procedures) refresh(ctx context.Context, t *catalog.TableView, _ []sql.CallArg) ([][]any, error) {
	if p.o.Hot == nil {
		return nil, pgerr.New(pgerr.ObjectNotInState, "there is no hot store")
	}
	if down := p.down(); down != "" {
		return nil, pgerr.New(pgerr.CannotConnectNow, "the hot store is down: %s", down)
	}
	loaded, batches, err := p.o.Refresh(ctx, t.Table.Name)
	if _, told := errors.AsType[*pgerr.Error](err); err != nil && !told && ctx.Err() == nil {
		return nil, &pgerr.Error{
			Code: pgerr.SystemError, Message: "could not bring " + t.Table.Name.String() + " into the hot store",
			Detail: p.hotReason(err), Err: err,
		}
	}
	if err != nil {
		return nil, err
	}
	return [][]any{{t.Table.Name.String(), loaded, int64(batches)}}, nil
}
