package sql

import "strings"

// timeList is the allow-list of functions of dates, times and intervals.
func timeList() []function {
	return []function{
		{name: "make_date", args: "int4,int4,int4", text: "tg_make_date($1, $2, $3)"},
		{name: "make_time", args: "int4,int4,float8", text: "tg_make_time($1, $2, $3)"},
		{name: "make_timestamp", args: "int4,int4,int4,int4,int4,float8", text: makeTimestamp},
		{name: "make_timestamptz", args: "int4,int4,int4,int4,int4,float8", text: "CAST(" + makeTimestamp + " AS TIMESTAMPTZ)", zoned: "tg_at_zone($zone, " + makeTimestamp + ")"},
		{name: "make_timestamptz", args: "int4,int4,int4,int4,int4,float8,text", text: "tg_at_zone($7, " + makeTimestamp + ")"},
		{name: "to_timestamp", args: "float8", text: "tg_instant_of($1)"},
		{name: "date", args: "timestamp", text: "CAST($1 AS DATE)"},
		{name: "date", args: "timestamptz", text: "CAST($1 AS DATE)", zoned: "CAST(tg_at_zone($zone, $1) AS DATE)"},
		{name: "time", args: "timestamp", text: "CASE WHEN isfinite($1) THEN CAST($1 AS TIME) END"},
		{name: "timestamp", args: "date", text: "CAST($1 AS TIMESTAMP)"},
		{name: "timestamp", args: "timestamptz", text: "CAST($1 AS TIMESTAMP)", zoned: "tg_at_zone($zone, $1)"},
		{name: "timestamptz", args: "date|timestamp", text: "CAST($1 AS TIMESTAMPTZ)", zoned: "tg_at_zone($zone, CAST($1 AS TIMESTAMP))"},
		{name: "isfinite", args: "date|timestamp|timestamptz", text: "isfinite($1)"},
		{name: "isfinite", args: "interval", text: "($1 IS NOT NULL OR NULL)"},
		{name: "age", args: "timestamp,timestamp", text: "tg_age($1, $2)"},
		{name: "age", args: "timestamptz,timestamptz", text: "tg_age(CAST($1 AS TIMESTAMP), CAST($2 AS TIMESTAMP))", zoned: "tg_age(tg_at_zone($zone, $1), tg_at_zone($zone, $2))"},
		{name: "date_bin", args: "interval,timestamp,timestamp|interval,timestamptz,timestamptz", text: "tg_bin($1, $2, $3)"},
		{name: "overlaps", args: "timestamp,timestamp,timestamp,timestamp", text: "tg_overlaps($1, $2, $3, $4)"},
		{name: "overlaps", args: "timestamp,interval,timestamp,interval", text: "tg_overlaps($1, tg_add($1, $2), $3, tg_add($3, $4))"},
		{name: "overlaps", args: "timestamp,timestamp,timestamp,interval", text: "tg_overlaps($1, $2, $3, tg_add($3, $4))"},
		{name: "overlaps", args: "timestamp,interval,timestamp,timestamp", text: "tg_overlaps($1, tg_add($1, $2), $3, $4)"},
		{name: "overlaps", args: "timestamptz,timestamptz,timestamptz,timestamptz", text: "tg_overlaps(timezone('UTC', $1), timezone('UTC', $2), timezone('UTC', $3), timezone('UTC', $4))"},
		overlapsInstants("interval", "timestamptz"), overlapsInstants("timestamptz", "interval"), overlapsInstants("interval", "interval"),
		{name: "overlaps", args: "time,interval,time,interval", text: "tg_overlaps(DATE '2000-01-01' + $1, DATE '2000-01-01' + ($1 + $2), DATE '2000-01-01' + $3, DATE '2000-01-01' + ($3 + $4))"},
		{name: "overlaps", args: "time,time,time,time", text: "tg_overlaps(DATE '2000-01-01' + $1, DATE '2000-01-01' + $2, DATE '2000-01-01' + $3, DATE '2000-01-01' + $4)"},
		{name: "justify_hours", args: "interval", text: "tg_justify_hours($1)"},
		{name: "justify_days", args: "interval", text: "tg_justify_days($1)"},
		{name: "justify_interval", args: "interval", text: "tg_justify_interval($1)"},
	}
}

// overlapsInstants is overlaps of two instants and what ends them, which may be an interval on the session's clock.
func overlapsInstants(first, second string) function {
	end := func(begin, end, kind string) string {
		if kind == "interval" {
			end = "tg_add_in(" + begin + ", " + end + ", $zone)"
		}
		return "timezone('UTC', " + end + ")"
	}
	zoned := "tg_overlaps(timezone('UTC', $1), " + end("$1", "$2", first) + ", timezone('UTC', $3), " + end("$3", "$4", second) + ")"
	return function{
		name: "overlaps", args: "timestamptz," + first + ",timestamptz," + second,
		text: strings.ReplaceAll(zoned, "$zone", "'UTC'"), zoned: zoned,
	}
}

const makeTimestamp = "tg_make_timestamp(CAST($1 AS DOUBLE), CAST($2 AS DOUBLE), CAST($3 AS DOUBLE), CAST($4 AS DOUBLE), CAST($5 AS DOUBLE), $6)"
