// Package s3 is the object store of an S3 bucket, below a prefix of its keys.
//
// Writes are whole or not at all, because S3's are: one PutObject, or a multipart upload that is completed or
// aborted. Reads go on where a connection broke, under the ETag they began with. What a caller gets is the object's
// bytes or an error that says bucket, key and what to do; every request is tried again while that may help.
package s3

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"tidegate/internal/storage"
)

// scheme begins a location: "s3://bucket", "s3://bucket/prefix/".
const scheme = "s3://"

// Options say how to reach S3 and as whom. The zero value is AWS itself by the SDK's default chain: environment,
// shared configuration, web identity, container, instance.
type Options struct {
	// Endpoint is the URL of another S3 than AWS's; the region is us-east-1 then, unless one is given.
	Endpoint string
	Region   string // "" takes the chain's
	// PathStyle puts the bucket into the path, which most S3s outside AWS need.
	PathStyle bool
	Profile   string // of the shared configuration; "" takes the chain's
	// RoleARN is a role to assume with the credentials found; "" assumes none.
	RoleARN string
	// Credentials, if not nil, take the place of the default chain.
	Credentials aws.CredentialsProvider
	// MaxBackoff bounds the wait between two attempts; 0: 10 s.
	MaxBackoff time.Duration
}

// Bucket is an S3 bucket below a prefix. It implements storage.Bucket and storage.FilePutter.
type Bucket struct {
	location string
	name     string
	prefix   string // of every key: "" or "…/"
	client   *s3.Client
	limits   limits
}

// limits are the numbers that tests make small.
type limits struct {
	partBytes int64         // a body above it is uploaded in parts of at least so much
	stall     time.Duration // a body that gives nothing for so long is asked for again
	resumes   int           // how often in a row a body is asked for again without giving a byte
}

func defaultLimits() limits {
	return limits{partBytes: 8 << 20, stall: 30 * time.Second, resumes: 5}
}

var (
	_ storage.Bucket     = (*Bucket)(nil)
	_ storage.FilePutter = (*Bucket)(nil)
)

// Open gives the bucket of a location "s3://BUCKET" or "s3://BUCKET/PREFIX"; the prefix is a folder, with a slash at
// its end or without. It reads the machine's AWS configuration and asks nothing of S3: see Check.
func Open(ctx context.Context, location string, o Options) (*Bucket, error) {
	name, prefix, err := ParseLocation(location)
	if err != nil {
		return nil, err
	}
	client, err := newClient(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", location, err)
	}
	return &Bucket{location: location, name: name, prefix: prefix, client: client, limits: defaultLimits()}, nil
}

// ParseLocation cuts a location into the bucket's name and the prefix of its keys, "" or with a slash at its end.
func ParseLocation(location string) (bucket, prefix string, err error) {
	rest, ok := strings.CutPrefix(location, scheme)
	if !ok {
		return "", "", fmt.Errorf("location %q is not s3://BUCKET/PREFIX", location)
	}
	bucket, prefix, _ = strings.Cut(rest, "/")
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`).MatchString(bucket) {
		return "", "", fmt.Errorf("location %q: %q is no name of a bucket (3 to 63 of a-z, 0-9, dot and hyphen)", location, bucket)
	}
	if prefix = strings.TrimRight(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	return bucket, prefix, nil
}

// Location is the bucket as configured.
func (b *Bucket) Location() string { return b.location }

// Check asks S3 for one key below the prefix. It finds out early, and in one line, about a bucket that is missing,
// is in another region or may not be listed, and about missing credentials.
func (b *Bucket) Check(ctx context.Context) error {
	_, err := b.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{
		Bucket: &b.name, Prefix: &b.prefix, MaxKeys: aws.Int32(1),
	})
	if err != nil {
		return b.failed(ctx, "list", "", err)
	}
	return nil
}

// key gives the object's key in S3.
func (b *Bucket) key(key string) (*string, error) {
	if key == "" || strings.HasPrefix(key, "/") || strings.ContainsRune(key, 0) {
		return nil, fmt.Errorf("key %q is empty, begins with a slash or holds a zero byte", key)
	}
	// S3 takes such keys; many tools, and this project's other stores, resolve them to other ones.
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "." || segment == ".." {
			return nil, fmt.Errorf("key %q has a segment %q", key, segment)
		}
	}
	return aws.String(b.prefix + key), nil
}

// bare takes the quotes off an ETag; quoted puts them on.
func bare(etag *string) string { return strings.Trim(aws.ToString(etag), `"`) }

func quoted(etag string) *string {
	if etag == "" {
		return nil
	}
	return aws.String(`"` + etag + `"`)
}

// errStalled is the cause of a request that was given up because nothing came any more.
var errStalled = errors.New("the body stalled")
