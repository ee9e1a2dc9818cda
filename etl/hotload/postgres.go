package hotload

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

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

// Postgres is the hot store in a PostgreSQL database. Every load is one transaction on a connection of its own, which
// holds the ledger's lock: two loaders wait for each other.
type Postgres struct {
	Connect func(ctx context.Context) (*pgconn.PgConn, error)
	Schema  string   // of the hot tables and the ledger
	Read    Sessions // DuckDB, which reads the lake's files
	// Encode makes the encoder of a result.
	Encode func(columns []engine.Column) (Encoder, error)
	// Step, if not nil, is called between the statements of a load's transaction. Tests die in it.
	Step func(step string)
}

var _ Hot = (*Postgres)(nil)

// TableRef is the hot table's name in SQL: tidegate_hot.web__events.
func (p *Postgres) TableRef(name catalog.Name) string {
	return quoteName(p.Schema) + "." + quoteName(tableName(name))
}

func (p *Postgres) step(name string) {
	if p.Step != nil {
		p.Step(name)
	}
}

const closeTimeout = 5 * time.Second

// connected runs do on a connection of its own.
func (p *Postgres) connected(ctx context.Context, doing string, do func(*pgconn.PgConn) error) error {
	c, err := p.Connect(ctx)
	if err != nil {
		return fmt.Errorf("%s: connect to the hot store: %w", doing, err)
	}
	defer func() {
		end, stop := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer stop()
		_ = c.Close(end) // what counts was committed or not before
	}()
	if err := do(c); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// transaction runs do between BEGIN and COMMIT. committing is set if COMMIT was sent: then an error does not tell
// whether it was done.
func transaction(ctx context.Context, c *pgconn.PgConn, do func() error) (committing bool, err error) {
	if err := exec(ctx, c, "BEGIN"); err != nil {
		return false, err
	}
	if err := do(); err != nil {
		// The connection is closed behind this, and with it the transaction; ROLLBACK only lets go of locks earlier.
		_ = exec(context.WithoutCancel(ctx), c, "ROLLBACK")
		return false, err
	}
	return true, exec(ctx, c, "COMMIT")
}

func exec(ctx context.Context, c *pgconn.PgConn, sql string) error {
	_, err := c.Exec(ctx, sql).ReadAll()
	return err
}

// texts gives the rows of a query as text; NULL is "".
func texts(ctx context.Context, c *pgconn.PgConn, sql string) ([][]string, error) {
	results, err := c.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for _, row := range results[len(results)-1].Rows {
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = string(v)
		}
		rows = append(rows, cells)
	}
	return rows, nil
}

// Ensure makes or widens the table, and makes schema and ledger. A table that somebody else changed is an error that
// names the difference.
func (p *Postgres) Ensure(ctx context.Context, t *catalog.Table) error {
	columns, err := hotColumns(t)
	if err != nil {
		return err
	}
	return p.connected(ctx, "make hot table of "+t.Name.String(), func(c *pgconn.PgConn) error {
		have, err := p.columnTypes(ctx, c, t.Name)
		if err != nil {
			return err
		}
		var statements []string
		if len(have) == 0 {
			collate, err := collation(ctx, c)
			if err != nil {
				return err
			}
			statements = p.createStatements(t.Name, columns, collate)
		} else if statements, err = p.alterStatements(t.Name, columns, have); err != nil {
			return err
		}
		if len(statements) == 0 {
			return nil
		}
		_, err = transaction(ctx, c, func() error { return exec(ctx, c, strings.Join(statements, "; ")) })
		return err
	})
}

// columnTypes gives the type of every column of the hot table as format_type writes it; none if there is no table.
func (p *Postgres) columnTypes(ctx context.Context, c *pgconn.PgConn, name catalog.Name) (map[string]string, error) {
	rows, err := texts(ctx, c, "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = to_regclass("+
		quoteText(p.TableRef(name))+") AND attnum > 0 AND NOT attisdropped")
	types := map[string]string{}
	for _, r := range rows {
		types[r[0]] = r[1]
	}
	return types, err
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

func (p *Postgres) createStatements(name catalog.Name, columns []catalog.Column, collate string) []string {
	ref := p.TableRef(name)
	var b strings.Builder
	b.WriteString("CREATE TABLE " + ref + " (")
	for _, c := range columns {
		b.WriteString(quoteName(c.Name) + " " + c.Type.String())
		if c.Type.OID == pgtypes.Text || c.Type.OID == pgtypes.Varchar {
			b.WriteString(collate)
		}
		b.WriteString(", ")
	}
	b.WriteString(SeqColumn + " bigint NOT NULL)")
	return []string{
		"CREATE SCHEMA IF NOT EXISTS " + quoteName(p.Schema), p.ledgerStatement(), b.String(),
		// Loads append, so their rows lie together: the smallest index finds them.
		"CREATE INDEX ON " + ref + " USING brin (" + SeqColumn + ")",
	}
}

// alterStatements adds and widens columns.
func (p *Postgres) alterStatements(name catalog.Name, columns []catalog.Column, have map[string]string) ([]string, error) {
	ref := p.TableRef(name)
	statements := []string{}
	if have[SeqColumn] != "bigint" {
		return nil, fmt.Errorf("hot table %s was changed: its column %s is %q, not bigint", ref, SeqColumn, have[SeqColumn])
	}
	for _, c := range columns {
		now, ok := have[c.Name]
		if !ok {
			statements = append(statements, "ALTER TABLE "+ref+" ADD COLUMN "+quoteName(c.Name)+" "+c.Type.String())
			continue
		}
		if now == c.Type.String() {
			continue
		}
		from, err := pgtypes.Parse(now)
		if err != nil || !catalog.Widens(from, c.Type) {
			return nil, fmt.Errorf("hot table %s was changed: its column %s is %s, the table's is %s; "+
				"put it right, or drop the hot table and it is loaded anew", ref, c.Name, now, c.Type)
		}
		statements = append(statements, "ALTER TABLE "+ref+" ALTER COLUMN "+quoteName(c.Name)+" TYPE "+c.Type.String())
	}
	return statements, nil
}

// Counts gives the number of rows of each load sequence.
func (p *Postgres) Counts(ctx context.Context, table catalog.Name) (map[int64]int64, error) {
	counts := map[int64]int64{}
	err := p.connected(ctx, "count rows of hot "+table.String(), func(c *pgconn.PgConn) error {
		have, err := p.columnTypes(ctx, c, table)
		if err != nil || len(have) == 0 {
			return err
		}
		return p.countSeqs(ctx, c, table, "", counts)
	})
	return counts, err
}

func (p *Postgres) countSeqs(ctx context.Context, c *pgconn.PgConn, table catalog.Name, where string, counts map[int64]int64) error {
	rows, err := texts(ctx, c, "SELECT "+SeqColumn+", count(*) FROM "+p.TableRef(table)+where+" GROUP BY 1")
	if err != nil {
		return err
	}
	return readCounts(rows, counts)
}

func readCounts(rows [][]string, counts map[int64]int64) error {
	for _, r := range rows {
		seq, err1 := strconv.ParseInt(r[0], 10, 64)
		n, err2 := strconv.ParseInt(r[1], 10, 64)
		if err := errors.Join(err1, err2); err != nil {
			return fmt.Errorf("read counts: %w", err)
		}
		counts[seq] = n
	}
	return nil
}

// Purge removes the rows of the load sequences, and what the ledger says of them.
func (p *Postgres) Purge(ctx context.Context, table catalog.Name, loadSeqs []int64) error {
	if len(loadSeqs) == 0 {
		return nil
	}
	return p.connected(ctx, "purge hot "+table.String(), func(c *pgconn.PgConn) error {
		have, err := p.columnTypes(ctx, c, table)
		if err != nil || len(have) == 0 {
			return err
		}
		_, err = transaction(ctx, c, func() error {
			return exec(ctx, c, p.lockLedger()+"; DELETE FROM "+p.TableRef(table)+whereSeqs(loadSeqs)+"; "+p.forget(table, loadSeqs))
		})
		return err
	})
}

// Load writes the rows in one transaction that also counts them and tells the ledger.
func (p *Postgres) Load(ctx context.Context, l Load) (int64, error) {
	columns, err := hotColumns(l.Table)
	if err != nil {
		return 0, err
	}
	var rows int64
	committing := false
	err = p.connected(ctx, "load hot "+l.Table.Name.String(), func(c *pgconn.PgConn) error {
		committing, err = transaction(ctx, c, func() error {
			rows, err = p.load(ctx, c, l, columns)
			return err
		})
		return err
	})
	if err == nil || !committing {
		return rows, err
	}
	// Nobody answered the COMMIT: whether it was done stands in the ledger, which its lock makes wait until it is decided.
	if loaded, ledgerErr := p.inLedger(ctx, l); ledgerErr != nil || !loaded {
		return 0, errors.Join(err, ledgerErr)
	}
	return rows, nil
}

func (p *Postgres) load(ctx context.Context, c *pgconn.PgConn, l Load, columns []catalog.Column) (int64, error) {
	if err := exec(ctx, c, p.lockLedger()); err != nil {
		return 0, err
	}
	p.step("locked")
	known, err := p.ledgerOf(ctx, c, l)
	if err != nil {
		return 0, err
	}
	if known {
		return l.rows(), nil // delivered twice
	}
	seqs := l.seqs()
	if err := exec(ctx, c, "DELETE FROM "+p.TableRef(l.Table.Name)+whereSeqs(seqs)); err != nil {
		return 0, err
	}
	p.step("deleted")
	rows, err := p.copyRows(ctx, c, l, columns)
	if err != nil {
		return 0, err
	}
	p.step("copied")
	got := map[int64]int64{}
	if err := p.countSeqs(ctx, c, l.Table.Name, whereSeqs(seqs), got); err != nil {
		return 0, err
	}
	if !maps.Equal(got, l.wanted()) {
		return 0, countError(l.Parts, got)
	}
	if err := exec(ctx, c, p.forget(l.Table.Name, seqs)+"; "+p.remember(l)); err != nil {
		return 0, err
	}
	p.step("counted")
	return rows, nil
}
