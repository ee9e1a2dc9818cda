package etl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"tidegate/catalog"
	"tidegate/internal/logkey"
	"tidegate/internal/storage"
)

// maxAgain is how often one run makes a batch again because keys vanished. Each time some batch has lost keys, which one
// that is of the present version does only if the SELECT gives others than before.
const maxAgain = 10

// remaking makes batches of a table again, Options.Jobs at a time, each with what it is bound to and under a lease. Other
// runs may do the same: who has the lease looks again what there is to do.
type remaking struct {
	*run
	bucket   storage.Bucket
	chosen   func(l *lineage) func(*catalog.Batch) string // what is to be made again, and why
	progress Progress

	mu       sync.Mutex
	todo     []*component
	busy     int // components that are being made
	skip     map[catalog.BatchRef]bool
	again    map[catalog.BatchRef]int   // how often a batch that this run made was made by it before
	late     map[catalog.BatchRef]int   // how often another run was before this one
	expected map[catalog.BatchRef]int64 // by a component's first ref its bytes, until it is done
	stopped  bool
	errs     []error
}

func (t *run) newRemaking(bucket storage.Bucket, progress Progress) *remaking {
	return &remaking{
		run: t, bucket: bucket, progress: progress, skip: map[catalog.BatchRef]bool{}, again: map[catalog.BatchRef]int{}, late: map[catalog.BatchRef]int{},
		expected: map[catalog.BatchRef]int64{},
	}
}

// all makes what is chosen, until nothing is.
func (m *remaking) all(ctx context.Context, chosen func(l *lineage) func(*catalog.Batch) string) error {
	m.chosen, m.errs = chosen, nil
	if _, err := m.plan(ctx); err != nil {
		m.stopped = true
		return err
	}
	var workers sync.WaitGroup
	for range cap(m.slots) - 1 {
		workers.Go(func() { m.work(ctx) })
	}
	m.work(ctx)
	workers.Wait()
	if !m.stopped { // what is left another run has made
		for first, bytes := range m.expected {
			m.progress.Done(bytes)
			delete(m.expected, first)
		}
	}
	return errors.Join(m.errs...)
}

// plan finds out what is to be made now.
func (m *remaking) plan(ctx context.Context) (*lineage, error) {
	l, err := m.readLineage(ctx)
	if err != nil {
		return nil, err
	}
	bonds, err := m.bonds(ctx, l)
	if err != nil {
		return nil, err
	}
	m.todo = slices.DeleteFunc(l.components(bonds, m.chosen(l)), func(c *component) bool {
		return slices.ContainsFunc(c.refs(), func(r catalog.BatchRef) bool { return m.skip[r] })
	})
	for _, c := range m.todo {
		if _, ok := m.expected[c.refs()[0]]; !ok {
			m.expected[c.refs()[0]] = c.bytes()
			m.progress.Expect(1, c.bytes())
		}
	}
	return l, nil
}

func (m *remaking) work(ctx context.Context) {
	for wait := (patience{}); ; {
		did, more := false, false
		err := m.inSlot(ctx, func() (err error) {
			did, more, err = m.piece(ctx)
			return err
		})
		if err == nil && !did && more {
			err = m.claims.pause(ctx, &wait, m.p.Table)
		}
		if did {
			wait = patience{}
		}
		if m.note(err) || !did && !more {
			return
		}
	}
}

// note keeps an error, and reports whether the work is over because of one.
func (m *remaking) note(err error) (over bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.errs = append(m.errs, err)
		m.stopped = m.stopped || !isCheck(err)
	}
	return m.stopped
}

// piece makes the next component again that nobody has leased. more says that there are others, which may be leased, or may
// come of what is being made.
func (m *remaking) piece(ctx context.Context) (did, more bool, err error) {
	under, next, err := m.lease(ctx)
	if err != nil || next.component == nil {
		return false, next.left, err
	}
	t := *m.run
	t.under = []catalog.Lease{next.lease}
	b, err := t.remakeBatch(under, m.bucket, next.lineage, next.component, m.progress)
	other := err != nil && ctx.Err() == nil && (lost(under, err) || isStale(err))
	m.done(next.component, b, other)
	if other {
		m.log.WarnContext(ctx, "another run has made a batch again", logkey.Batch, next.component.ids(), logkey.Error, err)
		err = nil
	}
	return true, true, errors.Join(err, next.release())
}

// leased is what lease gives: a component and its lease, if left says so none of those that are left.
type leased struct {
	component *component
	lineage   *lineage
	lease     catalog.Lease
	release   func() error
	left      bool
}

// lease takes the first component that nobody has leased.
func (m *remaking) lease(ctx context.Context) (under context.Context, l leased, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.todo) == 0 {
		if _, err := m.plan(ctx); err != nil {
			return nil, l, err
		}
	}
	for i := 0; i < len(m.todo); i++ {
		c := m.todo[i]
		under, lease, release, err := m.claims.take(ctx, m.p.Table, remakePiece(c.refs()), nil)
		if errors.Is(err, catalog.ErrLeased) {
			continue
		}
		if err != nil {
			return nil, l, err
		}
		// Only what is true under the lease stays so: nobody requeues meanwhile.
		now, err := m.plan(ctx)
		if err != nil {
			return nil, l, errors.Join(err, release())
		}
		at := slices.IndexFunc(m.todo, func(d *component) bool { return slices.Equal(c.refs(), d.refs()) })
		if at < 0 {
			if err := release(); err != nil {
				return nil, l, err
			}
			i = -1
			continue
		}
		c = m.todo[at]
		m.todo = slices.Delete(m.todo, at, at+1)
		m.busy++
		for _, r := range c.refs() {
			m.skip[r] = true
		}
		return under, leased{component: c, lineage: now, lease: lease, release: release}, nil
	}
	return nil, leased{left: len(m.todo) > 0 || m.busy > 0}, nil
}

// done notes how the making of a component ended. What another run has taken over is looked at again, what failed is not.
func (m *remaking) done(c *component, b *batch, other bool) {
	m.progress.Done(c.bytes())
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.expected, c.refs()[0])
	m.busy--
	if other {
		m.lookAgain(c)
		return
	}
	if b == nil {
		return
	}
	most := 0
	for _, r := range c.refs() {
		most = max(most, m.again[r])
	}
	made := catalog.BatchRef{Batch: b.id, Revision: b.revision}
	m.again[made] = most + 1
	if most+1 == maxAgain {
		m.skip[made] = true
		m.errs = append(m.errs, unsound("batch %s was made again %d times, and keys vanish each time: the SELECT gives other rows each time; run it again if that is not so", b.id, maxAgain))
	}
}

// lookAgain has a component considered once more, but not for ever.
func (m *remaking) lookAgain(c *component) {
	first := c.refs()[0]
	if m.late[first]++; m.late[first] == maxAgain {
		m.errs = append(m.errs, unsound("batch %s stays as it is: each of %d times that it was made again another run had changed it before; run it again", c.ids(), maxAgain))
		return
	}
	for _, r := range c.refs() {
		delete(m.skip, r)
	}
}

// whyStale is why a loser is made again.
const whyStale = "lost rows to a batch that has them no more"

// remakeStale makes the batches again whose lost rows are nowhere any more.
func (m *remaking) remakeStale(ctx context.Context) error {
	return m.all(ctx, func(*lineage) func(*catalog.Batch) string {
		return func(b *catalog.Batch) string {
			if !b.Stale {
				return ""
			}
			return whyStale
		}
	})
}

// remakeStale is for a run of the pipeline: what cannot be made again because its objects are gone must not keep new ones
// from being read, today and ever after. stopped forbids to go on.
func (t *run) remakeStale(ctx context.Context, bucket storage.Bucket) (stopped bool, err error) {
	if t.Objects != nil {
		return false, nil
	}
	stale, err := t.Store.StaleBatches(ctx, t.p.Table)
	if err != nil || len(stale) == 0 {
		return err != nil, err
	}
	t.log.InfoContext(ctx, "batches are made again that lost rows to others which have them no more", "batches", len(stale))
	m := t.newRemaking(bucket, noProgress{})
	if err := m.remakeStale(ctx); err != nil && !m.onlyMissing(ctx) {
		return m.stopped, fmt.Errorf("make batches again: %w", err)
	}
	return false, nil
}

// onlyMissing reports whether nothing failed but for want of objects, and says what.
func (m *remaking) onlyMissing(ctx context.Context) bool {
	for _, err := range m.errs {
		missing, ok := errors.AsType[*missingError](err)
		if !ok {
			return false
		}
		m.log.WarnContext(ctx, "rows are missing", logkey.Error, missing)
	}
	return true
}
