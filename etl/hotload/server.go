package hotload

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/catalog"
)

// Server is the hot store in a database of a server of its own. Every load is one transaction on a connection of its
// own, which holds the ledger's lock: two loaders wait for each other.
type Server struct {
	Connect func(ctx context.Context) (*pgconn.PgConn, error)
	Schema  string // of the hot tables and the ledger
	Dialect Dialect
	// Held, if not nil, is asked behind the ledger's lock whether this process may change rows: who takes the right over
	// waits for that lock first.
	Held func(ctx context.Context) error
	// Step, if not nil, is called between the statements of a load's transaction. Tests die in it.
	Step func(step string)
}

var _ Hot = (*Server)(nil)

// Dialect is what servers differ in: Postgres, Redshift.
type Dialect interface {
	// columnType names the type of a hot column as held gives it back.
	columnType(c catalog.Column) (string, error)
	// held gives the columns of a table of s.Schema; none if there is no such table.
	held(ctx context.Context, c *pgconn.PgConn, s *Server, table string) ([]heldColumn, error)
	// sessions are those of DuckDB, which reads the lake's files.
	sessions() Sessions
	// limit says what the n of a varchar(n) counts.
	limit(column string, n int) catalog.HotLimit
	// create gives the statement that makes the hot table, and what comes with it.
	create(ctx context.Context, c *pgconn.PgConn, s *Server, t *catalog.Table, columns []wantedColumn) ([]string, error)
	// alter gives the statements of a change in groups: a group of several is one transaction, a single statement runs
	// outside of one.
	alter(ctx context.Context, c *pgconn.PgConn, s *Server, t *catalog.Table, change tableChange) ([][]string, error)
	// ledgerOptions end the ledger's CREATE TABLE.
	ledgerOptions() string
	// now is the expression of the time of loading.
	now() string
	// quote writes a text as a literal.
	quote(text string) string
	// stage brings the load's rows within the server's reach, in the load's transaction, behind the ledger's lock.
	stage(ctx context.Context, c *pgconn.PgConn, s *Server, l Load, columns []catalog.Column) error
	// insert writes the staged rows into the hot table, each under its part's load sequence.
	insert(ctx context.Context, c *pgconn.PgConn, s *Server, l Load, columns []catalog.Column) (int64, error)
}

// TableRef is the hot table's name in SQL: tidegate_hot.web__events.
func (s *Server) TableRef(name catalog.Name) string { return s.ref(tableName(name)) }

func (s *Server) ref(table string) string { return quoteName(s.Schema) + "." + quoteName(table) }

func (s *Server) step(name string) {
	if s.Step != nil {
		s.Step(name)
	}
}

const closeTimeout = 5 * time.Second

// connected runs do on a connection of its own.
func (s *Server) connected(ctx context.Context, doing string, do func(*pgconn.PgConn) error) error {
	c, err := s.Connect(ctx)
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

// Counts gives the number of rows of each load sequence. It waits for the ledger's lock: the server may still be
// committing the load of a loader that was killed, and rows that came after the count would be seen by readers.
func (s *Server) Counts(ctx context.Context, table catalog.Name) (map[int64]int64, error) {
	counts := map[int64]int64{}
	err := s.connected(ctx, "count rows of hot "+table.String(), func(c *pgconn.PgConn) error {
		have, err := s.Dialect.held(ctx, c, s, tableName(table))
		if err != nil || !hasSeq(have) {
			return err
		}
		there, err := s.hasLedger(ctx, c)
		if err != nil {
			return err
		}
		count := func() error {
			return s.countSeqs(ctx, c, table, " WHERE "+SeqColumn+" IS NOT NULL", counts) // NULL: not Tidegate's row
		}
		if !there { // somebody dropped it, or never loaded
			return count()
		}
		_, err = transaction(ctx, c, func() error {
			if err := exec(ctx, c, s.lockLedger()); err != nil {
				return err
			}
			return count()
		})
		return err
	})
	return counts, err
}

func (s *Server) countSeqs(ctx context.Context, c *pgconn.PgConn, table catalog.Name, where string, counts map[int64]int64) error {
	rows, err := texts(ctx, c, "SELECT "+SeqColumn+", count(*) FROM "+s.TableRef(table)+where+" GROUP BY 1")
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

// lock begins a change of hot rows.
func (s *Server) lock(ctx context.Context, c *pgconn.PgConn) error {
	if err := exec(ctx, c, s.lockLedger()); err != nil || s.Held == nil {
		return err
	}
	return s.Held(ctx)
}

// Purge removes the rows of the load sequences, and what the ledger says of them.
func (s *Server) Purge(ctx context.Context, table catalog.Name, loadSeqs []int64) error {
	if len(loadSeqs) == 0 {
		return nil
	}
	return s.retried(ctx, func() error {
		return s.connected(ctx, "purge hot "+table.String(), func(c *pgconn.PgConn) error {
			have, err := s.Dialect.held(ctx, c, s, tableName(table))
			if err != nil {
				return err
			}
			statements := []string{s.forget(table, loadSeqs)}
			if hasSeq(have) {
				statements = append(statements, "DELETE FROM "+s.TableRef(table)+whereSeqs(loadSeqs))
				err = s.makeLedger(ctx, c)
			} else if there, lookErr := s.hasLedger(ctx, c); !there {
				return lookErr
			}
			if err != nil {
				return err
			}
			_, err = transaction(ctx, c, func() error {
				if err := s.lock(ctx, c); err != nil {
					return err
				}
				return exec(ctx, c, strings.Join(statements, "; "))
			})
			return err
		})
	})
}

// Load writes the rows in one transaction that also counts them and tells the ledger.
func (s *Server) Load(ctx context.Context, l Load) (int64, error) {
	columns, err := hotColumns(l.Table)
	if err != nil {
		return 0, err
	}
	var rows int64
	err = s.retried(ctx, func() error {
		rows, err = s.loadOnce(ctx, l, columns)
		return err
	})
	return rows, err
}

func (s *Server) loadOnce(ctx context.Context, l Load, columns []catalog.Column) (int64, error) {
	var rows int64
	committing := false
	err := s.connected(ctx, "load hot "+l.Table.Name.String(), func(c *pgconn.PgConn) (err error) {
		committing, err = transaction(ctx, c, func() error {
			rows, err = s.load(ctx, c, l, columns)
			return err
		})
		return err
	})
	if err == nil || !committing {
		return rows, err
	}
	// Nobody answered the COMMIT: whether it was done stands in the ledger, which its lock makes wait until it is decided.
	if loaded, ledgerErr := s.inLedger(ctx, l); ledgerErr != nil || !loaded {
		return 0, errors.Join(err, ledgerErr)
	}
	return rows, nil
}

func (s *Server) load(ctx context.Context, c *pgconn.PgConn, l Load, columns []catalog.Column) (int64, error) {
	// Before anything that makes a snapshot: what the loader before committed is seen.
	if err := s.lock(ctx, c); err != nil {
		return 0, err
	}
	s.step("locked")
	known, err := s.done(ctx, c, l)
	if err != nil {
		return 0, err
	}
	if known {
		return l.rows(), nil // delivered twice
	}
	if err := s.Dialect.stage(ctx, c, s, l, columns); err != nil {
		return 0, err
	}
	seqs := l.seqs()
	if err := exec(ctx, c, "DELETE FROM "+s.TableRef(l.Table.Name)+whereSeqs(seqs)); err != nil {
		return 0, err
	}
	s.step("deleted")
	rows, err := s.Dialect.insert(ctx, c, s, l, columns)
	if err != nil {
		return 0, err
	}
	s.step("copied")
	got := map[int64]int64{}
	if err := s.countSeqs(ctx, c, l.Table.Name, whereSeqs(seqs), got); err != nil {
		return 0, err
	}
	if !maps.Equal(got, l.wanted()) {
		return 0, countError(l.Parts, got)
	}
	if err := exec(ctx, c, s.forget(l.Table.Name, seqs)+"; "+s.remember(l)); err != nil {
		return 0, err
	}
	s.step("counted")
	return rows, nil
}
