// Package events reads what S3 says of new objects: messages of its notifications, as they come out of an SQS queue. sqs/ is the
// queue.
package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Message is one of a queue's. Who received it has it alone for a while.
type Message struct {
	ID      string // to name it by
	Receipt string // to delete it with
	Body    string
}

// Created is an object that was created, once or again.
type Created struct{ Bucket, Key string }

// maxShells is how many envelopes a message may be in: S3's in SNS's.
const maxShells = 2

// Parse gives the objects that a message says were created: one of S3 itself, of an SNS topic or of EventBridge. A message of
// S3 about anything else gives none: what it sends when notifications are set up, that an object was removed. Whatever is not understood is an
// error, and then there are none: the message is of another sender or a later version.
func Parse(body string) ([]Created, error) { return parse(body, maxShells) }

// shell is what all messages may have. The JSON of S3 is version 2.x of
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html.
type shell struct {
	Records []record `json:"Records"`
	Event   string   `json:"Event"` // of the test message
	// Of SNS.
	Type    string `json:"Type"`
	Message string `json:"Message"`
	// Of EventBridge.
	Source     string `json:"source"`
	DetailType string `json:"detail-type"`
	Detail     entity `json:"detail"`
}

type record struct {
	Version string `json:"eventVersion"`
	Name    string `json:"eventName"`
	S3      entity `json:"s3"`
}

type entity struct {
	Bucket struct {
		Name string `json:"name"`
	} `json:"bucket"`
	Object struct {
		Key string `json:"key"`
	} `json:"object"`
}

func parse(body string, shells int) ([]Created, error) {
	var m shell
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return nil, fmt.Errorf("it is no JSON of S3, SNS or EventBridge: %w", err)
	}
	switch {
	case m.Type == "Notification" && m.Message != "":
		if shells--; shells == 0 {
			return nil, errors.New("it is a message of SNS in one of SNS")
		}
		return parse(m.Message, shells)
	case m.Source == "aws.s3":
		return bridged(&m)
	case m.Event == "s3:TestEvent":
		return nil, nil
	case len(m.Records) == 0:
		return nil, errors.New("it has no Records, and is no message of SNS or EventBridge")
	}
	var all []Created
	for i, r := range m.Records {
		c, created, err := r.created()
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", i, err)
		}
		if created {
			all = append(all, c)
		}
	}
	return all, nil
}

// created reads a record of S3. Its key is form-URL-encoded: a space is +.
func (r *record) created() (c Created, created bool, err error) {
	if major, _, _ := strings.Cut(r.Version, "."); major != "2" {
		return c, false, fmt.Errorf("its eventVersion is %q, this program reads 2.x", r.Version)
	}
	if !strings.HasPrefix(strings.TrimPrefix(r.Name, "s3:"), "ObjectCreated:") { // MinIO writes s3: before it
		if r.Name == "" {
			err = errors.New("it has no eventName")
		}
		return c, false, err
	}
	if c.Key, err = url.QueryUnescape(r.S3.Object.Key); err != nil {
		return c, false, fmt.Errorf("key %q: %w", r.S3.Object.Key, err)
	}
	c.Bucket = r.S3.Bucket.Name
	return c, true, c.check()
}

// bridged reads a message of EventBridge. Its key is as it is.
func bridged(m *shell) ([]Created, error) {
	switch m.DetailType {
	case "Object Created":
		c := Created{Bucket: m.Detail.Bucket.Name, Key: m.Detail.Object.Key}
		if err := c.check(); err != nil {
			return nil, err
		}
		return []Created{c}, nil
	case "":
		return nil, errors.New("it has no detail-type")
	}
	return nil, nil
}

func (c Created) check() error {
	if c.Bucket == "" || c.Key == "" {
		return fmt.Errorf("bucket %q or key %q is missing", c.Bucket, c.Key)
	}
	return nil
}
