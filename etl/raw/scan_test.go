package raw

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// whole is the scanner as a validator: one value and white space around it.
func whole(s *scanner, b []byte) int {
	b = b[skipSpace(b, 0):]
	end := s.scan(b)
	if end >= 0 && skipSpace(b, end) != len(b) {
		return scanBad
	}
	return end
}

var scanSeeds = []string{
	`{}`, `{"a":1}`, `{"a":1,"b":[1,2,{"c":null}],"d":"x"}`, `{"a":"\u00e9\ud83d\ude00\n"}`, `{"a":"\ud800"}`,
	`{"a":1}}`, `{"a":1,}`, `{"a" 1}`, `{a:1}`, `{"a":01}`, `{"a":-}`, `{"a":1.}`, `{"a":1e}`, `{"a":1e+5}`, `{"a":-0.5E-3}`,
	`[]`, `[1,]`, `[[],{}]`, `[{"a":[}]`, `"x"`, `12`, `-`, `true`, `tru`, `nul`, `null`, ``, ` `, "{\"a\":\"x\ny\"}", "{\"a\":\"\x01\"}",
	`{"a":"\x"}`, `{"a":"\u12"}`, `{"a":"unterminated`, `{"a":"0123456789abcdef0123456789"}`, `{"a":{"b":{"c":{}}}}`, `{"":""}`,
	"{\"a\":\"\xff\xfe\"}", `{"a":"日本語のテキスト、長い文字列"}`, `{"a":[1 2]}`, `{"a":{"b":1 "c":2}}`, "\ufeff{}", `{"a":"\ud800\u0041"}`,
}

func TestScanAgreesWithEncodingJSON(t *testing.T) {
	t.Parallel()
	var s scanner
	for _, in := range scanSeeds {
		if got, want := whole(&s, []byte(in)) >= 0, json.Valid([]byte(in)); got != want {
			t.Errorf("%q: valid = %v, want %v", in, got, want)
		}
	}
}

func TestScanMembers(t *testing.T) {
	t.Parallel()
	var s scanner
	in := ` {"a" : 1 ,"b":{"x":[1,"}"]}, "c\u0041":"\"" , "a":null }`
	if end := whole(&s, []byte(in)); end < 0 {
		t.Fatalf("scan: %d", end)
	}
	var got []string
	for _, m := range s.members {
		got = append(got, fmt.Sprintf("%s=%s %v", m.key, m.value, m.escaped))
	}
	want := `a=1 false|b={"x":[1,"}"]} false|c\u0041="\"" true|a=null false`
	if strings.Join(got, "|") != want {
		t.Errorf("members %q, want %q", strings.Join(got, "|"), want)
	}
}

func TestScanDepth(t *testing.T) {
	t.Parallel()
	for depth, want := range map[int]bool{maxDepth: true, maxDepth + 1: false} {
		for _, b := range []string{
			strings.Repeat("[", depth) + strings.Repeat("]", depth),
			strings.Repeat(`{"a":`, depth-1) + "{}" + strings.Repeat("}", depth-1),
		} {
			var s scanner
			end := s.scan([]byte(b))
			record := b[0] == '{'
			if record && (end == len(b)) != want || !record && depth > maxDepth && end != scanDeep {
				t.Errorf("depth %d: %.10s…: %d, want ok = %v", depth, b, end, want)
			}
		}
	}
}

func TestScanUnicodeNotes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]bool{ // surrogate, beyond ASCII
		`{"a":"plain text, long enough"}`: {false, false},
		`{"a":"é"}`:                       {false, true},
		`{"é":1}`:                         {false, true},
		`{"a":{"b":"\udc00"}}`:            {true, false},
		`{"\ud800":1}`:                    {true, false},
		`{"a":"\ud83d\ude00"}`:            {false, false},
		`{"a":"\ud83d\ud83d\ude00"}`:      {true, false},
	} {
		var s scanner
		if s.scan([]byte(in)) != len(in) {
			t.Errorf("%s: not read", in)
		}
		if s.surrogate != want[0] || s.beyondASCII() != want[1] {
			t.Errorf("%s: surrogate %v beyond ASCII %v, want %v", in, s.surrogate, s.beyondASCII(), want)
		}
	}
}

// TestScanShort cuts valid records everywhere: a cut one is short, never bad and never complete.
func TestScanShort(t *testing.T) {
	t.Parallel()
	var s scanner
	for _, in := range scanSeeds {
		if !json.Valid([]byte(in)) || in == "" || in[0] != '{' {
			continue
		}
		for i := range len(in) {
			if end := s.scan([]byte(in[:i])); end != scanShort {
				t.Errorf("%q cut at %d: %d, want short", in, i, end)
			}
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, s := range scanSeeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var s scanner
		end := whole(&s, b)
		if end == scanDeep {
			return
		}
		if got, want := end >= 0, json.Valid(b); got != want {
			t.Errorf("%q: valid = %v, want %v", b, got, want)
		}
	})
}

func BenchmarkScan(b *testing.B) {
	line := []byte(`{"event_id":"01c5a7d2-7c1e-4d7b-9c1a-0f2e8f7b1c3d","ts":"2018-02-15T03:04:05.123Z","site_id":17,` +
		`"domain":"news.example.com","path":"/articles/2018/02/15/some-longer-title-of-an-article","user_id":"u8812345",` +
		`"referrer":"https://search.example.org/?q=tide","user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",` +
		`"load_ms":1234,"query":{"utm_source":"mail","page":2,"tags":["a","b"]}}`)
	b.SetBytes(int64(len(line)))
	var s scanner
	for b.Loop() {
		if s.scan(line) != len(line) {
			b.Fatal("not read")
		}
	}
}
