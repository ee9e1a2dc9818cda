package pgtypes

import "encoding/hex"

// The Append functions of this package write a value as PostgreSQL's output functions do, byte for byte.

// AppendBool appends t or f.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 't')
	}
	return append(b, 'f')
}

// AppendBytea appends bytea's hex form: \x and two digits per byte.
func AppendBytea(b, v []byte) []byte {
	return hex.AppendEncode(append(b, '\\', 'x'), v)
}

// AppendUUID appends the usual form of a UUID: lower case, in groups of 8-4-4-4-12.
func AppendUUID(b []byte, v [16]byte) []byte {
	for i, g := range [...][]byte{v[0:4], v[4:6], v[6:8], v[8:10], v[10:16]} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, g)
	}
	return b
}
