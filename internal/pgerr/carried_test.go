package pgerr

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCarried(t *testing.T) {
	t.Parallel()
	for _, e := range []*Error{
		{Code: "22012", Message: "division by zero"},
		{Code: "22003", Message: "numeric field overflow", Detail: "A field with precision 4."},
		{Code: "22025", Message: "invalid escape string", Hint: "Escape string must be\nempty."},
		{Code: "22P02", Message: "a\nb", Detail: "d", Hint: "h", Where: "w"},
		{Code: "22P02", Message: "what a user wrote: \x1eDETAIL\x1e\x1e\x1e"},
		{Code: "22P02", Message: "both: \x1e", Hint: "h"},
	} {
		if diff := cmp.Diff(e, Uncarried(e.Carried())); diff != "" {
			t.Errorf("%s: %s", e.Message, diff)
		}
	}
	for _, text := range []string{"", "22012", "no code: at all", "22012: "} {
		if e := Uncarried(text); e != nil {
			t.Errorf("%q is %v", text, e)
		}
	}
}
