package sql_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// TestKnown has which statements no engine need be asked, and what they answer; "" is asked.
func TestKnown(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"select 1":                 "1",
		"select 1::int2 as a, 'b'": "1, b",
		"select 9223372036854775807, true, null, null::date":                                            "9223372036854775807, 1, NULL, NULL",
		"select 'abcd'::varchar(3), ''::text, $1":                                                       "abc, , NULL",
		"select date '2018-02-15', timestamp '1970-01-01 00:00:01', '1970-01-01 09:00+09'::timestamptz": "17577, 1000000, 0",
		"select current_database(), version()":                                                          "tidegate, PostgreSQL 15.20 (Tidegate)",
		"select 1 + 1":                                                                                  "",
		"select 1.5":                                                                                    "",
		"select 'a'::char(3)":                                                                           "",
		"select 1 limit 0":                                                                              "",
		"select 1 where false":                                                                          "",
		"select 1 having false":                                                                         "",
		"select 1, random()":                                                                            "",
		"select distinct 1":                                                                             "",
		"select 1 order by 1 / 0":                                                                       "",
		"select 1 union all select 2":                                                                   "",
		"values (1), (2)":                                                                               "",
		"with x as (select 1) select 2 from x, x x2":                                                    "",
		"select 1 from web.events":                                                                      "",
		"select (select 1)":                                                                             "",
	} {
		statements, err := sql.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		q, err := sql.Bind(statements[0], testTables(), testEnv())
		if err == nil && len(q.Params) > 0 {
			q, err = q.WithArgs([]sql.Arg{{Null: true}})
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := known(q); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func known(q *sql.Query) string {
	values, ok := q.Known()
	if !ok {
		return ""
	}
	list := make([]string, len(values))
	for i, v := range values {
		switch {
		case v == nil:
			list[i] = "NULL"
		case v.Class == pgtypes.ClassText:
			list[i] = v.S
		default:
			list[i] = strconv.FormatInt(v.I, 10)
		}
	}
	return strings.Join(list, ", ")
}

// TestTemplateOfKnown sees that a statement of constants is known again, unless it depends on who asks and when.
func TestTemplateOfKnown(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"select 1":                           "1",
		"select 'a' as b, null":              "a, NULL",
		"select timestamptz '2018-02-15'":    "1518652800000000",
		"select current_user":                "",
		"select now()":                       "",
		"select 'now'::timestamptz":          "",
		"select 1 + 1":                       "",
		"select $1 || ''":                    "",
		"select 1 = 1":                       "",
		"select current_setting('TimeZone')": "",
	} {
		template, n, free := templateOf(sql.Postgres, testTables(), testEnv(), text)
		if (template != nil) != (want != "") {
			t.Errorf("%s: has a template is %t, want %t", text, template != nil, want != "")
		}
		if template == nil {
			continue
		}
		env := testEnv()
		env.Now = env.Now.Add(time.Hour)
		q, err := template.Fill(env, testTables(), text, n, free)
		if err != nil {
			t.Fatal(err)
		}
		if got := known(q); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

// TestTemplateOfKnownParameters sees that parameters that are output columns alone are answered with their values.
func TestTemplateOfKnownParameters(t *testing.T) {
	t.Parallel()
	template, n, free := templateOf(sql.Postgres, testTables(), testEnv(), "select $1::int, 'x', $2")
	if template == nil {
		t.Fatal("there is no template")
	}
	q, err := template.Fill(testEnv(), testTables(), "select $1::int, 'x', $2", n, free)
	if err != nil {
		t.Fatal(err)
	}
	for values, want := range map[[2]string]string{{"7", "a"}: "7, x, a", {"-8", ""}: "-8, x, "} {
		filled, err := q.WithArgs([]sql.Arg{{Text: values[0]}, {Text: values[1]}})
		if err != nil {
			t.Fatal(err)
		}
		if got := known(filled); got != want {
			t.Errorf("of %q: got %q, want %q", values, got, want)
		}
	}
	if _, err := q.WithArgs([]sql.Arg{{Text: "x"}, {Text: ""}}); pgerr.CodeOf(err) != pgerr.InvalidTextRepresentation {
		t.Errorf("x as an integer is %v, want 22P02", err)
	}
}
