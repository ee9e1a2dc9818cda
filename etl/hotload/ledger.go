package hotload

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/catalog"
)

// The ledger has a row for every load sequence whose rows are in a hot table. It is written in the transaction that
// writes them: what it says was done was done, also when nobody heard the answer to COMMIT.
const ledgerTable = "tidegate_load"

func (s *Server) ledgerRef() string { return s.ref(ledgerTable) }

func (s *Server) createLedger() string {
	// The name partition is Redshift's own, and needs quotes there.
	return "CREATE TABLE IF NOT EXISTS " + s.ledgerRef() + " (target varchar(512) NOT NULL, load_seq bigint NOT NULL, " +
		`batch varchar(128) NOT NULL, "partition" varchar(2048) NOT NULL, rows bigint NOT NULL, sha256 varchar(64) NOT NULL, ` +
		"loaded_at timestamptz NOT NULL, PRIMARY KEY (target, load_seq))" + s.Dialect.ledgerOptions()
}

// lockLedger is the first statement of every transaction that changes hot rows: loaders follow one another, and what
// the one before did is seen.
func (s *Server) lockLedger() string { return "LOCK TABLE " + s.ledgerRef() }

// ledgerRows is the WHERE of the ledger's rows of the load sequences.
func (s *Server) ledgerRows(table catalog.Name, seqs []int64) string {
	return strings.Replace(whereSeqs(seqs), SeqColumn, "load_seq", 1) + " AND target = " + s.Dialect.quote(table.String())
}

// forget removes what the ledger says of the load sequences.
func (s *Server) forget(table catalog.Name, seqs []int64) string {
	return "DELETE FROM " + s.ledgerRef() + s.ledgerRows(table, seqs)
}

// remember writes the load's rows into the ledger.
func (s *Server) remember(l Load) string {
	quote, now := s.Dialect.quote, s.Dialect.now()
	values := make([]string, len(l.Parts))
	for i, part := range l.Parts {
		values[i] = fmt.Sprintf("(%s, %d, %s, %s, %d, %s, %s)", quote(l.Table.Name.String()), part.LoadSeq,
			quote(l.Batch), quote(part.Partition), part.Rows, quote(l.hash(part)), now)
	}
	return "INSERT INTO " + s.ledgerRef() + ` (target, load_seq, batch, "partition", rows, sha256, loaded_at) VALUES ` + strings.Join(values, ", ")
}

// done reports whether every part of the load is in the ledger, from the same files, and in the hot table. The ledger
// alone may tell of rows that somebody has removed since, under load sequences that a catalog made anew gives again.
func (s *Server) done(ctx context.Context, c *pgconn.PgConn, l Load) (bool, error) {
	rows, err := texts(ctx, c, "SELECT load_seq, sha256 FROM "+s.ledgerRef()+s.ledgerRows(l.Table.Name, l.seqs()))
	if err != nil {
		return false, err
	}
	known := map[string]string{}
	for _, r := range rows {
		known[r[0]] = r[1]
	}
	for _, part := range l.Parts {
		if known[strconv.FormatInt(part.LoadSeq, 10)] != l.hash(part) {
			return false, nil
		}
	}
	got := map[int64]int64{}
	err = s.countSeqs(ctx, c, l.Table.Name, whereSeqs(l.seqs()), got)
	return maps.Equal(got, l.wanted()), err
}

// makeLedger makes a ledger that somebody has dropped.
func (s *Server) makeLedger(ctx context.Context, c *pgconn.PgConn) error {
	there, err := s.hasLedger(ctx, c)
	if err != nil || there {
		return err
	}
	return exec(ctx, c, s.createLedger())
}

// hasLedger reports whether there is a ledger.
func (s *Server) hasLedger(ctx context.Context, c *pgconn.PgConn) (bool, error) {
	have, err := s.Dialect.held(ctx, c, s, ledgerTable)
	return len(have) > 0, err
}

// inLedger asks over a new connection, behind the lock: a transaction that is still being committed comes first.
func (s *Server) inLedger(ctx context.Context, l Load) (loaded bool, err error) {
	err = s.connected(ctx, "read the ledger of the hot store", func(c *pgconn.PgConn) error {
		_, err := transaction(ctx, c, func() error {
			if err := exec(ctx, c, s.lockLedger()); err != nil {
				return err
			}
			loaded, err = s.done(ctx, c, l)
			return err
		})
		return err
	})
	return loaded, err
}

// Ledger gives the rows of each load sequence as the ledger has them; none if there is no ledger.
func (s *Server) Ledger(ctx context.Context, table catalog.Name) (map[int64]int64, error) {
	counts := map[int64]int64{}
	err := s.connected(ctx, "read the ledger of the hot store", func(c *pgconn.PgConn) error {
		there, err := s.hasLedger(ctx, c)
		if err != nil || !there {
			return err
		}
		rows, err := texts(ctx, c, "SELECT load_seq, rows FROM "+s.ledgerRef()+" WHERE target = "+s.Dialect.quote(table.String()))
		if err != nil {
			return err
		}
		return readCounts(rows, counts)
	})
	return counts, err
}

func (l Load) seqs() []int64 {
	seqs := make([]int64, len(l.Parts))
	for i, p := range l.Parts {
		seqs[i] = p.LoadSeq
	}
	return seqs
}

func (l Load) rows() int64 {
	var n int64
	for _, p := range l.Parts {
		n += p.Rows
	}
	return n
}

// wanted are the counts that the load must leave behind; a part without rows leaves none.
func (l Load) wanted() map[int64]int64 {
	want := map[int64]int64{}
	for _, p := range l.Parts {
		if p.Rows > 0 {
			want[p.LoadSeq] = p.Rows
		}
	}
	return want
}

// hash identifies what a part is loaded from.
func (l Load) hash(p Part) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00%d\x00%s", l.Batch, p.Partition, p.Rows, strings.Join(l.Table.Hot.Columns, "\x00"))
	if l.Subset != nil {
		fmt.Fprintf(h, "\x00%s", strings.Join(l.Subset.Keys, "\x00"))
		return hex.EncodeToString(h.Sum(nil))
	}
	for _, f := range l.Files {
		if f.Partition == p.Partition {
			fmt.Fprintf(h, "\x00%s", f.Key)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
