package sql

// nestedList is the allow-list of functions of arrays and JSON.
func nestedList() []function {
	return []function{
		{name: "json_array_length", args: "json", text: "CASE WHEN json_type($1) <> 'ARRAY' THEN error('22023: cannot get array length of a non-array') ELSE CAST(json_array_length($1) AS INTEGER) END"},
	}
}
