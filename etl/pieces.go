package etl

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"tidegate/catalog"
	"tidegate/etl/raw"
	"tidegate/internal/logkey"
	"tidegate/internal/storage"
)

// backlog is what this run has found and not begun, of one pipeline. Other runs may have found the same.
type backlog struct {
	*run
	batches func(ctx context.Context, t *run, group []storage.Object) error
	// A group has at most so much.
	maxBytes   int64
	maxObjects int

	mu      sync.Mutex
	todo    []storage.Object
	stopped bool
	errs    []error
}

// workOff makes batches of the objects, each group under a lease and Options.Jobs at a time, and leaves to other runs what
// they have leased: it comes back when that is read, or takes it over when they are dead.
func (t *run) workOff(ctx context.Context, objects []storage.Object, batches func(ctx context.Context, t *run, group []storage.Object) error) error {
	q := &backlog{run: t, batches: batches, todo: objects, maxBytes: t.p.MaxBytes, maxObjects: t.p.MaxObjects}
	if n := t.Workers; n > 1 { // each of them its part, or the first takes all
		total, largest := int64(0), int64(0)
		for _, o := range objects {
			total, largest = total+o.Size, max(largest, o.Size)
		}
		// An object more, or what does not fit into n parts would be a small one beside them.
		q.maxBytes, q.maxObjects = min(q.maxBytes, total/int64(n)+largest), min(q.maxObjects, (len(objects)+n-1)/n)
	}
	var workers sync.WaitGroup
	for range cap(t.slots) - 1 {
		workers.Go(func() { q.work(ctx) })
	}
	q.work(ctx)
	workers.Wait()
	return errors.Join(q.errs...)
}

// work makes pieces until there are none, or some batch failed that forbids to go on.
func (q *backlog) work(ctx context.Context) {
	for wait := (patience{}); !q.empty(); {
		did := false
		err := q.inSlot(ctx, func() (err error) {
			did, err = q.piece(ctx)
			return err
		})
		if err == nil && !did && !q.empty() {
			err = q.claims.pause(ctx, &wait, q.p.Table)
		}
		if did {
			wait = patience{}
		}
		q.note(err)
	}
}

func (q *backlog) empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stopped || len(q.todo) == 0
}

func (q *backlog) note(err error) {
	if err == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.errs = append(q.errs, err)
	q.stopped = q.stopped || !isCheck(err)
}

// piece makes the next piece that nobody has leased; did is false if there is none.
func (q *backlog) piece(ctx context.Context) (did bool, err error) {
	under, l, release, group, err := q.lease(ctx)
	if err != nil || group == nil {
		return false, err
	}
	t := *q.run
	t.under = []catalog.Lease{l}
	if group, err = q.stillNew(under, group); err == nil && len(group) > 0 {
		err = q.batches(under, &t, group)
	}
	// One that was taken for dead may come back when others have changed what its rows were deduplicated against.
	if err != nil && ctx.Err() == nil && (lost(under, err) || isStale(err)) {
		q.log.WarnContext(ctx, "another run has taken over a batch", logkey.Batch, l.Piece, logkey.Error, err)
		q.add(group)
		err = nil
	}
	return true, errors.Join(err, release())
}

// stillNew takes out what another run has read since this one listed it, before the object was replaced. Nobody else can
// read it now.
func (q *backlog) stillNew(ctx context.Context, group []storage.Object) ([]storage.Object, error) {
	if len(q.p.UniqueKey) > 0 {
		return group, nil
	}
	first := group[0].Key
	for _, o := range group {
		first = min(first, o.Key)
	}
	known, err := q.Store.Known(ctx, q.p.Table, first)
	if err != nil {
		return nil, err
	}
	group, refused := q.refuseChanged(group, known)
	if refused != nil {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.errs = append(q.errs, refused)
	}
	return group, nil
}

func (q *backlog) add(group []storage.Object) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.todo = append(q.todo, group...)
}

// lease takes the next group that nobody has leased; of one that is dead first, as that had it: then the batch has the
// same id, and of two processes that take each other for dead only one can write its commit record.
func (q *backlog) lease(ctx context.Context) (under context.Context, l catalog.Lease, release func() error, group []storage.Object, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		leases, err := q.Store.Leases(ctx, q.p.Table)
		if err != nil {
			return nil, l, nil, nil, err
		}
		group, heir := q.next(leases, time.Now())
		if len(group) == 0 {
			return nil, l, nil, nil, nil
		}
		if heir {
			// What the dead one has written and not published is no longer to be made.
			if err := q.recoverRecords(ctx); err != nil {
				return nil, l, nil, nil, err
			}
		}
		inputs, newest := inputsOf(group)
		taken, l, release, err := q.claims.take(ctx, q.p.Table, batchID(q.p.Table, q.p.Version(), recipe{inputs: inputs, newest: newest}), inputs)
		if err == nil {
			q.remove(group)
			return taken, l, release, group, nil
		}
		if read, ok := errors.AsType[*catalog.ReadError](err); ok {
			q.todo = slices.DeleteFunc(q.todo, func(o storage.Object) bool { return slices.Contains(read.Keys, o.Key) })
			continue
		}
		if !errors.Is(err, catalog.ErrLeased) {
			return nil, l, nil, nil, err
		}
		return nil, l, nil, nil, nil
	}
}

// next gives what may be leased now: the objects of a lease that ended, else the first group of those that no lease has.
func (q *backlog) next(leases []catalog.Lease, now time.Time) (group []storage.Object, heir bool) {
	etags := make(map[string]int, len(q.todo))
	for i, o := range q.todo {
		etags[o.Key] = i
	}
	claimed := map[string]bool{}
	for _, l := range leases {
		var has []storage.Object
		for _, in := range l.Inputs {
			if i, ok := etags[in.Key]; ok && q.todo[i].ETag == in.ETag {
				has = append(has, q.todo[i])
			}
			claimed[in.Key] = claimed[in.Key] || l.Until.After(now)
		}
		if !l.Until.After(now) && len(has) > 0 && len(has) == len(l.Inputs) {
			return has, true
		}
	}
	var free []storage.Object
	for _, o := range q.todo {
		if !claimed[o.Key] {
			free = append(free, o)
		}
	}
	if q.Workers > 1 {
		q.todo = free // the rest others have begun: what they leave is for the run that found it
	}
	groups := raw.Group(free, q.maxBytes, q.maxObjects)
	if len(groups) == 0 {
		return nil, false
	}
	return groups[0], false
}

func (q *backlog) remove(group []storage.Object) {
	gone := make(map[string]bool, len(group))
	for _, o := range group {
		gone[o.Key] = true
	}
	q.todo = slices.DeleteFunc(q.todo, func(o storage.Object) bool { return gone[o.Key] })
}

// inputsOf gives the inputs that objects are, and the latest time among them.
func inputsOf(objects []storage.Object) (inputs []catalog.Input, newest time.Time) {
	inputs = make([]catalog.Input, len(objects))
	for i, o := range objects {
		inputs[i] = catalog.Input{Key: o.Key, ETag: o.ETag, Size: o.Size}
		newest = later(newest, o.LastModified)
	}
	return inputs, newest
}

// whole gives a table to one run alone: nobody works on a piece of it meanwhile.
func (t *run) whole(ctx context.Context, do func(*run, context.Context) error) (err error) {
	if t.Shard.partial() {
		if err := t.awaitUpstream(ctx); err != nil {
			return err
		}
	}
	under, l, release, err := t.claims.await(ctx, t.p.Table, wholeTable, anyTime)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	alone := *t
	alone.under = []catalog.Lease{l}
	if err := alone.recoverRecords(under); err != nil {
		return err
	}
	t.Step("recovered")
	return errors.Join(t.inSlot(under, func() error { return do(&alone, under) }), alone.tidyQuarantine(under))
}

// pieces lets other runs work on the table too.
func (t *run) pieces(ctx context.Context, do func(*run, context.Context) error) error {
	if err := t.recoverRecords(ctx); err != nil {
		return err
	}
	t.Step("recovered")
	return errors.Join(do(t, ctx), t.tidyAlone(ctx))
}

// tidyAlone tidies the quarantine if nobody else works on the table: else that one does it when it is done.
func (t *run) tidyAlone(ctx context.Context) error {
	under, _, release, err := t.claims.take(ctx, t.p.Table, wholeTable, nil)
	if errors.Is(err, catalog.ErrLeased) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(t.tidyQuarantine(under), release())
}
