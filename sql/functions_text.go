package sql

// textList is the allow-list of functions of texts.
func textList() []function {
	return []function{
		{name: "lower", args: "text", text: "lower($1)"},
		{name: "upper", args: "text", text: upperText},
		{name: "length", args: "text", text: "CAST(length($1) AS INTEGER)"},
		{name: "char_length", args: "text", text: "CAST(length($1) AS INTEGER)"},
		{name: "character_length", args: "text", text: "CAST(length($1) AS INTEGER)"},
		{name: "octet_length", args: "text", text: "CAST(strlen($1) AS INTEGER)"},
		{name: "substr", args: "text,int4", text: substringFrom},
		{name: "substring", args: "text,int4", text: substringFrom},
		{name: "substr", args: "text,int4,int4", text: substringFor},
		{name: "substring", args: "text,int4,int4", text: substringFor},
		{name: "replace", args: "text,text,text", text: "CASE WHEN $2 = '' THEN $1 ELSE replace($1, $2, $3) END"},
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
		{name: "chr", args: "int4", text: "CASE WHEN $1 <= 0 THEN error('54000: null character not permitted') ELSE chr($1) END"},
		{name: "translate", args: "text,text,text", text: "translate($1, $2, $3)"},
	}
}

// upperText leaves ß as it is, as the C library does: U+FDD0, which is no character, stands for it meanwhile.
const upperText = "replace(upper(replace($1, 'ß', chr(64976))), chr(64976), 'ß')"

// In PostgreSQL a substring may begin before the text: its length counts from there.
const (
	substringFrom = "substring($1, CASE WHEN $2 < 1 THEN 1 ELSE $2 END)"
	substringFor  = "substring($1, CASE WHEN $2 < 1 THEN 1 ELSE $2 END, CASE WHEN $3 < 0 THEN error('22011: negative substring length not allowed') " +
		"WHEN $2 >= 1 THEN CAST($3 AS BIGINT) WHEN CAST($2 AS BIGINT) + $3 < 1 THEN 0 ELSE CAST($2 AS BIGINT) + $3 - 1 END)"
)
