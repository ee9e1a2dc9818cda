package sqlite

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tidegate/catalog"
)

// ViewAt gives an older generation. What it has in common with the newest one is not read again.
func (s *Store) ViewAt(ctx context.Context, generation int64) (*catalog.View, error) {
	newest, err := s.View(ctx)
	if err != nil {
		return nil, err
	}
	if generation == newest.Generation {
		return newest, nil
	}
	horizon, err := s.Horizon(ctx)
	if err != nil {
		return nil, err
	}
	if generation < horizon || generation > newest.Generation {
		return nil, fmt.Errorf("%w: %d, the oldest is %d, the newest %d", catalog.ErrNoGeneration, generation, horizon, newest.Generation)
	}
	s.viewMu.Lock()
	base := s.view
	s.viewMu.Unlock()
	next, err := s.loadAt(ctx, generation, base)
	if err != nil {
		return nil, fmt.Errorf("read generation %d of catalog %s: %w", generation, s.path, err)
	}
	return next.view, nil
}

func (s *Store) loadAt(ctx context.Context, generation int64, base *viewState) (_ *viewState, err error) {
	tx, err := s.db.BeginTx(ctx, &stdsql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	var committed int64
	if generation > 0 {
		err := tx.QueryRowContext(ctx, `SELECT committed_at FROM generation WHERE number = ?`, generation).Scan(&committed)
		if err != nil {
			return nil, err
		}
	}
	return (&loader{ctx: ctx, tx: tx, at: generation}).load(base, instant(committed))
}

// Changed gives the first generation after one that changed the live files of one of the tables.
func (s *Store) Changed(ctx context.Context, after int64, tables ...catalog.Name) (generation int64, at time.Time, err error) {
	if len(tables) == 0 {
		return 0, time.Time{}, nil
	}
	args := []any{after}
	for _, t := range tables {
		args = append(args, t.String())
	}
	named := `table_id IN (SELECT table_id FROM tbl WHERE name IN (` + strings.Join(slices.Repeat([]string{"?"}, len(tables)), ", ") + `))`
	var committed int64
	err = s.db.QueryRowContext(ctx, `SELECT number, committed_at FROM generation WHERE number = (SELECT min(g) FROM (
		SELECT min(begin_generation) AS g FROM file WHERE begin_generation > ?1 AND `+named+`
		UNION ALL SELECT min(end_generation) FROM file WHERE end_generation > ?1 AND `+named+`))`,
		append(args, args[1:]...)...).Scan(&generation, &committed)
	if errors.Is(err, stdsql.ErrNoRows) {
		return 0, time.Time{}, nil
	}
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("read what changed after generation %d of catalog %s: %w", after, s.path, err)
	}
	return generation, instant(committed), nil
}
