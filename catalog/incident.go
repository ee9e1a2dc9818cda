package catalog

import (
	"fmt"
	"slices"
	"time"
)

// IncidentKind says what is wrong with a table's batches.
type IncidentKind string

// The kinds of incidents, and what resolves one.
const (
	IncidentFailure IncidentKind = "failure" // a batch or what is around it failed: a run of the pipeline without one
	IncidentStop    IncidentKind = "stop"    // a rule stopped a batch: a run without an error
	IncidentCompact IncidentKind = "compact" // partitions could not be compacted: a compaction of the table without an error
	IncidentWarn    IncidentKind = "warn"    // a batch broke a rule and is published: the next one that keeps it
	IncidentOverrun IncidentKind = "overrun" // a batch took much longer than usual: the next one that does not
	IncidentAbsence IncidentKind = "absence" // there was no batch in time: the next one
)

// Incident is something wrong from when it was first seen until it is so no longer. Of a table's kind and rule at most one
// is open; what is seen again meanwhile changes its text and when it was seen last.
type Incident struct {
	ID         int64
	Table      Name
	Kind       IncidentKind
	Rule       string // of stop and warn
	Batch      string // that it was seen at last; "" without one
	Text       string
	OpenedAt   time.Time
	SeenAt     time.Time // last
	ResolvedAt time.Time // zero: it is open
}

// OfKind gives the question whether an incident is of some kinds.
func OfKind(kinds ...IncidentKind) func(Incident) bool {
	return func(i Incident) bool { return slices.Contains(kinds, i.Kind) }
}

// NoticeEvent says what of an incident people are told.
type NoticeEvent string

// What people are told: each of them once for an incident.
const (
	NoticeOpened   NoticeEvent = "opened"
	NoticeResolved NoticeEvent = "resolved"
)

// Notice is a message that a target is due to get. It is in the outbox from the transaction on that opened or resolved its
// incident.
type Notice struct {
	Incident
	Event    NoticeEvent
	Attempts int // to deliver it to the target, this one included
}

// Overrun says that a batch took much longer than its table's batches before.
type Overrun struct {
	Seconds  float64 `json:"seconds"`
	Expected float64 `json:"expected_seconds"`
}

// String gives "the batch took 95 s, expected are 40 s".
func (o Overrun) String() string {
	return fmt.Sprintf("the batch took %.3g s, expected are %.3g s", o.Seconds, o.Expected)
}
