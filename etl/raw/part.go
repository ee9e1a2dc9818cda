package raw

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/storage"
)

// part is some consecutive objects of a batch, read by one goroutine.
type part struct {
	opener      opener
	records     reader
	converter   *converter
	into        Sink
	spare       sync.Pool // of *engine.Builder, without rows
	quarantined *QuarantineWriter
	told        func(records, sizeBytes int64)
	outcome
}

// outcome is what is left of a part that was read: a batch may have thousands.
type outcome struct {
	quarantine string // "" if none is bad
	inputs     []catalog.Input
	counts     catalog.Counts
	parsed     int64
	rejects    map[string]int64
	unknown    map[string]int64
	unnamed    int64
}

// checkEvery is how many records are read between two looks at the context.
const checkEvery = 4096

func readPart(ctx context.Context, req Request, n, first int, objects []storage.Object) (*outcome, error) {
	c, err := newConverter(req.Pipeline)
	if err != nil {
		return nil, err
	}
	p := &part{
		opener:      opener{bucket: req.Bucket},
		records:     newReader(req.Pipeline),
		converter:   c,
		into:        req.Into,
		quarantined: CreateQuarantine(filepath.Join(req.WorkDir, fmt.Sprintf("rejects-%04d.ndjson.gz", n))),
		told:        req.Read,
		outcome:     outcome{rejects: map[string]int64{}},
	}
	defer p.opener.close()
	for i, obj := range objects {
		if err = p.read(ctx, obj, first+i); err != nil {
			break
		}
	}
	if err == nil {
		err = p.flush(ctx)
	}
	var rejectErr error
	p.quarantine, rejectErr = p.quarantined.Close()
	p.unknown, p.unnamed = unknownFields(c), c.unnamed
	left := p.outcome
	return &left, errors.Join(err, rejectErr)
}

// unknownFields counts the members that nothing asked for.
func unknownFields(c *converter) map[string]int64 {
	unknown := map[string]int64{}
	for i, name := range c.names {
		if c.fieldOf[i] < 0 && c.seen[i] > 0 {
			unknown[name] = c.seen[i]
		}
	}
	return unknown
}

// read reads one object whose index in the batch is given.
func (p *part) read(ctx context.Context, obj storage.Object, index int) (err error) {
	body, err := p.opener.open(ctx, obj)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, body.body.Close()) }()
	p.records.reset(body)
	p.converter.object(obj.LastModified)
	var r record
	count := int64(0)
	for {
		err := p.records.next(&r)
		if errors.Is(err, io.EOF) {
			p.inputs = append(p.inputs, catalog.Input{Key: obj.Key, ETag: obj.ETag, Size: obj.Size, Records: count})
			if p.told != nil {
				p.told(count, obj.Size)
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", obj.Key, err)
		}
		if count++; count%checkEvery == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := p.take(ctx, &r, obj, index); err != nil {
			return err
		}
	}
}

// take brings one record to where it belongs, and counts it.
func (p *part) take(ctx context.Context, r *record, obj storage.Object, index int) error {
	p.counts.Read++
	if r.blank {
		p.counts.Blank++
		return nil
	}
	if r.reason == "" {
		if r.reason = p.converter.convert(r, index); r.reason == "" {
			p.parsed++
			if p.converter.rows.Full() {
				return p.flush(ctx)
			}
			return nil
		}
	}
	p.counts.Rejected++
	p.rejects[r.reason]++
	return p.quarantined.Write(r.rejected(obj, r.reason))
}

// flush hands over the clean records that are kept.
func (p *part) flush(ctx context.Context) error {
	rows := p.converter.rows
	if rows.Rows() == 0 {
		return nil
	}
	done := func() {
		rows.Reset()
		p.spare.Put(rows)
	}
	if err := p.into.Add(ctx, rows.Chunk(), done); err != nil {
		return fmt.Errorf("hand over clean records: %w", err)
	}
	var spare bool
	if p.converter.rows, spare = p.spare.Get().(*engine.Builder); !spare {
		p.converter.rows = engine.NewBuilder(p.converter.layout)
	}
	return nil
}
