package pgfunc

import (
	"crypto/md5" //nolint:gosec // it is a function of the language, not a protection
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"slices"
	"strconv"
	"unicode/utf8"

	"tidegate/internal/engine/duck/udf"
	"tidegate/internal/pgtext"
	"tidegate/internal/pgtypes"
)

// text is the functions of texts, patterns and bytes.
func text() []udf.Function {
	return slices.Concat(words(), binaries(), codings(), patterns())
}

// infallible makes a function of one that has no errors.
func infallible[A, R any](f func(A) R) func(A) (R, error) {
	return func(a A) (R, error) { return f(a), nil }
}

func words() []udf.Function {
	return []udf.Function{
		// DuckDB knows the letters of another version of Unicode.
		udf.Of1("tg_lower", infallible(pgtext.Lower)), udf.Of1("tg_upper", infallible(pgtext.Upper)),
		udf.Of1("tg_initcap", infallible(pgtext.Initcap)),
		udf.Of1("tg_chr", pgtext.Chr),
		udf.Of1("tg_name", infallible(pgtext.Name)),
		udf.Of1("tg_quote_ident", infallible(pgtext.QuoteIdent)),
		udf.Of2("tg_parse_ident", func(text string, strict bool) ([]udf.Null[string], error) {
			parts, err := pgtext.ParseIdent(text, strict)
			out := make([]udf.Null[string], len(parts))
			for i, p := range parts {
				out[i] = udf.Some(p)
			}
			return out, err
		}),
		udf.Of1("tg_quote_literal", infallible(pgtext.QuoteLiteral)),
		udf.Of1("tg_unistr", pgtext.Unistr),
		udf.Of2("tg_normalize", pgtext.Normalize),
		udf.Of2("tg_is_normalized", pgtext.IsNormalized),
		udf.Of4("tg_overlay", pgtext.Overlay),
		udf.Of3("tg_overlay", func(s, placing string, start int32) (string, error) {
			return pgtext.Overlay(s, placing, start, int32(utf8.RuneCountInString(placing)))
		}),
		udf.Of1("tg_to_hex", infallible(func(n int32) string { return strconv.FormatUint(uint64(uint32(n)), 16) })),
		udf.Of1("tg_to_hex", infallible(func(n int64) string { return strconv.FormatUint(uint64(n), 16) })),
		udf.Variadic("tg_format", func(args []udf.Null[string]) (udf.Null[string], error) {
			if !args[0].Valid {
				return udf.Null[string]{}, nil
			}
			s, err := pgtext.Format(args[0].V, pointers(args[1:]))
			return udf.Some(s), err
		}),
	}
}

func binaries() []udf.Function {
	return []udf.Function{
		udf.Of2("tg_get_byte", pgtext.GetByte), udf.Of3("tg_set_byte", pgtext.SetByte),
		udf.Of2("tg_get_bit", pgtext.GetBit), udf.Of3("tg_set_bit", pgtext.SetBit),
		udf.Of1("tg_bit_count", infallible(pgtext.BitCount)),
		udf.Of2("tg_sub_bytes", func(data []byte, start int32) ([]byte, error) {
			return pgtext.SubBytes(data, start, max(int64(len(data)), int64(len(data))-int64(start)+1))
		}),
		udf.Of3("tg_sub_bytes", func(data []byte, start, count int32) ([]byte, error) {
			return pgtext.SubBytes(data, start, int64(count))
		}),
		udf.Of4("tg_overlay", pgtext.OverlayBytes),
		udf.Of3("tg_overlay", func(data, placing []byte, start int32) ([]byte, error) {
			return pgtext.OverlayBytes(data, placing, start, int32(len(placing)))
		}),
		udf.Of2("tg_position", func(data, part []byte) (int32, error) { return pgtext.PositionBytes(data, part), nil }),
		udf.Of2("tg_btrim", func(data, set []byte) ([]byte, error) { return pgtext.TrimBytes(data, set, true, true), nil }),
		udf.Of2("tg_ltrim", func(data, set []byte) ([]byte, error) { return pgtext.TrimBytes(data, set, true, false), nil }),
		udf.Of2("tg_rtrim", func(data, set []byte) ([]byte, error) { return pgtext.TrimBytes(data, set, false, true), nil }),
	}
}

func codings() []udf.Function {
	return []udf.Function{
		udf.Of2("tg_encode", pgtext.Encode), udf.Of2("tg_decode", pgtext.Decode),
		udf.Of1("tg_bytea", pgtypes.ParseBytea),
		udf.Of1("tg_bytea_text", infallible(func(data []byte) string { return string(pgtypes.AppendBytea(nil, data)) })),
		udf.Of1("tg_bytea_escaped", infallible(func(data []byte) string {
			return string(pgtypes.Style{EscapeBytea: true}.AppendBytea(nil, data))
		})),
		udf.Of2("tg_convert_from", pgtext.ConvertFrom), udf.Of2("tg_convert_to", pgtext.ConvertTo),
		udf.Of1("tg_md5", infallible(func(data []byte) string {
			sum := md5.Sum(data) //nolint:gosec // as above
			return hex.EncodeToString(sum[:])
		})),
		udf.Of1("tg_sha224", infallible(func(data []byte) []byte { sum := sha256.Sum224(data); return sum[:] })),
		udf.Of1("tg_sha256", infallible(func(data []byte) []byte { sum := sha256.Sum256(data); return sum[:] })),
		udf.Of1("tg_sha384", infallible(func(data []byte) []byte { sum := sha512.Sum384(data); return sum[:] })),
		udf.Of1("tg_sha512", infallible(func(data []byte) []byte { sum := sha512.Sum512(data); return sum[:] })),
	}
}
