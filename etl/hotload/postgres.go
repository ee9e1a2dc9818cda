package hotload

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/catalog"
	"tidegate/etl/collation"
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
	rows, err := texts(ctx, c, "SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull AND NOT a.atthasdef AND a.attidentity = '', "+
		collation.OfColumn+" FROM pg_attribute a WHERE a.attrelid = to_regclass("+quoteText(s.ref(table))+
		") AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum")
	columns := make([]heldColumn, len(rows))
	for i, r := range rows {
		columns[i] = parsed(r[0], r[1], r[2] == "t")
		columns[i].collation = r[3]
	}
	return columns, err
}

// columnTypes writes the types of columns as text compares everywhere in Tidegate, whatever the database's collation.
func columnTypes(ctx context.Context, c *pgconn.PgConn) (func(w wantedColumn) string, error) {
	rows, err := texts(ctx, c, "SELECT "+collation.Default+", "+collation.Bytes)
	if err != nil {
		return nil, err
	}
	return func(w wantedColumn) string {
		if rows[0][0] != "" && (w.typ.OID == pgtypes.Text || w.typ.OID == pgtypes.Varchar) {
			return w.typeName + " COLLATE " + rows[0][1]
		}
		return w.typeName
	}, nil
}

func (p *Postgres) create(ctx context.Context, c *pgconn.PgConn, s *Server, t *catalog.Table, columns []wantedColumn) ([]string, error) {
	typeOf, err := columnTypes(ctx, c)
	if err != nil {
		return nil, err
	}
	ref := s.TableRef(t.Name)
	var b strings.Builder
	b.WriteString("CREATE TABLE " + ref + " (")
	for _, w := range columns {
		b.WriteString(quoteName(w.name) + " " + typeOf(w) + ", ")
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

// alter adds and widens columns in one transaction. A type without a collation would get the database's.
func (p *Postgres) alter(ctx context.Context, c *pgconn.PgConn, s *Server, t *catalog.Table, change tableChange) ([][]string, error) {
	typeOf, err := columnTypes(ctx, c)
	if err != nil {
		return nil, err
	}
	var statements []string
	table := "ALTER TABLE " + s.TableRef(t.Name)
	for _, w := range change.add {
		statements = append(statements, table+" ADD COLUMN "+quoteName(w.name)+" "+typeOf(w))
	}
	for _, w := range change.widen {
		statements = append(statements, table+" ALTER COLUMN "+quoteName(w.name)+" TYPE "+typeOf(w))
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
