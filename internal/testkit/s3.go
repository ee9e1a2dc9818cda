package testkit

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// versitygw is the S3 server of the tests; test/install.sh puts it there.
const versitygw = ".tools/versitygw-v1.8.0"

// S3Server is a running S3 that checks signatures, over files of the test.
type S3Server struct {
	Endpoint  string // its URL; buckets are in the path
	AccessKey string
	SecretKey string
	root      string
}

// Environment is what the default credential chain of a process reads, so that it is this server's user and takes
// nothing from the machine's own AWS configuration.
func (s *S3Server) Environment() []string {
	return []string{
		"AWS_ACCESS_KEY_ID=" + s.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s.SecretKey, "AWS_SESSION_TOKEN=", "AWS_PROFILE=",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "AWS_EC2_METADATA_DISABLED=true",
	}
}

// Bucket makes an empty bucket and gives its name.
func (s *S3Server) Bucket(tb testing.TB) string {
	tb.Helper()
	name := "b" + strings.ToLower(rand.Text())
	if err := os.Mkdir(filepath.Join(s.root, name), 0o755); err != nil {
		tb.Fatal(err)
	}
	return name
}

// S3 starts a versitygw that keeps objects as files. It stops with the test. Where it is not installed the test is
// skipped, and fails if CI is set. Start one per test and share it among subtests.
func S3(tb testing.TB) *S3Server {
	tb.Helper()
	program := tool(tb, versitygw)
	Require(tb, "S3", program)
	s := &S3Server{AccessKey: rand.Text(), SecretKey: rand.Text(), root: tb.TempDir()}
	s.Endpoint = startHTTP(tb, program, "/health", func(port string) []string {
		return []string{
			"--quiet", "--access", s.AccessKey, "--secret", s.SecretKey, "--port", "127.0.0.1:" + port, "--health", "/health",
			"posix", s.root,
		}
	})
	return s
}

// tool gives the path of a program that is installed below the module.
func tool(tb testing.TB, path string) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, path)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			tb.Fatal("the test does not run below go.mod")
		}
		dir = parent
	}
}

// Moto starts a moto_server, which answers for STS, S3 and other services and checks no signature, and gives its
// URL. It stops with the test. Where it is not installed the test is skipped, and fails if CI is set.
func Moto(tb testing.TB) string {
	tb.Helper()
	Require(tb, "AWS services", "moto_server")
	return startHTTP(tb, "moto_server", "/moto-api/data.json", func(port string) []string {
		return []string{"-H", "127.0.0.1", "-p", port}
	})
}

// Keys gives the keys of a bucket that have the prefix, in order.
func (s *S3Server) Keys(tb testing.TB, bucket, prefix string) []string {
	tb.Helper()
	root := filepath.Join(s.root, bucket)
	var keys []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		key, err := filepath.Rel(root, path)
		if strings.HasPrefix(filepath.ToSlash(key), prefix) {
			keys = append(keys, filepath.ToSlash(key))
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return keys
}
