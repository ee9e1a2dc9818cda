package hotload

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
	"tidegate/internal/storage"
)

// Redshift is the dialect of Amazon Redshift, which reads the rows itself: COPY takes Parquet objects of S3 that a
// manifest names. Its statements follow Redshift's documentation of COPY ("COPY from columnar data formats", "Using a
// manifest to specify data files") and of CREATE and ALTER TABLE.
//
// TRUNCATE never occurs: it commits, also within a transaction.
type Redshift struct {
	Read    Sessions // DuckDB, which writes what COPY cannot take as it is in the lake
	WorkDir string   // where DuckDB may write it
	// Lake is the lake; what lies on S3 is copied from there.
	Lake storage.Bucket
	// Stage is a place on S3 for manifests and what COPY cannot take from the lake. Schema is one hot store's there:
	// what any loader has staged under it is removed.
	Stage   storage.Bucket
	IAMRole string // that COPY reads S3 as
}

// maxVarchar is the longest VARCHAR, in bytes.
const maxVarchar = 65535

// columnType gives the column type that holds every value of a column. TEXT would be VARCHAR(256), and a length counts
// bytes.
func (r *Redshift) columnType(c catalog.Column) (string, error) {
	switch t := c.Type; t.OID {
	case pgtypes.Bool, pgtypes.Int2, pgtypes.Int4, pgtypes.Int8, pgtypes.Float4, pgtypes.Float8, pgtypes.Date,
		pgtypes.Time, pgtypes.Timestamp, pgtypes.Timestamptz:
		return t.String(), nil
	case pgtypes.Numeric:
		if t.Typmod < 0 {
			return "", fmt.Errorf("column %s: a numeric without precision has no place in Redshift, whose default is numeric(18,0): "+
				"write numeric(%d,s)", c.Name, pgtypes.MaxPrecision)
		}
		return t.String(), nil
	case pgtypes.Varchar, pgtypes.Text, pgtypes.JSON:
		return fmt.Sprintf("character varying(%d)", textBytes(c)), nil
	case pgtypes.UUID:
		return "character varying(36)", nil
	}
	return "", fmt.Errorf("column %s: type %s has no place in Redshift", c.Name, c.Type)
}

// textBytes is the length that every value of a text column has at most, in bytes.
func textBytes(c catalog.Column) int {
	n := maxVarchar
	if c.Type.OID == pgtypes.Varchar && c.Type.Typmod >= 4 {
		n = 4 * (int(c.Type.Typmod) - 4) // a character of UTF-8 has up to four bytes
	}
	if c.MaxBytes > 0 {
		n = min(n, c.MaxBytes)
	}
	return min(n, maxVarchar)
}

func (r *Redshift) limit(column string, n int) catalog.HotLimit {
	return catalog.HotLimit{Column: column, MaxBytes: n}
}

func (r *Redshift) sessions() Sessions { return r.Read }

func (r *Redshift) now() string { return "getdate()" }

// ledgerOptions put the ledger, which is small, on every node.
func (r *Redshift) ledgerOptions() string { return " DISTSTYLE ALL" }

// quote writes a text as a literal, where a backslash escapes.
func (r *Redshift) quote(text string) string { return strings.ReplaceAll(quoteText(text), `\`, `\\`) }

// held asks for names in lower case: Redshift folds those in quotes too.
func (r *Redshift) held(ctx context.Context, c *pgconn.PgConn, s *Server, table string) ([]heldColumn, error) {
	rows, err := texts(ctx, c, "SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable, column_default "+
		"FROM svv_columns WHERE table_schema = "+r.quote(strings.ToLower(s.Schema))+" AND table_name = "+r.quote(table)+" ORDER BY ordinal_position")
	columns := make([]heldColumn, len(rows))
	for i, row := range rows {
		typeName := row[1]
		switch typeName {
		case "character varying", "character":
			typeName += "(" + row[2] + ")"
		case "numeric":
			typeName += "(" + row[3] + "," + row[4] + ")"
		}
		columns[i] = parsed(row[0], typeName, row[5] == "NO" && row[6] == "")
	}
	return columns, err
}

// create makes the hot table, sorted and distributed as the pipeline says.
func (r *Redshift) create(_ context.Context, _ *pgconn.PgConn, s *Server, t *catalog.Table, columns []wantedColumn) ([]string, error) {
	statement, err := r.createTable(s.TableRef(t.Name), t, columns, nil)
	return []string{statement}, err
}

// createTable makes a table of the columns, and of others that a hot table has had.
func (r *Redshift) createTable(ref string, t *catalog.Table, columns []wantedColumn, others []heldColumn) (string, error) {
	dist, err := distribution(t.Hot.Dist)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("CREATE TABLE " + ref + " (")
	for _, w := range columns {
		b.WriteString(quoteName(w.name) + " " + w.typeName + ", ")
	}
	for _, h := range others {
		b.WriteString(quoteName(h.name) + " " + h.typeName + ", ")
	}
	b.WriteString(SeqColumn + " bigint NOT NULL)" + dist)
	var sort []string
	for _, name := range t.Hot.Sort {
		if slices.ContainsFunc(columns, func(w wantedColumn) bool { return w.name == name }) {
			sort = append(sort, quoteName(name))
		}
	}
	if len(sort) > 0 {
		b.WriteString(" SORTKEY (" + strings.Join(sort, ", ") + ")")
	}
	return b.String(), nil
}

// distribution reads hot.dist of a pipeline: key(COLUMN), even, all, auto or nothing.
func distribution(dist string) (string, error) {
	switch dist {
	case "":
		return "", nil
	case "even", "all", "auto":
		return " DISTSTYLE " + strings.ToUpper(dist), nil
	}
	column, ok := strings.CutPrefix(dist, "key(")
	if column, ok2 := strings.CutSuffix(column, ")"); ok && ok2 {
		return " DISTSTYLE KEY DISTKEY (" + quoteName(column) + ")", nil
	}
	return "", fmt.Errorf("hot.dist is %q; the choices are key(COLUMN), even, all, auto", dist)
}

// alter changes one thing per statement. A VARCHAR grows outside of a transaction only, and no other type can be
// altered: for one of those the table is made anew, and takes the place of the old one.
func (r *Redshift) alter(_ context.Context, _ *pgconn.PgConn, s *Server, t *catalog.Table, change tableChange) ([][]string, error) {
	var groups [][]string
	table := "ALTER TABLE " + s.TableRef(t.Name)
	anew := false
	for _, w := range change.add {
		groups = append(groups, []string{table + " ADD COLUMN " + quoteName(w.name) + " " + w.typeName})
	}
	for _, w := range change.widen {
		if w.typ.OID != pgtypes.Varchar {
			anew = true
			continue
		}
		groups = append(groups, []string{table + " ALTER COLUMN " + quoteName(w.name) + " TYPE " + w.typeName})
	}
	if !anew {
		return groups, nil
	}
	rebuilt, err := r.rebuild(s, t, change)
	return append(groups, rebuilt), err
}

// rebuild copies the table into one of the wanted types. Columns that are no longer hot go with it.
func (r *Redshift) rebuild(s *Server, t *catalog.Table, change tableChange) ([]string, error) {
	wanted, err := s.wanted(t)
	if err != nil {
		return nil, err
	}
	var others []heldColumn
	names := make([]string, 0, len(wanted)+1)
	for _, w := range wanted {
		names = append(names, quoteName(w.name))
	}
	for _, h := range change.have {
		ours := slices.ContainsFunc(wanted, func(w wantedColumn) bool { return w.name == h.name })
		if !ours && h.name != SeqColumn {
			others, names = append(others, h), append(names, quoteName(h.name))
		}
	}
	names = append(names, SeqColumn)
	// No table of the lake has this name: a dot is only in those that have it behind their schema.
	anew := tableName(t.Name) + "..anew"
	create, err := r.createTable(s.ref(anew), t, wanted, others)
	list := strings.Join(names, ", ")
	return []string{
		s.lockLedger(), create,
		"INSERT INTO " + s.ref(anew) + " (" + list + ") SELECT " + list + " FROM " + s.TableRef(t.Name),
		"DROP TABLE " + s.TableRef(t.Name),
		"ALTER TABLE " + s.ref(anew) + " RENAME TO " + quoteName(tableName(t.Name)),
	}, err
}
