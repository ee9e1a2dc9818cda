package catalog

import (
	"strconv"
	"strings"
)

// HiveNull is the directory name that Hive gives to a NULL partition key.
const HiveNull = "__HIVE_DEFAULT_PARTITION__"

// hiveEscaped are the characters that Hive percent-encodes in a partition directory, beside controls.
const hiveEscaped = "\"#%'*/:=?\\{}[]^"

func itoa(n int) string { return strconv.Itoa(n) }

// EscapeHive percent-encodes a partition value as Hive's FileUtils.escapePathName does.
func EscapeHive(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c < 0x20 || c == 0x7f || strings.IndexByte(hiveEscaped, c) >= 0 {
			b.WriteByte('%')
			b.WriteByte("0123456789ABCDEF"[c>>4])
			b.WriteByte("0123456789ABCDEF"[c&15])
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// UnescapeHive undoes EscapeHive; a percent sign that begins no code stays.
func UnescapeHive(s string) string {
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
