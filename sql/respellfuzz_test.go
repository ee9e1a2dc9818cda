package sql

import (
	"strings"
	"testing"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// FuzzRespell wants every text either to be an error with a place in it, or to have places in it.
func FuzzRespell(f *testing.F) {
	for _, text := range []string{
		"select top 5 distinct a, convert(varchar(max), b) from #t minus (select 1)",
		"select a from t x group by 1 having b qualify c = 'a\\\\b' order by 1",
		"select approximate count(distinct a), lag(b) ignore nulls over (order by c), listagg(distinct d) within group (order by e) from f",
		"select ) qualify ( from minus select top", "select é, top 5 'é' from t qualify (", "select 1 qualify", "convert(", "ignore nulls over", "max)", "#",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		statements, err := Redshift.Parse(text)
		if err != nil {
			if p, ok := asError(err); !ok || p.Position < 0 || p.Position > len(text)+1 {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		for _, s := range statements {
			if !strings.Contains(text, s.Text) {
				t.Errorf("%q: the statement's text is %q", text, s.Text)
			}
			if s.node == nil {
				continue
			}
			walk(s.node, func(n *pg_query.Node) {
				if f := n.GetFuncCall(); f != nil && int(f.Location) > len(text) {
					t.Errorf("%q: a call at %d", text, f.Location)
				}
			})
		}
	})
}
