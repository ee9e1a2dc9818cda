package sqs

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tidegate/etl/events"
	"tidegate/internal/testkit"
)

// TestQueue sends 23 messages to a queue that is named in each way, and takes them off.
func TestQueue(t *testing.T) {
	t.Parallel()
	c := aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(testkit.Moto(t)), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	}
	client := sqs.NewFromConfig(c)
	for i, named := range []func(url, name string) string{
		func(url, _ string) string { return url },
		func(_, name string) string { return name },
		func(_, name string) string { return "arn:aws:sqs:eu-central-1:123456789012:" + name },
	} {
		name := fmt.Sprintf("arrivals-%d", i)
		made, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name})
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testQueue(t, client, *made.QueueUrl, New(named(*made.QueueUrl, name), c, time.Minute))
		})
	}
	if _, _, err := New("nowhere", c, time.Minute).Receive(t.Context()); err == nil || !strings.Contains(err.Error(), "find the queue nowhere") {
		t.Errorf("a queue that is not there: %v", err)
	}
}

func testQueue(t *testing.T, client *sqs.Client, url string, q *Queue) {
	t.Helper()
	var want []string
	for i := range 23 {
		body := fmt.Sprintf("%02d", i)
		if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body}); err != nil {
			t.Fatal(err)
		}
		want = append(want, body)
	}
	receive := func() (all []events.Message) {
		t.Helper()
		for more := true; more; {
			messages, again, err := q.Receive(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			all, more = append(all, messages...), again
		}
		return all
	}
	first := receive()
	if n := len(receive()); len(first) != 23 || n != 0 {
		t.Fatalf("received %d messages, and then %d", len(first), n)
	}
	if err := q.Release(t.Context(), first[:12]); err != nil {
		t.Fatal(err)
	}
	if err := q.Prolong(t.Context(), first[12:]); err != nil {
		t.Fatal(err)
	}
	if err := q.Delete(t.Context(), first[12:]); err != nil {
		t.Fatal(err)
	}
	again := receive()
	var got []string
	for _, m := range slices.Concat(again, first[12:]) {
		got = append(got, m.Body)
	}
	slices.Sort(got)
	if len(again) != 12 || !slices.Equal(got, want) {
		t.Errorf("%d messages came again; in all %q", len(again), got)
	}
	wrong := again[0]
	wrong.Receipt = "nobody gave this"
	err := q.Delete(t.Context(), []events.Message{wrong, again[1]})
	if err == nil || !strings.Contains(err.Error(), wrong.ID) || strings.Contains(err.Error(), again[1].ID) {
		t.Errorf("a receipt that is none: %v", err)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for queue, want := range map[string]string{
		"": "", "arrivals": "", "arn:aws:sqs:eu-central-1:123456789012:q": "eu-central-1",
		"https://sqs.ap-northeast-1.amazonaws.com/123456789012/q": "ap-northeast-1",
		"https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q":  "cn-north-1",
		"http://127.0.0.1:5000/123456789012/q":                    "",
	} {
		if err := Check(queue); err != nil || Region(queue) != want {
			t.Errorf("%s: region %q, %v", queue, Region(queue), err)
		}
	}
	for _, queue := range []string{"arn:aws:sns:eu-central-1:123456789012:q", "arn:aws:sqs::1:q", "arn:aws:sqs", "ftp://x/y", "https:///q", "https://host/", "sqs/q"} {
		if err := Check(queue); err == nil {
			t.Errorf("%s passes", queue)
		}
	}
}

// without is a connection on which one operation fails.
type without string

func (operation without) Do(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+string(operation)) {
		return nil, errors.New("the network is gone")
	}
	return http.DefaultClient.Do(r)
}

// TestReceivedAreGiven: messages that are hidden from others are not lost because something else fails.
func TestReceivedAreGiven(t *testing.T) {
	t.Parallel()
	c := aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(testkit.Moto(t)), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	}
	client := sqs.NewFromConfig(c)
	made, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("half")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: made.QueueUrl, MessageBody: aws.String("one")}); err != nil {
		t.Fatal(err)
	}
	c.HTTPClient = without("GetQueueAttributes")
	messages, more, err := New(*made.QueueUrl, c, time.Minute).Receive(t.Context())
	if err == nil || more || len(messages) != 1 || messages[0].Body != "one" {
		t.Errorf("%v, %v, %v", messages, more, err)
	}
}
