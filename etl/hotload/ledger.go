package hotload

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/catalog"
)

// The ledger has a row for every load sequence whose rows are in a hot table. It is written in the transaction that
// writes them: what it says was done was done, also when nobody heard the answer to COMMIT.
const ledgerTable = "tidegate_load"

func (p *Postgres) ledgerRef() string { return quoteName(p.Schema) + "." + ledgerTable }

func (p *Postgres) ledgerStatement() string {
	return "CREATE TABLE IF NOT EXISTS " + p.ledgerRef() + " (target varchar(512) NOT NULL, load_seq bigint NOT NULL, " +
		"batch varchar(128) NOT NULL, partition varchar(2048) NOT NULL, rows bigint NOT NULL, sha256 varchar(64) NOT NULL, " +
		"loaded_at timestamptz NOT NULL, PRIMARY KEY (target, load_seq))"
}

// lockLedger is the first statement of every transaction that changes hot rows: loaders follow one another, and what
// the one before did is seen.
func (p *Postgres) lockLedger() string {
	return "LOCK TABLE " + p.ledgerRef() + " IN ACCESS EXCLUSIVE MODE"
}

// forget removes what the ledger says of the load sequences.
func (p *Postgres) forget(table catalog.Name, seqs []int64) string {
	where := strings.Replace(whereSeqs(seqs), SeqColumn, "load_seq", 1)
	return "DELETE FROM " + p.ledgerRef() + where + " AND target = " + quoteText(table.String())
}

// remember writes the load's rows into the ledger.
func (p *Postgres) remember(l Load) string {
	values := make([]string, len(l.Parts))
	for i, part := range l.Parts {
		values[i] = fmt.Sprintf("(%s, %d, %s, %s, %d, %s, now())", quoteText(l.Table.Name.String()), part.LoadSeq,
			quoteText(l.Batch), quoteText(part.Partition), part.Rows, quoteText(l.hash(part)))
	}
	return "INSERT INTO " + p.ledgerRef() + " (target, load_seq, batch, partition, rows, sha256, loaded_at) VALUES " + strings.Join(values, ", ")
}

// ledgerOf reports whether every part of the load is in the ledger, from the same files.
func (p *Postgres) ledgerOf(ctx context.Context, c *pgconn.PgConn, l Load) (bool, error) {
	where := strings.Replace(whereSeqs(l.seqs()), SeqColumn, "load_seq", 1)
	rows, err := texts(ctx, c, "SELECT load_seq, sha256 FROM "+p.ledgerRef()+where+" AND target = "+quoteText(l.Table.Name.String()))
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
	return true, nil
}

// inLedger asks over a new connection, behind the lock: a transaction that is still being committed comes first.
func (p *Postgres) inLedger(ctx context.Context, l Load) (loaded bool, err error) {
	err = p.connected(ctx, "read the ledger of the hot store", func(c *pgconn.PgConn) error {
		_, err := transaction(ctx, c, func() error {
			if err := exec(ctx, c, p.lockLedger()); err != nil {
				return err
			}
			loaded, err = p.ledgerOf(ctx, c, l)
			return err
		})
		return err
	})
	return loaded, err
}

// Ledger gives the rows of each load sequence as the ledger has them; none if there is no ledger.
func (p *Postgres) Ledger(ctx context.Context, table catalog.Name) (map[int64]int64, error) {
	counts := map[int64]int64{}
	err := p.connected(ctx, "read the ledger of the hot store", func(c *pgconn.PgConn) error {
		there, err := texts(ctx, c, "SELECT to_regclass("+quoteText(p.ledgerRef())+")")
		if err != nil || there[0][0] == "" {
			return err
		}
		rows, err := texts(ctx, c, "SELECT load_seq, rows FROM "+p.ledgerRef()+" WHERE target = "+quoteText(table.String()))
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
	for _, path := range l.Subset {
		fmt.Fprintf(h, "\x00%s", path)
	}
	for _, f := range l.Files {
		if f.Partition == p.Partition {
			fmt.Fprintf(h, "\x00%s", f.Path)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
