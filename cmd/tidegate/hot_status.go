package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"tidegate/catalog"
	"tidegate/etl/hotload"
)

type hotStatusCmd struct{}

// Run tells from the catalog what is hot; a hot store on a server is asked whether it is there.
func (hotStatusCmd) Run(ctx context.Context, p *program) error {
	c, err := loadConfig(p.config)
	if err != nil {
		return err
	}
	parts, err := open(ctx, c, p.newLog())
	if err != nil {
		return err
	}
	return errors.Join(parts.hotStatus(ctx, p.out), parts.close())
}

func (p *parts) hotStatus(ctx context.Context, out io.Writer) error {
	v, err := p.store.View(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "TABLE\tIN WINDOW\tHOT\tPENDING\tHOT ROWS\tWITHDRAWN")
	for _, t := range hotTables(v) {
		in := t.InKeep()
		rows := t.PairRows()
		inWindow := 0
		var hotRows int64
		for pair, n := range rows {
			if in(pair.Partition) {
				inWindow++
			}
			if _, ok := t.Hot.Covered[pair]; ok {
				hotRows += n
			}
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\n", t.Table.Name, inWindow, len(t.Hot.Covered),
			inWindow-len(t.Hot.Covered), hotRows, len(t.Hot.Withdrawn))
	}
	if err := errors.Join(w.Flush(), p.printDays(ctx, out)); err != nil || !p.Hot.remote() {
		return err
	}
	access, err := p.newHotAccess(ctx)
	if err != nil {
		return err
	}
	c, err := access.connect(ctx)
	if err != nil {
		_, printErr := fmt.Fprintf(out, "hot store: down (%v)\n", err)
		return printErr
	}
	_, err = fmt.Fprintln(out, "hot store: up")
	return errors.Join(err, c.Close(ctx))
}

// hotTables gives the tables that have a hot side, in order.
func hotTables(v *catalog.View) []*catalog.TableView {
	var tables []*catalog.TableView
	for _, name := range slices.SortedFunc(maps.Keys(v.Tables), catalog.Name.Compare) {
		if v.Tables[name].Table.Hot != nil {
			tables = append(tables, v.Tables[name])
		}
	}
	return tables
}

type hotVerifyCmd struct{}

// Run compares, for every covered pair, the rows in the hot table, in the ledger and in the catalog.
func (hotVerifyCmd) Run(ctx context.Context, p *program) error {
	c, err := loadConfig(p.config)
	if err != nil {
		return err
	}
	if c.Hot.Kind == "none" {
		return wrong{errors.New("hot.kind is none: there is no hot store to verify")}
	}
	parts, err := open(ctx, c, p.newLog())
	if err != nil {
		return err
	}
	var opened closeAll
	err = errors.Join(parts.hotVerify(ctx, p, &opened), opened.close(), parts.verifyAdopted(ctx, p))
	return errors.Join(err, parts.close())
}

// counter is what verification reads of a hot store.
type counter interface {
	Counts(ctx context.Context, table catalog.Name) (map[int64]int64, error)
}

func (p *parts) hotVerify(ctx context.Context, prog *program, opened *closeAll) error {
	var counts counter
	var ledger *hotload.Server
	if p.Hot.remote() {
		access, err := p.newHotAccess(ctx)
		if err != nil {
			return err
		}
		if ledger, err = p.hotTables(ctx, access, nil, nil); err != nil {
			return err
		}
		counts = ledger
	} else {
		h, err := p.ownHot(ctx, prog, opened)
		if err != nil {
			return err
		}
		counts = h.loader.Hot
	}
	v, err := p.store.View(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(prog.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "TABLE\tPAIRS\tROWS\tDIFFERENT")
	var differ []error
	for _, t := range hotTables(v) {
		got, err := counts.Counts(ctx, t.Table.Name)
		if err != nil {
			return err
		}
		booked := got
		if ledger != nil {
			if booked, err = ledger.Ledger(ctx, t.Table.Name); err != nil {
				return err
			}
		}
		now, err := p.store.View(ctx)
		if err != nil {
			return err
		}
		rows, bad := comparePairs(t, now.Tables[t.Table.Name], got, booked)
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\n", t.Table.Name, len(t.Hot.Covered), rows, len(bad))
		differ = append(differ, bad...)
	}
	return errors.Join(append([]error{w.Flush()}, differ...)...)
}

// comparePairs gives the rows of the covered pairs and an error for every pair that is not the same everywhere. Hot and
// ledger were counted between the two views: a pair whose coverage changed meanwhile may be gone from them.
func comparePairs(t, now *catalog.TableView, hot, ledger map[int64]int64) (rows int64, differ []error) {
	live := t.PairRows()
	for pair, loads := range t.Hot.Covered {
		if !slices.Equal(now.Hot.Covered[pair], loads) {
			continue
		}
		want, inHot, booked := live[pair], catalog.RowsOf(loads, hot), catalog.RowsOf(loads, ledger)
		rows += want
		if inHot != want || booked != want {
			differ = append(differ, fmt.Errorf("%s %s of batch %s: %d rows in the catalog, %d hot, %d in the ledger; "+
				"tidegate hot load mends it", t.Table.Name, pair.Partition, pair.Batch, want, inHot, booked))
		}
	}
	slices.SortFunc(differ, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return rows, differ
}
