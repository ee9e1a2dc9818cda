package sql

// nestedList is the allow-list of functions of arrays and JSON.
func nestedList() []function {
	return []function{
		{name: "json_array_length", args: "json", text: "tg_json_length($1)"},
		{name: "jsonb_array_length", args: "jsonb", text: "tg_json_length($1)"},
		{name: "json_typeof", args: "json", text: "tg_json_typeof($1)"},
		{name: "jsonb_typeof", args: "jsonb", text: "tg_json_typeof($1)"},
		{name: "json_strip_nulls", args: "json", text: "tg_json_strip_nulls($1)"},
		{name: "jsonb_strip_nulls", args: "jsonb", text: "tg_jsonb_strip_nulls($1)"},
		{name: "jsonb_pretty", args: "jsonb", text: "tg_jsonb_pretty($1)"},
		{name: "json_object", args: "_text", text: "tg_json_pairs($1)"},
		{name: "json_object", args: "_text,_text", text: "tg_json_keys_values($1, $2)"},
		{name: "jsonb_object", args: "_text", text: "tg_jsonb_in(tg_json_pairs($1))"},
		{name: "jsonb_object", args: "_text,_text", text: "tg_jsonb_in(tg_json_keys_values($1, $2))"},
		{name: "array_length", args: "anyarray,int4", text: "CASE WHEN $2 = 1 THEN nullif(CAST(len($1) AS INTEGER), 0) END", wide: asText},
		{name: "array_upper", args: "anyarray,int4", text: "CASE WHEN $2 = 1 THEN nullif(CAST(len($1) AS INTEGER), 0) END", wide: asText},
		{name: "array_lower", args: "anyarray,int4", text: "CASE WHEN $2 = 1 AND len($1) > 0 THEN 1 END", wide: asText},
		{name: "array_ndims", args: "anyarray", text: "CASE WHEN len($1) > 0 THEN 1 END", wide: asText},
		{name: "array_dims", args: "anyarray", text: "CASE WHEN len($1) > 0 THEN '[1:' || len($1) || ']' END", wide: asText},
		{name: "cardinality", args: "anyarray", text: "CAST(len($1) AS INTEGER)", wide: asText},
		{name: "array_append", args: "anycompatiblearray,anycompatible", text: "list_append($1, $2)", wide: asText},
		{name: "array_prepend", args: "anycompatible,anycompatiblearray", text: "list_prepend($1, $2)", wide: asText},
		{name: "array_cat", args: "anycompatiblearray,anycompatiblearray", text: "CASE WHEN $1 IS NOT NULL OR $2 IS NOT NULL THEN list_concat($1, $2) END", wide: asText},
		{name: "array_position", args: "anycompatiblearray,anycompatible", text: "list_position($1, $2)"},
		{name: "array_position", args: "anycompatiblearray,anycompatible,int4", text: "CASE WHEN $3 IS NULL THEN error('22004: initial position must not be null') " +
			"ELSE list_position(list_slice($1, greatest($3, 1), len($1)), $2) + greatest($3, 1) - 1 END"},
		{name: "array_positions", args: "anycompatiblearray,anycompatible", text: "list_filter(list_transform($1, " +
			"lambda " + eachName + `, "?i": CASE WHEN ` + eachName + ` IS NOT DISTINCT FROM $2 THEN CAST("?i" AS INTEGER) END), lambda ` + eachName + ": " + eachName + " IS NOT NULL)"},
		{name: "array_remove", args: "anycompatiblearray,anycompatible", text: "list_filter($1, lambda " + eachName + ": " + eachName + " IS DISTINCT FROM $2)"},
		{name: "array_replace", args: "anycompatiblearray,anycompatible,anycompatible", text: "list_transform($1, lambda " + eachName +
			": CASE WHEN " + eachName + " IS NOT DISTINCT FROM $2 THEN $3 ELSE " + eachName + " END)"},
		{name: "trim_array", args: "anyarray,int4", text: "CASE WHEN $2 < 0 OR $2 > len($1) THEN error('2202E: number of elements to trim must be between 0 and ' || len($1)) " +
			"ELSE list_slice($1, 1, len($1) - $2) END", wide: asText},
		{name: "array_fill", args: "anyelement,_int4", text: "CASE WHEN $2 IS NULL THEN error('22004: dimension array or low bound array cannot be null') " +
			"WHEN len($2) > 1 THEN error('0A000: an array of more than one dimension is not supported') " +
			"WHEN list_extract($2, 1) IS NULL AND len($2) = 1 THEN error('22004: dimension values cannot be null') " +
			"WHEN list_extract($2, 1) < 0 OR list_extract($2, 1) > 134217727 THEN error('54000: array size exceeds the maximum allowed (134217727)') " +
			"ELSE list_transform(range(coalesce(list_extract($2, 1), 0)), lambda " + eachName + ": $1) END", wide: asText},
		{name: "width_bucket", args: "anycompatible,anycompatiblearray", text: "CASE WHEN list_position($2, NULL) IS NOT NULL THEN error('22004: thresholds array must not contain NULLs') " +
			"ELSE CAST(len(list_filter($2, lambda " + eachName + ": " + eachName + " <= $1)) AS INTEGER) END"},
		{name: "string_to_array", args: "text,text", text: "tg_string_to_array($1, $2, NULL)"},
		{name: "string_to_array", args: "text,text,text", text: "tg_string_to_array($1, $2, $3)"},
	}
}
