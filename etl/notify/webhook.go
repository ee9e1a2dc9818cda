package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// Headers of a webhook's request.
const (
	IDHeader        = "X-Tidegate-Notice"
	SignatureHeader = "X-Tidegate-Signature" // "sha256=" and the HMAC of the body in hex; only with a secret
)

// Webhook posts messages to a URL, which may hold a secret itself: it is in no error and no log.
type Webhook struct {
	url    string
	host   string
	secret []byte
	client *http.Client
}

// NewWebhook gives the target; with a secret the messages are signed.
func NewWebhook(address, secret string) (*Webhook, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("the webhook is not http://HOST/… or https://HOST/…")
	}
	// A redirect would turn the POST into a GET, or take it to somebody else.
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &Webhook{url: address, host: u.Host, secret: []byte(secret), client: client}, nil
}

// Name gives "webhook".
func (w *Webhook) Name() string { return "webhook" }

// Send posts a message. Any answer but 2xx is an error.
func (w *Webhook) Send(ctx context.Context, m Message) (err error) {
	body, err := m.body()
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return w.withoutURL(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "tidegate")
	r.Header.Set(IDHeader, m.ID)
	if len(w.secret) > 0 {
		r.Header.Set(SignatureHeader, Sign(w.secret, body))
	}
	answer, err := w.client.Do(r)
	if err != nil {
		return w.withoutURL(err)
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if _, err := io.CopyN(io.Discard, answer.Body, 1<<16); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the answer of %s: %w", w.host, err)
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s answers %s", w.host, answer.Status)
	}
	return nil
}

// withoutURL takes the URL out of an error of net/http.
func (w *Webhook) withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return fmt.Errorf("post to %s: %w", w.host, err)
}

// Sign gives the signature of a body.
func Sign(secret, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}
