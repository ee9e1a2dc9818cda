package hotload

import (
	"context"
	"errors"
	"sync"

	"tidegate/catalog"
	"tidegate/internal/logkey"
)

// alterations are the hot tables that somebody else has changed, and how. The zero value has none.
type alterations struct {
	mu    sync.Mutex
	known map[catalog.Name]string // guarded by mu
}

// note keeps what a look at a table gave: an AlteredError, another error, which tells nothing, or nil. It reports
// whether that is news.
func (a *alterations) note(table catalog.Name, err error) (news bool) {
	altered, ok := errors.AsType[*AlteredError](err)
	if err != nil && !ok {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	before := a.known[table]
	if !ok {
		delete(a.known, table)
		return before != ""
	}
	if a.known == nil {
		a.known = map[catalog.Name]string{}
	}
	a.known[table] = altered.Error()
	return before != altered.Error()
}

// Altered says how somebody else has changed a hot table, in one line; "" if nobody has, as far as is known. Nobody may
// read a table that was changed.
func (l *Loader) Altered(table catalog.Name) string {
	l.altered.mu.Lock()
	defer l.altered.mu.Unlock()
	return l.altered.known[table]
}

// AnyAltered reports whether some hot table is known to have been changed.
func (l *Loader) AnyAltered() bool {
	l.altered.mu.Lock()
	defer l.altered.mu.Unlock()
	return len(l.altered.known) > 0
}

// check compares a hot table with its definition and keeps what it finds for Altered.
func (l *Loader) check(ctx context.Context, tv *catalog.TableView) error {
	if tv.Table.Hot == nil {
		return nil
	}
	err := l.Hot.Check(ctx, tv.Table, loadedColumns(tv))
	if l.altered.note(tv.Table.Name, err) && err != nil {
		l.Log.WarnContext(ctx, "hot table was altered", logkey.Table, tv.Table.Name.String(), logkey.Error, err)
	}
	return err
}

// Recheck looks at the columns of every hot table: a statement found one to be another than the catalog says. What it
// finds is Altered's answer. Rows of a table that is not there any more are loaded again by the next pass, which Watch
// then does not put off.
func (l *Loader) Recheck(ctx context.Context) error {
	v, err := l.Store.View(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, tv := range v.Tables {
		err := l.check(ctx, tv)
		e, altered := errors.AsType[*AlteredError](err)
		switch {
		case errors.Is(err, errGone), altered && e.followed:
			l.lost.Store(true)
		case !altered:
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
