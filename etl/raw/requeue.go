package raw

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/logkey"
	"tidegate/internal/storage"
)

// Requeue is a batch of quarantine files whose records are to be read again under the pipeline's present rules.
type Requeue struct {
	Pipeline *pipeline.Pipeline
	Lake     storage.Bucket
	Files    []storage.Object // quarantine files
	Into     Sink
	WorkDir  string // an existing folder that is this batch's alone
	Log      *slog.Logger
	// Modified stands for the LastModified of an object of whose records the quarantine does not have it.
	Modified time.Time
}

// Requeued is what became of the records: as Ingested has it, with the quarantine files as inputs.
type Requeued struct {
	Ingested
	// Places are the objects that the records were in, as ObjectColumn counts them: in order of keys.
	Places []storage.Object
}

// Again reads every record of the quarantine files. Read = Rejected + Parsed: what is still rejected is in the new
// quarantine with its present reason, and so is what cannot be read again, with the one that it had: a broken object's
// end, a record of which only the beginning was kept, a row of a second stage.
func (q *Requeue) Again(ctx context.Context) (*Requeued, error) {
	out := &Requeued{}
	var err error
	if out.Places, err = q.places(ctx); err != nil {
		return nil, err
	}
	c, err := newConverter(q.Pipeline)
	if err != nil {
		return nil, err
	}
	p := &part{
		records: q.reader(), converter: c, into: q.Into, outcome: outcome{rejects: map[string]int64{}},
		quarantined: CreateQuarantine(filepath.Join(q.WorkDir, "rejects.ndjson.gz")),
	}
	for _, f := range q.Files {
		before := p.counts.Read
		if err = q.each(ctx, f, func(r Reject) error { return p.again(ctx, r, placeOf(out.Places, r)) }); err != nil {
			break
		}
		p.inputs = append(p.inputs, catalog.Input{Key: f.Key, ETag: f.ETag, Size: f.Size, Records: p.counts.Read - before})
	}
	if err == nil {
		err = p.flush(ctx)
	}
	quarantine, closeErr := p.quarantined.Close()
	if err := errors.Join(err, closeErr); err != nil {
		return nil, err
	}
	out.Ingested = Ingested{
		Inputs: p.inputs, Counts: p.counts, Parsed: p.parsed, Rejects: p.rejects, Quarantine: quarantine,
		Unknown: catalog.CountUnknown(unknownFields(c), c.unnamed),
	}
	q.Log.InfoContext(ctx, "quarantine read again", logkey.Rows, p.counts.Read, logkey.Reason, p.rejects)
	return out, nil
}

// reader gives the reader of the records' text. Of Avro and Parquet that is JSON.
func (q *Requeue) reader() reader {
	if q.Pipeline.Source.Tabular() {
		return newCSVReader(q.Pipeline)
	}
	return &splitter{}
}

// each reads one quarantine file.
func (q *Requeue) each(ctx context.Context, f storage.Object, do func(Reject) error) (err error) {
	body, _, err := q.Lake.Get(ctx, f.Key, f.ETag)
	if err != nil {
		return fmt.Errorf("read %s: %w", f.Key, err)
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	for r, err := range ReadQuarantine(body) {
		if err != nil {
			return fmt.Errorf("%s: %w", f.Key, err)
		}
		if r.Modified.IsZero() {
			r.Modified = q.Modified
		}
		if err := do(r); err != nil {
			return err
		}
	}
	return nil
}

// places finds the objects that the records were in.
func (q *Requeue) places(ctx context.Context) ([]storage.Object, error) {
	seen := map[[2]string]time.Time{}
	for _, f := range q.Files {
		err := q.each(ctx, f, func(r Reject) error {
			seen[[2]string{r.Object, r.ETag}] = r.Modified
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	places := make([]storage.Object, 0, len(seen))
	for key, modified := range seen {
		places = append(places, storage.Object{Key: key[0], ETag: key[1], LastModified: modified})
	}
	slices.SortFunc(places, comparePlaces)
	return places, nil
}

func comparePlaces(a, b storage.Object) int {
	return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.ETag, b.ETag))
}

func placeOf(places []storage.Object, r Reject) int {
	i, _ := slices.BinarySearchFunc(places, storage.Object{Key: r.Object, ETag: r.ETag}, comparePlaces)
	return i
}

// Originals gives the wanted records as the quarantine files have them, with their present reasons.
func (q *Requeue) Originals(ctx context.Context, places []storage.Object, wanted Wanted, found func(Reject) error) error {
	for _, f := range q.Files {
		err := q.each(ctx, f, func(r Reject) error {
			reason, ok := wanted[placeOf(places, r)][r.Line]
			if !ok {
				return nil
			}
			r.Reason = reason
			return found(r)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// again checks one record of the quarantine.
func (p *part) again(ctx context.Context, reject Reject, place int) error {
	if p.counts.Read++; p.counts.Read%checkEvery == 0 && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var r record
	whole, err := p.reread(reject, &r)
	if err != nil {
		return fmt.Errorf("read line %d of %s again: %w", reject.Line, reject.Object, err)
	}
	if whole && r.reason != "" {
		reject.Reason = r.reason
	}
	if whole && r.reason == "" {
		p.converter.object(reject.Modified)
		r.line = reject.Line
		if r.reason = p.converter.convert(&r, place); r.reason == "" {
			p.parsed++
			if p.converter.rows.Full() {
				return p.flush(ctx)
			}
			return nil
		}
		reject.Reason = r.reason
	}
	p.counts.Rejected++
	p.rejects[reject.Reason]++
	return p.quarantined.Write(reject)
}

// reread reads the text of a rejected record; not whole if it is not exactly one record.
func (p *part) reread(reject Reject, r *record) (whole bool, err error) {
	switch reject.Reason {
	case ReasonTruncated, ReasonCorrupt, ReasonHeader:
		return false, nil
	}
	if reject.Line == 0 || reject.Size > 0 || len(reject.Raw) == 0 {
		return false, nil
	}
	text := reject.Raw
	if c, ok := p.records.(*csvReader); ok && c.Header {
		if reject.Header == "" {
			return false, nil
		}
		text = slices.Concat([]byte(reject.Header), []byte{'\n'}, text)
	}
	p.records.reset(bytes.NewReader(text))
	err = p.records.next(r)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	return len(r.raw) == len(reject.Raw), err
}
