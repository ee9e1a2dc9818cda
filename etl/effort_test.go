package etl

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestMeter: batches that are made at once share the time, and one that waits has none of it.
func TestMeter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var m meter
		a, b := stopwatch{meter: &m}, stopwatch{meter: &m}
		time.Sleep(time.Hour) // nobody works
		a.start()
		time.Sleep(10 * time.Second)
		b.start()
		time.Sleep(6 * time.Second)
		if got := a.read(); got != 13*time.Second {
			t.Errorf("a has %s of 10 s alone and 6 s with b", got)
		}
		if err := b.waiting(func() error { time.Sleep(5 * time.Second); return nil }); err != nil {
			t.Error(err)
		}
		a.stop()
		time.Sleep(time.Second)
		b.stop()
		b.stop()
		time.Sleep(time.Minute)
		if a.read() != 18*time.Second || b.read() != 4*time.Second {
			t.Errorf("a has %s, b %s; want 18 s and 4 s", a.read(), b.read())
		}
	})
}
