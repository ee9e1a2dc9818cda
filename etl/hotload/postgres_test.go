package hotload_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPostgresSortKey finds hot.sort as a btree, up to the first column whose values may be too long for one, and loads
// a value that would be.
func TestPostgresSortKey(t *testing.T) {
	t.Parallel()
	l := startPostgres(t)
	st := l.store("sorted")
	hot := l.world(t).serverHot(t, st)
	table := events()
	table.Hot.Sort = []string{"load_ms", "ts", "kind", "dt"}
	if err := hot.Ensure(t.Context(), table, nil); err != nil {
		t.Fatal(err)
	}
	st.ask(t, `INSERT INTO sorted.web__events (kind, _tg_seq) SELECT string_agg(md5(i::text), ''), 1 FROM generate_series(1, 1000) i`)
	var got []string
	for _, r := range st.ask(t, "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'sorted.web__events'::regclass ORDER BY 1") {
		_, using, _ := strings.Cut(r, " USING ")
		got = append(got, using)
	}
	if d := cmp.Diff([]string{"brin (_tg_seq)", "btree (load_ms, ts)"}, got); d != "" {
		t.Error(d)
	}
}
