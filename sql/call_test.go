package sql

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/pgerr"
)

func TestCall(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want *Call // nil: refused
	}{
		{"call tidegate.verify('web.events', '2018-02')", &Call{Schema: "tidegate", Name: "verify", Args: []CallArg{
			{Arg: Arg{Text: "web.events"}, Type: "unknown"}, {Arg: Arg{Text: "2018-02"}, Type: "unknown"},
		}}},
		{"CALL Refresh($2, null, 7, 1.5, true, $1::varchar, 'x'::text)", &Call{Name: "refresh", Args: []CallArg{
			{Param: 2, Type: "text"},
			{Arg: Arg{Null: true}, Type: "unknown"},
			{Arg: Arg{Text: "7"}, Type: "integer"},
			{Arg: Arg{Text: "1.5"}, Type: "numeric"},
			{Arg: Arg{Text: "true"}, Type: "boolean"},
			{Param: 1, Type: "varchar"},
			{Arg: Arg{Text: "x"}, Type: "text"},
		}}},
		{"call p()", &Call{Name: "p"}},
		{"call p('a' || 'b')", nil},
		{"call p(name => 'x')", nil},
		{"call p((select 1))", nil},
	} {
		statements, err := Parse(c.text)
		if c.want == nil {
			if pgerr.CodeOf(err) != pgerr.FeatureNotSupported {
				t.Errorf("%s: %v, want it refused", c.text, err)
			}
			continue
		}
		if err != nil || statements[0].Kind != KindCall {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if d := cmp.Diff(c.want, statements[0].Call); d != "" {
			t.Errorf("%s: %s", c.text, d)
		}
	}
}

func TestCallArgs(t *testing.T) {
	t.Parallel()
	statements, err := Parse("call p($2, 'c', $1)")
	if err != nil {
		t.Fatal(err)
	}
	st := statements[0]
	if st.CallParams() != 2 {
		t.Errorf("%d parameters", st.CallParams())
	}
	got := st.WithCallArgs([]Arg{{Text: "a"}, {Null: true}})
	want := []CallArg{{Arg: Arg{Null: true}, Type: "text"}, {Arg: Arg{Text: "c"}, Type: "unknown"}, {Arg: Arg{Text: "a"}, Type: "text"}}
	if d := cmp.Diff(want, got.Call.Args); d != "" {
		t.Error(d)
	}
	if st.CallParams() != 2 || got.CallParams() != 0 {
		t.Error("the prepared statement changed")
	}
}
