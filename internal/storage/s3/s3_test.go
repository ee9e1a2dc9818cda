package s3_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"tidegate/internal/storage"
	"tidegate/internal/storage/s3"
	"tidegate/internal/storage/storagetest"
	"tidegate/internal/testkit"
)

func open(t *testing.T, server *testkit.S3Server, location string) *s3.Bucket {
	t.Helper()
	b, err := s3.Open(t.Context(), location, s3.Options{
		Endpoint: server.Endpoint, PathStyle: true, MaxBackoff: time.Millisecond,
		Credentials: credentials.NewStaticCredentialsProvider(server.AccessKey, server.SecretKey, ""),
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestConformance(t *testing.T) {
	t.Parallel()
	server := testkit.S3(t)
	for name, prefix := range map[string]string{"bucket": "", "prefix": "/lake/é +%&=x/"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storagetest.Run(t, func(t *testing.T) storage.Bucket {
				t.Helper()
				return open(t, server, "s3://"+server.Bucket(t)+prefix)
			})
		})
	}
}
