package metastore

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"slices"
	"time"

	"tidegate/catalog"
)

// Raise opens an incident, or says that an open one was seen again.
func (s *Store) Raise(ctx context.Context, i catalog.Incident) error {
	return s.write(ctx, fmt.Sprintf("raise %s of %s", i.Kind, i.Table), func(w *writer) error {
		id, err := w.table(i.Table)
		if err != nil {
			return err
		}
		return w.raise(id, i)
	})
}

// RaiseAbsence raises the absence of batches since a time, unless there is one.
func (s *Store) RaiseAbsence(ctx context.Context, i catalog.Incident, since time.Time) error {
	return s.write(ctx, "raise the absence of a batch of "+i.Table.String(), func(w *writer) error {
		id, err := w.table(i.Table)
		if err != nil {
			return err
		}
		var there int
		err = w.row(`SELECT count(*) FROM batch WHERE table_id = $1 AND state <> 'failed' AND kind NOT IN ($2, $3) AND arrived_at >= $4`,
			id, string(catalog.RecordRequeue), string(catalog.RecordCompact), micros(since)).Scan(&there)
		if err != nil || there > 0 {
			return err
		}
		return w.raise(id, i)
	})
}

// Resolve says that open incidents of a table are over.
func (s *Store) Resolve(ctx context.Context, table catalog.Name, at time.Time, over func(catalog.Incident) bool) error {
	open, err := s.Incidents(ctx, time.Time{})
	if err != nil {
		return err
	}
	// Mostly there is nothing to write.
	open = slices.DeleteFunc(open, func(i catalog.Incident) bool { return i.Table != table || !over(i) })
	if len(open) == 0 {
		return nil
	}
	return s.write(ctx, "resolve incidents of "+table.String(), func(w *writer) error {
		for _, i := range open {
			if err := w.resolve(i.ID, at); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *writer) raise(tableID int64, i catalog.Incident) error {
	i.Text = storable(i.Text)
	seen, err := w.changed(`UPDATE incident SET seen_at = $1, batch = $2, text = $3 WHERE table_id = $4 AND kind = $5 AND rule = $6 AND resolved_at = 0`,
		micros(i.SeenAt), i.Batch, i.Text, tableID, string(i.Kind), i.Rule)
	if err != nil || seen > 0 {
		return err
	}
	var id int64
	err = w.row(`INSERT INTO incident (table_id, kind, rule, batch, text, opened_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $6) RETURNING incident_id`,
		tableID, string(i.Kind), i.Rule, i.Batch, i.Text, micros(i.SeenAt)).Scan(&id)
	if err != nil {
		return err
	}
	return w.notice(id, catalog.NoticeOpened, i.SeenAt)
}

// resolve ends an incident, if it is open.
func (w *writer) resolve(id int64, at time.Time) error {
	ended, err := w.changed(`UPDATE incident SET resolved_at = $1 WHERE incident_id = $2 AND resolved_at = 0`, micros(at), id)
	if err != nil || ended == 0 {
		return err
	}
	return w.notice(id, catalog.NoticeResolved, at)
}

// keepResolved is how long incidents are there that are over, and their notices.
const keepResolved = 30 * 24 * time.Hour

// notice puts what an incident came to into the outbox, and takes out what is long over.
func (w *writer) notice(id int64, event catalog.NoticeEvent, at time.Time) error {
	const old = `(SELECT incident_id FROM incident WHERE resolved_at > 0 AND resolved_at < $1 AND incident_id <> $2)`
	for _, from := range []string{"delivery", "notice", "incident"} {
		if err := w.exec(`DELETE FROM `+from+` WHERE incident_id IN `+old, micros(at.Add(-keepResolved)), id); err != nil {
			return err
		}
	}
	return w.exec(`INSERT INTO notice (incident_id, event, at) VALUES ($1, $2, $3)`, id, string(event), micros(at))
}

// tellIncidents raises what a published batch says of itself, and resolves what it shows to be over.
func (p *publication) tellIncidents() error {
	if p.r.Kind == catalog.RecordRequeue || p.r.Kind == catalog.RecordRemake || p.r.Kind == catalog.RecordCompact {
		return nil // nothing of it is about what comes now
	}
	at := catalog.Incident{Table: p.r.Table.Name, Batch: p.r.Batch, SeenAt: p.r.CommittedAt}
	broken := map[string]bool{}
	for _, b := range p.r.Broken {
		i := at
		i.Kind, i.Rule, i.Text = catalog.IncidentWarn, b.Rule, b.Told()
		broken[b.Rule] = true
		if err := p.raise(p.tableID, i); err != nil {
			return err
		}
	}
	if o := p.r.Overrun; o != nil {
		i := at
		i.Kind, i.Text = catalog.IncidentOverrun, o.String()
		if err := p.raise(p.tableID, i); err != nil {
			return err
		}
	}
	open, err := p.openIncidents()
	if err != nil {
		return err
	}
	for _, i := range open {
		over := i.Kind == catalog.IncidentAbsence || i.Kind == catalog.IncidentWarn && !broken[i.Rule] ||
			i.Kind == catalog.IncidentOverrun && p.r.Overrun == nil
		if !over {
			continue
		}
		if err := p.resolve(i.ID, p.r.CommittedAt); err != nil {
			return err
		}
	}
	return nil
}

func (p *publication) openIncidents() ([]catalog.Incident, error) {
	return rowsOf(p.ctx, p.tx, selectIncidents+` WHERE i.table_id = $1 AND i.resolved_at = 0`, incidentOf, p.tableID)
}

// tellFailure raises what kept a batch from being published: the rules that stopped it, or a failure.
func (w *writer) tellFailure(tableID int64, b catalog.Batch, at time.Time) error {
	i := catalog.Incident{Table: b.Table, Kind: catalog.IncidentFailure, Batch: b.ID, Text: b.Reason, SeenAt: at}
	stopped := false
	for _, r := range b.Broken {
		if !r.Stops() {
			continue
		}
		stopped = true
		i.Kind, i.Rule, i.Text = catalog.IncidentStop, r.Rule, r.String()
		if err := w.raise(tableID, i); err != nil {
			return err
		}
	}
	if stopped {
		return nil
	}
	return w.raise(tableID, i)
}

// incidentColumns are those that scanIncident reads.
const incidentColumns = `i.incident_id, t.name, i.kind, i.rule, i.batch, i.text, i.opened_at, i.seen_at, i.resolved_at`

const selectIncidents = `SELECT ` + incidentColumns + ` FROM incident i JOIN tbl t USING (table_id)`

// Incidents gives the open ones, and those that were resolved from a time on, the oldest first; the zero time gives the
// open ones alone.
func (s *Store) Incidents(ctx context.Context, resolvedFrom time.Time) ([]catalog.Incident, error) {
	all, err := read(ctx, s, selectIncidents+` WHERE i.resolved_at = 0 OR CAST($1 AS bigint) > 0 AND i.resolved_at >= $1
		ORDER BY i.opened_at, i.incident_id`, incidentOf, micros(resolvedFrom))
	if err != nil {
		return nil, fmt.Errorf("read incidents of catalog %s: %w", s.db, err)
	}
	return all, nil
}

func incidentOf(rows *stdsql.Rows) (catalog.Incident, error) { return scanIncident(rows) }

// scanIncident reads incidentColumns, and what follows them into more.
func scanIncident(row interface{ Scan(into ...any) error }, more ...any) (catalog.Incident, error) {
	var i catalog.Incident
	var name string
	var opened, seen, resolved int64
	err := row.Scan(append([]any{&i.ID, &name, &i.Kind, &i.Rule, &i.Batch, &i.Text, &opened, &seen, &resolved}, more...)...)
	if err != nil {
		return i, err
	}
	i.OpenedAt, i.SeenAt, i.ResolvedAt = instant(opened), instant(seen), instant(resolved)
	return i, i.Table.UnmarshalText([]byte(name))
}
