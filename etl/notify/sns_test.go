package notify_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"tidegate/catalog"
	"tidegate/etl/notify"
	"tidegate/internal/testkit"
)

// topic is a topic of a moto_server with a queue that gets what is published.
type topic struct {
	arn    string
	config aws.Config
	queues *sqs.Client
	queue  string
}

func newTopic(t *testing.T, suffix string) *topic {
	t.Helper()
	c := aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(testkit.Moto(t)), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	}
	topics, queues := sns.NewFromConfig(c), sqs.NewFromConfig(c)
	attributes := map[string]string{}
	if suffix == ".fifo" {
		attributes["FifoTopic"] = "true"
	}
	made, err := topics.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("alerts" + suffix), Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	if suffix == ".fifo" {
		attributes = map[string]string{"FifoQueue": "true"}
	}
	queue, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("inbox" + suffix), Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	_, err = topics.Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: made.TopicArn, Protocol: aws.String("sqs"), Endpoint: aws.String("arn:aws:sqs:eu-central-1:123456789012:inbox" + suffix),
	})
	if err != nil {
		t.Fatal(err)
	}
	return &topic{arn: *made.TopicArn, config: c, queues: queues, queue: *queue.QueueUrl}
}

// envelope is what SNS puts around a message.
type envelope struct {
	Subject           string
	Message           string
	MessageAttributes map[string]struct{ Value string }
}

func (q *topic) receive(t *testing.T) []envelope {
	t.Helper()
	var all []envelope
	for {
		got, err := q.queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
			QueueUrl: aws.String(q.queue), MaxNumberOfMessages: 10, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Messages) == 0 {
			return all
		}
		for _, m := range got.Messages {
			var e envelope
			if err := json.Unmarshal([]byte(*m.Body), &e); err != nil {
				t.Fatalf("%s: %v", *m.Body, err)
			}
			all = append(all, e)
			if _, err := q.queues.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: aws.String(q.queue), ReceiptHandle: m.ReceiptHandle}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestSNS(t *testing.T) {
	t.Parallel()
	for _, suffix := range []string{"", ".fifo"} {
		t.Run("topic"+suffix, func(t *testing.T) {
			t.Parallel()
			testSNS(t, newTopic(t, suffix))
		})
	}
}

func testSNS(t *testing.T, q *topic) {
	t.Helper()
	o := newOffice(t, notify.NewSNS(q.arn, q.config))
	o.raise(t, catalog.IncidentStop, "row_change", strings.Repeat("few rows あ ", 1000))
	o.raise(t, catalog.IncidentStop, "row_change", "seen again")
	o.raise(t, catalog.IncidentAbsence, "", "no batch by 03:55")
	o.resolve(t, catalog.IncidentAbsence)
	if n := o.deliver(t, 0); n != 3 {
		t.Errorf("%d notices delivered", n)
	}
	if n := o.deliver(t, time.Hour); n != 0 {
		t.Errorf("%d notices delivered twice", n)
	}
	got := map[string]notify.Message{}
	for _, e := range q.receive(t) {
		var m notify.Message
		if err := json.Unmarshal([]byte(e.Message), &m); err != nil {
			t.Fatal(err)
		}
		got[e.Subject] = m
		if a := e.MessageAttributes; a["table"].Value != "web.events" || a["kind"].Value != m.Kind || a["event"].Value != m.Event {
			t.Errorf("attributes %+v", a)
		}
	}
	stop := got["Tidegate: web.events stop row_change opened"]
	if len(got) != 3 || stop.Text != "seen again" || !stop.OpenedAt.Equal(start) || stop.ResolvedAt != nil || stop.Batch != "b1" {
		t.Errorf("%d messages, stop: %+v", len(got), stop)
	}
	if over := got["Tidegate: web.events absence resolved"]; over.ResolvedAt == nil || got["Tidegate: web.events absence opened"].ID == over.ID {
		t.Errorf("absence: %+v", over)
	}
	o.d.Targets = []notify.Target{notify.NewSNS(q.arn+"x", q.config)}
	o.raise(t, catalog.IncidentFailure, "", "x")
	if n := o.deliver(t, time.Minute); n != 0 || !strings.Contains(o.log.String(), "publish to SNS") || strings.Contains(o.log.String(), "secret") {
		t.Errorf("%d delivered to a topic that is not there, the log:\n%s", n, o.log.String())
	}
}
