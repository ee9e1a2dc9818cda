package etl

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"tidegate/catalog"
	"tidegate/catalog/sqlite"
	"tidegate/etl"
	"tidegate/etl/events/sqs"
	"tidegate/etl/pipeline"
	"tidegate/internal/storage"
	"tidegate/internal/storage/file"
	"tidegate/internal/testkit"
)

// A source of two years, a batch a day: a million objects and more.
const knownDays, objectsPerDay = 651, 24 * objects

var errDiscovered = errors.New("discovered")

// discoverOne measures how long it takes to find one new object among all that were read before.
func (s *suite) discoverOne(ctx context.Context) error {
	dir := s.TB.TempDir()
	bucket, err := writeSource(dir)
	if err != nil {
		return err
	}
	all, err := pipeline.Load(filepath.Join(s.program.Dir, "pipelines"))
	if err != nil {
		return err
	}
	store, err := sqlite.Open(ctx, filepath.Join(dir, "catalog.db"))
	if err != nil {
		return err
	}
	s.TB.Cleanup(func() { _ = store.Close() }) // it is read only by now
	if err := knowSource(ctx, store, bucket, all[0]); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "source", dayName(knownDays-1), "zzzz.json"), nil, 0o600); err != nil {
		return err
	}
	listed := etl.Options{Source: func(string) (storage.Bucket, error) { return bucket, nil }}
	medians, samples, err := s.Measure(ctx, func() (float64, error) { return timeDiscovery(ctx, store, listed, dir, all[0]) })
	if err != nil {
		return err
	}
	if err := s.Report("discover_one_seconds", "seconds", medians[0], samples); err != nil {
		return err
	}
	told, line, err := s.tellOne(ctx, bucket, all[0])
	if err != nil {
		return err
	}
	medians, samples, err = s.Measure(ctx, func() (float64, error) { return timeDiscovery(ctx, store, told, dir, line) })
	if err != nil {
		return err
	}
	return s.Report("discover_event_seconds", "seconds", medians[0], samples)
}

// elsewhere is a bucket of files that says that it is one of S3.
type elsewhere struct{ *file.Bucket }

func (elsewhere) Location() string { return "s3://known" }

// tellOne gives the source a queue that tells of its new object. A run that goes no further leaves the message there.
func (s *suite) tellOne(ctx context.Context, bucket *file.Bucket, p *pipeline.Pipeline) (etl.Options, *pipeline.Pipeline, error) {
	c := aws.Config{
		Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		BaseEndpoint: aws.String(testkit.Moto(s.TB)), //nolint:contextcheck // the server outlives this call
	}
	client := awssqs.NewFromConfig(c)
	made, err := client.CreateQueue(ctx, &awssqs.CreateQueueInput{QueueName: aws.String("arrivals")})
	if err != nil {
		return etl.Options{}, nil, err
	}
	_, err = client.SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: made.QueueUrl, MessageBody: aws.String(
		`{"Records":[{"eventVersion":"2.1","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"known"},"object":{"key":"` + dayName(knownDays-1) + `/zzzz.json"}}}]}`)})
	line, source := *p, *p.Source
	source.Location, source.Events = elsewhere{}.Location(), *made.QueueUrl
	line.Source = &source
	queue := sqs.New(source.Events, c, sqs.Visibility)
	return etl.Options{
		Source: func(string) (storage.Bucket, error) { return elsewhere{bucket}, nil },
		Events: func(*pipeline.Source) (etl.Events, error) { return queue, nil },
	}, &line, err
}

func dayName(n int) string { return day.AddDate(0, 0, n).Format("2006/01/02") }

// writeSource makes the objects, which are empty.
func writeSource(dir string) (*file.Bucket, error) {
	for n := range knownDays {
		folder := filepath.Join(dir, "source", dayName(n))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, err
		}
		for i := range objectsPerDay {
			if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%04d.json", i)), nil, 0o600); err != nil {
				return nil, err
			}
		}
	}
	return file.Open("file:" + filepath.Join(dir, "source"))
}

// knowSource publishes a batch for each day that read its objects and found no record in them.
func knowSource(ctx context.Context, store catalog.Store, bucket *file.Bucket, p *pipeline.Pipeline) error {
	columns, err := p.Output(nil)
	if err != nil {
		return err
	}
	table := catalog.Table{Name: p.Table, SchemaVersion: 1, Columns: columns}
	now := time.Now()
	for n := range knownDays {
		at := now.AddDate(0, 0, n-knownDays)
		r := &catalog.Record{
			Format: catalog.RecordFormat, Table: table, Batch: dayName(n), Revision: 1, Seq: int64(n + 1), Kind: catalog.RecordAppend,
			Checksum: "0000000000000000", StartedAt: at, CommittedAt: at,
		}
		for o, err := range bucket.List(ctx, dayName(n)+"/", "") {
			if err != nil {
				return err
			}
			r.Inputs = append(r.Inputs, catalog.Input{Key: o.Key, ETag: o.ETag})
		}
		if _, err := store.Publish(ctx, r); err != nil {
			return err
		}
	}
	return store.NoteListed(ctx, p.Table, catalog.Listing{At: now, Version: p.Version()})
}

// timeDiscovery runs the pipeline from its beginning to the moment when it knows what to read, and no further.
func timeDiscovery(ctx context.Context, store catalog.Store, o etl.Options, dir string, p *pipeline.Pipeline) (float64, error) {
	lake, err := file.Create("file:" + filepath.Join(dir, "lake"))
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var began time.Time
	var took time.Duration
	o.Store, o.Lake, o.WorkDir, o.Log = store, lake, filepath.Join(dir, "work"), slog.New(slog.DiscardHandler)
	o.Step = func(name string) {
		switch name {
		case "recovered":
			began = time.Now()
		case "discovered":
			took = time.Since(began)
			cancel(errDiscovered)
		}
	}
	runner, err := etl.New(o)
	if err != nil {
		return 0, err
	}
	if _, err := runner.Run(ctx, []*pipeline.Pipeline{p}); !errors.Is(err, errDiscovered) && !errors.Is(err, context.Canceled) {
		return 0, fmt.Errorf("the run did not end when it was told: %w", err)
	}
	return took.Seconds(), nil
}
