package e2e

import (
	"strconv"
	"syscall"
	"testing"
)

// checkDrain ends the server while a result is being read that no buffer holds: every row must still come, and the
// process must exit 0.
func checkDrain(t *testing.T, s *server) {
	t.Helper()
	const rows = 5_000_000
	reader := s.connect(t).PgConn().Exec(t.Context(), "select i from generate_series(1, "+strconv.Itoa(rows)+") i")
	if !reader.NextResult() || !reader.ResultReader().NextRow() {
		t.Fatalf("no first row: %v", reader.Close())
	}
	if err := s.Cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	n := 1
	for reader.ResultReader().NextRow() {
		n++
	}
	if _, err := reader.ResultReader().Close(); err != nil || n != rows {
		t.Errorf("after Ctrl-C %d rows came, %v, want %d", n, err, rows)
	}
	if err := s.Cmd.Wait(); err != nil {
		t.Errorf("after Ctrl-C: %v\n%s", err, s.Logs)
	}
}
