// Package hive is the form that partition keys have in paths: "dt=2018-02-15/site_id=3".
package hive

import (
	"strconv"
	"strings"
)

// Null is the folder name that Hive gives to a NULL key.
const Null = "__HIVE_DEFAULT_PARTITION__"

// escaped are the characters that Hive percent-encodes in a partition folder, beside controls.
const escaped = "\"#%'*/:=?\\{}[]^"

// Escape percent-encodes a value as Hive's FileUtils.escapePathName does.
func Escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c < 0x20 || c == 0x7f || strings.IndexByte(escaped, c) >= 0 {
			b.WriteByte('%')
			b.WriteByte("0123456789ABCDEF"[c>>4])
			b.WriteByte("0123456789ABCDEF"[c&15])
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// Unescape undoes Escape; a percent sign that begins no code stays.
func Unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Value gives the value of a column in a partition, as it stands there and decoded. null is true for Null; ok is false
// if the column is no key of the partition.
func Value(partition, column string) (encoded, value string, null, ok bool) {
	for kv := range strings.SplitSeq(partition, "/") {
		name, v, found := strings.Cut(kv, "=")
		if !found || Unescape(name) != column {
			continue
		}
		if v == Null {
			return v, "", true, true
		}
		return v, Unescape(v), false, true
	}
	return "", "", false, false
}
