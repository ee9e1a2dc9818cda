// Package sqs is the queue of etl/events on Amazon SQS.
package sqs

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"

	"tidegate/etl/events"
)

const (
	// atOnce is how many messages SQS gives and takes in one call.
	atOnce = 10
	// patience is how long an empty queue is listened to: SQS asks only a part of its servers without.
	patience = time.Second
	// Visibility is how long a message is one receiver's if it does not prolong that.
	Visibility = 5 * time.Minute
)

// Region gives the region that a queue's URL or ARN names; "" if it is a name, or the URL is not AWS's.
func Region(queue string) string {
	if a, err := arn.Parse(queue); err == nil {
		return a.Region
	}
	u, err := url.Parse(queue)
	if err != nil {
		return ""
	}
	host := strings.Split(u.Hostname(), ".") // sqs.eu-central-1.amazonaws.com
	if len(host) >= 4 && host[0] == "sqs" && strings.HasPrefix(host[2], "amazonaws") {
		return host[1]
	}
	return ""
}

// Check says what is wrong with a queue's URL, ARN or name.
func Check(queue string) error {
	switch {
	case strings.HasPrefix(queue, "arn:"):
		if a, err := arn.Parse(queue); err != nil || a.Service != "sqs" || a.Region == "" || a.Resource == "" {
			return errors.New("it is not arn:aws:sqs:REGION:ACCOUNT:QUEUE")
		}
	case strings.Contains(queue, "/"):
		if u, err := url.Parse(queue); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || len(u.Path) < 2 {
			return errors.New("it is not https://sqs.REGION.amazonaws.com/ACCOUNT/QUEUE")
		}
	}
	return nil
}

// Queue is a queue.
type Queue struct {
	name       string
	client     *sqs.Client
	url        *string // nil until it is known
	visibility time.Duration
}

// New gives a queue by its URL, ARN or name. visibility is how long a message is hidden from others.
func New(queue string, c aws.Config, visibility time.Duration) *Queue {
	q := &Queue{name: queue, client: sqs.NewFromConfig(c), visibility: visibility}
	if strings.Contains(queue, "/") {
		q.url = &queue
	}
	return q
}

// String is the queue as it was given.
func (q *Queue) String() string { return q.name }

// Visibility is how long a message is hidden from others.
func (q *Queue) Visibility() time.Duration { return q.visibility }

func (q *Queue) find(ctx context.Context) error {
	if q.url != nil {
		return nil
	}
	in := &sqs.GetQueueUrlInput{QueueName: &q.name}
	if a, err := arn.Parse(q.name); err == nil {
		in.QueueName, in.QueueOwnerAWSAccountId = &a.Resource, &a.AccountID
	}
	out, err := q.client.GetQueueUrl(ctx, in)
	if err != nil {
		return fmt.Errorf("find the queue %s: %w", q.name, err)
	}
	q.url = out.QueueUrl
	return nil
}

// Receive gives up to 10 messages, and whether there may be more; with an error too those that nobody else gets for a while.
func (q *Queue) Receive(ctx context.Context) (messages []events.Message, more bool, err error) {
	if err := q.find(ctx); err != nil {
		return nil, false, err
	}
	var out *sqs.ReceiveMessageOutput
	waiting := 0
	var both errgroup.Group // one round trip; neither is given up for the other: what is received must be given
	both.Go(func() (err error) {
		out, err = q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: q.url, MaxNumberOfMessages: atOnce, WaitTimeSeconds: int32(patience.Seconds()), VisibilityTimeout: int32(q.visibility.Seconds()),
		})
		if err != nil {
			err = fmt.Errorf("receive from the queue %s: %w", q.name, err)
		}
		return err
	})
	both.Go(func() (err error) {
		waiting, err = q.waiting(ctx)
		return err
	})
	err = both.Wait()
	if out != nil {
		for _, m := range out.Messages {
			messages = append(messages, events.Message{ID: aws.ToString(m.MessageId), Receipt: aws.ToString(m.ReceiptHandle), Body: aws.ToString(m.Body)})
		}
	}
	if err != nil {
		return messages, false, err
	}
	// What waits is counted with these messages or without them, and by SQS only nearly. Listening once more costs a second;
	// what is missed comes with the next run.
	n := len(messages)
	return messages, n == atOnce || n > 0 && waiting > 0 && waiting != n, nil
}

// waiting gives about how many messages anybody may receive.
func (q *Queue) waiting(ctx context.Context) (int, error) {
	const waiting = types.QueueAttributeNameApproximateNumberOfMessages
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: q.url, AttributeNames: []types.QueueAttributeName{waiting}})
	if err != nil {
		return 0, fmt.Errorf("ask the queue %s how many messages it has: %w", q.name, err)
	}
	n, err := strconv.Atoi(out.Attributes[string(waiting)])
	if err != nil {
		return 0, fmt.Errorf("ask the queue %s how many messages it has: %w", q.name, err)
	}
	return n, nil
}

// Delete takes messages off the queue.
func (q *Queue) Delete(ctx context.Context, messages []events.Message) error {
	return q.each(messages, func(some []events.Message) ([]types.BatchResultErrorEntry, error) {
		in := &sqs.DeleteMessageBatchInput{QueueUrl: q.url}
		for i, m := range some {
			in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &m.Receipt})
		}
		out, err := q.client.DeleteMessageBatch(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("delete messages of the queue %s: %w", q.name, err)
		}
		return out.Failed, nil
	})
}

// Prolong hides messages from others for Visibility from now on.
func (q *Queue) Prolong(ctx context.Context, messages []events.Message) error {
	return q.hide(ctx, messages, q.visibility)
}

// Release lets others receive messages at once.
func (q *Queue) Release(ctx context.Context, messages []events.Message) error {
	return q.hide(ctx, messages, 0)
}

func (q *Queue) hide(ctx context.Context, messages []events.Message, d time.Duration) error {
	return q.each(messages, func(some []events.Message) ([]types.BatchResultErrorEntry, error) {
		in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: q.url}
		for i, m := range some {
			in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
				Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &m.Receipt, VisibilityTimeout: int32(d.Seconds()),
			})
		}
		out, err := q.client.ChangeMessageVisibilityBatch(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("hide messages of the queue %s: %w", q.name, err)
		}
		return out.Failed, nil
	})
}

// each does something with 10 messages at a time. What is refused of one does not keep the others from it.
func (q *Queue) each(messages []events.Message, do func([]events.Message) ([]types.BatchResultErrorEntry, error)) error {
	var errs []error
	for len(messages) > 0 {
		n := min(len(messages), atOnce)
		failed, err := do(messages[:n])
		errs = append(errs, err)
		for _, f := range failed {
			i, _ := strconv.Atoi(aws.ToString(f.Id)) // ours
			errs = append(errs, fmt.Errorf("the queue %s refuses for message %s: %s", q.name, messages[i].ID, aws.ToString(f.Message)))
		}
		messages = messages[n:]
	}
	return errors.Join(errs...)
}
