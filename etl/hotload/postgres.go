package hotload

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// Encoder writes rows as DataRow messages with every value in binary form: gateway/encode does.
type Encoder interface {
	// Rows appends messages for the rows of c from row from on and gives the first row that was not appended.
	Rows(b []byte, c *engine.Chunk, from, maxRows, maxBytes int) (out []byte, next int, err error)
}

// Postgres is the dialect of PostgreSQL. Rows come through the loader: DuckDB reads them, COPY takes them in binary.
type Postgres struct {
	Read Sessions // DuckDB, which reads the lake's files
	// Encode makes the encoder of a result.
	Encode func(columns []engine.Column) (Encoder, error)
}

//nolint:unparam // another dialect has no place for some types
func (p *Postgres) columnType(c catalog.Column) (string, error) { return c.Type.String(), nil }

func (p *Postgres) limit(column string, n int) catalog.HotLimit {
	return catalog.HotLimit{Column: column, MaxChars: n}
}

func (p *Postgres) sessions() Sessions { return p.Read }

func (p *Postgres) now() string { return "now()" }

func (p *Postgres) ledgerOptions() string { return "" }

func (p *Postgres) quote(text string) string { return quoteText(text) }

func (p *Postgres) held(ctx context.Context, c *pgconn.PgConn, s *Server, table string) ([]heldColumn, error) {
	rows, err := texts(ctx, c, "SELECT attname, format_type(atttypid, atttypmod), attnotnull AND NOT atthasdef AND attidentity = '' FROM pg_attribute "+
		"WHERE attrelid = to_regclass("+quoteText(s.ref(table))+") AND attnum > 0 AND NOT attisdropped ORDER BY attnum")
	columns := make([]heldColumn, len(rows))
	for i, r := range rows {
		columns[i] = parsed(r[0], r[1], r[2] == "t")
	}
	return columns, err
}

// collation is the clause that makes text compare by its bytes and change case by Unicode, as everywhere in Tidegate;
// "" if the database does so anyhow.
func collation(ctx context.Context, c *pgconn.PgConn) (string, error) {
	rows, err := texts(ctx, c, "SELECT datcollate FROM pg_database WHERE datname = current_database() "+
		"UNION ALL SELECT collname FROM pg_collation WHERE collname IN ('C.utf8', 'C.UTF-8') AND collnamespace = 'pg_catalog'::regnamespace")
	if err != nil || len(rows) == 0 {
		return "", err
	}
	if slices.Contains([]string{"C", "POSIX", "C.UTF-8", "C.utf8"}, rows[0][0]) {
		return "", nil
	}
	if len(rows) > 1 {
		return " COLLATE pg_catalog." + quoteName(rows[1][0]), nil
	}
	return ` COLLATE pg_catalog."C"`, nil
}

func (p *Postgres) create(ctx context.Context, c *pgconn.PgConn, s *Server, t *catalog.Table, columns []wantedColumn) ([]string, error) {
	collate, err := collation(ctx, c)
	if err != nil {
		return nil, err
	}
	ref := s.TableRef(t.Name)
	var b strings.Builder
	b.WriteString("CREATE TABLE " + ref + " (")
	for _, w := range columns {
		b.WriteString(quoteName(w.name) + " " + w.typeName)
		if w.typ.OID == pgtypes.Text || w.typ.OID == pgtypes.Varchar {
			b.WriteString(collate)
		}
		b.WriteString(", ")
	}
	b.WriteString(SeqColumn + " bigint NOT NULL)")
	// Loads append, so their rows lie together: the smallest index finds them.
	statements := []string{b.String(), "CREATE INDEX ON " + ref + " USING brin (" + SeqColumn + ")"}
	if key := sortKey(t, columns); len(key) > 0 {
		statements = append(statements, "CREATE INDEX ON "+ref+" ("+strings.Join(key, ", ")+")")
	}
	return statements, nil
}

// sortKey gives the columns of the hot table's btree, quoted: those of hot.sort up to the first whose values may be
// long. An entry of PostgreSQL's btree has at most 2704 bytes, and one longer value would keep its batch out.
func sortKey(t *catalog.Table, columns []wantedColumn) []string {
	var key []string
	for _, name := range t.Hot.Sort {
		i := slices.IndexFunc(columns, func(w wantedColumn) bool { return w.name == name })
		if i < 0 || columns[i].typ.Len() < 0 {
			break
		}
		key = append(key, quoteName(name))
	}
	return key
}

// alter adds and widens columns in one transaction.
//
//nolint:unparam // another dialect may not know how
func (p *Postgres) alter(s *Server, t *catalog.Table, change tableChange) ([][]string, error) {
	var statements []string
	table := "ALTER TABLE " + s.TableRef(t.Name)
	for _, w := range change.add {
		statements = append(statements, table+" ADD COLUMN "+quoteName(w.name)+" "+w.typeName)
	}
	for _, w := range change.widen {
		statements = append(statements, table+" ALTER COLUMN "+quoteName(w.name)+" TYPE "+w.typeName)
	}
	return [][]string{statements}, nil
}

// stage has nothing to do: insert reads the lake's files itself.
func (p *Postgres) stage(context.Context, *pgconn.PgConn, *Server, Load, []catalog.Column) error {
	return nil
}

func (p *Postgres) insert(ctx context.Context, c *pgconn.PgConn, s *Server, l Load, columns []catalog.Column) (int64, error) {
	return p.copyRows(ctx, c, s.TableRef(l.Table.Name), l, columns)
}
