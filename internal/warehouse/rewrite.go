package warehouse

import (
	"slices"
	"strconv"
	"strings"

	"tidegate/internal/pgerr"
)

// rewriter makes DuckDB's text of a query or an expression. It is conservative: words and operators stay as they
// are, names are folded, literals respelled; only the calls that Redshift has and DuckDB lacks are replaced.
// What only DuckDB has, above all its readers of files, does not exist here.
type rewriter struct {
	*cursor
	s         *session
	arguments []string
	out       strings.Builder
	unit      int // position of a date part that is written without quotes; -1 for none
}

// rewrite gives the statement for DuckDB.
func (s *session) rewrite(st statement, arguments []string) (string, error) {
	r := rewriter{cursor: st.cursor(), s: s, arguments: arguments, unit: -1}
	err := r.upTo(len(r.tokens))
	return r.out.String(), err
}

// upTo rewrites tokens up to one, or the end.
func (r *rewriter) upTo(to int) error {
	for r.at < to && r.peek().kind != end {
		if r.at > 0 && r.tokens[r.at-1].stop < r.peek().start {
			r.out.WriteByte(' ')
		}
		if err := r.token(); err != nil {
			return err
		}
	}
	return nil
}

// before is the token before the next one.
func (r *rewriter) before() token {
	if r.at == 0 {
		return token{kind: end}
	}
	return r.tokens[r.at-1]
}

func (r *rewriter) emit(s string, tokens int) error {
	r.out.WriteString(s)
	r.at += tokens
	return nil
}

func (r *rewriter) token() error {
	t := r.peek()
	switch t.kind {
	case text:
		if b := r.before(); b.is("from") || b.is("join") {
			return r.unexpected() // DuckDB would open a file of this name
		}
		return r.emit(quote(t.value), 1)
	case quoted:
		return r.emit(quoteName(t.value), 1)
	case param:
		return r.parameter(t)
	case word:
		return r.word(t)
	default:
		return r.emit(t.value, 1)
	}
}

func (r *rewriter) parameter(t token) error {
	n, err := strconv.Atoi(t.value)
	if err != nil || n < 1 || n > len(r.arguments) {
		return pgerr.New(pgerr.UndefinedParameter, "there is no parameter $%s", t.value)
	}
	return r.emit(r.arguments[n-1], 1)
}

func (r *rewriter) word(t token) error {
	member := r.before().is(".")
	switch {
	case r.at == r.unit:
		return r.emit(quote(t.value), 1)
	case member:
	case r.qualified(t):
		return nil
	case r.constant(t):
		return nil
	case t.value == "minus" && (r.ahead(1).is("select") || r.ahead(1).is("(")):
		return r.emit("EXCEPT", 1)
	case slices.Contains([]string{"numeric", "decimal", "dec"}, t.value) && r.bareCast():
		return r.emit("DECIMAL(18,0)", 1) // DuckDB's would be (18,3)
	}
	if r.ahead(1).is("(") {
		if t.value == "avg" {
			return r.average()
		}
		if fileFunction(t.value) {
			return pgerr.New(pgerr.UndefinedFunction, "function %s does not exist", t.value)
		}
		if (t.value == "dateadd" || t.value == "datediff") && r.ahead(2).kind == word && r.ahead(3).is(",") {
			r.unit = r.at + 2
		}
	}
	if strings.ContainsAny(t.value, "#$") {
		return r.emit(quoteName(t.value), 1)
	}
	return r.emit(t.value, 1)
}

// qualified replaces the beginning of a qualified name: the database, the catalog's schema, the temporary schema.
func (r *rewriter) qualified(t token) bool {
	if !r.ahead(1).is(".") {
		return false
	}
	switch {
	case t.value == r.s.database && r.ahead(3).is("."):
		r.at += 2
		return true
	case t.value == "pg_catalog" && systemView(r.ahead(2).value):
		_ = r.emit(systemSchema, 1) // never fails
		return true
	case t.value == "pg_catalog" && r.ahead(3).is("("):
		r.at += 2
		return true
	case t.value == tempSchema:
		_ = r.emit("temp.main", 1) // never fails
		return true
	}
	return false
}

// bareCast reports whether the type at the cursor is a cast's, and has no size.
func (r *rewriter) bareCast() bool {
	return !r.ahead(1).is("(") && (r.before().is("::") || r.before().is("as") && r.ahead(1).is(")"))
}

// constant replaces what the session knows.
func (r *rewriter) constant(t token) bool {
	s := r.s
	if b := r.before(); b.is("as") || r.ahead(1).is(".") {
		return false
	}
	tokens := 1
	var replacement string
	switch t.value {
	case "sysdate":
		replacement = systemSchema + ".getdate()"
	case "current_user", "session_user", "user", "current_user_id":
		replacement = quote(s.user)
	default:
		if !r.ahead(1).is("(") || !r.ahead(2).is(")") {
			return false
		}
		tokens = 3
		switch t.value {
		case "version":
			replacement = quote(versionText)
		case "current_database":
			replacement = quote(s.database)
		case "pg_backend_pid":
			replacement = strconv.Itoa(int(s.conn.pid))
		case "pg_last_copy_count":
			replacement = "CAST(" + strconv.FormatInt(s.lastCopyRows, 10) + " AS BIGINT)"
		case "pg_last_copy_id":
			replacement = strconv.FormatInt(s.lastCopyID, 10)
		case "pg_last_query_id":
			replacement = strconv.FormatInt(s.lastQueryID-1, 10)
		default:
			return false
		}
	}
	alias := ""
	if tokens == 3 && r.outputColumn(tokens) {
		alias = " AS " + quoteName(t.value)
	}
	_ = r.emit(replacement+alias, tokens) // never fails
	return true
}

// outputColumn reports whether the call of n tokens at the cursor is a whole output column without an alias.
func (r *rewriter) outputColumn(n int) bool {
	b, a := r.before(), r.ahead(n)
	return (b.is("select") || b.is(",")) && (a.kind == end || a.is(",") || a.is("from"))
}

// fileFunction reports whether only DuckDB has the function, and it reads what is no table.
func fileFunction(name string) bool {
	for _, prefix := range []string{"read_", "parquet_", "duckdb_", "pragma_", "sniff_", "sqlite_", "iceberg_", "json_execute"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return slices.Contains([]string{"glob", "query", "query_table", "getenv", "which_secret", "checkpoint", "force_checkpoint"}, name)
}

// reads gives the tables that a query names, as locks. A name that is no table costs nothing.
func (s *session) reads(st statement) []wanted {
	var out []wanted
	c := st.cursor()
	for c.peek().kind != end {
		t := c.next()
		if !t.is("from") && !t.is("join") && !t.is("using") {
			continue
		}
		for c.peek().name() {
			name, err := c.table()
			if err != nil {
				break
			}
			if !c.peek().is("(") {
				out = append(out, s.lock(name, accessShare)...)
			}
			c.accept("as")
			if c.peek().name() && c.ahead(1).is(",") {
				c.next()
			}
			if !c.accept(",") {
				break
			}
		}
	}
	return out
}

// lock is the wish for a table; temporary ones need none.
func (s *session) lock(t table, mode lockMode) []wanted {
	if t.schema == tempSchema || t.schema == "" && s.temporary[t.name] {
		return nil
	}
	if t.schema == "" {
		t.schema = s.currentSchema()
	}
	return []wanted{{t.key(), mode}}
}

// currentSchema is the first schema of the search path that is not the user's own.
func (s *session) currentSchema() string {
	for part := range strings.SplitSeq(s.settings.values["search_path"], ",") {
		if name := strings.ToLower(strings.Trim(strings.TrimSpace(part), `"'`)); name != "$user" && name != "" {
			return name
		}
	}
	return "public"
}
