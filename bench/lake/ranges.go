package lake

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"golang.org/x/sync/errgroup"

	"tidegate/internal/storage/s3"
)

const (
	rangeBytes = 1 << 20
	rangeCount = 256
	inFlight   = 8
	rangeDelay = 50 * time.Millisecond
)

// open opens a bucket of the server through the proxy.
func (s *suite) open(ctx context.Context, name string) (*s3.Bucket, error) {
	return s3.Open(ctx, "s3://"+name, s3.Options{
		Endpoint: s.proxy.url, PathStyle: true, Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider(s.server.AccessKey, s.server.SecretKey, ""),
	})
}

// rangedReads takes the time of reading 256 ranges of 1 MiB, 8 at a time, of a store that takes 50 ms longer for each.
// Nobody can be faster than the delays alone.
func (s *suite) rangedReads(ctx context.Context) error {
	bucket, err := s.open(ctx, s.server.Bucket(s.TB))
	if err != nil {
		return err
	}
	const objects = 4
	var etags [objects]string
	key := func(i int) string { return "object-" + string(rune('a'+i)) }
	for i := range objects {
		random := rand.New(rand.NewPCG(uint64(i), 0))
		body := io.LimitReader(randomBytes{random}, rangeBytes*rangeCount/objects)
		o, err := bucket.Put(ctx, key(i), body)
		if err != nil {
			return err
		}
		etags[i] = o.ETag
	}
	s.proxy.delay.Store(int64(rangeDelay))
	defer s.proxy.delay.Store(0)
	read := func() (float64, error) {
		started := time.Now()
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(inFlight)
		for i := range rangeCount {
			group.Go(func() error {
				body, err := bucket.GetRange(ctx, key(i%objects), etags[i%objects], int64(i/objects)*rangeBytes, rangeBytes)
				if err != nil {
					return err
				}
				n, err := io.Copy(io.Discard, body)
				if n != rangeBytes && err == nil {
					err = io.ErrUnexpectedEOF
				}
				return errors.Join(err, body.Close())
			})
		}
		err := group.Wait()
		return time.Since(started).Seconds(), err
	}
	if _, err := read(); err != nil { // opens the connections
		return err
	}
	seconds, samples, err := s.Measure(ctx, read)
	if err != nil {
		return err
	}
	floor := rangeDelay * rangeCount / inFlight
	return s.Compare("ranged_reads_seconds", "s", seconds[0], "delays alone", floor.Seconds(), samples)
}

type randomBytes struct{ r *rand.Rand }

func (b randomBytes) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(b.r.Uint32())
	}
	return len(p), nil
}
