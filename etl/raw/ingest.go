package raw

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/engine"
	"tidegate/internal/logkey"
	"tidegate/internal/storage"
)

// Request is a batch of objects to read. All but Workers, Log and Read must be set.
type Request struct {
	Pipeline *pipeline.Pipeline // first stage, any format but parquet
	Bucket   storage.Bucket     // of the source
	Objects  []storage.Object
	Into     Sink
	WorkDir  string // an existing folder that is this batch's alone
	Workers  int    // objects read at a time; 0: one for each processor
	Log      *slog.Logger
	Read     func(records, sizeBytes int64) // told of each object that was read, by several goroutines
}

// Sink takes clean records: chunks of Columns, from several goroutines.
type Sink interface {
	// Add has a chunk as long as it did not call done, on any goroutine. After an error it need not.
	Add(ctx context.Context, rows *engine.Chunk, done func()) error
}

// IntoTable is a Sink of a table.
type IntoTable struct{ Rows engine.Appending }

// Add copies a chunk.
func (t IntoTable) Add(ctx context.Context, rows *engine.Chunk, done func()) error {
	defer done()
	return t.Rows.Add(ctx, rows)
}

// Ingested is what became of a batch's records: Counts.Read = Counts.Blank + Counts.Rejected + Parsed.
// The same objects under the same pipeline give the same, and the same clean records in any order.
type Ingested struct {
	Inputs []catalog.Input // by key; Records is what was read, blank and rejected ones counted
	Counts catalog.Counts  // Read, Blank, Rejected
	Parsed int64           // clean records
	// Unknown counts the fields of well-formed records, rejected ones too, that the pipeline does not name.
	Unknown    catalog.UnknownFields
	Rejects    map[string]int64
	Quarantine string // local file of the rejected records, "" if there is none
}

// partBytes is how many bytes of objects (compressed) one goroutine reads at a time. It must not depend on the number of
// workers, or the quarantine's bytes would.
const partBytes = 8 << 20

// Ingest reads and validates a batch. Objects whose content is broken are read up to the break, which is one
// rejected record. An error is the storage's, the local disk's or the context's.
func Ingest(ctx context.Context, req Request) (*Ingested, error) {
	objects := slices.Clone(req.Objects)
	slices.SortFunc(objects, func(a, b storage.Object) int { return cmp.Compare(a.Key, b.Key) })
	parts := cut(objects)
	results := make([]*outcome, len(parts))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(cmp.Or(req.Workers, runtime.GOMAXPROCS(0)))
	for i, from := range parts {
		to := len(objects)
		if i+1 < len(parts) {
			to = parts[i+1]
		}
		g.Go(func() error {
			p, err := readPart(ctx, req, i, from, objects[from:to])
			results[i] = p
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	out, err := collect(req, results)
	if err != nil {
		return nil, err
	}
	if out.Counts.Rejected > 0 && req.Log != nil {
		req.Log.InfoContext(ctx, "records rejected", logkey.Rows, out.Counts.Rejected, logkey.Reason, out.Rejects)
	}
	return out, nil
}

// dividedBytes is what one core reads of a Parquet object while others read the rest.
const dividedBytes = 128 << 20

// Tasks is how many cores can read objects at once. An object is read by one, and small ones together are; several read
// Parquet.
func Tasks(objects []storage.Object, format string) int {
	if format != "parquet" {
		return len(cut(objects))
	}
	n := 0
	for _, o := range objects {
		n += int((o.Size + dividedBytes - 1) / dividedBytes)
	}
	return n
}

// cut gives the index of the first object of every part.
func cut(objects []storage.Object) []int {
	var starts []int
	size := int64(partBytes)
	for i, o := range objects {
		if size >= partBytes {
			starts, size = append(starts, i), 0
		}
		size += o.Size
	}
	return starts
}

// collect puts the parts together, in order.
func collect(req Request, parts []*outcome) (*Ingested, error) {
	out := &Ingested{Rejects: map[string]int64{}}
	unknown, unnamed := map[string]int64{}, int64(0)
	var quarantines []string
	for _, p := range parts {
		if p.quarantine != "" {
			quarantines = append(quarantines, p.quarantine)
		}
		out.Inputs = append(out.Inputs, p.inputs...)
		out.Counts.Read += p.counts.Read
		out.Counts.Blank += p.counts.Blank
		out.Counts.Rejected += p.counts.Rejected
		out.Parsed += p.parsed
		for reason, n := range p.rejects {
			out.Rejects[reason] += n
		}
		for name, n := range p.unknown {
			unknown[name] += n
		}
		unnamed += p.unnamed
	}
	out.Unknown = catalog.CountUnknown(unknown, unnamed)
	var err error
	out.Quarantine, err = join(filepath.Join(req.WorkDir, "rejects.ndjson.gz"), quarantines)
	return out, err
}

// join makes one gzip file of several: members one after the other are one file.
func join(path string, files []string) (string, error) {
	if len(files) == 0 {
		return "", nil
	}
	to, err := os.Create(path)
	if err != nil {
		return "", fmt.Errorf("write quarantine: %w", err)
	}
	for _, f := range files {
		if err := appendFile(to, f); err != nil {
			return "", errors.Join(fmt.Errorf("write quarantine: %w", err), to.Close())
		}
	}
	return path, to.Close()
}

func appendFile(to io.Writer, path string) error {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, from.Close(), os.Remove(path))
}
