package s3

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"tidegate/internal/storage"
)

// List gives the objects whose key has the prefix and sorts after `after`, in byte order of keys, a page of 1,000 at
// a time.
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[storage.Object, error] {
	return func(yield func(storage.Object, error) bool) {
		in := &s3.ListObjectsV2Input{
			Bucket: &b.name, Prefix: aws.String(b.prefix + prefix),
			// XML cannot hold every key: without this one odd object would make the listing unreadable.
			EncodingType: types.EncodingTypeUrl,
		}
		if after != "" {
			in.StartAfter = aws.String(b.prefix + after)
		}
		last := ""
		for {
			page, err := b.client.ListObjectsV2(ctx, in)
			if err != nil {
				yield(storage.Object{}, b.failed(ctx, "list", prefix, err))
				return
			}
			objects, err := b.objects(page, after)
			for _, o := range objects {
				// A directory bucket (S3 Express) lists in no order, and callers go on from the last key they saw.
				if o.Key <= last {
					err = fmt.Errorf("list %s: key %q came after %q; a bucket must list in byte order of keys", b.location, o.Key, last)
					break
				}
				if last = o.Key; !yield(o, nil) {
					return
				}
			}
			if err != nil {
				yield(storage.Object{}, err)
				return
			}
			if !aws.ToBool(page.IsTruncated) {
				return
			}
			in.ContinuationToken = page.NextContinuationToken
		}
	}
}

func (b *Bucket) objects(page *s3.ListObjectsV2Output, after string) ([]storage.Object, error) {
	objects := make([]storage.Object, 0, len(page.Contents))
	for i := range page.Contents {
		c := &page.Contents[i]
		key := aws.ToString(c.Key)
		if page.EncodingType == types.EncodingTypeUrl { // S3s that do not know it say so by leaving it out
			decoded, err := url.QueryUnescape(key)
			if err != nil {
				return nil, fmt.Errorf("list %s: key %q: %w", b.location, key, err)
			}
			key = decoded
		}
		key, ok := strings.CutPrefix(key, b.prefix)
		if !ok {
			return nil, fmt.Errorf("list %s: key %q does not have the prefix", b.location, key)
		}
		if key <= after {
			continue // the mark that consoles make of the folder itself is key ""
		}
		objects = append(objects, storage.Object{
			Key: key, ETag: bare(c.ETag), Size: aws.ToInt64(c.Size), LastModified: aws.ToTime(c.LastModified).UTC(),
		})
	}
	return objects, nil
}
