package etl

import (
	"context"
	"fmt"
	"sync"

	"tidegate/catalog"
	"tidegate/etl/raw"
)

// kin is which other batches a batch is made of, by its commit record.
type kin struct {
	replaces []catalog.Replaced // of a RecordCompact
	requeued []string           // of a RecordRequeue: the ids of the batches whose quarantine it read
}

// kinOf remembers what commit records say: they do not change, and a backfill asks for them before each batch.
type kinOf struct {
	mu    sync.Mutex
	known map[kinKey]kin // guarded by mu
}

type kinKey struct {
	table catalog.Name
	batch catalog.BatchRef
}

// related reads the kin of a batch.
func (t *run) related(ctx context.Context, b *catalog.Batch) (kin, error) {
	key := kinKey{t.p.Table, refOf(b)}
	t.kin.mu.Lock()
	k, ok := t.kin.known[key]
	t.kin.mu.Unlock()
	if ok {
		return k, nil
	}
	record, err := t.recordOf(ctx, b)
	if err != nil {
		return k, err
	}
	if b.Kind == catalog.RecordCompact {
		k.replaces = record.Replaces
	}
	for _, in := range record.Inputs {
		if b.Kind != catalog.RecordRequeue {
			break
		}
		_, id, ok := raw.ParseQuarantinePath(in.Key)
		if !ok {
			return k, fmt.Errorf("requeue %s read %s, which is no quarantine file", b.ID, in.Key)
		}
		k.requeued = append(k.requeued, id)
	}
	t.kin.mu.Lock()
	defer t.kin.mu.Unlock()
	t.kin.known[key] = k
	return k, nil
}

// recordOf reads the commit record of a published batch.
func (t *run) recordOf(ctx context.Context, b *catalog.Batch) (*catalog.Record, error) {
	return readRecord(ctx, t.Lake, catalog.RecordPath(t.p.Table, b.ID, b.Revision))
}
