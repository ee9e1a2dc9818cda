package duck

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	bind "github.com/duckdb/duckdb-go-bindings"

	"tidegate/internal/pgerr"
)

// reopenPatience bounds how long what runs on a broken instance may take to end. It fails at its next step.
const reopenPatience = 30 * time.Second

// errBroken ends what runs on an instance that is broken.
func errBroken() error {
	return pgerr.New(pgerr.IOError, "the engine had to be opened anew").WithHint("Run the statement again.")
}

// isBroken knows the texts of an instance, or an attached database, that answers nothing any more.
func isBroken(text string) bool { return strings.Contains(text, "has been invalidated") }

// translate is the package's translate. It notices an instance that is broken.
func (c *conn) translate(text string) error {
	if isBroken(text) && c.db != nil {
		c.db.broke(c)
	}
	return translate(text)
}

// broke has the instance of c opened anew, once.
func (db *DB) broke(c *conn) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if c.generation == db.generation {
		db.startReopening()
	}
}

// startReopening is for the holder of mu.
func (db *DB) startReopening() {
	if db.closed || db.options.Filled || db.reopening != nil {
		return
	}
	db.reopening = make(chan struct{})
	time.AfterFunc(0, db.reopen) // a goroutine that outlives whoever noticed
}

// reopen ends what runs and opens the instance anew, while acquire waits.
func (db *DB) reopen() {
	ctx := context.Background()
	db.log.ErrorContext(ctx, "duckdb is broken and opened anew")
	instance, err := db.renew(ctx)
	db.mu.Lock()
	defer db.mu.Unlock()
	if err != nil {
		db.log.ErrorContext(ctx, "open duckdb anew", "error", err)
	}
	if instance.Ptr != nil {
		db.instance = instance
		db.generation++
	}
	db.lost = err
	close(db.reopening)
	db.reopening = nil
	db.shutdownIfUnused()
}

// renew gives an instance in place of the one that is broken. What is broken stays where it is if somebody still uses it.
func (db *DB) renew(ctx context.Context) (bind.Database, error) {
	if err := db.vacate(); err != nil {
		return bind.Database{}, err
	}
	db.mu.Lock()
	if db.instance.Ptr != nil {
		bind.Close(&db.instance)
	}
	db.mu.Unlock()
	fresh := &DB{log: db.log, results: map[*rows]struct{}{}}
	if err := fresh.openInstance(db.options); err != nil {
		return bind.Database{}, err
	}
	if err := fresh.configure(ctx, db.options); err != nil {
		return bind.Database{}, errors.Join(err, fresh.Close())
	}
	for _, c := range fresh.idle {
		c.close() // it would tell fresh of what breaks
	}
	return fresh.instance, nil
}

// settled waits until the instance is not being opened anew. mu is held, and given back meanwhile.
func (db *DB) settled() {
	for db.reopening != nil {
		reopened := db.reopening
		db.mu.Unlock()
		<-reopened
		db.mu.Lock()
	}
}

// vacate ends all results and waits until nobody uses the instance.
func (db *DB) vacate() error {
	db.mu.Lock()
	for _, c := range db.idle {
		c.close()
	}
	db.idle = nil
	open := make([]*rows, 0, len(db.results))
	for r := range db.results {
		open = append(open, r)
	}
	db.mu.Unlock()
	for _, r := range open {
		r.abandon(errBroken())
	}
	for end := time.Now().Add(reopenPatience); ; time.Sleep(interruptEvery) {
		db.mu.Lock()
		n := db.users
		db.mu.Unlock()
		if n == 0 {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%d results or sessions are still open", n)
		}
	}
}

// abandon ends a result from outside. Its reader may still look at its last chunk, which stays until Close.
func (r *rows) abandon(cause error) {
	r.stop(cause)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.left {
		return
	}
	if r.end == nil || errors.Is(r.end, errRowsClosed) {
		r.end = cause
	}
	r.leave()
}

// Generation counts how often the instance was opened anew: what it kept in memory is gone then.
func (db *DB) Generation() int {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.generation
}
