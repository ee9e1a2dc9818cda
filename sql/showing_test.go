package sql

import (
	"testing"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// TestShowStatements compares what is made of Redshift's SHOW statements, in both dialects.
func TestShowStatements(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"SHOW DATABASES;", "SELECT * FROM pg_catalog.show_databases ORDER BY database_name"},
		{"show databases like 'd%' limit 3", "SELECT * FROM pg_catalog.show_databases WHERE database_name LIKE 'd%' ORDER BY database_name LIMIT 3"},
		{
			"show schemas from database dev like $1", "SELECT * FROM pg_catalog.show_schemas WHERE database_name = 'dev' " +
				"AND schema_name LIKE $1 ORDER BY schema_name",
		},
		{
			"SHOW TABLES FROM SCHEMA $1.$2 LIKE $3;", "SELECT * FROM pg_catalog.show_tables WHERE database_name = $1 AND schema_name = $2 " +
				"AND table_name LIKE $3 ORDER BY table_name",
		},
		{
			`show columns from table Dev."My ""S".user`, `SELECT * FROM pg_catalog.show_columns WHERE database_name = 'dev' AND schema_name = 'My "S' ` +
				`AND table_name = 'user' ORDER BY ordinal_position`,
		},
		{
			"show columns from table t", "SELECT * FROM pg_catalog.show_columns WHERE table_name = 't' AND schema_name = \"current_schema\"() " +
				"ORDER BY ordinal_position",
		},
		{
			"show constraints foreign keys exported from table s.t", "SELECT * FROM pg_catalog.show_foreign_keys WHERE pk_schema_name = 's' " +
				"AND pk_table_name = 't' ORDER BY fk_schema_name, fk_table_name, fk_name, key_seq",
		},
		{
			"show parameters of function d.s.f(integer, $1) like 'a'", "SELECT database_name, schema_name, function_name, " + parameterColumns +
				" FROM pg_catalog.show_function_parameters WHERE database_name = 'd' AND schema_name = 's' AND function_name = 'f' " +
				"AND argument_list = (('integer' || ', ') || $1) AND parameter_name LIKE 'a' ORDER BY argument_list, ordinal_position",
		},
		{"show search_path", "SHOW search_path"},
		{"select 1 from show", "SELECT 1 FROM show"},
	} {
		for _, d := range []Dialect{Postgres, Redshift} {
			statements, err := d.Parse(c.text)
			if err != nil {
				t.Errorf("%s: %v", c.text, err)
				continue
			}
			got, err := pg_query.Deparse(&pg_query.ParseResult{Version: statements[0].grammar, Stmts: []*pg_query.RawStmt{{Stmt: statements[0].node}}})
			if err != nil || got != c.want {
				t.Errorf("%s:\n got %s\nwant %s, %v", c.text, got, c.want, err)
			}
		}
	}
	for _, text := range []string{"show tables from schema", "show columns from database d.s", "show tables from schema s limit x"} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%s is read", text)
		}
	}
}
