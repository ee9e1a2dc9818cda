package hotload

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// The hot tables lie in this schema of the database that is attached under this name.
const (
	Database = "hot"
	Schema   = "tidegate_hot"
)

// Sessions opens private connections of the instance that has the hot database attached.
type Sessions interface {
	Session(ctx context.Context) (engine.Session, error)
}

// Embedded is the hot store in the DuckDB database that is attached as Database.
type Embedded struct {
	DB Sessions
	// Step, if not nil, is called between the statements of a load's transaction. Tests die in it.
	Step func(step string)
}

var _ Hot = (*Embedded)(nil)

// TableRef is the hot table's name in SQL: hot.tidegate_hot."web__events".
func TableRef(name catalog.Name) string {
	return Database + "." + Schema + "." + quoteName(tableName(name))
}

// tableName joins schema and table so that no two tables meet: where "__" would not tell where the schema ends, a dot
// does, which neither part can have.
func tableName(name catalog.Name) string {
	joined := name.Schema + "__" + name.Table
	if strings.Index(joined, "__") != len(name.Schema) || strings.LastIndex(joined, "__") != len(name.Schema) {
		return name.Schema + "." + name.Table
	}
	return joined
}

func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

func quoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// transaction runs do in one transaction of a session of its own.
func (e *Embedded) transaction(ctx context.Context, doing string, do func(engine.Session) error) (err error) {
	s, err := e.DB.Session(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if _, err := s.Exec(ctx, "BEGIN"); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	err = do(s)
	if err == nil {
		_, err = s.Exec(ctx, "COMMIT")
	}
	if err != nil {
		// After a failed COMMIT there is no transaction left, and DuckDB says so; the first error counts.
		_, _ = s.Exec(context.WithoutCancel(ctx), "ROLLBACK")
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

func (e *Embedded) step(name string) {
	if e.Step != nil {
		e.Step(name)
	}
}

// hotColumns are the definitions of the table's hot columns.
func hotColumns(t *catalog.Table) ([]catalog.Column, error) {
	columns := make([]catalog.Column, len(t.Hot.Columns))
	for i, name := range t.Hot.Columns {
		c, ok := t.Column(name)
		if !ok {
			return nil, fmt.Errorf("hot column %s is not a column of %s", name, t.Name)
		}
		columns[i] = c
	}
	return columns, nil
}

// Check compares the hot table with the definition.
func (e *Embedded) Check(ctx context.Context, t *catalog.Table, loaded []string) error {
	columns, err := hotColumns(t)
	if err != nil {
		return err
	}
	return e.transaction(ctx, "look at hot table of "+t.Name.String(), func(s engine.Session) error {
		have, err := held(ctx, s, t.Name)
		if err != nil {
			return err
		}
		_, err = compare(TableRef(t.Name), wantedHere(columns), have, loaded)
		return err
	})
}

// Ensure makes or alters the table. A column that is no longer hot stays, for the rows that have it.
func (e *Embedded) Ensure(ctx context.Context, t *catalog.Table, loaded []string) error {
	columns, err := hotColumns(t)
	if err != nil {
		return err
	}
	return e.transaction(ctx, "make hot table of "+t.Name.String(), func(s engine.Session) error {
		have, err := held(ctx, s, t.Name)
		if err != nil {
			return err
		}
		statements, err := tableStatements(t.Name, columns, have, loaded)
		if err != nil {
			return err
		}
		for _, statement := range statements {
			if _, err := s.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

// wantedHere gives the columns in the types in which they are held here: DuckDB has one type for all texts.
func wantedHere(columns []catalog.Column) []wantedColumn {
	wanted := make([]wantedColumn, len(columns))
	for i, c := range columns {
		wanted[i] = wantedColumn{name: c.Name, typeName: c.Type.DuckDB(), typ: fromDuckDB(c.Type.DuckDB())}
	}
	return wanted
}

// fromDuckDB gives the first type of ours that DuckDB holds in this one; Unknown for none.
func fromDuckDB(name string) pgtypes.Type {
	if args, ok := strings.CutPrefix(name, "DECIMAL"); ok {
		if t, err := pgtypes.Parse("numeric" + args); err == nil {
			return t
		}
	}
	if plain, ok := strings.CutSuffix(name, " WITH TIME ZONE"); ok { // DuckDB's spelling of TIMESTAMPTZ and TIMETZ
		name = plain + "TZ"
	}
	for _, info := range pgtypes.Infos() {
		if strings.EqualFold(info.DuckDB, name) {
			return pgtypes.Of(info.OID)
		}
	}
	return pgtypes.Of(pgtypes.Unknown)
}

// tableStatements brings a table that has these columns (none: no table) to the wanted ones.
func tableStatements(name catalog.Name, columns []catalog.Column, have []heldColumn, loaded []string) ([]string, error) {
	ref, wanted := TableRef(name), wantedHere(columns)
	change, err := compare(ref, wanted, have, loaded)
	if err != nil {
		return nil, err
	}
	if len(have) == 0 {
		var b strings.Builder
		b.WriteString("CREATE TABLE " + ref + " (")
		for _, w := range wanted {
			b.WriteString(quoteName(w.name) + " " + w.typeName + ", ")
		}
		b.WriteString(SeqColumn + " BIGINT NOT NULL)")
		return []string{"CREATE SCHEMA IF NOT EXISTS " + Database + "." + Schema, b.String()}, nil
	}
	var alter []string
	for _, w := range change.add {
		alter = append(alter, "ALTER TABLE "+ref+" ADD COLUMN "+quoteName(w.name)+" "+w.typeName)
	}
	for _, w := range change.widen {
		alter = append(alter, "ALTER TABLE "+ref+" ALTER COLUMN "+quoteName(w.name)+" SET DATA TYPE "+w.typeName)
	}
	return alter, nil
}

// held gives the columns of the hot table; none if there is no table.
func held(ctx context.Context, s engine.Session, name catalog.Name) ([]heldColumn, error) {
	var columns []heldColumn
	err := each(ctx, s, "SELECT column_name, data_type, CASE WHEN is_nullable OR column_default IS NOT NULL THEN '' ELSE 'required' END "+
		"FROM duckdb_columns() WHERE database_name = "+quoteText(Database)+" AND schema_name = "+quoteText(Schema)+
		" AND table_name = "+quoteText(tableName(name))+" ORDER BY column_index",
		func(c *engine.Chunk, row int) {
			columns = append(columns, heldColumn{
				name: text(&c.Vectors[0], row), typeName: text(&c.Vectors[1], row), typ: fromDuckDB(text(&c.Vectors[1], row)),
				required: text(&c.Vectors[2], row) != "",
			})
		})
	return columns, err
}

// text gives a value of a text vector.
func text(v *engine.Vector, row int) string {
	if v.Physical == engine.PhysicalText {
		return v.Text[row]
	}
	return string(v.Str[row].Bytes())
}

// each runs use on every row of a query.
func each(ctx context.Context, s engine.Session, query string, use func(c *engine.Chunk, row int)) (err error) {
	rows, err := s.Query(ctx, query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for c, err := range engine.Chunks(ctx, rows) {
		if err != nil {
			return err
		}
		for row := range c.Rows {
			use(c, row)
		}
	}
	return nil
}

// Counts gives the number of rows of each load sequence.
func (e *Embedded) Counts(ctx context.Context, table catalog.Name) (map[int64]int64, error) {
	counts := map[int64]int64{}
	err := e.transaction(ctx, "count rows of hot "+table.String(), func(s engine.Session) error {
		have, err := held(ctx, s, table)
		if err != nil || len(have) == 0 {
			return err
		}
		return countSeqs(ctx, s, table, "", counts)
	})
	return counts, err
}

func countSeqs(ctx context.Context, s engine.Session, table catalog.Name, where string, counts map[int64]int64) error {
	return each(ctx, s, "SELECT "+SeqColumn+", count(*) FROM "+TableRef(table)+where+" GROUP BY "+SeqColumn,
		func(c *engine.Chunk, row int) {
			counts[c.Vectors[0].I64[row]] = c.Vectors[1].I64[row]
		})
}

// Purge removes the rows of the load sequences.
func (e *Embedded) Purge(ctx context.Context, table catalog.Name, loadSeqs []int64) error {
	if len(loadSeqs) == 0 {
		return nil
	}
	return e.transaction(ctx, "purge hot "+table.String(), func(s engine.Session) error {
		have, err := held(ctx, s, table)
		if err != nil || len(have) == 0 {
			return err
		}
		_, err = s.Exec(ctx, "DELETE FROM "+TableRef(table)+whereSeqs(loadSeqs))
		return err
	})
}

func whereSeqs(seqs []int64) string {
	var b strings.Builder
	b.WriteString(" WHERE " + SeqColumn + " IN (")
	for i, seq := range seqs {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%d", seq)
	}
	b.WriteByte(')')
	return b.String()
}

// Load writes the rows in one transaction that also counts them.
func (e *Embedded) Load(ctx context.Context, l Load) (int64, error) {
	columns, err := hotColumns(l.Table)
	if err != nil {
		return 0, err
	}
	from, err := l.open(ctx)
	if err != nil {
		return 0, err
	}
	seqs, want := l.seqs(), l.wanted()
	insert := insertStatement(from, columns)
	var rows int64
	err = e.transaction(ctx, "load hot "+l.Table.Name.String(), func(s engine.Session) error {
		if _, err := s.Exec(ctx, "DELETE FROM "+TableRef(l.Table.Name)+whereSeqs(seqs)); err != nil {
			return err
		}
		e.step("deleted")
		if rows, err = s.Exec(ctx, insert); err != nil {
			return err
		}
		e.step("inserted")
		got := map[int64]int64{}
		if err := countSeqs(ctx, s, l.Table.Name, whereSeqs(seqs), got); err != nil {
			return err
		}
		if !maps.Equal(got, want) {
			return countError(l.Parts, got)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return rows, nil
}

// countError names the first part whose rows are not what the catalog says.
func countError(parts []Part, got map[int64]int64) error {
	i := slices.IndexFunc(parts, func(p Part) bool { return got[p.LoadSeq] != p.Rows })
	if i < 0 {
		return fmt.Errorf("rows under load sequences that are not the load's: %v", got)
	}
	return fmt.Errorf("partition %q has %d rows in the files and %d in the catalog; nothing was loaded",
		parts[i].Partition, got[parts[i].LoadSeq], parts[i].Rows)
}
