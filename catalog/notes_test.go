package catalog

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnknownFieldsAreBounded(t *testing.T) {
	t.Parallel()
	counts := map[string]int64{"often": 500}
	for i := range 150 {
		counts[fmt.Sprintf("key%03d", i)] = 1
	}
	var n Notes
	n.AddUnknown(UnknownFields{})
	if n.Unknown != nil {
		t.Errorf("nothing is noted as %+v", n.Unknown)
	}
	n.AddUnknown(CountUnknown(counts, 7))
	n.AddUnknown(CountUnknown(map[string]int64{"often": 1, "key000": 2}, 0))
	u := n.Unknown
	if len(u.Fields) != MaxUnknownFields || u.Fields["often"] != 501 || u.Fields["key000"] != 3 || u.Fields["key098"] != 1 {
		t.Errorf("%d fields: %v", len(u.Fields), u.Fields)
	}
	// 99 of the keys are told, 51 are not, and 7 never were.
	if want := int64(51 + 7); u.More != want {
		t.Errorf("%d others, want %d", u.More, want)
	}
	if diff := cmp.Diff(UnknownFields{Fields: map[string]int64{"a": 1}}, CountUnknown(map[string]int64{"a": 1}, 0)); diff != "" {
		t.Error(diff)
	}
}
