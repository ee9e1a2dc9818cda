package duck

import (
	"testing"

	"tidegate/internal/engine"
	"tidegate/internal/engine/enginetest"
	"tidegate/internal/pgerr"
)

// TestBefore runs text in front of a statement that reads no row: its error is the statement's, its row is not.
func TestBefore(t *testing.T) {
	t.Parallel()
	db := open(t, Options{})
	_, err := db.Query(t.Context(), engine.Statement{SQL: "SELECT 1 WHERE false", Before: "SELECT tg_int_div(1, 0)"})
	if pgerr.CodeOf(err) != "22012" {
		t.Errorf("got %v, want SQLSTATE 22012", err)
	}
	rows, err := db.Query(t.Context(), engine.Statement{SQL: "SELECT 1 WHERE false", Before: "SELECT 2"})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if got := len(enginetest.Table(t, rows)); got != 0 {
		t.Errorf("got %d rows, want none", got)
	}
}
