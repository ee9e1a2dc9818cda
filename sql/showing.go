package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// mayShow reports whether a text may hold one of Redshift's SHOW statements: they name what they show from by one of these
// words, or are SHOW DATABASES.
func mayShow(text string) bool {
	lower := strings.ToLower(text[:min(len(text), maxShow)])
	return strings.Contains(lower, "show") && (strings.Contains(lower, "from") || strings.Contains(lower, "databases") ||
		strings.Contains(lower, "grants") || strings.Contains(lower, "parameters"))
}

// maxShow bounds how far a text is searched for a SHOW.
const maxShow = 4096

// respellShows makes queries of Redshift's SHOW statements, and leaves all else as it is.
func respellShows(text string, tokens []*pg_query.ScanToken) respelling {
	s := newSpeller(text, tokens)
	for i := 0; i < len(s.tokens); i++ {
		if end := s.show(i); end > i {
			i = end - 1
		}
	}
	return s.done()
}

// showForm is a SHOW statement up to the name that it shows from: a query of a relation of pg_catalog, by the columns that
// the name's parts are, from the last one, and the column that LIKE compares.
type showForm struct {
	words    string
	relation string
	parts    []string
	like     string
	columns  string // "" is all
	order    string
}

const (
	databaseName = "database_name"
	schemaName   = "schema_name"
	tableName    = "table_name"
	columnName   = "column_name"

	parameterColumns = "parameter_name, ordinal_position, parameter_type, data_type, character_maximum_length, numeric_precision, numeric_scale"
)

func showForms() []showForm {
	schemaParts, tableParts := []string{schemaName, databaseName}, []string{tableName, schemaName, databaseName}
	byTable, byColumn := "schema_name, table_name", "schema_name, table_name, ordinal_position"
	return []showForm{
		{words: "show databases", relation: "show_databases", like: databaseName, order: databaseName},
		{words: "show schemas from database", relation: "show_schemas", parts: []string{databaseName}, like: schemaName, order: schemaName},
		{words: "show tables from schema", relation: "show_tables", parts: schemaParts, like: tableName, order: tableName},
		{words: "show tables from database", relation: "show_tables", parts: []string{databaseName}, like: tableName, order: byTable},
		{words: "show columns from table", relation: "show_columns", parts: tableParts, like: columnName, order: "ordinal_position"},
		{words: "show columns from database", relation: "show_columns", parts: []string{databaseName}, like: columnName, order: byColumn},
		{words: "show constraints primary keys from table", relation: "show_primary_keys", parts: tableParts, order: "key_seq"},
		{
			words: "show constraints foreign keys from table", relation: "show_foreign_keys",
			parts: []string{"fk_table_name", "fk_schema_name", "fk_database_name"}, order: "fk_name, key_seq",
		},
		{
			words: "show constraints foreign keys exported from table", relation: "show_foreign_keys",
			parts: []string{"pk_table_name", "pk_schema_name", "pk_database_name"}, order: "fk_schema_name, fk_table_name, fk_name, key_seq",
		},
		{
			words: "show grants on table", relation: "show_grants", parts: []string{"object_name", schemaName, databaseName},
			order: "identity_name, privilege_type",
		},
		{
			words: "show column grants on table", relation: "show_column_grants", parts: tableParts, like: columnName,
			order: "column_name, identity_name, privilege_type",
		},
		{words: "show procedures from schema", relation: "show_procedures", parts: schemaParts, like: "procedure_name", order: "procedure_name, argument_list"},
		{words: "show functions from schema", relation: "show_functions", parts: schemaParts, like: "function_name", order: "function_name, argument_list"},
		{
			words: "show parameters of procedure", relation: "show_procedure_parameters", parts: []string{"procedure_name", schemaName, databaseName},
			columns: "database_name, schema_name, procedure_name, " + parameterColumns, like: "parameter_name", order: "argument_list, ordinal_position",
		},
		{
			words: "show parameters of function", relation: "show_function_parameters", parts: []string{"function_name", schemaName, databaseName},
			columns: "database_name, schema_name, function_name, " + parameterColumns, like: "parameter_name", order: "argument_list, ordinal_position",
		},
	}
}

// show makes a query of the SHOW statement that begins at i, and gives the token behind it; i: there is none.
func (s *speller) show(i int) int {
	if s.word(i) != "show" || i > 0 && s.kind(i-1) != semicolon {
		return i
	}
	for _, f := range showForms() {
		if at := s.words(i, f.words); at > i {
			if query, end := s.showFrom(f, at); end > i && (end == len(s.tokens) || s.kind(end) == semicolon) {
				s.edit(s.start(i), s.end(end-1)-s.start(i), query)
				return end
			}
		}
	}
	return i
}

// words gives the token behind words that stand from i on; i: other ones do.
func (s *speller) words(i int, words string) int {
	at := i
	for w := range strings.FieldsSeq(words) {
		if s.word(at) != w {
			return i
		}
		at++
	}
	return at
}

// showFrom reads what stands behind a form's words, and gives the token behind it; 0: it is not the form's.
func (s *speller) showFrom(f showForm, at int) (query string, end int) {
	var where []string
	if len(f.parts) > 0 {
		parts, next := s.nameParts(at)
		if len(parts) == 0 || len(parts) > len(f.parts) {
			return "", 0
		}
		for i, p := range parts {
			where = append(where, f.parts[len(parts)-1-i]+" = "+p)
		}
		if len(parts) == 1 && len(f.parts) == 3 {
			where = append(where, f.parts[1]+" = current_schema()")
		}
		at = next
	}
	if f.columns != "" && s.kind(at) == openParen {
		types, next := s.typeList(at)
		if next == 0 {
			return "", 0
		}
		where, at = append(where, "argument_list = "+types), next
	}
	if f.like != "" && s.word(at) == "like" && s.value(at+1) != "" {
		where, at = append(where, f.like+" LIKE "+s.value(at+1)), at+2
	}
	limit := ""
	if s.word(at) == "limit" && (s.kind(at+1) == pg_query.Token_ICONST || s.kind(at+1) == pg_query.Token_PARAM) {
		limit, at = " LIMIT "+s.said(at+1), at+2
	}
	query = "SELECT " + f.selected() + " FROM pg_catalog." + f.relation
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	return query + " ORDER BY " + f.order + limit, at
}

func (f showForm) selected() string {
	if f.columns == "" {
		return "*"
	}
	return f.columns
}

func (s *speller) said(i int) string { return s.text[s.start(i):s.end(i)] }

// value gives a text or a parameter, "" for another token.
func (s *speller) value(i int) string {
	switch s.kind(i) {
	case pg_query.Token_PARAM:
		return s.said(i)
	case pg_query.Token_SCONST:
		if s.backslashes && escaped(s.said(i)) {
			return "E" + s.said(i)
		}
		return s.said(i)
	default:
		return ""
	}
}

// nameParts reads a name of one or more parts as the values that they are. Drivers send parameters in their place.
func (s *speller) nameParts(at int) (parts []string, end int) {
	for {
		p := s.namePart(at)
		if p == "" {
			return nil, 0
		}
		parts = append(parts, p)
		if s.kind(at+1) != dot {
			return parts, at + 1
		}
		at += 2
	}
}

func (s *speller) namePart(i int) string {
	if v := s.value(i); v != "" && s.kind(i) == pg_query.Token_PARAM {
		return v
	}
	if w := s.word(i); w != "" {
		return quoteText(w)
	}
	if s.kind(i) == pg_query.Token_IDENT && strings.HasPrefix(s.said(i), `"`) {
		return quoteText(strings.ReplaceAll(strings.Trim(s.said(i), `"`), `""`, `"`))
	}
	return ""
}

// typeList reads the types of arguments, as SHOW PROCEDURES writes them, as one value.
func (s *speller) typeList(at int) (list string, end int) {
	var types []string
	for at++; s.kind(at) != closeParen; at++ {
		if s.kind(at) == comma && len(types) > 0 {
			continue
		}
		t := s.namePart(at)
		if t == "" {
			return "", 0
		}
		types = append(types, t)
	}
	if len(types) == 0 {
		return "''", at + 1
	}
	return strings.Join(types, " || ', ' || "), at + 1
}
