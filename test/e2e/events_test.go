package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	s3store "tidegate/internal/storage/s3"
	"tidegate/internal/testkit"
)

// TestEventsOfS3 runs a pipeline whose bucket sends messages to a queue. The harness sends them: this S3 sends none.
func TestEventsOfS3(t *testing.T) {
	t.Parallel()
	s3, moto := testkit.S3(t), testkit.Moto(t)
	name := s3.Bucket(t)
	bucket, err := s3store.Open(t.Context(), "s3://"+name+"/raw", s3store.Options{
		Endpoint: s3.Endpoint, Region: "us-east-1", PathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(s3.AccessKey, s3.SecretKey, ""),
	})
	if err != nil {
		t.Fatal(err)
	}
	queues := sqs.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: &moto, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	})
	queue, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("arrivals")})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	yml := func(events string) {
		writeFile(t, filepath.Join(dir, "pipelines/web/hits.yml"), "table: web.hits\nsource: { location: \"s3://"+name+"/raw\", events: \""+events+"\", format: json }\nfields: { id: int }\n")
	}
	writeFile(t, filepath.Join(dir, "pipelines/web/hits.sql"), "select id::int as id from source")
	writeFile(t, filepath.Join(dir, "t.yml"), "data_dir: ./data\nhot: { kind: none }\npipelines: ./pipelines\n"+
		"lake: { location: \"file:./lake\", s3: { endpoint: \""+s3.Endpoint+"\", region: us-east-1, path_style: true } }\n")
	check := func() (int, string, string) { return run(t, dir, "config", "check", "-c", "t.yml") }
	run := func() string {
		t.Helper()
		code, out, errs := runWith(t, dir, append(s3.Environment(), "AWS_ENDPOINT_URL_SQS="+moto), "etl", "run", "-c", "t.yml")
		if code != 0 {
			t.Fatalf("etl run: exit %d\n%s", code, errs)
		}
		return out
	}
	yml("arn:aws:sqs:us-east-1:123456789012:arrivals")
	run() // an empty source
	for _, key := range []string{"a b", "quiet"} {
		if _, err := bucket.Put(t.Context(), key, strings.NewReader(`{"id": 1}`)); err != nil {
			t.Fatal(err)
		}
	}
	for _, body := range []string{fmt.Sprintf(`{"Records":[{"eventVersion":"2.1","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":%q},"object":{"key":"raw/a+b"}}}]}`, name), "hello"} {
		if _, err := queues.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: queue.QueueUrl, MessageBody: &body}); err != nil {
			t.Fatal(err)
		}
	}
	out := strings.Join(strings.Fields(run()), " ")
	for _, want := range []string{"web.hits 1 1 0 0 0 1 0 1", "web.hits: of 2 messages of the queue 1 deleted, 1 left to it"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in %s", want, out)
		}
	}
	yml("sqs/arrivals")
	if code, _, errs := check(); code != 2 || !strings.Contains(errs, `hits.yml:2: source.events is "sqs/arrivals"; it is not https://sqs.REGION`) {
		t.Errorf("a queue that is none: exit %d\n%s", code, errs)
	}
}
