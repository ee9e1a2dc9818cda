package hotload

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// The owner answers on a Unix socket, one JSON object a line: a request {"load": generation} is answered by any
// number of {"working": true}, one every beat, and then {"ok": true, "loaded": generation} or {"error": text}.

type request struct {
	Load int64 `json:"load"`
}

type response struct {
	Working bool   `json:"working,omitempty"`
	OK      bool   `json:"ok,omitempty"`
	Loaded  int64  `json:"loaded,omitempty"`
	Error   string `json:"error,omitempty"`
}

const (
	beat    = time.Second
	silence = 10 * time.Second // after which the owner counts as dead
)

// ErrNobodyListens says that the hot store's owner, if there is one, has no socket: it is another etl run or hot load,
// or a serve that is starting or ending.
var ErrNobodyListens = errors.New("nobody listens")

// SocketPath is where the owner of a data folder's hot store listens.
func SocketPath(dataDir string) string { return filepath.Join(dataDir, "tidegate.sock") }

// Serve answers those who wake the owner, until ctx ends; then it returns nil. load brings everything that is
// committed into the hot store; it is called for several clients at a time. The caller owns the hot store (Acquire),
// so a socket file that is there is a crash's and is replaced.
func Serve(ctx context.Context, socketPath string, load func(ctx context.Context) error) error {
	l, err := listen(ctx, socketPath)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", socketPath, err)
	}
	var clients sync.WaitGroup
	defer clients.Wait()
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				_ = conn.Close()
			}
			return nil
		}
		if err != nil {
			return errors.Join(fmt.Errorf("listen on %s: %w", socketPath, err), l.Close())
		}
		clients.Go(func() { answer(ctx, conn, load) })
	}
}

func listen(ctx context.Context, socketPath string) (net.Listener, error) {
	info, err := os.Lstat(socketPath)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.Mode()&fs.ModeSocket == 0:
		return nil, errors.New("there is a file that is no socket; remove it")
	default:
		if err := os.Remove(socketPath); err != nil {
			return nil, err
		}
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", socketPath)
	if err != nil {
		// The system's limit is near 100 bytes, and its message does not say so.
		if len(socketPath) > 100 {
			err = fmt.Errorf("%w (the path has %d bytes: a shorter data_dir helps)", err, len(socketPath))
		}
		return nil, err
	}
	if err := os.Chmod(socketPath, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// answer serves one client. What cannot be sent is lost with the client, who sees the connection end.
func answer(ctx context.Context, conn net.Conn, load func(ctx context.Context) error) {
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := conn.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return
	}
	var rq request
	if err := json.NewDecoder(conn).Decode(&rq); err != nil {
		_ = json.NewEncoder(conn).Encode(response{Error: "request is not {\"load\": generation}: " + err.Error()})
		return
	}
	done := make(chan error, 1)
	go func() { done <- load(ctx) }()
	ticks := time.NewTicker(beat)
	defer ticks.Stop()
	for {
		select {
		case err := <-done:
			r := response{OK: true, Loaded: rq.Load}
			if err != nil {
				r = response{Error: err.Error()}
			}
			_ = json.NewEncoder(conn).Encode(r)
			return
		case <-ticks.C:
			// A client that is gone does not end the load: others wait for it too.
			_ = json.NewEncoder(conn).Encode(response{Working: true})
		}
	}
}

// Wake asks the owner of the hot store to load what is committed up to a generation, and waits until it has.
// An owner that does not answer is an error of one line that names the socket and what to do; it is ErrNobodyListens
// if it may go away by itself.
func Wake(ctx context.Context, socketPath string, generation int64) error {
	return wake(ctx, socketPath, generation, silence)
}

func wake(ctx context.Context, socketPath string, generation int64, silence time.Duration) error {
	dialer := net.Dialer{Timeout: silence}
	conn, err := dialer.DialContext(ctx, "unix", socketPath)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		err = fmt.Errorf("%w: %w", ErrNobodyListens, err)
	}
	if err != nil {
		return noAnswer(ctx, socketPath, err)
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := json.NewEncoder(conn).Encode(request{Load: generation}); err != nil {
		return noAnswer(ctx, socketPath, err)
	}
	lines := bufio.NewReader(conn)
	for {
		if err := conn.SetReadDeadline(time.Now().Add(silence)); err != nil {
			return noAnswer(ctx, socketPath, err)
		}
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return noAnswer(ctx, socketPath, err)
		}
		var r response
		if err := json.Unmarshal(line, &r); err != nil {
			return noAnswer(ctx, socketPath, err)
		}
		switch {
		case r.Error != "":
			return fmt.Errorf("the owner of the hot store at %s could not load: %s", socketPath, r.Error)
		case r.OK:
			return nil
		}
	}
}

// Listening reports whether an owner listens on the socket.
func Listening(ctx context.Context, socketPath string) bool {
	dialer := net.Dialer{Timeout: silence}
	conn, err := dialer.DialContext(ctx, "unix", socketPath)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}

func noAnswer(ctx context.Context, socketPath string, err error) error {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return fmt.Errorf("the owner of the hot store does not answer on %s: %w; what is committed stays cold until it does: "+
		"restart the tidegate serve that holds hot.lock beside it, or end it and run again", socketPath, err)
}
