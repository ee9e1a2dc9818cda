package hotload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/catalog"
	"tidegate/etl/fit"
	"tidegate/internal/logkey"
	"tidegate/internal/pgtypes"
)

// Live is a hot store whose tables somebody else makes: they decide which columns are hot (HotSpec.FromTable).
type Live interface {
	// Live gives the columns of the definition that the hot table has, in the definition's order, and how long texts they
	// take. A table that is not there, that nothing can be loaded into, or that would give other values back than the lake
	// is an error that names what is wrong.
	Live(ctx context.Context, t *catalog.Table) (columns []string, limits []catalog.HotLimit, err error)
}

// noteLive brings the catalog to what the live hot table has, if that decides.
func (l *Loader) noteLive(ctx context.Context, name catalog.Name) error {
	_, tv, err := l.view(ctx, name)
	if err != nil || tv.Table.Hot == nil || !tv.Table.Hot.FromTable {
		return err
	}
	hot, ok := l.Hot.(Live)
	if !ok {
		return errors.New("hot.columns is from_table, and this hot store has no tables but Tidegate's; list the columns")
	}
	columns, limits, err := hot.Live(ctx, tv.Table)
	if err != nil {
		l.altered.note(name, err)
		return err
	}
	spec := tv.Table.Hot
	if slices.Equal(columns, spec.Columns) && slices.Equal(limits, spec.Limits) {
		l.altered.note(name, nil)
		return nil
	}
	// A column that comes back is empty in the rows that were loaded when it was there before.
	if empty := loadedWith(tv, without(columns, spec.Columns)); len(empty) > 0 {
		if _, err := l.Store.Cover(ctx, catalog.Cover{Table: name, Withdraw: empty}, l.Under...); err != nil {
			return err
		}
	}
	generation, err := l.Store.NoteHotTable(ctx, name, columns, limits)
	if err != nil {
		return err
	}
	l.step("noted live")
	l.altered.note(name, nil)
	l.Log.InfoContext(ctx, "hot columns are those of the hot table", logkey.Table, name.String(),
		"columns", strings.Join(columns, ", "), logkey.Generation, generation)
	return nil
}

func without(columns, have []string) []string {
	return slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return slices.Contains(have, c) })
}

// loadedWith gives the covered pairs that were loaded with one of the columns, by one of their loads.
func loadedWith(tv *catalog.TableView, columns []string) []int64 {
	return chosenLoads(tv, func(_ catalog.Pair, loads []catalog.HotPart) bool {
		return slices.ContainsFunc(loads, func(part catalog.HotPart) bool {
			return slices.ContainsFunc(tv.Hot.Versions[part.SchemaVersion], func(c string) bool { return slices.Contains(columns, c) })
		})
	})
}

// Live reads the columns of the hot table.
func (s *Server) Live(ctx context.Context, t *catalog.Table) (columns []string, limits []catalog.HotLimit, err error) {
	err = s.connected(ctx, "look at hot table of "+t.Name.String(), func(c *pgconn.PgConn) error {
		have, err := s.Dialect.held(ctx, c, s, tableName(t.Name))
		if err != nil {
			return err
		}
		columns, limits, err = s.live(t, have)
		return err
	})
	return columns, limits, err
}

// live compares a hot table that somebody else made with the definition.
func (s *Server) live(t *catalog.Table, have []heldColumn) (columns []string, limits []catalog.HotLimit, err error) {
	if len(have) == 0 {
		return nil, nil, &AlteredError{Table: s.TableRef(t.Name), What: "there is no hot table; make it, or list the columns", Foreign: true}
	}
	for _, h := range have {
		if what := s.misfit(t, h); what != "" {
			return nil, nil, &AlteredError{Table: s.TableRef(t.Name), What: what, Foreign: true}
		}
	}
	for _, c := range t.Columns {
		i := slices.IndexFunc(have, func(h heldColumn) bool { return h.name == c.Name })
		if i < 0 {
			continue
		}
		columns = append(columns, c.Name)
		if n, ok := varcharLength(have[i].typ); ok && fit.IsText(c.Type) {
			limits = append(limits, s.Dialect.limit(c.Name, n))
		}
	}
	if len(columns) == 0 {
		return nil, nil, &AlteredError{Table: s.TableRef(t.Name), What: "it has no column of " + t.Name.String(), Foreign: true}
	}
	return columns, limits, nil
}

// misfit says why nothing can be loaded into the table that has this column, "" if it is no obstacle.
func (s *Server) misfit(t *catalog.Table, h heldColumn) string {
	if h.name == SeqColumn {
		if h.typ.OID != pgtypes.Int8 {
			return fmt.Sprintf("its column %s is %s, not bigint", h.name, h.typeName)
		}
		return ""
	}
	c, ours := t.Column(strings.ToLower(h.name))
	switch {
	case !ours && h.required:
		return fmt.Sprintf("its column %s takes no NULL and has no default, and is no column of %s", h.name, t.Name)
	case !ours:
		return ""
	case h.name != c.Name:
		return fmt.Sprintf("its column %q must be named %s, in lower case", h.name, c.Name)
	case h.collation != "":
		return h.collated() + `; make it COLLATE "C"`
	}
	typeName, err := s.Dialect.columnType(c)
	if err != nil {
		return err.Error()
	}
	want, err := pgtypes.Parse(typeName)
	if err != nil {
		return err.Error()
	}
	if !takes(h.typ, want, c.Type) {
		return fmt.Sprintf("its column %s is %s, that of %s is %s, for which it must be %s", h.name, h.typeName, t.Name, c.Type, typeName)
	}
	return ""
}

// takes reports whether a column of type have, in a table that somebody else made, takes the values of a lake column and
// gives them back the same; want is what Tidegate would have made. A text may be shorter: the ETL keeps its length.
func takes(have, want, lake pgtypes.Type) bool {
	if have == want {
		return true
	}
	isText := func(t pgtypes.Type) bool { return t.OID == pgtypes.Text || t.OID == pgtypes.Varchar }
	if isText(have) && isText(want) {
		n, short := varcharLength(have)
		needs, _ := varcharLength(want)
		return fit.IsText(lake) || !short || n >= needs // a uuid is not cut
	}
	if have.OID == pgtypes.Numeric && want.OID == pgtypes.Numeric {
		p1, s1, ok1 := have.PrecisionScale()
		p2, s2, ok2 := want.PrecisionScale()
		return ok1 && ok2 && s1 == s2 && p1 >= p2
	}
	return false
}

// varcharLength gives n of varchar(n).
func varcharLength(t pgtypes.Type) (n int, ok bool) {
	return int(t.Typmod) - 4, t.OID == pgtypes.Varchar && t.Typmod >= 4
}

// checkLive reports whether the table still has the columns that were noted. New ones are no error.
func (s *Server) checkLive(t *catalog.Table, have []heldColumn) error {
	columns, _, err := s.live(t, have)
	if err != nil {
		return err
	}
	for _, name := range t.Hot.Columns {
		if !slices.Contains(columns, name) {
			return &AlteredError{Table: s.TableRef(t.Name), What: "its column " + name + " was dropped; the next load sees it", Foreign: true, followed: true}
		}
	}
	return nil
}

// ensureLive adds what loads need to a hot table that somebody else made: the hidden column, in which rows of others
// have NULL and so are nobody's to read, and the ledger.
func (s *Server) ensureLive(ctx context.Context, c *pgconn.PgConn, t *catalog.Table, have []heldColumn) error {
	if err := s.checkLive(t, have); err != nil {
		return err
	}
	if err := s.makeLedger(ctx, c); err != nil || hasSeq(have) {
		return err
	}
	return exec(ctx, c, "ALTER TABLE "+s.TableRef(t.Name)+" ADD COLUMN "+SeqColumn+" bigint")
}

func hasSeq(have []heldColumn) bool {
	return slices.ContainsFunc(have, func(h heldColumn) bool { return h.name == SeqColumn })
}
