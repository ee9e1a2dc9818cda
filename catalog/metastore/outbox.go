package metastore

import (
	"context"
	stdsql "database/sql"
	"errors"
	"time"

	"tidegate/catalog"
)

// selectDue finds the oldest notice that is due. That something is resolved nobody is told before that it is there, as long
// as that is tried.
const selectDue = `SELECT ` + incidentColumns + `, n.event, coalesce(d.attempts, 0)
	FROM notice n JOIN incident i USING (incident_id) JOIN tbl t USING (table_id)
	LEFT JOIN delivery d ON d.incident_id = n.incident_id AND d.event = n.event AND d.target = $1
	WHERE n.at > $3 AND coalesce(d.delivered_at, 0) = 0 AND coalesce(d.next_at, 0) <= $2
	  AND (n.event = 'opened' OR NOT EXISTS (
		SELECT 1 FROM notice o
		LEFT JOIN delivery od ON od.incident_id = o.incident_id AND od.event = o.event AND od.target = $1
		WHERE o.incident_id = n.incident_id AND o.event = 'opened' AND o.at > $3 AND coalesce(od.delivered_at, 0) = 0))
	ORDER BY n.at, n.incident_id LIMIT 1`

// ClaimNotice gives the oldest notice that is due for a target, and puts its next attempt off.
func (s *Store) ClaimNotice(ctx context.Context, target string, now time.Time, keep time.Duration, wait func(attempts int) time.Duration) (n catalog.Notice, found bool, err error) {
	err = s.write(ctx, "claim a notice for "+target, func(w *writer) error {
		var err error
		due := w.row(selectDue, target, micros(now), micros(now.Add(-keep)))
		if n.Incident, err = scanIncident(due, &n.Event, &n.Attempts); errors.Is(err, stdsql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		found = true
		n.Attempts++
		return w.exec(`INSERT INTO delivery (incident_id, event, target, attempts, next_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (incident_id, event, target) DO UPDATE SET attempts = excluded.attempts, next_at = excluded.next_at`,
			n.ID, string(n.Event), target, n.Attempts, micros(now.Add(wait(n.Attempts))))
	})
	return n, found && err == nil, err
}

// NoticeDelivered says that a target has a notice.
func (s *Store) NoticeDelivered(ctx context.Context, n catalog.Notice, target string, at time.Time) error {
	return s.write(ctx, "note a delivered notice", func(w *writer) error {
		return w.exec(`UPDATE delivery SET delivered_at = $1 WHERE incident_id = $2 AND event = $3 AND target = $4`,
			micros(at), n.ID, string(n.Event), target)
	})
}

// ForgetNotices empties the outbox.
func (s *Store) ForgetNotices(ctx context.Context) error {
	return s.write(ctx, "empty the outbox of notices", func(w *writer) error { return w.exec(`DELETE FROM notice`) })
}
