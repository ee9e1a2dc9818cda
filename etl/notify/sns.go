package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// SNS publishes messages to a topic.
type SNS struct {
	topic  string
	client *sns.Client
}

// TopicRegion gives the region that a topic's ARN names.
func TopicRegion(topic string) (string, error) {
	a, err := arn.Parse(topic)
	if err != nil || a.Service != "sns" || a.Region == "" || a.Resource == "" {
		return "", errors.New("it is not arn:aws:sns:REGION:ACCOUNT:TOPIC")
	}
	return a.Region, nil
}

// NewSNS gives the target. The configuration's region must be the topic's.
func NewSNS(topic string, c aws.Config) *SNS {
	return &SNS{topic: topic, client: sns.NewFromConfig(c)}
}

// Name gives "sns".
func (s *SNS) Name() string { return "sns" }

// Send publishes a message. Subscriptions can be filtered by the attributes event, kind, table and rule. A FIFO topic has
// a group for each table, and drops what comes again within five minutes.
func (s *SNS) Send(ctx context.Context, m Message) error {
	body, err := m.body()
	if err != nil {
		return err
	}
	in := &sns.PublishInput{
		TopicArn: aws.String(s.topic), Subject: aws.String(m.Subject()), Message: aws.String(string(body)),
		MessageAttributes: map[string]types.MessageAttributeValue{},
	}
	for name, value := range map[string]string{"event": m.Event, "kind": m.Kind, "table": m.Table, "rule": m.Rule} {
		if value != "" {
			in.MessageAttributes[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(value)}
		}
	}
	if strings.HasSuffix(s.topic, ".fifo") {
		id := sha256.Sum256([]byte(m.ID))
		in.MessageGroupId, in.MessageDeduplicationId = aws.String(m.Table), aws.String(hex.EncodeToString(id[:]))
	}
	if _, err := s.client.Publish(ctx, in); err != nil {
		return fmt.Errorf("publish to SNS: %w", err)
	}
	return nil
}
