package metastore

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"tidegate/catalog"
)

// Lease takes a lease, and the place of the ended ones that stand in its way.
func (s *Store) Lease(ctx context.Context, l catalog.Lease, now time.Time) (catalog.Lease, error) {
	err := s.write(ctx, fmt.Sprintf("lease %q of %s", l.Piece, l.Table), func(w *writer) error {
		tableID, err := w.table(l.Table)
		if err != nil {
			return err
		}
		if err := w.unread(tableID, l.Inputs); err != nil {
			return err
		}
		if err := w.makeRoom(tableID, l, now); err != nil {
			return err
		}
		err = w.row(`INSERT INTO lease (table_id, piece, owner, until) VALUES ($1, $2, $3, $4) RETURNING token`,
			tableID, l.Piece, l.Owner, micros(l.Until)).Scan(&l.Token)
		if err != nil {
			return err
		}
		rows := make([][]any, len(l.Inputs))
		for i, in := range l.Inputs {
			rows[i] = []any{tableID, in.Key, in.ETag, l.Token}
		}
		_, err = w.insert(`lease_input (table_id, key, etag, token)`, ``, rows)
		return err
	})
	return l, err
}

// unread makes sure that no published batch has read the inputs as they are.
func (w *writer) unread(tableID int64, inputs []catalog.Input) error {
	var known catalog.ReadError
	for some := range slices.Chunk(inputs, keysPerQuery) {
		etags := map[string]string{}
		err := eachRow(w.ctx, w.tx, `SELECT key, etag FROM input WHERE table_id = $1 AND key IN (`+parameters(2, len(some))+`)`,
			func(rows *stdsql.Rows) error {
				var key, etag string
				err := rows.Scan(&key, &etag)
				etags[key] = etag
				return err
			}, behind(keysOf(some), tableID)...)
		if err != nil {
			return err
		}
		for _, in := range some {
			if etag, ok := etags[in.Key]; ok && etag == in.ETag {
				known.Keys = append(known.Keys, in.Key)
			}
		}
	}
	if len(known.Keys) > 0 {
		return &known
	}
	return nil
}

func keysOf(inputs []catalog.Input) []string {
	keys := make([]string, len(inputs))
	for i := range inputs {
		keys[i] = inputs[i].Key
	}
	return keys
}

// makeRoom takes out the leases that exclude this one if all of them have ended.
func (w *writer) makeRoom(tableID int64, l catalog.Lease, now time.Time) error {
	if err := w.endLease(`table_id = $1 AND ($2 = '' OR piece IN ('', $2))`, now, tableID, l.Piece); err != nil {
		return err
	}
	for some := range slices.Chunk(l.Inputs, keysPerQuery) {
		err := w.endLease(`token IN (SELECT token FROM lease_input WHERE table_id = $1 AND key IN (`+parameters(2, len(some))+`))`,
			now, behind(keysOf(some), tableID)...)
		if err != nil {
			return err
		}
	}
	return nil
}

// endLease deletes the leases of a condition; ErrLeased if one of them has not ended.
func (w *writer) endLease(condition string, now time.Time, args ...any) error {
	var owner string
	err := w.row(fmt.Sprintf(`SELECT owner FROM lease WHERE until > $%d AND %s LIMIT 1`, len(args)+1, condition),
		append(args, micros(now))...).Scan(&owner)
	if err == nil {
		return fmt.Errorf("%w: %s", catalog.ErrLeased, owner)
	}
	if !errors.Is(err, stdsql.ErrNoRows) {
		return err
	}
	return w.exec(`DELETE FROM lease WHERE `+condition, args...)
}

// Leases gives the leases of a table by token, ended ones too.
func (s *Store) Leases(ctx context.Context, table catalog.Name) ([]catalog.Lease, error) {
	// One statement: what another process changes between two would be seen by half.
	lines, err := read(ctx, s, `SELECT token, piece, owner, until, key, etag FROM lease LEFT JOIN lease_input USING (token)
		WHERE lease.table_id = (SELECT table_id FROM tbl WHERE name = $1) ORDER BY token, key`,
		func(rows *stdsql.Rows) (l catalog.Lease, err error) {
			var until int64
			var key, etag stdsql.NullString
			err = rows.Scan(&l.Token, &l.Piece, &l.Owner, &until, &key, &etag)
			l.Table, l.Until = table, instant(until)
			if key.Valid {
				l.Inputs = []catalog.Input{{Key: key.String, ETag: etag.String}}
			}
			return l, err
		}, table.String())
	if err != nil {
		return nil, fmt.Errorf("read the leases of %s in catalog %s: %w", table, s.db, err)
	}
	var all []catalog.Lease
	for _, l := range lines {
		if n := len(all); n > 0 && all[n-1].Token == l.Token {
			all[n-1].Inputs = append(all[n-1].Inputs, l.Inputs...)
			continue
		}
		all = append(all, l)
	}
	return all, nil
}

// RenewLeases moves the end of the leases that a process still holds, and gives their tokens.
func (s *Store) RenewLeases(ctx context.Context, owner string, until time.Time) (held []int64, err error) {
	err = s.write(ctx, "renew leases", func(w *writer) error {
		held, err = rowsOf(w.ctx, w.tx, `UPDATE lease SET until = $1 WHERE owner = $2 RETURNING token`,
			func(rows *stdsql.Rows) (token int64, err error) {
				err = rows.Scan(&token)
				return token, err
			}, micros(until), owner)
		return err
	})
	return held, err
}

// ReleaseLease ends a lease, if it is not lost.
func (s *Store) ReleaseLease(ctx context.Context, l catalog.Lease) error {
	return s.write(ctx, "release a lease", func(w *writer) error {
		return w.exec(`DELETE FROM lease WHERE token = $1`, l.Token)
	})
}

// ExpireLeases ends the time of a process's leases: it is dead.
func (s *Store) ExpireLeases(ctx context.Context, owner string) error {
	return s.write(ctx, "expire leases", func(w *writer) error {
		return w.exec(`UPDATE lease SET until = 0 WHERE owner = $1`, owner)
	})
}

// held makes sure that none of the leases is lost.
func (w *writer) held(leases []catalog.Lease) error {
	for _, l := range leases {
		var token int64
		err := w.row(`SELECT token FROM lease WHERE token = $1`, l.Token).Scan(&token)
		if errors.Is(err, stdsql.ErrNoRows) {
			return fmt.Errorf("%w: %q of %s", catalog.ErrLeaseLost, l.Piece, l.Table)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// allowed makes sure that none of the leases is lost, that nobody else read what they are for, and that the rows are still
// no duplicates.
func (p *publication) allowed(under []catalog.Lease) error {
	if err := p.held(under); err != nil {
		return err
	}
	if slices.ContainsFunc(under, func(l catalog.Lease) bool { return len(l.Inputs) > 0 }) {
		if err := p.unread(p.tableID, p.r.Inputs); err != nil {
			return err
		}
	}
	p.leased = len(under) > 0
	if !p.leased || p.r.Basis == nil {
		return nil
	}
	return p.fresh()
}

// fresh makes sure that no partition changed after the Basis that the record has rows for, or would have, were they not
// there already. A compaction changes no row.
func (p *publication) fresh() error {
	partitions := map[string]bool{}
	for i := range p.r.Files {
		partitions[p.r.Files[i].Partition] = true
	}
	for _, l := range p.r.Lost {
		partitions[l.Partition] = true
	}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(partitions)), keysPerQuery) {
		var changed string
		err := p.row(`SELECT value FROM part WHERE table_id = $1 AND value IN (`+parameters(3, len(some))+`) AND EXISTS (
			SELECT 1 FROM generation g JOIN file f ON f.table_id = g.table_id AND (f.begin_generation = g.number OR f.end_generation = g.number)
			WHERE g.table_id = $1 AND g.number > $2 AND g.kind <> 'compact' AND f.partition_id = part.partition_id)
			ORDER BY value LIMIT 1`, behind(some, p.tableID, *p.r.Basis)...).Scan(&changed)
		if err == nil {
			return fmt.Errorf("%w: partition %q changed after generation %d", catalog.ErrStale, changed, *p.r.Basis)
		}
		if !errors.Is(err, stdsql.ErrNoRows) {
			return err
		}
	}
	return nil
}
