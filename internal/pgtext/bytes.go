package pgtext

import (
	"bytes"
	"math/bits"
	"slices"

	"tidegate/internal/pgerr"
)

func outOfRange(i int64, last int) error {
	return pgerr.New("2202E", "index %d out of valid range, 0..%d", i, last)
}

// GetByte gives byte i, from 0.
func GetByte(data []byte, i int32) (int32, error) {
	if i < 0 || int(i) >= len(data) {
		return 0, outOfRange(int64(i), len(data)-1)
	}
	return int32(data[i]), nil
}

// SetByte gives the bytes with another byte i.
func SetByte(data []byte, i, value int32) ([]byte, error) {
	if _, err := GetByte(data, i); err != nil {
		return nil, err
	}
	out := slices.Clone(data)
	out[i] = byte(value)
	return out, nil
}

// GetBit gives bit i, from 0; a byte begins with its lowest one.
func GetBit(data []byte, i int64) (int32, error) {
	if i < 0 || i >= int64(len(data))*8 {
		return 0, outOfRange(i, len(data)*8-1)
	}
	return int32(data[i/8]>>(i%8)) & 1, nil
}

// SetBit gives the bytes with another bit i.
func SetBit(data []byte, i int64, value int32) ([]byte, error) {
	if _, err := GetBit(data, i); err != nil {
		return nil, err
	}
	if value != 0 && value != 1 {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "new bit must be 0 or 1")
	}
	out := slices.Clone(data)
	out[i/8] = out[i/8]&^(1<<(i%8)) | byte(value<<(i%8))
	return out, nil
}

// BitCount counts the bits that are set.
func BitCount(data []byte) int64 {
	n := 0
	for _, c := range data {
		n += bits.OnesCount8(c)
	}
	return int64(n)
}

// SubBytes gives the count bytes from the 1-based start, which may lie before the first.
func SubBytes(data []byte, start int32, count int64) ([]byte, error) {
	if count < 0 {
		return nil, pgerr.New(substringError, "negative substring length not allowed")
	}
	n := int64(len(data))
	from := int64(start) - 1
	to := min(max(from+count, 0), n)
	return data[min(max(from, 0), to):to], nil
}

// OverlayBytes is Overlay for bytes.
func OverlayBytes(data, placing []byte, start, count int32) ([]byte, error) {
	head, tail, err := overlaid(data, start, count)
	return slices.Concat(head, placing, tail), err
}

// PositionBytes gives the 1-based place of part, 0 if it is nowhere.
func PositionBytes(data, part []byte) int32 { return int32(bytes.Index(data, part)) + 1 }

// TrimBytes takes away what is in the set, at the ends that are asked for.
func TrimBytes(data, set []byte, left, right bool) []byte {
	for left && len(data) > 0 && bytes.IndexByte(set, data[0]) >= 0 {
		data = data[1:]
	}
	for right && len(data) > 0 && bytes.IndexByte(set, data[len(data)-1]) >= 0 {
		data = data[:len(data)-1]
	}
	return data
}
