package surface

import (
	"context"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5/pgconn"
)

// Proofs counts the statements that use a function or operator, as PostgreSQL resolves them.
type Proofs struct {
	conn *pgconn.PgConn
	tree string // of the last statement
	// Functions and Operators count by OID of pg_proc and pg_operator.
	Functions, Operators map[uint32]int
}

// NewProofs connects to a PostgreSQL that has the tables of the statements.
func NewProofs(ctx context.Context, dsn string) (*Proofs, error) {
	p := &Proofs{Functions: map[uint32]int{}, Operators: map[uint32]int{}}
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if n.Message == "parse tree:" {
			p.tree = n.Detail
		}
	}
	if p.conn, err = pgconn.ConnectConfig(ctx, config); err != nil {
		return nil, err
	}
	// PostgreSQL tells its tree to whoever may read its log.
	_, err = p.conn.Exec(ctx, "set client_min_messages = log; set debug_print_parse = on; set debug_pretty_print = off").ReadAll()
	return p, err
}

// Close ends the connection.
func (p *Proofs) Close(ctx context.Context) error { return p.conn.Close(ctx) }

var (
	functionOID = regexp.MustCompile(`:(?:funcid|aggfnoid|winfnoid) (\d+)`)
	operatorOID = regexp.MustCompile(`:opno (\d+)`)
)

// Count adds what a statement uses. One that PostgreSQL does not take uses nothing.
func (p *Proofs) Count(ctx context.Context, text string) error {
	p.tree = ""
	if _, err := p.conn.Prepare(ctx, "", text, nil); err != nil {
		if p.conn.IsClosed() {
			return fmt.Errorf("read PostgreSQL's tree of %s: %w", text, err)
		}
		return nil
	}
	count(p.Functions, functionOID, p.tree)
	count(p.Operators, operatorOID, p.tree)
	return nil
}

func count(into map[uint32]int, pattern *regexp.Regexp, tree string) {
	seen := map[uint32]bool{}
	for _, m := range pattern.FindAllStringSubmatch(tree, -1) {
		if n := oid(m[1]); !seen[n] {
			seen[n] = true
			into[n]++
		}
	}
}
