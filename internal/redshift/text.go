package redshift

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"strconv"
	"strings"
	"unicode/utf8"

	"tidegate/internal/pgerr"
)

// Strtol is STRTOL: a whole number in a base of 2 to 36.
func Strtol(text string, base int32) (int64, error) {
	if base < 2 || base > 36 {
		return 0, pgerr.New(pgerr.InvalidParameterValue, "the base of STRTOL is 2 to 36, not %d", base)
	}
	digits := strings.TrimLeft(text, " \t\n")
	sign := ""
	if strings.HasPrefix(digits, "-") || strings.HasPrefix(digits, "+") {
		sign, digits = digits[:1], digits[1:]
	}
	if base == 16 && (strings.HasPrefix(digits, "0x") || strings.HasPrefix(digits, "0X")) {
		digits = digits[2:]
	}
	if strings.ContainsAny(digits, "+-_") {
		digits = "" // ParseInt takes signs
	}
	n, err := strconv.ParseInt(sign+digits, int(base), 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, pgerr.New(pgerr.NumericOutOfRange, "the value %q is out of range for type bigint in base %d", text, base)
	case err != nil:
		return 0, pgerr.New(pgerr.InvalidTextRepresentation, "the input %q is not valid to be converted to base %d", text, base)
	}
	return n, nil
}

// CRC32 is CRC32, by the polynomial CRC-32C, in eight hexadecimal digits.
func CRC32(text string) string {
	return fmt.Sprintf("%08x", crc32.Checksum([]byte(text), crc32.MakeTable(crc32.Castagnoli)))
}

// SHA2 is SHA2: "" for a number of bits that there is not.
func SHA2(text string, bits int32) string {
	switch bits {
	case 0, 256:
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:])
	case 224:
		sum := sha256.Sum224([]byte(text))
		return hex.EncodeToString(sum[:])
	case 384:
		sum := sha512.Sum384([]byte(text))
		return hex.EncodeToString(sum[:])
	case 512:
		sum := sha512.Sum512([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	return ""
}

// FNV is FNV_HASH of the bytes of a text: FNV-1a in 64 bits.
func FNV(text string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // it never fails
	return int64(h.Sum64())
}

// FNVInt4 is FNV_HASH of an integer: of its four bytes, the lowest first.
func FNVInt4(n int32) int64 {
	u := uint32(n)
	return FNV(string([]byte{byte(u), byte(u >> 8), byte(u >> 16), byte(u >> 24)}))
}

// Cut gives the longest beginning of a text that has at most n bytes and no part of a character.
func Cut(text string, n int32) string {
	if len(text) <= int(n) {
		return text
	}
	end := int(n)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// maxText is the longest VARCHAR, in bytes.
const maxText = 65535

// Limited refuses what LISTAGG may not give.
func Limited(text string) (string, error) {
	if len(text) > maxText {
		return "", pgerr.New("54000", "result size exceeds LISTAGG limit")
	}
	return text, nil
}
