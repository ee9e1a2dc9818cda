package hive

import (
	"strings"
	"testing"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"2018-02-15T03", "2018-02-15T03"},
		{"a/b=c%d", "a%2Fb%3Dc%25d"},
		{"日本 \n\x7f", "日本 %0A%7F"},
		{"..", ".."},
	} {
		if got := Escape(c.in); got != c.want {
			t.Errorf("Escape(%q) = %q, want %q", c.in, got, c.want)
		}
	}
	for in, want := range map[string]string{"%": "%", "%4": "%4", "%zz%41": "%zzA", "%e6%97%A5": "日"} {
		if got := Unescape(in); got != want {
			t.Errorf("Unescape(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestValue(t *testing.T) {
	t.Parallel()
	const partition = "dt=" + Null + "/site_id=3%2F4/a%3Db=x/empty="
	for _, c := range []struct {
		column, encoded, value string
		null, ok               bool
	}{
		{"dt", Null, "", true, true},
		{"site_id", "3%2F4", "3/4", false, true},
		{"a=b", "x", "x", false, true},
		{"empty", "", "", false, true},
		{"other", "", "", false, false},
		{"", "", "", false, false},
	} {
		encoded, value, null, ok := Value(partition, c.column)
		if encoded != c.encoded || value != c.value || null != c.null || ok != c.ok {
			t.Errorf("%q: %q %q %v %v", c.column, encoded, value, null, ok)
		}
	}
	if _, _, _, ok := Value("", ""); ok {
		t.Error("a table without partitions has a key")
	}
}

func FuzzEscape(f *testing.F) {
	f.Add("a/b=c%41")
	f.Fuzz(func(t *testing.T, s string) {
		e := Escape(s)
		if strings.ContainsAny(e, "/=") || Unescape(e) != s {
			t.Errorf("%q as %q comes back as %q", s, e, Unescape(e))
		}
	})
}
