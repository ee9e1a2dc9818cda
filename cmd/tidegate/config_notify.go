package main

import (
	"net/url"

	"tidegate/etl/notify"
)

// notifyConfig says who is told of what is wrong with batches.
type notifyConfig struct {
	SNSTopic string `yaml:"sns_topic"` // ARN
	Webhook  string `yaml:"webhook"`   // URL, often a secret itself
	// WebhookSecret signs the webhook's messages; "" leaves them unsigned.
	WebhookSecret string `yaml:"webhook_secret"`
}

func (c *config) checkNotify(fail func(key, format string, args ...any)) {
	n := c.Notify
	if n.SNSTopic != "" {
		if _, err := notify.TopicRegion(n.SNSTopic); err != nil {
			fail("notify.sns_topic", "is %q; %v", n.SNSTopic, err)
		}
	}
	if n.Webhook != "" {
		if _, err := notify.NewWebhook(n.Webhook, ""); err != nil {
			fail("notify.webhook", "is wrong: %v", err) // its text may be a secret
		}
	}
	if n.WebhookSecret != "" && n.Webhook == "" {
		fail("notify.webhook_secret", "goes with notify.webhook, which is empty")
	}
}

// withoutSecrets hides what others must not know: of the webhook's URL all but its host.
func (n notifyConfig) withoutSecrets() notifyConfig {
	if u, err := url.Parse(n.Webhook); n.Webhook != "" && err == nil {
		n.Webhook = u.Scheme + "://" + u.Host + "/xxxxx"
	}
	if n.WebhookSecret != "" {
		n.WebhookSecret = "xxxxx"
	}
	return n
}
