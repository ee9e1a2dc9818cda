package engine

import "errors"

// CopyClient is who sends the rows of a COPY … FROM STDIN. But for Stop one goroutine calls it.
type CopyClient interface {
	// Begin tells it to send. formats are those of the columns: 0 text, 1 binary.
	Begin(binary bool, formats []uint16) error
	// Next gives the next bytes that it sent, valid until the next call. io.EOF is their end, a *CopyFailed one that
	// it gave up with, ErrCopyStopped that Stop was called; other errors end the COPY too.
	Next() ([]byte, error)
	// Waiting reports whether there are bytes that Next gives without waiting.
	Waiting() bool
	// Stop makes Next return, also one that is waiting. It may be called from any goroutine.
	Stop()
}

// CopyFailed is what a client says in place of the end of its rows.
type CopyFailed struct{ Message string }

func (e *CopyFailed) Error() string { return "COPY from stdin failed: " + e.Message }

// ErrCopyStopped says that nobody wants more of a CopyClient's bytes.
var ErrCopyStopped = errors.New("copy was stopped")
