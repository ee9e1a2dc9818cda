package pgtime

// Interval is a span of time: its three parts are added one after the other.
type Interval struct {
	Months, Days int32
	Micros       int64
}
