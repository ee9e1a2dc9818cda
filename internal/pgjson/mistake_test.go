package pgjson

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/pgerr"
	"tidegate/internal/testkit"
)

// documents are the beginnings of malformed ones.
var documents = []string{
	`{"a": 1, "b": [true, false, null], "c": {"d": "e"}}`, `[1, -2.5e+10, 0, "x\ny", "\u00e4\ud83d\ude00", {}]`, "{\n \"a\":\n [1,\r\n 2]\n}",
	`"\ud800\udc00 \u0041 \\ \" \/"`, `{"äöü": "ß", "long": "` + fmt.Sprintf("%060d", 1) + `", "more": [` + fmt.Sprintf("%.40f", 1.5) + `]}`, `1e5`, `"x"`, `trueish`,
}

// TestMistakes changes documents at random and compares what is told with PostgreSQL.
func TestMistakes(t *testing.T) {
	t.Parallel()
	c, err := pgconn.Connect(t.Context(), testkit.Postgres(t).DSN())
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same documents in each run
	pieces := []string{"{", "}", "[", "]", ",", ":", `"`, `\`, `\u`, `\ud800`, `\udc00`, `\u0000`, "x", "ä", "1", "0", "-", ".", "e", "\n", "\t", " ", "null", "'", "\x01"}
	wrong := 0
	for range 4000 {
		text := []rune(documents[r.IntN(len(documents))])
		for range 1 + r.IntN(3) {
			at := r.IntN(len(text) + 1)
			end := min(at+r.IntN(3), len(text))
			text = append(text[:at:at], append([]rune(pieces[r.IntN(len(pieces))]), text[end:]...)...)
		}
		if r.IntN(4) == 0 {
			text = text[:r.IntN(len(text)+1)]
		}
		for name, check := range map[string]func(string) error{"json": Check, "jsonb": func(text string) error { _, err := Normal(text); return err }} {
			result := c.ExecParams(t.Context(), "select $1::text::"+name, [][]byte{[]byte(string(text))}, nil, nil, nil).Read()
			want, got := "right", "right"
			if e, ok := errors.AsType[*pgconn.PgError](result.Err); ok {
				want = fmt.Sprintf("%s %s DETAIL: %s CONTEXT: %s", e.Code, e.Message, e.Detail, e.Where)
				wrong++
			}
			if e, ok := errors.AsType[*pgerr.Error](check(string(text))); ok {
				got = fmt.Sprintf("%s %s DETAIL: %s CONTEXT: %s", e.Code, e.Message, e.Detail, e.Where)
			}
			if got != want {
				t.Errorf("%q as %s:\n got %s\nwant %s", string(text), name, got, want)
			}
		}
	}
	if wrong < 4000 {
		t.Errorf("%d of 8000 are wrong: too few", wrong)
	}
}
