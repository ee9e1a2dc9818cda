package duck

import (
	"testing"

	"go.uber.org/goleak"

	"tidegate/internal/engine"
	"tidegate/internal/engine/enginetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, o Options) *DB {
	t.Helper()
	db, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// exec runs statements in a session of their own.
func exec(t *testing.T, db *DB, statements ...string) {
	t.Helper()
	s := session(t, db)
	for _, sql := range statements {
		if _, err := s.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func session(t *testing.T, db *DB) engine.Session {
	t.Helper()
	s, err := db.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// table runs a query and gives its rows as text.
func table(t *testing.T, db *DB, sql string) [][]string {
	t.Helper()
	rows, err := db.Query(t.Context(), engine.Statement{SQL: sql})
	if err != nil {
		t.Fatalf("%.500s: %v", sql, err)
	}
	defer rows.Close()
	return enginetest.Table(t, rows)
}

func TestConformance(t *testing.T) {
	t.Parallel()
	enginetest.Run(t, enginetest.Config{Engine: open(t, Options{})})
}
