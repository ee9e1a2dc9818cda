// Package logkey holds the keys of structured log lines, so that one thing has one name in every log.
package logkey

// Keys, in snake case. Durations are logged as elapsed (a time.Duration), sizes in bytes.
const (
	Batch       = "batch"
	Bytes       = "bytes"
	Conn        = "conn"
	Elapsed     = "elapsed"
	Error       = "error"
	File        = "file"
	Files       = "files"
	Fingerprint = "fingerprint"
	Generation  = "generation"
	Object      = "object"
	Partition   = "partition"
	Pipeline    = "pipeline"
	Query       = "query"
	Reason      = "reason"
	Route       = "route"
	Rows        = "rows"
	Rule        = "rule"
	State       = "state"
	Table       = "table"
	Role        = "role"
	User        = "user"
	Address     = "address"
)
