package script

import (
	"fmt"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := parse("f", "-- comment\n# zone Asia/Tokyo\nid + 1\n# refused: because\nselect 1\n\torder by 1\n\n# over edge\n# unordered\n# parameters 5 | \\N\nselect (select 1 order by 1)\n~j\n")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, s := range got {
		lines = append(lines, fmt.Sprintf("%s %q ordered %v refused %q parameters %d", s.At, s.Text, s.Ordered, s.Reason, len(s.Parameters)))
	}
	want := []string{
		`f:2 "set timezone = 'Asia/Tokyo'" ordered false refused "" parameters 0`,
		`f:3 "select id + 1 from v order by id" ordered true refused "" parameters 0`,
		`f:5 "select 1\n\torder by 1" ordered true refused "because" parameters 0`,
		`f:11 "select (select 1 order by 1)" ordered false refused "" parameters 2`,
		`f:12 "select ~j from edge order by id" ordered true refused "" parameters 0`,
	}
	if g, w := strings.Join(lines, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
	for _, wrong := range []string{"# hot\nselect 1\n", "# refused:\nselect 1\n", "# count\n"} {
		if _, err := parse("f", wrong); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}
