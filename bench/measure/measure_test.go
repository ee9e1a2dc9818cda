package measure_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/bench/measure"
)

func TestLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := &measure.Bench{Suite: "lake", Out: &out, Log: io.Discard}
	err := errors.Join(
		b.Compare("bytes_fetched", "bytes", 105, "needed", 100, 5),
		b.Compare("refetched_bytes", "bytes", 0, "none", 0, 1),
		b.Report("idle_session_bytes", "bytes", 4096, 3),
	)
	want := `{"suite":"lake","metric":"bytes_fetched","value":105,"unit":"bytes","baseline":"needed","baseline_value":100,"ratio":1.05,"samples":5}
{"suite":"lake","metric":"refetched_bytes","value":0,"unit":"bytes","baseline":"none","baseline_value":0,"ratio":null,"samples":1}
{"suite":"lake","metric":"idle_session_bytes","value":4096,"unit":"bytes","baseline":"","baseline_value":null,"ratio":null,"samples":3}
`
	if d := cmp.Diff(want, out.String()); err != nil || d != "" {
		t.Errorf("%v, lines (-want +got):\n%s", err, d)
	}
}

func TestAlternate(t *testing.T) {
	t.Parallel()
	var order strings.Builder
	subject := func(name string, values ...float64) func() (float64, error) {
		return func() (float64, error) {
			order.WriteString(name)
			v := values[0]
			values = values[1:]
			return v, nil
		}
	}
	got, err := measure.Alternate(t.Context(), 3, subject("a", 9, 1, 5), subject("b", 2, 2, 7))
	if d := cmp.Diff([]float64{5, 2}, got); err != nil || d != "" || order.String() != "abbaab" {
		t.Errorf("%v, order %s, medians (-want +got):\n%s", err, order.String(), d)
	}
	broken := errors.New("broken")
	if _, err := measure.Alternate(t.Context(), 3, func() (float64, error) { return 0, broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if m := measure.Median([]float64{4, 1, 2, 3}); m != 2.5 {
		t.Errorf("median of four is %v", m)
	}
	if m := measure.GeometricMean([]float64{1, 4, 16}); math.Abs(m-4) > 1e-9 {
		t.Errorf("geometric mean is %v", m)
	}
}

// TestStage checks that everything is stopped and the failure told, however the suite ends.
func TestStage(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(tb measure.TB) error{
		"fails":   func(tb measure.TB) error { tb.Helper(); tb.Fatalf("no %s", "server"); return nil },
		"lacks":   func(tb measure.TB) error { tb.Helper(); tb.Skipf("no %s", "server"); return nil },
		"returns": func(measure.TB) error { return errors.New("no server") },
	} {
		var dir string
		err := measure.Stage(t.Context(), func(tb measure.TB) error {
			tb.Helper()
			dir = tb.TempDir()
			return end(tb)
		})
		if err == nil || err.Error() != "no server" {
			t.Errorf("%s: got %v", name, err)
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the folder is still there: %v", name, err)
		}
	}
}
