package raw

import (
	"context"
	"errors"
	"fmt"
	"io"

	"tidegate/etl/pipeline"
	"tidegate/internal/storage"
)

// Wanted says which records to find: the reason to reject each, by place of its object, then by line.
type Wanted map[int]map[int64]string

// Add wants one record.
func (w Wanted) Add(place int, line int64, reason string) {
	if w[place] == nil {
		w[place] = map[int64]string{}
	}
	w[place][line] = reason
}

// Originals reads objects again and gives the wanted records as they are there, in order of place and line. Of what became
// of a record's fields nobody can tell what it was.
func Originals(ctx context.Context, p *pipeline.Pipeline, bucket storage.Bucket, objects []storage.Object, wanted Wanted, found func(Reject) error) error {
	o := opener{bucket: bucket}
	defer o.close()
	records := newReader(p)
	for place, obj := range objects {
		if len(wanted[place]) == 0 {
			continue
		}
		if err := originalsOf(ctx, &o, records, obj, wanted[place], found); err != nil {
			return fmt.Errorf("read %s again: %w", obj.Key, err)
		}
	}
	return nil
}

func originalsOf(ctx context.Context, o *opener, records reader, obj storage.Object, wanted map[int64]string, found func(Reject) error) (err error) {
	body, err := o.open(ctx, obj)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, body.body.Close()) }()
	records.reset(body)
	var r record
	for left := len(wanted); left > 0; {
		if err := records.next(&r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		reason, ok := wanted[r.line]
		if !ok || r.blank {
			continue
		}
		left--
		if err := found(r.rejected(obj, reason)); err != nil {
			return err
		}
	}
	return nil
}
