package parquetfooter

import (
	"encoding/binary"
	"math"
	"math/big"
	"strings"
)

// Float reads a FLOAT or DOUBLE in PLAIN encoding; ok is false for another length.
func Float(raw []byte) (f float64, ok bool) {
	switch len(raw) {
	case 4:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(raw))), true
	case 8:
		return math.Float64frombits(binary.LittleEndian.Uint64(raw)), true
	}
	return 0, false
}

// BigEndian reads the two's complement of a decimal in a byte array.
func BigEndian(raw []byte) *big.Int {
	n := new(big.Int).SetBytes(raw)
	if len(raw) > 0 && raw[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(len(raw))*8))
	}
	return n
}

// Decimal writes an unscaled decimal as digits: "-12.50".
func Decimal(unscaled *big.Int, scale int) string {
	digits := new(big.Int).Abs(unscaled).String()
	if scale > 0 {
		if len(digits) <= scale {
			digits = strings.Repeat("0", scale+1-len(digits)) + digits
		}
		digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if unscaled.Sign() < 0 {
		return "-" + digits
	}
	return digits
}
