package pgtypes_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/internal/testkit"
)

// TestArrayMistakes reads random texts as arrays and compares what is told of the malformed ones with PostgreSQL.
func TestArrayMistakes(t *testing.T) {
	t.Parallel()
	c, err := pgconn.Connect(t.Context(), testkit.Postgres(t).DSN())
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // the same texts in each run
	starts := []string{"{1,2}", `{"a b",c,NULL}`, "{{1,2},{3,4}}", "[1:2]={1,2}", "[0:1][2]={{1,2},{3,4}}", "{}", "{{{1}}}", " { a , b } "}
	pieces := []string{"{", "}", "[", "]", ",", `"`, `\`, "=", ":", "a", "1", "-", " ", "ä", "{}", "{{{{{{"}
	malformed := 0
	for range 6000 {
		text := []rune(starts[r.IntN(len(starts))])
		for range 1 + r.IntN(3) {
			at := r.IntN(len(text) + 1)
			end := min(at+r.IntN(3), len(text))
			text = append(text[:at:at], append([]rune(pieces[r.IntN(len(pieces))]), text[end:]...)...)
		}
		result := c.ExecParams(t.Context(), "select $1::text::text[]", [][]byte{[]byte(string(text))}, nil, nil, nil).Read()
		want, got := "", ""
		if e, ok := errors.AsType[*pgconn.PgError](result.Err); ok {
			want = e.Code + " " + e.Message + " DETAIL: " + e.Detail
			malformed++
		}
		_, err := pgtypes.ParseArray(string(text))
		if e, ok := errors.AsType[*pgerr.Error](err); ok {
			got = string(e.Code) + " " + e.Message + " DETAIL: " + e.Detail
			if e.Code == pgerr.FeatureNotSupported {
				got = ""
			}
		}
		if got != want {
			t.Errorf("%q:\n got %s\nwant %s", string(text), got, want)
		}
	}
	if malformed < 3000 {
		t.Errorf("%d of 6000 are malformed: too few", malformed)
	}
}
