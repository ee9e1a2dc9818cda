package demo

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func small() Options { return Options{Seed: 7, Days: 4, Sites: 12, Records: 30_000} }

// TestTruth reads the files with nothing of this package and counts again.
func TestTruth(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "raw")
	got, err := Generate(t.Context(), dir, small())
	if err != nil {
		t.Fatal(err)
	}
	want := recount(t, dir)
	want.Made, want.Records = got.Made, int64(small().Records)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("truth differs from the files (-files +truth):\n%s", diff)
	}
	if got.Read != got.Blank+got.RejectedTotal()+got.Filtered+got.Deduplicated+got.Rows {
		t.Errorf("the counts do not add up: %+v", got)
	}
	for k := plain; k <= probe; k++ {
		if got.Made[k.String()] == 0 {
			t.Errorf("no record is %s", k)
		}
	}
	if len(got.Days) != small().Days {
		t.Errorf("rows in %d days, want %d", len(got.Days), small().Days)
	}
}

// recounter validates records in a slow and plain way.
type recounter struct {
	truth Truth
	days  map[string]Day
	seen  map[string]bool
}

func recount(t *testing.T, dir string) Truth {
	t.Helper()
	r := &recounter{truth: Truth{Rejected: map[string]int64{}}, days: map[string]Day{}, seen: map[string]bool{}}
	for _, path := range objects(t, dir) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		r.truth.Objects++
		r.truth.Bytes += info.Size()
		for _, line := range lines(t, path) {
			r.line(line, info.ModTime())
		}
	}
	for _, day := range slices.Sorted(maps.Keys(r.days)) {
		r.truth.Days = append(r.truth.Days, r.days[day])
	}
	return r.truth
}

func (r *recounter) line(line []byte, arrived time.Time) {
	if len(line) == 0 {
		r.truth.Read++
		r.truth.Blank++
		return
	}
	for decoder := json.NewDecoder(bytes.NewReader(line)); ; {
		var m map[string]any
		before := decoder.InputOffset()
		switch err := decoder.Decode(&m); {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			r.truth.Read++
			r.truth.Rejected["invalid_json"]++
			return
		}
		r.truth.Read++
		r.object(m, line[before:decoder.InputOffset()], arrived)
	}
}

func (r *recounter) object(m map[string]any, text []byte, arrived time.Time) {
	if reason := verdict(m, text, arrived); reason != "" {
		r.truth.Rejected[reason]++
		return
	}
	id, ts := m["event_id"].(string), m["ts"].(string)
	switch {
	case strings.HasPrefix(m["user_agent"].(string), "kube-probe/"):
		r.truth.Filtered++
	case r.seen[id]:
		r.truth.Deduplicated++
	default:
		r.seen[id] = true
		r.truth.Rows++
		ms, _ := m["load_ms"].(float64)
		d := r.days[ts[:10]]
		r.days[ts[:10]] = Day{Day: ts[:10], Rows: d.Rows + 1, LoadMS: d.LoadMS + int64(ms)}
	}
}

// verdict is the reason to reject a record, "" if there is none.
func verdict(m map[string]any, text []byte, arrived time.Time) string {
	if !utf8.Valid(text) {
		return "invalid_utf8"
	}
	for _, f := range []string{"event_id", "ts", "site_id"} {
		if m[f] == nil {
			return "missing_field(" + f + ")"
		}
	}
	for _, f := range []string{"site_id", "load_ms"} {
		if _, ok := m[f].(float64); !ok && m[f] != nil {
			return "bad_type(" + f + ")"
		}
	}
	if _, ok := m["user_id"].(string); !ok && m["user_id"] != nil {
		return "bad_type(user_id)"
	}
	ts, err := time.Parse(time.RFC3339, m["ts"].(string))
	if err != nil {
		return "bad_type(ts)"
	}
	if ts.After(arrived.Add(24 * time.Hour)) {
		return "future_time(ts)"
	}
	return ""
}

// objects gives the files of a set, in order of keys.
func objects(t *testing.T, dir string) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasPrefix(d.Name(), "_") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// lines unpacks a file; the newline that ends the last line begins no further one.
func lines(t *testing.T, path string) [][]byte {
	t.Helper()
	packed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(packed) == 0 {
		return nil
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if !z.ModTime.IsZero() || z.Name != "" {
		t.Fatalf("%s: the gzip header has time %v and name %q", path, z.ModTime, z.Name)
	}
	if len(text) == 0 {
		return nil
	}
	return bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
}

// fingerprint is a hash over names, times and bytes of a set.
func fingerprint(t *testing.T, dir string) string {
	t.Helper()
	h := sha256.New()
	for _, path := range objects(t, dir) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, _ := filepath.Rel(dir, path)
		fmt.Fprintln(h, filepath.ToSlash(name), info.ModTime().Unix(), len(text))
		h.Write(text)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// TestBytes pins the bytes of one seed: whoever changes them changes what everybody's demo answers.
func TestBytes(t *testing.T) {
	t.Parallel()
	const want = "62e68c659989e3074a4c008037cb4dfc815a94ce16bca807a0ab0db68c54e0a0"
	for range 2 {
		dir := filepath.Join(t.TempDir(), "raw")
		if _, err := Generate(t.Context(), dir, small()); err != nil {
			t.Fatal(err)
		}
		if got := fingerprint(t, dir); got != want {
			t.Errorf("fingerprint %s, want %s", got, want)
		}
	}
	other := small()
	other.Seed++
	dir := filepath.Join(t.TempDir(), "raw")
	if _, err := Generate(t.Context(), dir, other); err != nil {
		t.Fatal(err)
	}
	if fingerprint(t, dir) == want {
		t.Error("another seed gives the same bytes")
	}
}

func TestSecondRunWritesNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "raw")
	opt := Options{Records: 500, Days: 2}
	first, err := Generate(t.Context(), dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	// A file that is gone stays gone: the marker alone says that the set is complete.
	if err := os.Remove(objects(t, dir)[0]); err != nil {
		t.Fatal(err)
	}
	left := len(objects(t, dir))
	second, err := Generate(t.Context(), dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the truth of the second run differs:\n%s", diff)
	}
	if got := len(objects(t, dir)); got != left {
		t.Errorf("%d objects after the second run, want %d", got, left)
	}
}

func TestGenerateAfterCrash(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "raw")
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stopped")
	cancel(stop)
	if _, err := Generate(ctx, dir, small()); !errors.Is(err, stop) {
		t.Errorf("a stopped run gives %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a stopped run leaves the folder: %v", err)
	}
	left := filepath.Join(dir+".partial", "2018", "left-over.gz")
	if err := os.MkdirAll(filepath.Dir(left), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Generate(t.Context(), dir, small()); err != nil {
		t.Fatal(err)
	}
	if paths := objects(t, dir); slices.ContainsFunc(paths, func(p string) bool { return strings.Contains(p, "left-over") }) {
		t.Error("what a stopped run left is in the set")
	}
}

func TestGenerateRefuses(t *testing.T) {
	t.Parallel()
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "thesis.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	taken := filepath.Join(t.TempDir(), "raw")
	if _, err := Generate(t.Context(), taken, Options{Records: 100, Days: 1}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, dir string
		opt       Options
		want      string
	}{
		{"foreign files", other, small(), "holds other files"},
		{"other options", taken, small(), "made with other options"},
		{"negative", filepath.Join(t.TempDir(), "raw"), Options{Records: -1}, "must be positive"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := Generate(t.Context(), c.dir, c.opt); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// TestShape checks what a listing sees: names as Firehose gives them, arrival times after the hour of the prefix.
func TestShape(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "raw")
	if _, err := Generate(t.Context(), dir, small()); err != nil {
		t.Fatal(err)
	}
	empties := 0
	for _, path := range objects(t, dir) {
		name, _ := filepath.Rel(dir, path)
		hour, err := time.Parse("2006/01/02/15", filepath.ToSlash(filepath.Dir(name)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		rest, ok := strings.CutPrefix(filepath.Base(name), "web-logs-1-"+hour.Format("2006-01-02-15-"))
		if !ok || len(rest) != len("04-05-00000000-0000-0000-0000-000000000000.gz") {
			t.Errorf("%s is no name of Firehose", name)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := info.ModTime().Sub(hour); d < time.Hour || d > 2*time.Hour {
			t.Errorf("%s arrived %v after its hour began", name, d)
		}
		found := lines(t, path)
		if len(found) == 0 {
			empties++
		}
		for _, line := range found {
			if hour.Day() < 3 && bytes.Contains(line, []byte(`"experiment":`)) {
				t.Fatalf("%s has an experiment in the first half", name)
			}
		}
	}
	if empties != 2 {
		t.Errorf("%d empty objects, want 2", empties)
	}
}
