package raw

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
)

func TestQuarantineRoundTrip(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "q.ndjson.gz")
	want := []Reject{
		{Object: "a/1.gz", ETag: "e1", Line: 1, Reason: ReasonInvalidJSON, Raw: []byte("{\"x\":\"<&>\u2028\t\r")},
		{Object: "a/1.gz", ETag: "e1", Line: 7, Offset: 123, Reason: ReasonUTF8, Raw: []byte("{\"x\":\"\xff\xfe\"}")},
		{Object: "b", ETag: "e2", Line: 2, Offset: 5, Reason: ReasonTooLarge, Raw: []byte("{"), Size: 1 << 30},
		{Object: "c", ETag: "e3", Line: 1, Reason: ReasonTruncated, Raw: []byte{}},
	}
	for i, w := range []*QuarantineWriter{CreateQuarantine(path), AppendQuarantine(path)} {
		for _, r := range want[2*i : 2*i+2] {
			if err := w.Write(r); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := w.Close(); err != nil || got != path {
			t.Fatalf("close: %q %v", got, err)
		}
	}
	f, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []Reject
	for r, err := range ReadQuarantine(bytes.NewReader(f)) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	for r, err := range ReadQuarantine(bytes.NewReader(f[:len(f)-10])) { // the second member is cut
		if err != nil {
			return
		}
		got = append(got[:0], r)
	}
	t.Error("a cut file is read without an error")
}

func TestQuarantineOfNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "q")
	if got, err := CreateQuarantine(path).Close(); got != "" || err != nil {
		t.Errorf("close: %q %v", got, err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("a file without records: %v", err)
	}
}

func TestQuarantinePath(t *testing.T) {
	t.Parallel()
	got := QuarantinePath(catalog.Name{Schema: "web", Table: "events"}, "20180215T0300Z-0123456789ab")
	if want := "_quarantine/web.events/20180215T0300Z-0123456789ab.ndjson.gz"; got != want {
		t.Errorf("path %s, want %s", got, want)
	}
}

func FuzzReadQuarantine(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff})
	f.Add([]byte(`{"object":"a"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		ended := false
		for _, err := range ReadQuarantine(bytes.NewReader(b)) {
			if ended {
				t.Fatal("goes on after an error")
			}
			ended = err != nil
		}
		if r, err := parseReject(b); err == nil && r.Raw == nil {
			t.Fatal("a record without text")
		}
	})
}
