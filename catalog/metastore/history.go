package metastore

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
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
	var next *viewState
	err = s.db.Snapshot(ctx, func(q Querier) error {
		next, err = (&loader{ctx: ctx, q: q, at: generation}).older(s.latest.Load())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read generation %d of catalog %s: %w", generation, s.db, err)
	}
	return next.view, nil
}

// older makes the View of generation l.at.
func (l *loader) older(newer *viewState) (*viewState, error) {
	var committed int64
	if l.at > 0 {
		if err := l.row(`SELECT committed_at FROM generation WHERE number = $1`, l.at).Scan(&committed); err != nil {
			return nil, err
		}
	}
	return l.load(newer, instant(committed))
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
	named := `table_id IN (SELECT table_id FROM tbl WHERE name IN (` + parameters(2, len(tables)) + `))`
	var committed int64
	err = s.readOne(ctx, []any{&generation, &committed}, `SELECT number, committed_at FROM generation WHERE number = (SELECT min(g) FROM (
		SELECT min(begin_generation) AS g FROM file WHERE begin_generation > $1 AND `+named+`
		UNION ALL SELECT min(end_generation) FROM file WHERE end_generation > $1 AND `+named+`) changes)`, args...)
	if errors.Is(err, stdsql.ErrNoRows) {
		return 0, time.Time{}, nil
	}
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("read what changed after generation %d of catalog %s: %w", after, s.db, err)
	}
	return generation, instant(committed), nil
}
