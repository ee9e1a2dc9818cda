package main

import (
	"time"

	"tidegate/gateway"
)

type limits struct {
	Connections int `yaml:"connections"`
	Reserved    int `yaml:"reserved_connections"` // of these, for users that monitor
	// PostgreSQL's times: how long a login may take, and what sessions begin with.
	Authentication    string `yaml:"authentication_timeout"`
	Statement         string `yaml:"statement_timeout"`
	Idle              string `yaml:"idle_timeout"`
	IdleInTransaction string `yaml:"idle_in_transaction_timeout"`
	Message           string `yaml:"message"`        // the longest one that a client may send
	Grace             string `yaml:"shutdown_grace"` // for statements that run when the process shall end

	Memory    string `yaml:"memory"`
	ETLMemory string `yaml:"etl_memory"`
	Threads   int    `yaml:"threads"`
	MaxScan   string `yaml:"max_scan"`

	// Of the statements that DuckDB answers: see admission.go.
	Queries      int    `yaml:"queries"`       // that compute at a time; 0: by the threads
	Queue        int    `yaml:"queue"`         // of a role's statements that wait
	QueueTimeout string `yaml:"queue_timeout"` // how long one waits
	Spool        string `yaml:"spool"`         // of what their results hold while nobody reads them; 0: nothing is moved
	Temporary    string `yaml:"temporary"`     // of all temporary tables that Tidegate keeps itself
}

func (l *limits) check(fail func(key, format string, args ...any)) {
	if l.Connections < 1 {
		fail("limits.connections", "must be at least 1")
	}
	if l.Reserved < 0 {
		fail("limits.reserved_connections", "must be 0 or more")
	}
	if l.Threads < 0 {
		fail("limits.threads", "must be 0 (all cores) or more")
	}
	for key, value := range map[string]string{"limits.memory": l.Memory, "limits.etl_memory": l.ETLMemory} {
		if _, err := parseMemory(value); err != nil {
			fail(key, "%v", err)
		}
	}
	l.checkAdmission(fail)
	if _, err := parseBytes(l.MaxScan); l.MaxScan != "" && err != nil {
		fail("limits.max_scan", "%v", err)
	}
	if n, err := parseBytes(l.Message); err != nil || n < smallestMessage || n > largestMessage {
		fail("limits.message", "is %q; it is from 64KiB to 1GiB", l.Message)
	}
	if d, err := gateway.ParseTimeout(l.Authentication); err != nil || d < time.Second || d > 10*time.Minute {
		fail("limits.authentication_timeout", "is %q; it is from 1s to 10min", l.Authentication)
	}
	for key, value := range map[string]string{
		"limits.shutdown_grace": l.Grace, "limits.statement_timeout": l.Statement, "limits.idle_timeout": l.Idle, "limits.idle_in_transaction_timeout": l.IdleInTransaction,
	} {
		if _, err := gateway.ParseTimeout(value); err != nil {
			fail(key, "is %q; write a number and ms, s, min, h or d; 0 is no limit", value)
		}
	}
}

// The bounds of the longest message: a query of some size must fit, and PostgreSQL takes none beyond.
const (
	smallestMessage = 64 << 10
	largestMessage  = 1 << 30
)

// settings are what sessions begin with.
func (l *limits) settings() map[string]string {
	return map[string]string{
		"statement_timeout": l.Statement, "idle_session_timeout": l.Idle,
		"idle_in_transaction_session_timeout": l.IdleInTransaction,
	}
}

// authentication gives how long a login may take.
func (l *limits) authentication() time.Duration {
	d, _ := gateway.ParseTimeout(l.Authentication) // checked
	return d
}

// grace gives how long running statements may take after a signal to stop; 0 is as long as they want.
func (l *limits) grace() time.Duration {
	d, _ := gateway.ParseTimeout(l.Grace) // checked
	return d
}

// message gives the bytes of the longest message.
func (l *limits) message() int {
	n, _ := parseBytes(l.Message) // checked
	return int(n)
}
