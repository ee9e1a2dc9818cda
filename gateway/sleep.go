package gateway

import (
	"context"
	"math"
	"time"
)

// longestSleep is as good as for ever.
const longestSleep = 1e9

// Sleep waits for some seconds, as pg_sleep of the session pid. It is called while one of the session's statements runs, and
// waits no longer than that.
func (s *Server) Sleep(pid int32, seconds float64) error {
	x := s.session(pid)
	if x == nil {
		return errShutdown()
	}
	if math.IsNaN(seconds) || seconds <= 0 {
		return nil
	}
	ctx, stop := x.work.while()
	defer stop()
	timer := time.NewTimer(time.Duration(min(seconds, longestSleep) * float64(time.Second)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
