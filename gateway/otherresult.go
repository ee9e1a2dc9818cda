package gateway

import (
	"context"
	"slices"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// errOtherResult refuses columns that are not those with which a statement was prepared: the client reads its rows as these.
func errOtherResult() error {
	return pgerr.New(pgerr.FeatureNotSupported, "cached plan must not change result type")
}

// currentWrite binds a statement about temporary tables again, if these are not the ones with which it was prepared.
func (s *session) currentWrite(ctx context.Context, p *prepared) error {
	if p.st.Kind != sql.KindWrite || p.temporary == s.temporaryVersion() {
		return nil
	}
	w, ok, err := s.bindTemporary(ctx, p.st, p.params, nil)
	if err != nil || !ok {
		return err
	}
	same := func(a, b engine.Column) bool { return a.Name == b.Name && a.Type == b.Type }
	if !slices.EqualFunc(p.columns, returned(w), same) {
		return errOtherResult()
	}
	p.temporary = s.temporaryVersion()
	return nil
}

// returned gives the columns of RETURNING, none without it.
func returned(w *sql.Temporary) []engine.Column {
	if w.Returning == nil {
		return nil
	}
	return shown(columnsOf(w.Returning))
}
