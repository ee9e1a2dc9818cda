package etl

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"tidegate/catalog"
	"tidegate/internal/logkey"
	"tidegate/internal/storage"
	"tidegate/sql"
)

// firstStage makes a batch of every group of objects that the table's batches have not read, oldest first. A batch
// whose data forbids to publish it does not stop the next ones.
func (t *run) firstStage(ctx context.Context) error {
	bucket, err := t.Source(t.p.Source.Location)
	if err != nil {
		return fmt.Errorf("open source %s: %w", t.p.Source.Location, err)
	}
	stopped, stale := t.remakeStale(ctx, bucket)
	if stopped {
		return stale
	}
	if t.p.Source.Events != "" && t.Objects == nil {
		queue, err := t.Events(t.p.Source)
		if err != nil {
			return errors.Join(stale, err)
		}
		return errors.Join(stale, t.arrived(ctx, bucket, queue))
	}
	found, err := t.discover(ctx, bucket)
	if err != nil {
		return errors.Join(stale, err)
	}
	return errors.Join(stale, t.read(ctx, bucket, found, nil))
}

// read makes batches of what was found in the source, and of what its queue told. Of that each is read by whoever received
// it, whatever its shard.
func (t *run) read(ctx context.Context, bucket storage.Bucket, found discovery, arrived []storage.Object) error {
	t.Step("discovered")
	objects := bothOf(t.Shard.of(found.objects), arrived)
	objects, err := t.refuseChanged(objects, found.known)
	errs := []error{err}
	if err := t.unsettle(ctx, found); err != nil {
		return err
	}
	if err := t.share(ctx, objects); err != nil {
		return err
	}
	errs = append(errs, t.makeBatches(ctx, bucket, objects))
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return t.settled(ctx, found)
}

// bothOf gives the objects of both, each once.
func bothOf(listed, arrived []storage.Object) []storage.Object {
	if len(arrived) == 0 {
		return listed
	}
	have := make(map[string]bool, len(listed))
	for _, o := range listed {
		have[o.Key] = true
	}
	all := slices.Clone(listed)
	for _, o := range arrived {
		if !have[o.Key] {
			all = append(all, o)
		}
	}
	return all
}

// refuseChanged takes out the objects that the table has rows of under another ETag, if nothing tells which of their
// records are there already, and says so.
func (t *run) refuseChanged(objects []storage.Object, known map[string]string) ([]storage.Object, error) {
	if len(t.p.UniqueKey) > 0 {
		return objects, nil
	}
	var fresh []storage.Object
	var errs []error
	for _, o := range objects {
		if have, read := known[o.Key]; read {
			errs = append(errs, fmt.Errorf("%s was replaced after it was read (etag %s, now %s); without unique_key its rows would be in %s twice: "+
				"put the former object back, or what is new under another name", o.Key, have, o.ETag, t.p.Table))
			continue
		}
		fresh = append(fresh, o)
	}
	if len(errs) > 10 {
		errs = append(errs[:10:10], fmt.Errorf("and %d objects more", len(errs)-10))
	}
	return fresh, errors.Join(errs...)
}

// group makes a batch of a group. If the SELECT fails on some value, the group is halved until the objects that
// hold such values are alone: they must not keep the others out.
func (t *run) group(ctx context.Context, group []storage.Object, batchOf func([]storage.Object) error) error {
	err := batchOf(group)
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*valueError](err); !ok {
		if isCheck(err) {
			t.log.WarnContext(ctx, "batch failed its checks", logkey.Error, err)
		}
		return err
	}
	t.log.WarnContext(ctx, "the SELECT failed on a value", logkey.Error, err, logkey.Files, len(group))
	if len(group) == 1 {
		return unsound("object %s: %v", group[0].Key, err)
	}
	half := len(group) / 2
	first := t.group(ctx, group[:half], batchOf)
	if first != nil && !isCheck(first) {
		return first
	}
	second := t.group(ctx, group[half:], batchOf)
	if second != nil && !isCheck(second) {
		return errors.Join(second, first)
	}
	return errors.Join(first, second)
}

// isCheck reports whether other batches may go on after the error.
func isCheck(err error) bool {
	_, ok := errors.AsType[*checkError](err)
	return ok
}

// valueError is an error of a SELECT that some value caused.
type valueError struct{ error }

func (e *valueError) Unwrap() error { return e.error }

// valueErrorClass begins the SQLSTATEs of errors that a value causes: data exception.
const valueErrorClass = "22"

// objectBatch makes one batch of objects, which are in order of keys.
func (t *run) objectBatch(ctx context.Context, bucket storage.Bucket, objects []storage.Object) error {
	inputs, newest := inputsOf(objects)
	b, err := t.beginBatch(ctx, recipe{kind: catalog.RecordAppend, inputs: inputs, newest: newest})
	if err != nil {
		return err
	}
	return b.finish(ctx, b.runRecords(ctx, func() (string, error) { return b.load(ctx, bucket, objects) }))
}

// beginBatch begins a batch of a first stage.
func (t *run) beginBatch(ctx context.Context, of recipe) (*batch, error) {
	view, err := t.Store.View(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	columns, err := t.p.Output(nil)
	if err != nil {
		return nil, err
	}
	table, err := t.definition(view, columns)
	if err != nil {
		return nil, err
	}
	return t.newBatch(ctx, view, table, of)
}

// definition gives the table as the next batch will leave it.
func (t *run) definition(view *catalog.View, columns []catalog.Column) (*catalog.Table, error) {
	var have *catalog.Table
	if live, ok := view.Tables[t.p.Table]; ok {
		have = live.Table
	}
	return target(t.p, columns, have)
}

// runRecords makes a batch of the records whose rows load adds to the batch's.
func (b *batch) runRecords(ctx context.Context, load func() (rejects string, err error)) error {
	if err := b.loadLookups(ctx); err != nil {
		return err
	}
	rejects, err := load()
	if err != nil {
		return err
	}
	b.counts.Filtered += b.fault.filtered
	if err := b.rejectUnfit(ctx, rejects); err != nil {
		return err
	}
	if err := b.exec(ctx, "DROP VIEW "+sourceTable); err != nil {
		return fmt.Errorf("drop the source: %w", err)
	}
	b.Step("transformed")
	if err := b.takeCommitLease(ctx); err != nil {
		return fmt.Errorf("wait for the table's other batches: %w", err)
	}
	if b.counts.Deduplicated, err = b.dedupe(ctx); err != nil {
		return fmt.Errorf("dedupe: %w", err)
	}
	b.Step("deduplicated")
	if b.kind == catalog.RecordRequeue && b.parsed == 0 {
		return errNothingPasses
	}
	if err := b.putQuarantine(ctx, rejects); err != nil {
		return err
	}
	return b.settle(ctx)
}

// rejectUnfit rejects the records whose rows cannot be in the table.
func (b *batch) rejectUnfit(ctx context.Context, rejects string) error {
	if err := b.rejectRows(ctx, rejects, unfit); err != nil {
		return fmt.Errorf("reject rows that do not fit: %w", err)
	}
	// Behind the rows whose times are out of range: their comparison would fail.
	future, err := b.futureRule(ctx, b.places)
	if err != nil {
		return fmt.Errorf("look for records of the future: %w", err)
	}
	if err := b.rejectRows(ctx, rejects, future); err != nil {
		return fmt.Errorf("reject records of the future: %w", err)
	}
	return nil
}

// renderSource binds a statement over source and lookups and gives its output names and DuckDB text. where, if not nil, makes
// the condition of its WHERE another one.
func (b *batch) renderSource(statement *sql.Statement, where func(string) string) (names []string, rendered string, err error) {
	env := b.environment()
	env.Where = where
	query, err := sql.Bind(statement, b.sourceRelations(), env)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", b.p.SQLFile, err)
	}
	rendered, err = query.Render(tableOf)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", b.p.SQLFile, err)
	}
	return query.Names, rendered, nil
}

// relations is a sql.Catalog of a few relations.
type relations []*sql.Relation

// Relation finds a relation by its name.
func (r relations) Relation(schema, table string) (*sql.Relation, bool) {
	for _, relation := range r {
		if relation.Name == (sql.TableName{Schema: schema, Table: table}) {
			return relation, true
		}
	}
	return nil, false
}

// HasSchema reports whether some relation is in the schema.
func (r relations) HasSchema(schema string) bool {
	for _, relation := range r {
		if relation.Name.Schema == schema {
			return true
		}
	}
	return false
}
