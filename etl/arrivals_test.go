package etl

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"tidegate/etl/events"
	"tidegate/etl/events/sqs"
	"tidegate/etl/pipeline"
	"tidegate/internal/storage"
	s3store "tidegate/internal/storage/s3"
	"tidegate/internal/testkit"
)

// mailbox is a lab whose source is a bucket of an S3 server, with a queue of an SQS server for its messages.
type mailbox struct {
	*lab

	bucket *s3store.Bucket
	name   string // of the bucket
	queue  *sqs.Queue
	client *awssqs.Client
	url    *string
	now    time.Time
	events *pipeline.Pipeline
}

func newMailbox(t *testing.T, visibility time.Duration) *mailbox {
	t.Helper()
	s3 := testkit.S3(t)
	m := &mailbox{name: s3.Bucket(t), now: time.Date(2018, 3, 1, 0, 0, 0, 0, time.UTC)}
	var err error
	m.bucket, err = s3store.Open(t.Context(), "s3://"+m.name+"/raw", s3store.Options{
		Endpoint: s3.Endpoint, Region: "us-east-1", PathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(s3.AccessKey, s3.SecretKey, ""),
	})
	if err != nil {
		t.Fatal(err)
	}
	c := aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(testkit.Moto(t)), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	}
	m.client, m.queue = awssqs.NewFromConfig(c), sqs.New("arrivals", c, visibility)
	made, err := m.client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String("arrivals")})
	if err != nil {
		t.Fatal(err)
	}
	m.url = made.QueueUrl
	m.lab = newLab(t, func(o *Options) {
		o.Now = func() time.Time { return m.now }
		o.Source = func(string) (storage.Bucket, error) { return m.bucket, nil }
		o.Events = func(*pipeline.Source) (Events, error) { return m.queue, nil }
	})
	m.events = m.lab.events()
	m.events.Source.Location, m.events.Source.Events = m.bucket.Location(), "arrivals"
	m.events.UniqueKey = nil
	if r := m.reads(t); r.Counts.Read != 0 { // the source is listed, and empty
		t.Fatalf("%+v", r.Counts)
	}
	return m
}

// store makes an object of one record whose id is the key.
func (m *mailbox) store(t *testing.T, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if _, err := m.bucket.Put(t.Context(), key, strings.NewReader(event(key, "2018-02-10T00:00:00Z", 1, "")+"\n")); err != nil {
			t.Fatal(err)
		}
	}
}

func (m *mailbox) send(t *testing.T, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		if _, err := m.client.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: m.url, MessageBody: &body}); err != nil {
			t.Fatal(err)
		}
	}
}

// told is what S3 sends of new objects.
func (m *mailbox) told(keys ...string) string {
	records := make([]string, len(keys))
	for i, key := range keys {
		records[i] = fmt.Sprintf(`{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":%q},"object":{"key":%q,"size":1}}}`,
			m.name, url.QueryEscape("raw/"+key))
	}
	return `{"Records":[` + strings.Join(records, ",") + `]}`
}

// reads runs the pipeline, which must end well.
func (m *mailbox) reads(t *testing.T) PipelineReport {
	t.Helper()
	return m.mustRun(t, m.events).Pipelines[0]
}

// waiting gives how many messages the queue has: those that anybody may receive, and those that somebody has.
func (m *mailbox) waiting(t *testing.T) [2]string {
	t.Helper()
	out, err := m.client.GetQueueAttributes(t.Context(), &awssqs.GetQueueAttributesInput{QueueUrl: m.url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	return [2]string{out.Attributes["ApproximateNumberOfMessages"], out.Attributes["ApproximateNumberOfMessagesNotVisible"]}
}

func (m *mailbox) wantWaiting(t *testing.T, what, free, held string) {
	t.Helper()
	if got := m.waiting(t); got != [2]string{free, held} {
		t.Errorf("%s: %s messages wait and %s are held, want %s and %s", what, got[0], got[1], free, held)
	}
}

// TestArrivals reads what messages of every kind tell, once, and lists nothing.
func TestArrivals(t *testing.T) {
	t.Parallel()
	m := newMailbox(t, time.Minute)
	m.store(t, "2018/a b+c=あ.json", "two", "three", "2018/from+bridge.json", "_temporary/x", "nobody tells")
	m.send(t,
		m.told("2018/a b+c=あ.json"), m.told("2018/a b+c=あ.json"), m.told("two", "three"), m.told("two"), m.told("_temporary/x"),
		fmt.Sprintf(`{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":%q},"object":{"key":"raw/2018/from+bridge.json"}}}`, m.name),
		`{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"x"}`,
		strings.ReplaceAll(m.told("removed"), "ObjectCreated:Put", "ObjectRemoved:Delete"))
	if r := m.reads(t); r.Counts.Read != 4 || r.Batches != 1 || r.Messages.Received != 8 || r.Messages.Deleted != 8 || r.Messages.Left != 0 {
		t.Errorf("%+v, %d batches, messages %+v", r.Counts, r.Batches, r.Messages)
	}
	m.wantWaiting(t, "when all is read", "0", "0")
	want := []string{"2018/a b+c=あ.json", "2018/from+bridge.json", "three", "two"}
	if d := cmp.Diff(want, m.query(t, "web.events", "SELECT event_id FROM t ORDER BY 1")); d != "" {
		t.Error(d)
	}
	m.send(t, m.told("two"))
	if r := m.reads(t); r.Counts.Read != 0 || r.Messages.Deleted != 1 {
		t.Errorf("a message of what was read: %+v, %+v", r.Counts, r.Messages)
	}
	m.now = m.now.Add(25 * time.Hour)
	m.store(t, "five")
	m.send(t, m.told("five"))
	if r := m.reads(t); r.Counts.Read != 2 || r.Messages.Deleted != 1 {
		t.Errorf("a day later all is listed: %+v, messages %+v", r.Counts, r.Messages)
	}
}

// TestArrivalsThatNobodyUnderstands stay in the queue, and keep nothing else from being read.
func TestArrivalsThatNobodyUnderstands(t *testing.T) {
	t.Parallel()
	m := newMailbox(t, time.Minute)
	m.store(t, "good", "bystander")
	m.send(t, "hello", m.told("good"), strings.Replace(m.told("x"), m.name, "elsewhere", 1), strings.Replace(m.told("y"), "raw%2F", "cooked%2F", 1),
		strings.Replace(m.told("z"), `"2.1"`, `"3.0"`, 1), m.told("bystander", "gone"))
	if r := m.reads(t); r.Counts.Read != 2 || r.Messages.Received != 6 || r.Messages.Deleted != 1 || r.Messages.Left != 5 {
		t.Errorf("%+v, messages %+v", r.Counts, r.Messages)
	}
	m.wantWaiting(t, "what nobody understands", "0", "5")
}

// TestArrivalsOfFailedBatches: a message is there again until its object was read; what another batch read goes.
func TestArrivalsOfFailedBatches(t *testing.T) {
	t.Parallel()
	m := newMailbox(t, time.Minute)
	m.events.Checks.MaxRejectRatio, m.events.MaxObjects = 0.5, 1
	m.store(t, "good")
	if _, err := m.bucket.Put(t.Context(), "bad", strings.NewReader("broken\n")); err != nil {
		t.Fatal(err)
	}
	m.send(t, m.told("bad"), m.told("good"))
	for range 3 {
		report, err := m.run(t, m.events)
		if err == nil || !strings.Contains(err.Error(), "max_reject_ratio") {
			t.Errorf("%+v, %v", report, err)
		}
	}
	m.store(t, "bad")
	if r := m.reads(t); r.Counts.Emitted == 0 {
		t.Errorf("when it is mended: %+v", r.Counts)
	}
	if d := cmp.Diff([]string{"bad", "good"}, m.query(t, "web.events", "SELECT event_id FROM t ORDER BY 1")); d != "" {
		t.Error(d)
	}
	m.wantWaiting(t, "when all is read", "0", "0")
}

// TestArrivalsInParts: a run takes no more messages at once than a batch has objects, and goes on until there are none.
func TestArrivalsInParts(t *testing.T) {
	t.Parallel()
	m := newMailbox(t, time.Minute)
	m.events.MaxObjects = 10
	for i := range 25 {
		key := fmt.Sprintf("%02d", i)
		m.store(t, key)
		m.send(t, m.told(key))
	}
	if r := m.reads(t); r.Counts.Read != 25 || r.Batches != 3 || r.Messages.Deleted != 25 {
		t.Errorf("%+v in %d batches, messages %+v", r.Counts, r.Batches, r.Messages)
	}
	m.wantWaiting(t, "when all is read", "0", "0")
}

// forgetful is a queue that is not told that messages are done: the run died.
type forgetful struct{ *sqs.Queue }

func (forgetful) Delete(context.Context, []events.Message) error {
	return errors.New("the network is gone")
}

// TestArrivalsAfterDeath: what is published and not deleted comes again, and is not read again.
func TestArrivalsAfterDeath(t *testing.T) {
	t.Parallel()
	m := newMailbox(t, time.Second)
	alive := m.runner.Events
	m.runner.Events = func(*pipeline.Source) (Events, error) { return forgetful{m.queue}, nil }
	m.store(t, "a")
	m.send(t, m.told("a"))
	if r := m.reads(t); r.Counts.Read != 1 || r.Messages.Deleted != 0 {
		t.Errorf("%+v, messages %+v", r.Counts, r.Messages)
	}
	m.runner.Events = alive
	for deadline := time.Now().Add(time.Minute); m.waiting(t) != [2]string{"0", "0"}; {
		if r := m.reads(t); r.Counts.Read != 0 || time.Now().After(deadline) {
			t.Fatalf("%+v, messages %+v", r.Counts, r.Messages)
		}
	}
}

// TestArrivalsAreHeld: as long as a batch is in the making, nobody else gets its messages.
func TestArrivalsAreHeld(t *testing.T) {
	t.Parallel()
	m := newMailbox(t, time.Second)
	m.store(t, "a")
	m.send(t, m.told("a"))
	m.runner.Step = func(name string) {
		if name != "ingested" {
			return
		}
		for until := time.Now().Add(4 * time.Second); time.Now().Before(until); {
			if got, _, err := m.queue.Receive(t.Context()); err != nil || len(got) > 0 {
				t.Errorf("another run gets %d messages, %v", len(got), err)
				return
			}
		}
	}
	if r := m.reads(t); r.Counts.Read != 1 || r.Messages.Deleted != 1 {
		t.Errorf("%+v, messages %+v", r.Counts, r.Messages)
	}
}

// blind is a bucket that does not say what it has.
type blind struct{ storage.Bucket }

func (blind) Stat(context.Context, string) (storage.Object, error) {
	return storage.Object{}, errors.New("the bucket is busy")
}

// breaking is a queue that gives messages, and fails on the way to more.
type breaking struct{ *sqs.Queue }

func (q breaking) Receive(ctx context.Context) ([]events.Message, bool, error) {
	messages, _, err := q.Queue.Receive(ctx)
	return messages, false, errors.Join(err, errors.New("the network is gone"))
}

// TestArrivalsThatWereNotLookedAt: when a run fails before it knows what its messages are about, they are there for the next.
func TestArrivalsThatWereNotLookedAt(t *testing.T) {
	t.Parallel()
	m := newMailbox(t, time.Minute)
	m.store(t, "a", "b")
	m.send(t, m.told("a", "b"))
	for name, broken := range map[string]struct {
		queue  Events
		bucket storage.Bucket
	}{"the bucket": {m.queue, blind{m.bucket}}, "the queue": {breaking{m.queue}, m.bucket}} {
		working := m.runner.Options
		m.runner.Source = func(string) (storage.Bucket, error) { return broken.bucket, nil }
		m.runner.Events = func(*pipeline.Source) (Events, error) { return broken.queue, nil }
		report, err := m.run(t, m.events)
		if err == nil || report.Pipelines[0].Messages.Deleted != 0 {
			t.Errorf("%s fails: %v, messages %+v", name, err, report.Pipelines[0].Messages)
		}
		m.wantWaiting(t, name+" fails", "1", "0")
		m.runner.Options = working
	}
	if r := m.reads(t); r.Counts.Read != 2 || r.Messages.Deleted != 1 {
		t.Errorf("%+v, messages %+v", r.Counts, r.Messages)
	}
}
