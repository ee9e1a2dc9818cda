package etl

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestClockJumps lets the clock jump between any two looks at it, by up to years to either side: what is made does not
// depend on it.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	l, err := runCrashPipelines(t, 5, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := outcome(t, l)
	looks := 0
	jumps := []time.Duration{0, 26 * time.Hour, -3 * 365 * 24 * time.Hour, time.Minute, 10 * 365 * 24 * time.Hour, -25 * time.Hour}
	l, err = runCrashPipelines(t, 5, func(o *Options) {
		o.Now = func() time.Time {
			looks++
			return time.Date(2026, 3, 1, 0, 0, looks, 0, time.UTC).Add(jumps[looks%len(jumps)])
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if looks < 10 {
		t.Errorf("the clock was looked at %d times", looks)
	}
	if diff := cmp.Diff(want, outcome(t, l)); diff != "" {
		t.Error(diff)
	}
}
