package pgjson

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/internal/testkit"
)

// operation is a function here and PostgreSQL's expression for it, of a document $1, another one $2, a path $3, a key $4
// and a number $5.
type operation struct {
	sql string
	ask func(in *input) (text string, ok bool, err error)
}

type input struct {
	document, other string
	path            []string
	key             string
	number          int
}

// steps is the path as Edit takes it.
func (in *input) steps() []*string {
	steps := make([]*string, len(in.path))
	for i := range in.path {
		steps[i] = &in.path[i]
	}
	return steps
}

func always(text string, err error) (string, bool, error) { return text, true, err }

func truth(v bool, err error) (string, bool, error) {
	return strconv.FormatBool(v), true, err
}

func lines(list []string, err error) (string, bool, error) {
	return strings.Join(list, "\n"), len(list) > 0, err
}

// normal makes the document a jsonb first.
func normal(f func(text string) (string, bool, error)) func(in *input) (string, bool, error) {
	return func(in *input) (string, bool, error) {
		text, err := Normal(in.document)
		if err != nil {
			return "", false, err
		}
		return f(text)
	}
}

// checked makes the document a json first.
func checked(f func(in *input) (string, bool, error)) func(in *input) (string, bool, error) {
	return func(in *input) (string, bool, error) {
		if err := Check(in.document); err != nil {
			return "", false, err
		}
		return f(in)
	}
}

func operations() []operation {
	return []operation{
		{"$1::json", func(in *input) (string, bool, error) { return in.document, true, Check(in.document) }},
		{"$1::jsonb", func(in *input) (string, bool, error) { return always(Normal(in.document)) }},
		{"$1::json -> $4", checked(func(in *input) (string, bool, error) { return Field(in.document, in.key) })},
		{"$1::json -> $5::int", checked(func(in *input) (string, bool, error) { return Element(in.document, in.number) })},
		{"$1::json #> $3::text[]", checked(func(in *input) (string, bool, error) { return Path(in.document, in.path) })},
		{"$1::json #>> $3::text[]", checked(func(in *input) (string, bool, error) {
			v, ok, err := Path(in.document, in.path)
			if err != nil || !ok {
				return "", false, err
			}
			return Unquoted(v)
		})},
		{"json_array_length($1::json)", checked(func(in *input) (string, bool, error) {
			n, err := Length(in.document)
			return strconv.Itoa(int(n)), true, err
		})},
		{"json_typeof($1::json)", checked(func(in *input) (string, bool, error) { return Typeof(in.document).String(), true, nil })},
		{"json_strip_nulls($1::json)", checked(func(in *input) (string, bool, error) { return always(StripNulls(in.document)) })},
		{"(select string_agg(x, E'\\n') from json_object_keys($1::json) x)", checked(func(in *input) (string, bool, error) {
			return lines(Keys(in.document, "json_object_keys"))
		})},
		{"(select string_agg(x::text, E'\\n') from json_array_elements($1::json) x)", checked(func(in *input) (string, bool, error) {
			return lines(Elements(in.document, "json_array_elements"))
		})},
		{"(select string_agg(key || '=' || value::text, E'\\n') from jsonb_each($1::jsonb))", normal(func(text string) (string, bool, error) {
			keys, values, err := Each(text, "jsonb_each")
			for i := range keys {
				keys[i] += "=" + values[i]
			}
			return lines(keys, err)
		})},
		{"$1::jsonb -> $5::int", func(in *input) (string, bool, error) {
			return normal(func(text string) (string, bool, error) { return ElementB(text, in.number) })(in)
		}},
		{"$1::jsonb -> $4", func(in *input) (string, bool, error) {
			return normal(func(text string) (string, bool, error) { return Field(text, in.key) })(in)
		}},
		{"$1::jsonb #> $3::text[]", func(in *input) (string, bool, error) {
			return normal(func(text string) (string, bool, error) { return Path(text, in.path) })(in)
		}},
		{"jsonb_pretty($1::jsonb)", normal(func(text string) (string, bool, error) { return always(Pretty(text)) })},
		{"jsonb_strip_nulls($1::jsonb)", normal(func(text string) (string, bool, error) { return always(StripNullsB(text)) })},
		{"$1::jsonb || $2::jsonb", func(in *input) (string, bool, error) { return always(Concat(in.document, in.other)) }},
		{"$1::jsonb - $4", func(in *input) (string, bool, error) { return always(DeleteKeys(in.document, []string{in.key})) }},
		{"$1::jsonb - $3::text[]", func(in *input) (string, bool, error) { return always(DeleteKeys(in.document, in.path)) }},
		{"$1::jsonb - $5::int", func(in *input) (string, bool, error) { return always(DeleteElement(in.document, in.number)) }},
		{"$1::jsonb #- $3::text[]", func(in *input) (string, bool, error) { return always(Edit(in.document, in.steps(), Remove, "")) }},
		{"jsonb_set($1::jsonb, $3::text[], $2::jsonb)", func(in *input) (string, bool, error) {
			return always(Edit(in.document, in.steps(), Set|Create, in.other))
		}},
		{"jsonb_set($1::jsonb, $3::text[], $2::jsonb, false)", func(in *input) (string, bool, error) {
			return always(Edit(in.document, in.steps(), Set, in.other))
		}},
		{"jsonb_insert($1::jsonb, $3::text[], $2::jsonb)", func(in *input) (string, bool, error) {
			return always(Edit(in.document, in.steps(), InsertBefore, in.other))
		}},
		{"jsonb_insert($1::jsonb, $3::text[], $2::jsonb, true)", func(in *input) (string, bool, error) {
			return always(Edit(in.document, in.steps(), InsertAfter, in.other))
		}},
		{"$1::jsonb @> $2::jsonb", func(in *input) (string, bool, error) { return truth(Contains(in.document, in.other)) }},
		{"$1::jsonb ? $4", func(in *input) (string, bool, error) { return truth(Exists(in.document, in.key)) }},
		{"$1::jsonb ?| $3::text[]", func(in *input) (string, bool, error) { return truth(ExistsAny(in.document, in.path)) }},
		{"$1::jsonb ?& $3::text[]", func(in *input) (string, bool, error) { return truth(ExistsAll(in.document, in.path)) }},
		{"sign(jsonb_cmp($1::jsonb, $2::jsonb))", func(in *input) (string, bool, error) {
			k, err := Key(in.document)
			if err != nil {
				return "", false, err
			}
			l, err := Key(in.other)
			if err != nil {
				return "", false, err
			}
			return strconv.Itoa(strings.Compare(string(k), string(l))), true, nil
		}},
	}
}

// TestAgainstPostgreSQL compares every operation on random documents.
func TestAgainstPostgreSQL(t *testing.T) {
	t.Parallel()
	conn, err := pgconn.Connect(t.Context(), testkit.Postgres(t).DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	inputs := make([]input, 1500)
	r := rand.New(rand.NewPCG(15, 4))
	for i := range inputs {
		inputs[i] = randomInput(r)
	}
	for i, op := range operations() {
		name := fmt.Sprintf("s%d", i)
		if _, err := conn.Prepare(t.Context(), name, "select ("+op.sql+")::text from (select $1::text, $2::text, $3::text, $4::text, $5::text) x", nil); err != nil {
			t.Fatal(err)
		}
		different := 0
		for k := range inputs {
			in := &inputs[k]
			want := askPostgres(t, conn, name, in)
			if got := answer(op.ask(in)); got != want && different < 3 {
				t.Errorf("%s of %+v\ngot  %s\nwant %s", op.sql, *in, got, want)
				different++
			}
		}
	}
}

func askPostgres(t *testing.T, conn *pgconn.PgConn, name string, in *input) string {
	t.Helper()
	path := make([]*string, len(in.path))
	for i := range path {
		path[i] = &in.path[i]
	}
	params := [][]byte{[]byte(in.document), []byte(in.other), pgtypes.AppendArray(nil, path), []byte(in.key), strconv.AppendInt(nil, int64(in.number), 10)}
	result := conn.ExecPrepared(t.Context(), name, params, nil, nil).Read()
	if e, ok := errors.AsType[*pgconn.PgError](result.Err); ok {
		return e.Code + " " + e.Message
	}
	if result.Err != nil {
		t.Fatal(result.Err)
	}
	if v := result.Rows[0][0]; v != nil {
		return "'" + string(v)
	}
	return "NULL"
}

func answer(text string, ok bool, err error) string {
	if e, isOurs := errors.AsType[*pgerr.Error](err); isOurs {
		return string(e.Code) + " " + e.Message
	}
	switch {
	case err != nil:
		return err.Error()
	case !ok:
		return "NULL"
	}
	return "'" + text
}

func randomInput(r *rand.Rand) input {
	in := input{document: randomDocument(r, 0), other: randomDocument(r, 2), key: pick(r, keys), number: r.IntN(7) - 3}
	if r.IntN(4) == 0 {
		in.other = in.document // what is equal, or contained
	}
	for range 1 + r.IntN(3) {
		in.path = append(in.path, pick(r, keys, "0", "1", "-1", "2", " 1", "x"))
	}
	if r.IntN(12) == 0 {
		in.document = strings.ToValidUTF8(damaged(r, in.document), "")
	}
	return in
}

var keys = []string{"a", "b", "ab", "c d", "", "é", "a\"b"}

func pick(r *rand.Rand, list []string, more ...string) string {
	if i := r.IntN(len(list) + len(more)); i >= len(list) {
		return more[i-len(list)]
	} else {
		return list[i]
	}
}

// damaged breaks a document in one place.
func damaged(r *rand.Rand, text string) string {
	i := r.IntN(len(text))
	return text[:i] + pick(r, []string{"", ",", "]", "}", "\"", "\\", "0", "x", "\x01", "é", "+", ".", "e"}) + text[i+r.IntN(2)*min(1, len(text)-i):]
}

func randomDocument(r *rand.Rand, level int) string {
	blank := func() string { return pick(r, []string{"", "", "", " ", "\n", "\t "}) }
	kind := r.IntN(8)
	if level > 3 {
		kind = r.IntN(5)
	}
	switch kind {
	case 0, 1:
		return pick(r, []string{"0", "1", "-1", "1.0", "1.50", "-0", "1e3", "1E-5", "12.50e2", "12345678901234567890.5", "-0.0", "100", "1e0"})
	case 2:
		return pick(r, []string{"true", "false", "null"})
	case 3, 4:
		return pick(r, []string{`"a"`, `"b"`, `""`, `"ab"`, `"x\ny"`, `"é"`, `"\u00e9"`, `"\ud83d\ude00"`, `"\/\"\\\b\f\n\r\t"`, `"\u0001"`, `"\ud800"`, `"\u0000"`, `"<&>"`})
	case 5:
		var items []string
		for range r.IntN(4) {
			items = append(items, blank()+randomDocument(r, level+1)+blank())
		}
		return "[" + strings.Join(items, ",") + "]"
	}
	var members []string
	for range r.IntN(4) {
		key := Quote(pick(r, keys))
		if r.IntN(8) == 0 {
			key = `"\u0061"`
		}
		members = append(members, blank()+key+blank()+":"+blank()+randomDocument(r, level+1)+blank())
	}
	return blank() + "{" + strings.Join(members, ",") + "}"
}
