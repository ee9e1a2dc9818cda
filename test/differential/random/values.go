package random

import (
	"strings"

	"tidegate/internal/pgtypes"
	"tidegate/test/differential/surface"
)

// Types beside those of pgtypes' names.
const (
	jsonb     = 3802
	textArray = 1009
	intArray  = 1007
)

// literals are values of each type, plain ones first.
var literals = map[uint32][]string{
	pgtypes.Bool:        {"true", "false", "null::bool"},
	pgtypes.Int2:        {"1::int2", "3::int2", "'-7'::int2", "0::int2", "null::int2"},
	pgtypes.Int4:        {"1", "2", "0", "10", "-3", "7", "100", "null::int", "46341"},
	pgtypes.Int8:        {"1::int8", "12::int8", "-5::int8", "3000000000", "null::int8"},
	pgtypes.Numeric:     {"1.5", "0.0", "2.50", "-0.125", "100", "1e3", "0.3333", "null::numeric", "12345.678", "'7'::numeric"},
	pgtypes.Float4:      {"1.5::float4", "'0.1'::float4", "-2.25::float4", "null::float4"},
	pgtypes.Float8:      {"1.5::float8", "0.1::float8", "-2.5::float8", "100::float8", "null::float8", "1e10::float8"},
	pgtypes.Text:        {"'a'", "'abc'", "''", "'Hello World'", "'été ß'", "' x '", "'a,b,c'", "null::text", "'天気'", "'12'", "'A_b%'"},
	pgtypes.Varchar:     {"'abc'::varchar", "'x y'::varchar(3)", "null::varchar"},
	pgtypes.Date:        {"date '2018-02-15'", "date '2000-02-29'", "date '1999-12-31'", "null::date"},
	pgtypes.Time:        {"time '10:20:30'", "time '00:00'", "time '23:59:59.5'", "null::time"},
	pgtypes.Timestamp:   {"timestamp '2018-02-15 03:04:05'", "timestamp '2000-02-29 00:00'", "timestamp '2018-12-31 23:59:59.999'", "null::timestamp"},
	pgtypes.Timestamptz: {"timestamptz '2018-03-11 07:30:00+00'", "timestamptz '2018-02-15 03:04:05+09'", "null::timestamptz"},
	pgtypes.Interval:    {"interval '1 day'", "interval '1 month 2 days 03:04:05.5'", "interval '-90 minutes'", "interval '1 year'", "null::interval"},
	pgtypes.UUID:        {"'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "null::uuid"},
	pgtypes.JSON:        {`'{"a": 1, "b": [1, "x"]}'::json`, `'[1, 2.50, null]'::json`, "null::json"},
	pgtypes.Bytea:       {`'\x6162'::bytea`, `'\x00ff'::bytea`, "null::bytea"},
	jsonb:               {`'{"a": 1, "b": [1, "x"]}'::jsonb`, `'[1, 2.50, null]'::jsonb`, "null::jsonb"},
	textArray:           {"array['a', 'b']", "array['x', null, '']", "'{}'::text[]", "null::text[]"},
	intArray:            {"array[1, 2, 3]", "array[3, null]", "'{}'::int[]", "null::int[]"},
}

// unanswerable are functions whose answer is of the moment, the machine or the session.
var unanswerable = []string{
	"now", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "timeofday", "version", "random", "pg_backend_pid", "age",
	"current_setting", "set_config", "current_database", "current_schema", "current_schemas", "pg_typeof", "gen_random_uuid", "getpgusername",
	"inet_client_addr", "inet_server_addr", "inet_client_port", "inet_server_port", "current_user", "session_user", "pg_is_in_recovery",
	"pg_my_temp_schema", "pg_conf_load_time", "pg_postmaster_start_time", "txid_current", "setseed", "pg_sleep", "random_normal", "now",
	"row_security_active", "pg_client_encoding", "getdatabaseencoding", "hashtext",
}

func isText(oid uint32) bool { return oid == pgtypes.Text || oid == pgtypes.Varchar }

var (
	units      = []string{"'year'", "'month'", "'day'", "'hour'", "'minute'", "'second'", "'quarter'", "'week'", "'decade'", "'century'", "'millennium'"}
	fields     = []string{"'year'", "'month'", "'day'", "'hour'", "'minute'", "'second'", "'quarter'", "'epoch'", "'dow'", "'doy'", "'week'", "'isoyear'", "'isodow'", "'milliseconds'", "'microseconds'", "'decade'", "'century'", "'millennium'"}
	timeFields = []string{"'hour'", "'minute'", "'second'", "'epoch'", "'milliseconds'", "'microseconds'"}
	dayFields  = []string{"'year'", "'month'", "'day'", "'quarter'", "'epoch'", "'dow'", "'doy'", "'week'", "'isoyear'", "'isodow'", "'decade'", "'century'"}
	spanFields = []string{"'year'", "'month'", "'day'", "'hour'", "'minute'", "'second'", "'epoch'", "'quarter'", "'decade'", "'milliseconds'"}
	zones      = []string{"'Asia/Tokyo'", "'America/New_York'", "'UTC'", "'Asia/Kolkata'", "'Europe/Berlin'"}
	patterns   = []string{"'a'", "'^[A-Z]'", "'[0-9]+'", "'o.*d$'", "'l+'", "'(a|b)c'", "'\\s'", "'x?'", "'^$'", "'.'", "'é'"}
	likes      = []string{"'%a%'", "'a%'", "'_b%'", "'%'", "''", `'%\_%'`, "'Hello%'", "'%,b,%'"}
	timeForms  = []string{
		"'YYYY-MM-DD'", "'YYYY-MM-DD HH24:MI:SS'", "'Mon DD, YYYY'", "'HH12:MI AM'", "'Day, FMDDth Month'", "'Q IW IYYY'", "'DDD J'", "'MS US'", "'FMMonth FMDD'", "'YY-MM'",
		"'Y,YYY CC'", "'WW ID IDDD'", "'RM rm'", "'SSSS'", "'YYYY\"T\"HH24'", "'FMHH24:FMMI'", "'DAY Dy dy'", "'MONTH mon'", "'BC A.D. p.m.'", "'HH12 HH'",
	}
	numberForm = []string{"'999'", "'9,999.99'", "'FM999990.00'", "'00000'", "'S9999'", "'9.9EEEE'", "'L99999'", "'RN'", "'999PR'", "'FM9999999'", "'999D99'", "'9G999MI'", "'V999'", "'SG099'", "'999th'", "'0.099'"}
	small      = []string{"0", "1", "2", "3", "5", "-1"}
	positive   = []string{"1", "2", "3", "4"}
	shifts     = []string{"0", "1", "3", "7"}
	lengths    = []string{"0", "1", "3", "8", "12"}
	codes      = []string{"65", "97", "233", "8364", "32"}
	encodings  = []string{"'hex'", "'base64'", "'escape'"}
	paths      = []string{"'a'", "'b'", "'n'", "'s'", "'tags'", "'zz'"}
	jsonPaths  = []string{"'{a}'", "'{b,0}'", "'{tags,1}'", "'{}'"}
	flags      = []string{"'g'", "'i'", "'gi'", "''"}
	forms      = []string{"'%s'", "'<%s>'", "'%I'", "'%L'", "'%%'", "'%1$s %1$s'"}
)

// domains are the values that an argument may sensibly have, by function or operator and position from 0.
var domains = map[string]map[int][]string{
	"date_trunc": {0: units, 2: zones}, "timezone": {0: zones},
	"~": {1: patterns}, "!~": {1: patterns}, "~*": {1: patterns}, "!~*": {1: patterns}, "regexp_like": {1: patterns, 2: flags},
	"regexp_replace": {1: patterns, 2: {"'X'", "'<\\1>'", "'[\\&]'", "''"}, 3: flags}, "regexp_match": {1: patterns, 2: {"''", "'i'"}}, "regexp_count": {1: patterns, 2: positive, 3: {"''", "'i'"}},
	"regexp_substr": {1: patterns, 2: positive, 3: positive, 4: {"''", "'i'"}}, "regexp_instr": {1: patterns, 2: positive, 3: positive, 4: {"0", "1"}, 5: {"''", "'i'"}},
	"regexp_split_to_array": {1: patterns, 2: {"''", "'i'"}}, "similar_to_escape": {}, "similar_escape": {},
	"~~": {1: likes}, "!~~": {1: likes}, "~~*": {1: likes}, "!~~*": {1: likes}, "like": {1: likes}, "notlike": {1: likes},
	"texticlike": {1: likes}, "texticnlike": {1: likes}, "textlike": {1: likes}, "textnlike": {1: likes}, "like_escape": {},
	"lpad": {1: lengths}, "rpad": {1: lengths}, "repeat": {1: small}, "left": {1: small}, "right": {1: small}, "round": {1: small}, "trunc": {1: small},
	"chr": {0: codes}, "factorial": {0: {"0::int8", "5::int8", "20::int8"}}, "!!": {1: {"5::int8"}}, "<<": {1: shifts}, ">>": {1: shifts},
	"split_part": {1: {"','", "' '", "'a'"}, 2: {"1", "2", "-1"}}, "substr": {1: small, 2: lengths}, "substring": {1: small, 2: lengths},
	"overlay": {2: positive, 3: lengths}, "encode": {1: encodings}, "decode": {0: {"'6162'", "''"}, 1: {"'hex'"}},
	"power": {1: small}, "pow": {1: small}, "^": {1: {"0", "1", "2", "3"}}, "dpow": {1: small}, "to_hex": {},
	"make_date": {0: {"2018", "2000", "1999"}, 1: {"1", "2", "12"}, 2: {"1", "28"}}, "make_time": {0: {"0", "23"}, 1: {"0", "59"}, 2: {"0", "59.5"}},
	"make_timestamp":   {0: {"2018", "2000"}, 1: {"1", "12"}, 2: {"1", "28"}, 3: {"0", "23"}, 4: {"0", "59"}, 5: {"0", "30.25"}},
	"make_timestamptz": {0: {"2018", "2000"}, 1: {"1", "12"}, 2: {"1", "28"}, 3: {"0", "23"}, 4: {"0", "59"}, 5: {"0", "30.25"}, 6: zones},
	"make_interval":    {0: small, 1: small, 2: small, 3: small, 4: small, 5: small, 6: {"0", "1.5"}},
	"to_timestamp":     {0: {"0", "1518663845.678"}}, "format": {0: forms}, "string_agg": {1: {"','", "''", "' - '"}},
	"->": {}, "width_bucket": {3: {"5", "10"}}, "date_bin": {0: {"interval '15 minutes'", "interval '1 day'", "interval '7 hours'"}},
	"array_fill": {1: {"array[2]"}}, "trim_array": {1: {"0", "1"}}, "set_byte": {1: {"0"}, 2: codes}, "get_byte": {1: {"0"}}, "set_bit": {1: {"0"}, 2: {"0", "1"}}, "get_bit": {1: {"0"}},
	"normalize": {1: {"'NFC'", "'NFD'"}}, "is_normalized": {1: {"'NFC'"}}, "unistr": {0: {`'d\0061t'`, "'x'"}}, "parse_ident": {0: {"'a.b'", `'"A".c'`}},
	"json_extract_path": {1: paths}, "json_extract_path_text": {1: paths}, "->>": {}, "#>": {1: jsonPaths}, "#>>": {1: jsonPaths}, "?": {1: paths},
	"timestamptz": {}, "timestamp": {1: {"0", "3"}}, "interval": {1: {"3"}}, "time": {1: {"0", "3"}}, "numeric": {},
	"varchar": {1: {"5", "300"}}, "bpchar": {1: {"5", "300"}}, "convert_from": {1: {"'UTF8'"}}, "convert_to": {1: {"'UTF8'"}}, "length": {1: {"'UTF8'"}},
}

// domainOf gives the values for an argument, nil for any.
func domainOf(name string, i int, args []surface.Type) []string {
	switch {
	case len(args) == 2 && args[0].OID == 0: // a prefix operator
		return nil
	case name == "date_part" || name == "extract":
		return map[int]map[uint32][]string{0: {
			pgtypes.Date: dayFields, pgtypes.Time: timeFields, pgtypes.Interval: spanFields, pgtypes.Timestamp: fields, pgtypes.Timestamptz: fields,
		}}[i][args[1].OID]
	case name == "to_char" && i == 1:
		if oid := args[0].OID; oid == pgtypes.Timestamp || oid == pgtypes.Timestamptz {
			return timeForms
		} else if oid == pgtypes.Interval {
			return []string{"'HH24:MI:SS'", "'YYYY-MM-DD'", "'DD \"days\"'"}
		}
		return numberForm
	case name == "exp" && args[0].OID == pgtypes.Numeric: // exp(5) is that of double precision
		return []string{"0.0", "1.0", "2.0", "3.5", "5::numeric", "-1.0"}
	case name == "exp":
		return small
	case name == "to_date":
		return [][]string{{"'2018-02-15'", "'20180215'", "'15 Feb 2018'"}, {"'YYYY-MM-DD'", "'YYYYMMDD'", "'DD Mon YYYY'"}}[i]
	case name == "to_number":
		return [][]string{{"'12,345.67'", "'-7.5'", "'<42>'", "'1'"}, {"'99,999.99'", "'S99.9'", "'99PR'", "'9'"}}[i]
	case name == "to_timestamp" && len(args) == 2:
		return [][]string{{"'2018-02-15 10:11'", "'15.02.2018'", "'2018 46'"}, {"'YYYY-MM-DD HH24:MI'", "'DD.MM.YYYY'", "'YYYY DDD'"}}[i]
	case (name == "->" || name == "->>") && i == 1:
		if isText(args[1].OID) {
			return paths
		}
		return small
	case strings.HasPrefix(name, "<<") && len(args) > 1 && args[1].OID != pgtypes.Int4:
		return nil
	}
	return domains[name][i]
}
