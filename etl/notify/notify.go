// Package notify tells people of what is wrong with the batches of tables, from the catalog's outbox: each target gets
// each notice, once as far as it says so. Delivering changes nothing of the tables, and what fails is tried again.
package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"tidegate/catalog"
	"tidegate/internal/logkey"
)

const (
	// keep is how long a notice is worth telling.
	keep = 3 * 24 * time.Hour
	// firstWait is the time before the second attempt, twice that before the next, up to lastWait.
	firstWait = 30 * time.Second
	lastWait  = time.Hour
	// attemptTimeout bounds one attempt.
	attemptTimeout = 10 * time.Second
	// maxText is how much of an incident's text is told: SNS takes 256 KiB, people less.
	maxText = 4000
)

// Target is where notices go.
type Target interface {
	// Name tells the target from others in the outbox and in the log. It holds no secret.
	Name() string
	// Send delivers a message. Its error holds no secret.
	Send(ctx context.Context, m Message) error
}

// Message is what a target gets, as JSON.
type Message struct {
	ID         string     `json:"id"` // of this notice: who gets it twice knows by it
	Event      string     `json:"event"`
	Kind       string     `json:"kind"`
	Table      string     `json:"table"`
	Rule       string     `json:"rule,omitempty"`
	Batch      string     `json:"batch,omitempty"`
	Text       string     `json:"text"`
	OpenedAt   time.Time  `json:"opened_at"`
	ResolvedAt *time.Time `json:"resolved_at,omitempty"`
}

// message says a notice.
func message(n *catalog.Notice) Message {
	m := Message{
		ID:    n.Table.String() + "/" + string(n.Kind) + "/" + n.Rule + "/" + strconv.FormatInt(n.OpenedAt.UnixMicro(), 10) + "/" + string(n.Event),
		Event: string(n.Event), Kind: string(n.Kind), Table: n.Table.String(), Rule: n.Rule, Batch: n.Batch, Text: n.Text, OpenedAt: n.OpenedAt,
	}
	if len(m.Text) > maxText {
		m.Text = m.Text[:maxText] + "…" // JSON mends a character that is cut
	}
	if n.Event == catalog.NoticeResolved {
		m.ResolvedAt = &n.ResolvedAt
	}
	return m
}

// Subject says a message in a line of at most 100 ASCII characters.
func (m Message) Subject() string {
	what := m.Kind
	if m.Rule != "" {
		what += " " + m.Rule
	}
	subject := fmt.Sprintf("Tidegate: %s %s %s", m.Table, what, m.Event)
	return subject[:min(len(subject), 100)]
}

func (m Message) body() ([]byte, error) { return json.Marshal(m) }

// Outbox is what a Deliverer needs of the catalog.
type Outbox interface {
	ClaimNotice(ctx context.Context, target string, now time.Time, keep time.Duration, wait func(attempts int) time.Duration) (catalog.Notice, bool, error)
	NoticeDelivered(ctx context.Context, n catalog.Notice, target string, at time.Time) error
}

// Deliverer brings notices to targets. All fields must be set. Several may work on one outbox.
type Deliverer struct {
	Outbox  Outbox
	Targets []Target
	Log     *slog.Logger
	Now     func() time.Time
}

// Deliver makes one attempt with every notice that is due. Only what is wrong with the outbox is its error; what a target
// says goes to the log, and is tried again later.
func (d *Deliverer) Deliver(ctx context.Context) (delivered int, err error) {
	for _, t := range d.Targets {
		n, err := d.deliver(ctx, t)
		delivered += n
		if err != nil {
			return delivered, fmt.Errorf("deliver notices to %s: %w", t.Name(), err)
		}
	}
	return delivered, nil
}

// deliver ends with the first attempt that fails: the others would too, and each may take long.
func (d *Deliverer) deliver(ctx context.Context, t Target) (delivered int, err error) {
	for {
		n, found, err := d.Outbox.ClaimNotice(ctx, t.Name(), d.Now(), keep, wait)
		if err != nil || !found {
			return delivered, err
		}
		m := message(&n)
		attempt, cancel := context.WithTimeout(ctx, attemptTimeout)
		err = t.Send(attempt, m)
		cancel()
		if err != nil && ctx.Err() != nil {
			return delivered, context.Cause(ctx) // the target said nothing
		}
		if err != nil {
			d.Log.WarnContext(ctx, "a notice is not delivered", "target", t.Name(), "notice", m.ID, "attempt", n.Attempts, logkey.Error, err)
			return delivered, nil
		}
		if err := d.Outbox.NoticeDelivered(ctx, n, t.Name(), d.Now()); err != nil {
			return delivered, err
		}
		delivered++
	}
}

// wait gives the time before the next attempt after so many.
func wait(attempts int) time.Duration {
	return min(lastWait, firstWait<<min(attempts-1, 20))
}
