package raw

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// split reads everything with a buffer of the given size and tells each record in one line.
func split(t *testing.T, r io.Reader, buffer int) []string {
	t.Helper()
	s := splitter{window: window{buf: make([]byte, buffer)}}
	s.reset(r)
	var got []string
	for {
		var rec record
		err := s.next(&rec)
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatalf("next: %v", err)
		}
		kind := rec.reason
		if rec.blank {
			kind = "blank"
		}
		got = append(got, fmt.Sprintf("%d+%d %s %q", rec.offset, rec.size, kind, rec.raw))
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"lines", "{}\n{\"a\":1}\n", `0+2  "{}";3+7  "{\"a\":1}"`},
		{"no newline at the end", "{}\n{}", `0+2  "{}";3+2  "{}"`},
		{"byte order mark", "\ufeff{}\n{}\n", `3+2  "{}";6+2  "{}"`},
		{"byte order mark alone", "\ufeff", ""},
		{"byte order mark later", "{}\n\ufeff{}", `0+2  "{}";3+5 invalid_json "\ufeff{}"`},
		{"half a byte order mark", "\xef\xbb{}", `0+4 invalid_json "\xef\xbb{}"`},
		{"CRLF", "{}\r\n{}\r\n", `0+2  "{}";4+2  "{}"`},
		{"blank lines", "\n \t\r\n{}\n\n", `0+0 blank "";1+3 blank " \t\r";5+2  "{}";8+0 blank ""`},
		{"blank tail without newline", "{}\n  ", `0+2  "{}";3+2 blank "  "`},
		{"space after the last record", "{}\n{}  ", `0+2  "{}";3+2  "{}"`},
		{"several on a line", "{}{\"a\":2} {}\n{}", `0+2  "{}";2+7  "{\"a\":2}";10+2  "{}";13+2  "{}"`},
		{"cut line", "{\"a\":\n{}\n", `0+5 invalid_json "{\"a\":";6+2  "{}"`},
		{"raw newline in a string", "{\"a\":\"x\ny\"}\n{}\n", `0+7 invalid_json "{\"a\":\"x";8+3 invalid_json "y\"}";12+2  "{}"`},
		{"bad second on a line", "{}{a}\n{}", `0+2  "{}";2+3 invalid_json "{a}";6+2  "{}"`},
		{"text after an object", "{}x\n{}", `0+3 invalid_json "{}x";4+2  "{}"`},
		{"brace too many", "{}}\n{}", `0+3 invalid_json "{}}";4+2  "{}"`},
		{"not an object", "[1]\n12\n\"x\"\nnull", `0+3 not_an_object "[1]";4+2 not_an_object "12";7+3 not_an_object "\"x\"";11+4 not_an_object "null"`},
		{"array and more", "[1]{}\n12 13\n", `0+5 invalid_json "[1]{}";6+5 invalid_json "12 13"`},
		{"cut at the end", "{}\n{\"a\"", `0+2  "{}";3+4 invalid_json "{\"a\""`},
		{"too deep", "{\"a\":" + strings.Repeat("[", 1000) + "\n{}", fmt.Sprintf(`0+1005 too_deep %q;1006+2  "{}"`, "{\"a\":"+strings.Repeat("[", 1000))},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			for _, buffer := range []int{2, 8, 4096} {
				got := strings.Join(split(t, strings.NewReader(tc.in), buffer), ";")
				if got != tc.want {
					t.Errorf("buffer %d:\n got %s\nwant %s", buffer, got, tc.want)
				}
			}
		})
	}
}

func TestSplitTooLarge(t *testing.T) {
	t.Parallel()
	ok := `{"a":"` + strings.Repeat("x", MaxRecord-8) + `"}`
	large := `{"a":"` + strings.Repeat("x", MaxRecord-7) + `"}`
	unclosed := `{"a":"` + strings.Repeat("y", 3*MaxRecord)
	in := ok + "\n" + large + "\n{}\n" + unclosed + "\n{}" + large + "{}"
	for _, buffer := range []int{firstBuffer, 64 << 20} {
		got := split(t, strings.NewReader(in), buffer)
		for i := range got {
			got[i] = got[i][:min(len(got[i]), 32)]
		}
		want := []string{
			`0+16777216  "{\"a\":\"xxxxxxxxxx`,
			`16777217+16777217 too_large "{\"`,
			`33554435+2  "{}"`,
			`33554438+50331654 too_large "{\"`,
			`83886093+2  "{}"`,
			`83886095+16777219 too_large "{\"`, // what follows on its line is lost with it
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("buffer %d: (-want +got)\n%s", buffer, d)
		}
	}
}

func TestSplitBroken(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                "0+0 truncated_object \"\"",
		"{}\n":            "0+2  \"{}\";3+0 truncated_object \"\"",
		"{}\n{\"a\":1":    "0+2  \"{}\";3+6 truncated_object \"{\\\"a\\\":1\"",
		"{}\n{\"a\":1}":   "0+2  \"{}\";3+7  \"{\\\"a\\\":1}\";10+0 truncated_object \"\"",
		"{a}\n{\"a\"\n{}": "0+3 invalid_json \"{a}\";4+4 invalid_json \"{\\\"a\\\"\";9+2  \"{}\";11+0 truncated_object \"\"",
	} {
		r := io.MultiReader(strings.NewReader(in), iotest.ErrReader(&breakage{ReasonTruncated}))
		if got := strings.Join(split(t, r, 16), ";"); got != want {
			t.Errorf("%q:\n got %s\nwant %s", in, got, want)
		}
	}
}

func TestSplitReadError(t *testing.T) {
	t.Parallel()
	var s splitter
	s.reset(io.MultiReader(strings.NewReader("{}\n{"), iotest.ErrReader(io.ErrClosedPipe)))
	var rec record
	err := s.next(&rec)
	for err == nil {
		err = s.next(&rec)
	}
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error %v, want the reader's", err)
	}
}

func FuzzSplit(f *testing.F) {
	for _, s := range scanSeeds {
		f.Add([]byte(s + "\n{}" + s + "\r\n\n" + s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		want := split(t, bytes.NewReader(in), firstBuffer)
		if d := cmp.Diff(want, split(t, iotest.OneByteReader(bytes.NewReader(in)), 2)); d != "" {
			t.Errorf("%q: chunks change the records (-whole +chunks)\n%s", in, d)
		}
		var s splitter
		s.reset(bytes.NewReader(in))
		var rec record
		covered := len(in) - len(bytes.TrimPrefix(in, []byte("\ufeff")))
		for s.next(&rec) == nil {
			if gap := in[covered:rec.offset]; len(bytes.Trim(gap, " \t\r\n")) != 0 {
				t.Fatalf("%q: %q is in no record", in, gap)
			}
			if !rec.blank && rec.reason == "" && (!json.Valid(rec.raw) || rec.raw[0] != '{') {
				t.Fatalf("%q: accepted %q", in, rec.raw)
			}
			if rec.blank && len(bytes.Trim(rec.raw, " \t\r\n")) != 0 {
				t.Fatalf("%q: blank %q", in, rec.raw)
			}
			covered = int(rec.offset) + len(rec.raw)
		}
		if gap := in[covered:]; len(bytes.Trim(gap, " \t\r\n")) != 0 {
			t.Fatalf("%q: %q is in no record", in, gap)
		}
	})
}
