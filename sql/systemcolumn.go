package sql

import (
	"slices"
	"strconv"
	"strings"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// systemColumn is a column that every row of a table has in PostgreSQL, beside those it was made with.
type systemColumn struct {
	name      string
	typ       pgtypes.OID
	attribute int16 // attnum
}

// tableOIDColumn is the OID of the relation that a row is of.
const tableOIDColumn = "tableoid"

var systemColumns = [...]systemColumn{
	{tableOIDColumn, pgtypes.OIDType, -6},
	{"cmax", pgtypes.Cid, -5},
	{"xmax", pgtypes.Xid, -4},
	{"cmin", pgtypes.Cid, -3},
	{"xmin", pgtypes.Xid, -2},
	{"ctid", pgtypes.Tid, -1},
}

// isSystemColumn reports whether a name is one that no column of a user can have.
func isSystemColumn(name string) bool {
	for i := range systemColumns {
		if systemColumns[i].name == name {
			return true
		}
	}
	return false
}

// isTransaction reports whether t is a number of a transaction or of a command in one.
func isTransaction(t pgtypes.OID) bool { return t == pgtypes.Xid || t == pgtypes.Cid }

// systemColumnsOf gives the system columns of a relation in a query of system relations: of a table that is brought to it
// tableoid alone, of a system relation all, if it is a table. They are NULL where an outer join has filled the row up.
func (b *binder) systemColumnsOf(r *Relation, u *useState, table string) (out []*visible) {
	if !b.system || r.Class == ClassSystem && r.View {
		return nil
	}
	for _, c := range systemColumns {
		v := &visible{name: c.name, typ: pgtypes.Of(c.typ), scale: -1, table: table, origin: r.origin(c.attribute)}
		switch {
		case r.Class == ClassSystem:
			v.sql = b.systemValue(c, r, name(u.alias)+".rowid")
			if c.name == "xmin" {
				v.need = func() { b.momentary = true }
			}
		case c.name == tableOIDColumn:
			v.sql, v.need = name(u.alias)+"."+tableOIDColumn, func() { u.tableOID = true }
		default:
			continue
		}
		out = append(out, v)
	}
	return out
}

// systemValue writes a system column of a row of a system relation. A row is as if the transaction that reads it had
// written it: who asks for what has changed since a transaction of before is given everything.
func (b *binder) systemValue(c systemColumn, r *Relation, row string) string {
	value := "0"
	switch c.name {
	case tableOIDColumn:
		value = strconv.FormatInt(r.OID, 10)
	case "xmin":
		value = b.transaction()
	case "ctid": // as if a hundred rows lay on a page
		return "'(' || " + row + " // 100 || ',' || " + row + " % 100 + 1 || ')'"
	}
	return "CASE WHEN " + row + " IS NOT NULL THEN CAST(" + value + " AS UINTEGER) END"
}

// transaction is the number that txid_current gives, as an xid.
func (b *binder) transaction() string {
	return strconv.FormatUint(uint64(uint32(b.env.Now.UnixMicro())), 10)
}

// firstTransaction is the lowest number of a transaction: those below mean more than a number.
const firstTransaction = "3"

// frozen writes a stored number of a transaction: the first one stands for "up to here all is frozen", which it always is.
func (b *binder) frozen(column string) string {
	b.momentary = true
	return "CASE WHEN " + column + " = " + firstTransaction + " THEN CAST(" + b.transaction() + " AS UINTEGER) ELSE " + column + " END"
}

// transactionAge writes how many transactions ago x was. Nothing has a multixact: the next one is the first.
func (b *binder) transactionAge(fn string, x *expr) *expr {
	b.momentary = true
	now, first := b.transaction(), firstTransaction
	if fn == "mxid_age" {
		now, first = "1", "1"
	}
	text := "CASE WHEN " + x.sql + " < " + first + " THEN 2147483647 ELSE CAST((" + now + " - CAST(" + x.sql + " AS BIGINT) + 6442450944) % 4294967296 - 2147483648 AS INTEGER) END"
	return computed(pgtypes.Int4, text, x)
}

// transactionLiteral reads the digits of an xid or cid; PostgreSQL 15 makes a number of any text.
func transactionLiteral(text string, t pgtypes.Type) (*expr, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 32)
	if err != nil {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "%q as type %s is not supported yet", text, postgresTables().typeName(t.OID))
	}
	return constantOf(t.OID, "CAST("+strconv.FormatUint(n, 10)+" AS UINTEGER)"), nil
}

// withSystemColumns adds the system columns of a level's tables to what can be named without its table.
func (b *binder) withSystemColumns(columns []*visible, column string, pos int32, s *scope) ([]*visible, error) {
	all := slices.Clone(columns)
	for _, t := range s.tables {
		all = append(all, t.system...)
	}
	if column == tableOIDColumn || !slices.ContainsFunc(all, func(v *visible) bool { return v.name == column }) {
		return all, nil
	}
	level := *s
	level.outer = nil
	return all, b.noSystemColumn([]string{column}, pos, &level) // it may be meant
}

// noSystemColumn says why a system column that was not found is not there; nil for what has none in PostgreSQL either.
func (b *binder) noSystemColumn(parts []string, pos int32, sc *scope) error {
	column := parts[len(parts)-1]
	if column == tableOIDColumn && !b.system {
		return b.catalogOnly(pos, "the system column tableoid")
	}
	for s := sc; s != nil; s = s.outer {
		for _, t := range s.tables {
			named := len(parts) == 1 || t.name == parts[len(parts)-2]
			if named && t.relation != nil && !t.relation.View && t.relation.Class != ClassSystem {
				return b.unsupported(pos, "the system column %s of table %s, whose rows no transaction has numbered,", column, t.relation.Name)
			}
		}
	}
	return nil
}
