package postgres

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"tidegate/catalog/metastore"
)

// answerLasts is how long after it was asked for a version is taken for the newest. A statement looks three times.
const answerLasts = 2 * time.Millisecond

// questions are asked one after the other, each for all who came before it was sent.
type questions struct {
	turn    chan struct{} // of whoever asks
	commits atomic.Int64  // of this process

	mu   sync.Mutex
	next *question // guarded by mu; it is not sent yet; nil: nobody waits
	last question  // guarded by mu; it is answered
}

type question struct {
	came     time.Time // who asked first
	sent     time.Time
	commits  int64 // when it was sent
	answered chan struct{}
	version  metastore.Version
	err      error
}

// Version asks the server. What another process committed up to answerLasts ago may not be in the answer; what this one
// did is. A notification would come later than that, now and then, and nobody would know.
func (d *database) Version(ctx context.Context) (metastore.Version, error) {
	version, q := d.asked.join(func(came time.Time) (metastore.Version, error) { return d.ask(context.WithoutCancel(ctx), came) })
	if q == nil {
		return version, nil
	}
	select {
	case <-q.answered:
		return q.version, q.err
	case <-ctx.Done():
		return metastore.Version{}, context.Cause(ctx)
	}
}

// join gives the last answer, if that still counts, else the question that is sent next.
func (a *questions) join(ask func(came time.Time) (metastore.Version, error)) (metastore.Version, *question) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last.commits == a.commits.Load() && time.Since(a.last.sent) < answerLasts {
		return a.last.version, nil
	}
	if a.next == nil {
		a.next = &question{came: time.Now(), answered: make(chan struct{})}
		go a.send(a.next, ask)
	}
	return metastore.Version{}, a.next
}

func (a *questions) send(q *question, ask func(came time.Time) (metastore.Version, error)) {
	a.turn <- struct{}{}
	a.mu.Lock()
	a.next = nil // who comes from here on was perhaps too late for it
	q.sent, q.commits = time.Now(), a.commits.Load()
	a.mu.Unlock()
	q.version, q.err = ask(q.came)
	if q.err == nil {
		a.mu.Lock()
		a.last = *q // before anybody has it: nobody gets an older one after a newer one
		a.mu.Unlock()
	}
	<-a.turn
	close(q.answered)
}

// ask gives the number of changes: generations, and what changed views without one. Patience began when the question came:
// while the server is away, the one before it has taken some.
func (d *database) ask(ctx context.Context, came time.Time) (v metastore.Version, err error) {
	err = againUntil(ctx, came.Add(patience), func() (bool, error) {
		err := d.db.QueryRowContext(ctx, `SELECT id, (SELECT coalesce(max(number), 0) FROM generation)
			+ (SELECT CAST(coalesce(sum(hot_changes), 0) AS bigint) FROM tbl) FROM catalog`).Scan(&v.Catalog, &v.Change)
		return lost(err), err
	})
	if err != nil {
		return v, fmt.Errorf("ask for the newest generation: %w", err)
	}
	return v, nil
}
