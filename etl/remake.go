package etl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"tidegate/catalog"
	"tidegate/etl/raw"
	"tidegate/internal/storage"
)

// remakeBatch makes a component again as one batch, of the objects that its members read, and removes their quarantine.
func (t *run) remakeBatch(ctx context.Context, bucket storage.Bucket, l *lineage, c *component, progress Progress) (*batch, error) {
	objects, err := t.objectsOf(ctx, bucket, c)
	if err != nil {
		return nil, err
	}
	inputs, newest := inputsOf(objects)
	b, err := t.beginBatch(ctx, recipe{kind: catalog.RecordRemake, inputs: inputs, replaces: l.replaces(c), remakes: c.refs(), newest: newest})
	if err != nil {
		return nil, err
	}
	b.remade, b.progress = c.members, progress
	err = b.runRecords(ctx, func() (string, error) { return b.load(ctx, bucket, objects) })
	if value, ok := errors.AsType[*valueError](err); ok {
		err = unsound("%v", value) // its objects cannot be parted: the batch is to stay whole
	}
	if err := b.finish(ctx, err); err != nil {
		return nil, err
	}
	for _, m := range c.members {
		if err := t.removeQuarantine(ctx, m.ID); err != nil {
			return nil, err
		}
	}
	t.Step("remade")
	return b, nil
}

// remakePiece names the lease of what is made again.
func remakePiece(remakes []catalog.BatchRef) string { return "remake " + remakes[0].Batch }

// objectsOf finds the objects that the members read, by key, as they were then. If some are not there any more, that is a
// checkError which names them.
func (t *run) objectsOf(ctx context.Context, bucket storage.Bucket, c *component) ([]storage.Object, error) {
	var inputs []catalog.Input
	for _, m := range c.members {
		if m.Kind == catalog.RecordRequeue {
			continue // its records are those of other members' objects
		}
		record, err := t.recordOf(ctx, m.Batch)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, record.Inputs...)
	}
	slices.SortFunc(inputs, func(x, y catalog.Input) int { return cmp.Or(cmp.Compare(x.Key, y.Key), cmp.Compare(x.ETag, y.ETag)) })
	inputs = slices.CompactFunc(inputs, func(x, y catalog.Input) bool { return x.Key == y.Key && x.ETag == y.ETag })
	objects, missing := make([]storage.Object, len(inputs)), make([]string, len(inputs))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(headReaders)
	for i, in := range inputs {
		g.Go(func() (err error) {
			objects[i], err = bucket.Stat(gctx, in.Key)
			switch {
			case errors.Is(err, storage.ErrNotFound):
				missing[i] = in.Key + " is gone"
				return nil
			case err != nil:
				return fmt.Errorf("look for %s: %w", in.Key, err)
			case objects[i].ETag != in.ETag:
				missing[i] = fmt.Sprintf("%s was replaced (etag %s, now %s)", in.Key, in.ETag, objects[i].ETag)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	missing = slices.DeleteFunc(missing, func(s string) bool { return s == "" })
	if len(missing) == 0 {
		return objects, nil
	}
	return nil, &checkError{&missingError{c.ids(), len(inputs), missing}}
}

// missingError says that a batch cannot be made again: objects are not as they were.
type missingError struct {
	batches string
	objects int
	missing []string
}

// toldObjects is how many missing objects are named.
const toldObjects = 10

func (e *missingError) Error() string {
	told := e.missing
	if len(told) > toldObjects {
		told = append(told[:toldObjects:toldObjects], fmt.Sprintf("and %d more", len(e.missing)-toldObjects))
	}
	return fmt.Sprintf("batch %s stays as it is: %d of its %d objects are not as they were read: %s; put them back to make it again",
		e.batches, len(e.missing), e.objects, strings.Join(told, ", "))
}

// removeQuarantine removes the quarantine file of a batch that was made again; it need not have one.
func (t *run) removeQuarantine(ctx context.Context, batch string) error {
	key := raw.QuarantinePath(t.p.Table, batch)
	_, err := t.Lake.Stat(ctx, key)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err == nil {
		err = t.Lake.Delete(ctx, key)
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", key, err)
	}
	return nil
}
