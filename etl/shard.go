package etl

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"tidegate/catalog"
	"tidegate/internal/storage"
)

// Shard is the part of all objects that one of several runs reads: those whose keys hash to its index. The zero value is
// all objects. Which objects that are depends on their keys and Count alone.
type Shard struct{ Index, Count int }

// MaxShards is the largest Shard.Count: that of an AWS Batch array.
const MaxShards = 10_000

// NewShard gives a shard; indexes count from 0.
func NewShard(index, count int) (Shard, error) {
	switch {
	case count < 1 || count > MaxShards:
		return Shard{}, fmt.Errorf("%d shards; from 1 to %d are possible", count, MaxShards)
	case index < 0 || index >= count:
		return Shard{}, fmt.Errorf("shard %d of %d; they count from 0 to %d", index, count, count-1)
	case count == 1:
		return Shard{}, nil
	}
	return Shard{index, count}, nil
}

// partial reports whether other runs are to read other objects.
func (s Shard) partial() bool { return s.Count > 1 }

// Has reports whether an object of this key is read.
func (s Shard) Has(key string) bool {
	if !s.partial() {
		return true
	}
	sum := sha256.Sum256([]byte(key))
	return binary.BigEndian.Uint64(sum[:8])%uint64(s.Count) == uint64(s.Index)
}

// of gives those of the objects that are the shard's.
func (s Shard) of(objects []storage.Object) []storage.Object {
	if !s.partial() {
		return objects
	}
	return slices.DeleteFunc(slices.Clone(objects), func(o storage.Object) bool { return !s.Has(o.Key) })
}

// allRead reports whether batches, of whatever run, have read all of the objects as they are.
func (t *run) allRead(ctx context.Context, objects []storage.Object) (bool, error) {
	if len(objects) == 0 {
		return true, nil
	}
	first := slices.MinFunc(objects, func(a, b storage.Object) int { return cmp.Compare(a.Key, b.Key) }).Key
	known, err := t.Store.Known(ctx, t.p.Table, first)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(objects, func(o storage.Object) bool { return known[o.Key] != o.ETag }), nil
}

// awaitUpstream waits until no other run makes batches of the tables that this pipeline reads. With shards each run comes to
// its second stages when its own objects are read: the last one would rebuild what all before it had rebuilt. Who waits
// finds it done; and should the others die, or never run, it does it itself.
func (t *run) awaitUpstream(ctx context.Context) error {
	for wait := (patience{}); ; {
		busy := false
		for _, up := range t.p.Upstream {
			leases, err := t.Store.Leases(ctx, up)
			if err != nil {
				return err
			}
			busy = busy || slices.ContainsFunc(leases, func(l catalog.Lease) bool {
				return l.Owner != t.claims.folder.name && l.Until.After(time.Now())
			})
		}
		if !busy {
			return nil
		}
		if err := t.claims.pause(ctx, &wait, t.p.Table); err != nil {
			return err
		}
	}
}
