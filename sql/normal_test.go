package sql_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/sql"
)

// TestNormalize shows normal forms, with ‹…› for a literal.
func TestNormalize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"select 1":                              "select ‹i:1›",
		"  select\n\t1 ":                        " select ‹i:1› ",
		"select 007, 2147483648":                "select ‹i:007›, ‹l:2147483648›",
		"select 9223372036854775808, .5, 1.e3":  "select ‹n:9223372036854775808›, ‹n:.5›, ‹n:1.e3›",
		"select 'it''s', ''":                    "select ‹s:it's›, ‹s:›",
		`select "a'1""b" from t1 where x1=$1`:   `select "a'1""b" from t1 where x1=$1`,
		"select a-1, a- -1, a--1\n+2":           "select a-‹i:1›, a- -‹i:1›, a +‹i:2›",
		"select /* 'x' /* 1 */ 2 */ 3 -- '":     "select ‹i:3› ",
		"/*+ tidegate engine(cold) */ select 1": "/*+ tidegate engine(cold) */ select ‹i:1›",
		"select 1; -- done":                     "select ‹i:1›; ",
		"select date '2018-02-15'":              "select date ‹s:2018-02-15›",
		"select あ.い from あ where い = 'う'":       "select あ.い from あ where い = ‹s:う›",
	} {
		n, ok := sql.Normalize(text)
		if !ok {
			t.Errorf("%s has no normal form", text)
			continue
		}
		got := n.Key
		for _, l := range n.Literals {
			before, after, _ := strings.Cut(got, "\x00")
			got = before + "‹" + after[:1] + ":" + l.Text + "›" + after[1:]
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", text, d)
		}
	}
	for _, text := range []string{
		"select E'a'", `select '\n'`, "select U&'x'", `select U&"x"`, "select B'1'", "select X'1f'", "select N'x'", "select $$1$$",
		"select $a$1$a$", "select 'a'\n'b'", "select 'a' -- x\n'b'", "select 'a'/**/'b'", "select 1_000", "select 0x1F", "select 1a", "select 1.2.3", "select 1e", "select 'a",
		`select "a`, "select /* 1", "select 1; select 2", "select $1a", "select '\x00'", "select '\xff'", "select '" + strings.Repeat("x", 1<<15) + "'",
	} {
		if n, ok := sql.Normalize(text); ok {
			t.Errorf("%q has the normal form %q", text, n.Key)
		}
	}
}
