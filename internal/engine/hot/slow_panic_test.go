package hot

import (
	"strings"
	"testing"
)

// TestPanicWhileMoving has the goroutine that moves a result come upon what cannot be: the result fails, not the process.
func TestPanicWhileMoving(t *testing.T) {
	t.Parallel()
	err := (&rows{}).fillSafely(&conn{}, &move{}) // a connection without a reader
	if err == nil || !strings.Contains(err.Error(), "panic") {
		t.Errorf("got %v", err)
	}
}
