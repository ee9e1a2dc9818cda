package hotload

import (
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"tidegate/internal/engine"
)

// pgx leaves its reading goroutine behind when the connection breaks: the rows must be its no longer.
func TestStoppedCopyReadsNoRows(t *testing.T) {
	t.Parallel()
	var reading atomic.Bool
	entered := make(chan struct{})
	r := &copyReader{next: func() (*engine.Chunk, error) {
		reading.Store(true)
		defer reading.Store(false)
		close(entered) // panics if the rows are read twice
		time.Sleep(50 * time.Millisecond)
		return nil, io.EOF
	}}
	left := make(chan error)
	go func() {
		_, err := io.Copy(io.Discard, r)
		left <- err
	}()
	<-entered
	if err := r.stop(); err != nil || reading.Load() {
		t.Errorf("stopped while it is reading: %v, with error %v", reading.Load(), err)
	}
	if err := <-left; err != nil && !errors.Is(err, errCopyOver) {
		t.Errorf("whoever was reading got %v", err)
	}
	if n, err := r.Read(make([]byte, 8)); n != 0 || !errors.Is(err, errCopyOver) {
		t.Errorf("a read after stop: %d bytes, %v", n, err)
	}
}
