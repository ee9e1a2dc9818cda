package etl

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"tidegate/etl/events"
	"tidegate/etl/raw"
	"tidegate/internal/logkey"
	"tidegate/internal/storage"
)

// Events is a queue of messages that say which objects of a source are new.
type Events interface {
	// Receive gives messages that nobody else gets for Visibility, with an error too, and whether there may be more.
	Receive(ctx context.Context) (messages []events.Message, more bool, err error)
	Visibility() time.Duration
	// Prolong begins the Visibility of messages anew, Release ends it, Delete ends the messages.
	Prolong(ctx context.Context, messages []events.Message) error
	Release(ctx context.Context, messages []events.Message) error
	Delete(ctx context.Context, messages []events.Message) error
}

const (
	// looks is how many objects are looked at at a time.
	looks = 16
	// prolongations is how often messages are prolonged while they are hidden.
	prolongations = 3
	// farewell is how long it may take to tell the queue what became of its messages when the run is asked to stop.
	farewell = 10 * time.Second
)

// arrivals are messages of a source's queue that a run holds, and what they are about.
type arrivals struct {
	*run
	queue   Events
	about   map[string][]string // message's ID → keys that must have been read before it is deleted
	seen    map[string]string   // key → ETag of the objects that were looked at
	objects []storage.Object    // that they are about and no batch has read as they are now, by key
	known   map[string]string   // key → ETag of those that were read
	more    bool                // the queue has more

	beats sync.WaitGroup
	stop  context.CancelFunc

	mu   sync.Mutex
	held []events.Message // in order of their coming; of those that are not understood none
}

// arrived makes batches of what the queue says is new, and of what a listing finds when one is due. Messages are deleted
// when the objects that they are about were read; those that nobody understands are left to the queue.
func (t *run) arrived(ctx context.Context, bucket storage.Bucket, queue Events) error {
	for first := true; ; first = false {
		a := t.listen(ctx, queue)
		err := a.receive(ctx, bucket)
		if err == nil {
			err = t.readArrived(ctx, bucket, a, first)
		}
		if err = errors.Join(err, a.leave(ctx)); err != nil || !a.more {
			return err
		}
	}
}

// readArrived makes batches of what the messages are about. One run lists no more than once: with Options.Relist, or a
// shard, that would always be due.
func (t *run) readArrived(ctx context.Context, bucket storage.Bucket, a *arrivals, first bool) error {
	before, recent, err := t.listedLately(ctx)
	if err != nil {
		return err
	}
	found := discovery{before: before, after: before, known: a.known}
	if first && !recent {
		if found, err = t.discover(ctx, bucket); err != nil {
			return err
		}
	}
	return t.read(ctx, bucket, found, a.objects)
}

// listen begins to hold messages.
func (t *run) listen(ctx context.Context, queue Events) *arrivals {
	a := &arrivals{run: t, queue: queue, about: map[string][]string{}, seen: map[string]string{}}
	beating, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop = stop
	a.beats.Go(func() { a.beat(beating) })
	return a
}

// beat prolongs what is held. A message that is not prolonged may come to another run, which waits for this one's leases.
func (a *arrivals) beat(ctx context.Context) {
	ticks := time.NewTicker(max(a.queue.Visibility()/prolongations, time.Millisecond))
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		a.mu.Lock()
		held := slices.Clone(a.held)
		a.mu.Unlock()
		if err := a.queue.Prolong(ctx, held); err != nil && ctx.Err() == nil {
			a.log.WarnContext(ctx, "prolong messages of the queue", logkey.Error, err)
		}
	}
}

// receive takes messages until there are none, or a batch is full, and looks at the objects that they are about.
func (a *arrivals) receive(ctx context.Context, bucket storage.Bucket) error {
	keys := map[string]bool{}
	for a.more = true; a.more && len(keys) < a.p.MaxObjects; {
		messages, more, err := a.queue.Receive(ctx)
		for _, m := range messages {
			about, err := a.understand(m, bucket.Location())
			if err != nil {
				a.leaveToQueue(ctx, m, err)
				continue
			}
			a.hold(m, about)
			for _, key := range about {
				keys[key] = true
			}
		}
		if err != nil {
			return err
		}
		a.more = more
	}
	sorted := slices.Sorted(maps.Keys(keys))
	var err error
	if a.known, err = a.Store.KnownKeys(ctx, a.p.Table, sorted); err != nil {
		return fmt.Errorf("read the ledger of inputs: %w", err)
	}
	return a.look(ctx, bucket, sorted)
}

// understand gives the keys, below the source's location, of the objects that a message is about. Those that are no part of
// the source by their names are none.
func (a *arrivals) understand(m events.Message, location string) ([]string, error) {
	created, err := events.Parse(m.Body)
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, c := range created {
		key, ok := strings.CutPrefix("s3://"+c.Bucket+"/"+c.Key, strings.TrimSuffix(location, "/")+"/")
		if !ok {
			return nil, fmt.Errorf("s3://%s/%s is not in %s; give each source a queue of its own", c.Bucket, c.Key, location)
		}
		if raw.IsPart(key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func (a *arrivals) hold(m events.Message, about []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.held = append(a.held, m)
	a.about[m.ID] = about
	a.report.Messages.Received++
}

// leaveToQueue says why a message is not deleted. It comes again, and after some times the queue puts it aside, if it has a
// redrive policy.
func (a *arrivals) leaveToQueue(ctx context.Context, m events.Message, why error) {
	a.report.Messages.Received++
	a.report.Messages.Left++
	a.log.WarnContext(ctx, "a message of the queue is left to it", "message", m.ID, logkey.Error, why)
}

// look asks for the objects as they are now. One that is gone was never read: its messages are left to the queue.
func (a *arrivals) look(ctx context.Context, bucket storage.Bucket, keys []string) error {
	var mu sync.Mutex
	gone := map[string]bool{}
	g, looking := errgroup.WithContext(ctx)
	g.SetLimit(looks)
	for _, key := range keys {
		g.Go(func() error {
			o, err := bucket.Stat(looking, key)
			if err != nil && !errors.Is(err, storage.ErrNotFound) {
				return fmt.Errorf("look for %s: %w", key, err)
			}
			mu.Lock()
			defer mu.Unlock()
			etag, read := a.known[key]
			switch {
			case err == nil:
				a.seen[key] = o.ETag
				if o.ETag != etag {
					a.objects = append(a.objects, o)
				}
			case read:
				a.seen[key] = etag
			default:
				gone[key] = true
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	slices.SortFunc(a.objects, func(x, y storage.Object) int { return strings.Compare(x.Key, y.Key) })
	a.mu.Lock()
	defer a.mu.Unlock()
	a.held = slices.DeleteFunc(a.held, func(m events.Message) bool {
		i := slices.IndexFunc(a.about[m.ID], func(key string) bool { return gone[key] })
		if i >= 0 {
			a.report.Messages.Received--
			a.leaveToQueue(ctx, m, fmt.Errorf("%s is not in %s any more, and was never read", a.about[m.ID][i], bucket.Location()))
		}
		return i >= 0
	})
	return nil
}

// leave deletes the messages whose objects were read, by whatever run, and gives the others back: those too whose objects were
// not even looked at, because that failed.
func (a *arrivals) leave(ctx context.Context) error {
	a.stop()
	a.beats.Wait()
	if len(a.held) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	known, err := a.Store.KnownKeys(ctx, a.p.Table, slices.Sorted(maps.Keys(a.seen)))
	if err != nil {
		return fmt.Errorf("read the ledger of inputs: %w", err)
	}
	unread := func(key string) bool {
		etag, seen := a.seen[key]
		return !seen || known[key] != etag
	}
	var done, undone []events.Message
	for _, m := range a.held {
		if slices.ContainsFunc(a.about[m.ID], unread) {
			undone = append(undone, m)
		} else {
			done = append(done, m)
		}
	}
	if err := errors.Join(a.queue.Delete(ctx, done), a.queue.Release(ctx, undone)); err != nil {
		// They come again, and find their objects read: no batch is worse for it.
		a.log.WarnContext(ctx, "tell the queue what became of its messages", logkey.Error, err)
		return nil
	}
	a.report.Messages.Deleted += len(done)
	return nil
}
