package sql

// textList is the allow-list of functions of texts.
func textList() []function {
	return []function{
		// What is ASCII, as most texts are, DuckDB does as well, ten times as fast.
		{name: "lower", args: "text", text: "CASE WHEN strlen($1) = length($1) THEN lower($1) ELSE tg_lower($1) END"},
		{name: "upper", args: "text", text: "CASE WHEN strlen($1) = length($1) THEN upper($1) ELSE tg_upper($1) END"},
		{name: "length", args: "text", text: "CAST(length($1) AS INTEGER)"},
		{name: "char_length", args: "text", text: "CAST(length($1) AS INTEGER)"},
		{name: "character_length", args: "text", text: "CAST(length($1) AS INTEGER)"},
		{name: "length", args: "bpchar", text: "CAST(length(rtrim($1, ' ')) AS INTEGER)"},
		{name: "char_length", args: "bpchar", text: "CAST(length(rtrim($1, ' ')) AS INTEGER)"},
		{name: "character_length", args: "bpchar", text: "CAST(length(rtrim($1, ' ')) AS INTEGER)"},
		{name: "bpchar", args: "char", text: "$1"},
		{name: "bpchar", args: "name", text: "$1"},
		{name: "octet_length", args: "bpchar", text: "CAST(strlen($1) AS INTEGER)"},
		{name: "octet_length", args: "text", text: "CAST(strlen($1) AS INTEGER)"},
		{name: "substr", args: "text,int4", text: substringFrom},
		{name: "substring", args: "text,int4", text: substringFrom},
		{name: "substr", args: "text,int4,int4", text: substringFor},
		{name: "substring", args: "text,int4,int4", text: substringFor},
		{name: "replace", args: "text,text,text", text: "CASE WHEN $2 = '' AND $3 IS NOT NULL THEN $1 ELSE replace($1, $2, $3) END"},
		{name: "btrim", args: "text", text: "trim($1, ' ')"},
		{name: "btrim", args: "text,text", text: "trim($1, $2)"},
		{name: "ltrim", args: "text", text: "ltrim($1, ' ')"},
		{name: "ltrim", args: "text,text", text: "ltrim($1, $2)"},
		{name: "rtrim", args: "text", text: "rtrim($1, ' ')"},
		{name: "rtrim", args: "text,text", text: "rtrim($1, $2)"},
		{name: "left", args: "text,int4", text: "left($1, $2)"},
		{name: "right", args: "text,int4", text: "right($1, $2)"},
		{name: "lpad", args: "text,int4", text: "CASE WHEN $2 > 268435455 THEN error('54000: requested length too large') ELSE lpad($1, $2, ' ') END"},
		{name: "rpad", args: "text,int4", text: "CASE WHEN $2 > 268435455 THEN error('54000: requested length too large') ELSE rpad($1, $2, ' ') END"},
		{name: "lpad", args: "text,int4,text", text: "CASE WHEN $2 > 268435455 THEN error('54000: requested length too large') WHEN $3 = '' THEN left($1, $2) ELSE lpad($1, $2, $3) END"},
		{name: "rpad", args: "text,int4,text", text: "CASE WHEN $2 > 268435455 THEN error('54000: requested length too large') WHEN $3 = '' THEN left($1, $2) ELSE rpad($1, $2, $3) END"},
		{name: "position", args: "text,text", text: "CAST(strpos($1, $2) AS INTEGER)"},
		{name: "strpos", args: "text,text", text: "CAST(strpos($1, $2) AS INTEGER)"},
		{name: "split_part", args: "text,text,int4", text: "CASE WHEN $3 = 0 THEN error('22023: field position must not be zero') WHEN $2 = '' AND abs($3) <> 1 THEN left($1, 0) WHEN $2 = '' THEN $1 ELSE split_part($1, $2, $3) END"},
		{name: "starts_with", args: "text,text", text: "starts_with($1, $2)"},
		{name: "reverse", args: "text", text: "array_to_string(list_reverse(regexp_extract_all($1, '.', 0, 's')), '')"},
		{name: "repeat", args: "text,int4", text: "CASE WHEN CAST(strlen($1) AS HUGEINT) * $2 > 1073741819 THEN error('54000: requested length too large') ELSE repeat($1, $2) END"},
		{name: "md5", args: "text", text: "md5($1)"},
		{name: "ascii", args: "text", text: "CASE WHEN $1 = '' THEN 0 ELSE ascii($1) END"},
		{name: "chr", args: "int4", text: "tg_chr($1)"},
		{name: "translate", args: "text,text,text", text: "translate($1, $2, $3)"},
		{name: "bit_length", args: "text", text: "CAST(strlen($1) * 8 AS INTEGER)"},
		{name: "initcap", args: "text", text: "tg_initcap($1)"},
		{name: "overlay", args: "text,text,int4", text: "tg_overlay($1, $2, $3)"},
		{name: "overlay", args: "text,text,int4,int4", text: "tg_overlay($1, $2, $3, $4)"},
		{name: "quote_ident", args: "text", text: "tg_quote_ident($1)"},
		{name: "parse_ident", args: "text,bool", text: "tg_parse_ident($1, $2)"},
		{name: "quote_literal", args: "text|anyelement", text: "tg_quote_literal($1)"},
		{name: "quote_nullable", args: "text|anyelement", text: "coalesce(tg_quote_literal($1), 'NULL')"},
		{name: "to_hex", args: "int4|int8", text: "tg_to_hex($1)"},
		{name: "unistr", args: "text", text: "tg_unistr($1)"},
		{name: "normalize", args: "text,text", text: "tg_normalize($1, $2)"},
		{name: "is_normalized", args: "text,text", text: "tg_is_normalized($1, $2)"},
	}
}

// In PostgreSQL a substring may begin before the text: its length counts from there.
const (
	substringFrom = "substring($1, CASE WHEN $2 < 1 THEN 1 ELSE $2 END)"
	substringFor  = "substring($1, CASE WHEN $2 < 1 THEN 1 ELSE $2 END, CASE WHEN $3 < 0 THEN error('22011: negative substring length not allowed') " +
		"WHEN $2 >= 1 THEN CAST($3 AS BIGINT) WHEN CAST($2 AS BIGINT) + $3 < 1 THEN 0 ELSE CAST($2 AS BIGINT) + $3 - 1 END)"
)

// bytesList is the allow-list of functions of bytes.
func bytesList() []function {
	return []function{
		{name: "length", args: "bytea", text: "CAST(octet_length($1) AS INTEGER)"},
		{name: "octet_length", args: "bytea", text: "CAST(octet_length($1) AS INTEGER)"},
		{name: "bit_length", args: "bytea", text: "CAST(octet_length($1) * 8 AS INTEGER)"},
		{name: "bit_count", args: "bytea", text: "tg_bit_count($1)"},
		{name: "get_byte", args: "bytea,int4", text: "tg_get_byte($1, $2)"},
		{name: "set_byte", args: "bytea,int4,int4", text: "tg_set_byte($1, $2, $3)"},
		{name: "get_bit", args: "bytea,int8", text: "tg_get_bit($1, $2)"},
		{name: "set_bit", args: "bytea,int8,int4", text: "tg_set_bit($1, $2, $3)"},
		{name: "substr", args: "bytea,int4", text: "tg_sub_bytes($1, $2)"},
		{name: "substr", args: "bytea,int4,int4", text: "tg_sub_bytes($1, $2, $3)"},
		{name: "substring", args: "bytea,int4", text: "tg_sub_bytes($1, $2)"},
		{name: "substring", args: "bytea,int4,int4", text: "tg_sub_bytes($1, $2, $3)"},
		{name: "overlay", args: "bytea,bytea,int4", text: "tg_overlay($1, $2, $3)"},
		{name: "overlay", args: "bytea,bytea,int4,int4", text: "tg_overlay($1, $2, $3, $4)"},
		{name: "position", args: "bytea,bytea", text: "tg_position($1, $2)"},
		{name: "btrim", args: "bytea,bytea", text: "tg_btrim($1, $2)"},
		{name: "ltrim", args: "bytea,bytea", text: "tg_ltrim($1, $2)"},
		{name: "rtrim", args: "bytea,bytea", text: "tg_rtrim($1, $2)"},
		{name: "encode", args: "bytea,text", text: "tg_encode($1, $2)"},
		{name: "decode", args: "text,text", text: "tg_decode($1, $2)"},
		{name: "convert_from", args: "bytea,name", text: "tg_convert_from($1, $2)"},
		{name: "convert_to", args: "text,name", text: "tg_convert_to($1, $2)"},
		{name: "md5", args: "bytea", text: "tg_md5($1)"},
		{name: "sha224", args: "bytea", text: "tg_sha224($1)"},
		{name: "sha256", args: "bytea", text: "tg_sha256($1)"},
		{name: "sha384", args: "bytea", text: "tg_sha384($1)"},
		{name: "sha512", args: "bytea", text: "tg_sha512($1)"},
	}
}
