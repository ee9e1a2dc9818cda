// Package procedures answers CALL tidegate.…: what compares the tiers, and what brings data hot.
package procedures

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// Schema is where the procedures are.
const Schema = "tidegate"

// Hot is the hot store as verify needs it.
type Hot interface {
	// Counts gives the number of rows of each load sequence in a table; none if there is no such table.
	Counts(ctx context.Context, table catalog.Name) (map[int64]int64, error)
}

// Ledger is a Hot that keeps a ledger of what was loaded.
type Ledger interface {
	// Ledger gives the rows of each load sequence of a table as the ledger has them.
	Ledger(ctx context.Context, table catalog.Name) (map[int64]int64, error)
}

// Options are what the procedures work on.
type Options struct {
	// Hold gives the newest generation, whose hot rows stay where they are until release.
	Hold func(ctx context.Context) (v *catalog.View, release func(), err error)
	// Cold reads files of the lake, whose paths in its text LocalPath gives.
	Cold      engine.Engine
	LocalPath func(f engine.ScanFile) string
	Hot       Hot           // nil: there is no hot store
	Down      func() string // why the hot store is not there now, "" if it is; nil is never down
	// Refresh brings what of a table is committed and not hot into the hot store.
	Refresh func(ctx context.Context, table catalog.Name) (rows int64, batches int, err error)
}

// Procedures are the procedures of schema tidegate.
type Procedures struct{ o Options }

// New makes them.
func New(o Options) *Procedures { return &Procedures{o} }

// Caller is whoever calls.
type Caller struct {
	ReadOnly bool // so is the transaction
	// Sees reports whether anything of a table is there for the caller, and whether the caller may see how all of its rows
	// are doing. Nil is always.
	Sees func(table catalog.Name) (seen, all bool)
}

// Plan plans a CALL, whose work is done when the plan's engine is queried. A procedure that is not there, or not with
// such arguments, is 42883.
func (p *Procedures) Plan(ctx context.Context, c *sql.Call, caller Caller) (*engine.Plan, error) {
	run, err := p.find(c)
	if err != nil {
		return nil, err
	}
	if run.writes && caller.ReadOnly {
		return nil, pgerr.New(pgerr.ReadOnlyTransaction, "cannot execute CALL %s.%s in a read-only transaction", c.Schema, c.Name)
	}
	v, release, err := p.o.Hold(ctx)
	if err != nil {
		return nil, err
	}
	if run.writes {
		release() // or it would wait for itself
		release = nil
	}
	run.view, run.args, run.caller = v, c.Args, caller
	return &engine.Plan{
		Route: engine.RouteLocal, Reason: "calls " + c.Schema + "." + c.Name, Engine: run,
		Statement:  engine.Statement{SQL: "CALL " + c.Schema + "." + c.Name, Columns: run.columns},
		Generation: v.Generation, AsOf: v.CommittedAt, Release: release,
	}, nil
}

// find gives the procedure that the call names, if its arguments are as many and texts.
func (p *Procedures) find(c *sql.Call) (*procedure, error) {
	all := map[string]struct {
		args int
		*procedure
	}{
		"verify":  {2, &procedure{columns: verifyColumns(), work: p.verify}},
		"refresh": {1, &procedure{columns: refreshColumns(), work: p.refresh, writes: true}},
	}
	found, ok := all[c.Name]
	ok = ok && c.Schema == Schema && len(c.Args) == found.args
	types := make([]string, len(c.Args))
	for i, a := range c.Args {
		types[i] = a.Type
		ok = ok && (a.Type == "unknown" || a.Type == "text" || a.Type == "varchar")
	}
	if ok {
		return found.procedure, nil
	}
	name := c.Name
	if c.Schema != "" {
		name = c.Schema + "." + name
	}
	return nil, pgerr.New(pgerr.UndefinedFunction, "procedure %s(%s) does not exist", name, strings.Join(types, ", ")).
		WithHint("No procedure matches the given name and argument types. There are tidegate.verify('schema.table', " +
			"'partition prefix') and tidegate.refresh('schema.table').")
}

// table finds the table that an argument names, if it is there for the caller.
func (c Caller) table(v *catalog.View, a sql.CallArg) (*catalog.TableView, error) {
	if a.Null {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "the table's name is null")
	}
	name, ok := catalog.ParseName(strings.ToLower(a.Text))
	if !ok {
		return nil, pgerr.New(pgerr.InvalidName, "%q is not the name of a table", a.Text).WithHint("Write 'schema.table'.")
	}
	t, ok := v.Tables[name]
	all := true
	if ok && c.Sees != nil {
		ok, all = c.Sees(name)
	}
	if ok && !all {
		return nil, pgerr.New(pgerr.InsufficientPrivilege, "permission denied: the answer would tell of rows or columns of %s that the role does not see", name)
	}
	if !ok {
		return nil, pgerr.New(pgerr.UndefinedTable, "relation %q does not exist", name.String()).
			WithHint("tidegate.tables lists the tables of the lake.")
	}
	return t, nil
}

func (p *Procedures) down() string {
	if p.o.Down == nil {
		return ""
	}
	return p.o.Down()
}

// hotReason says what is wrong with the hot store, without its address.
func (p *Procedures) hotReason(err error) string {
	if down := p.down(); down != "" {
		return "the hot store is down: " + down
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return "the hot store cannot be reached"
	}
	return fmt.Sprintf("the hot store failed: %s", err)
}
