package sql

// timeList is the allow-list of functions of dates, times and intervals.
func timeList() []function {
	return []function{
		{name: "make_date", args: "int4,int4,int4", text: "make_date($1, $2, $3)"},
		{name: "to_timestamp", args: "float8", text: "to_timestamp($1)"},
		{name: "date", args: "timestamp|timestamptz", text: "CAST($1 AS DATE)"},
		{name: "isfinite", args: "date|timestamp|timestamptz", text: "isfinite($1)"},
	}
}
