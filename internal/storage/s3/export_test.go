package s3

import "time"

// WithMaxBackoff gives the options with this bound on the wait between two attempts, so that tests need not wait.
func WithMaxBackoff(o Options, d time.Duration) Options {
	o.maxBackoff = d
	return o
}
