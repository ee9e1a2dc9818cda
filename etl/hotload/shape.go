package hotload

import (
	"errors"
	"fmt"
	"slices"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
)

// AlteredError says what somebody else has changed about a hot table. Nothing is loaded into it and nobody may read
// it until that is put right.
type AlteredError struct {
	Table string // its name in SQL
	What  string // "its column load_ms is text, the table's is bigint"
	// Foreign says that the table is not Tidegate's to make.
	Foreign bool
	// followed says that the next pass takes it as it is.
	followed bool
}

// Error is one line.
func (e *AlteredError) Error() string {
	if e.Foreign {
		return fmt.Sprintf("hot table %s, which hot.columns: from_table follows, cannot be loaded: %s", e.Table, e.What)
	}
	return fmt.Sprintf("hot table %s was altered: %s; put it right, or drop the hot table and it is loaded anew", e.Table, e.What)
}

// errGone says that a hot table that had rows is not there any more.
var errGone = errors.New("it was dropped")

// goneError is the error of Check and Ensure for it.
func goneError(table string) error { return fmt.Errorf("hot table %s: %w", table, errGone) }

// wantedColumn is a hot column as the hot table should have it.
type wantedColumn struct {
	name, typeName string
	typ            pgtypes.Type // of typeName
}

// heldColumn is a column as the hot table has it.
type heldColumn struct {
	name, typeName string
	typ            pgtypes.Type // of typeName; Unknown for what is no type of ours
	required       bool         // NULL cannot stand in it, and it has no default
	collation      string       // by which its text compares; "" is by its bytes
}

// collated says what is wrong with the column's collation.
func (h heldColumn) collated() string {
	return fmt.Sprintf("its column %s has the collation %s, which does not sort by bytes as the lake does", h.name, h.collation)
}

// tableChange is what a hot table lacks.
type tableChange struct {
	add, widen []wantedColumn
	have       []heldColumn
}

func (c tableChange) empty() bool { return len(c.add)+len(c.widen) == 0 }

// compare finds what the table has to get; no columns are no table. An AlteredError is what somebody else did to it. A
// column that is not there is new, unless rows were loaded with it: then somebody dropped it, and the NULLs of a new one
// would be wrong answers.
func compare(table string, want []wantedColumn, have []heldColumn, loaded []string) (tableChange, error) {
	if len(have) == 0 {
		if len(loaded) > 0 {
			return tableChange{}, goneError(table)
		}
		return tableChange{add: want}, nil
	}
	change := tableChange{have: have}
	altered := func(format string, args ...any) (tableChange, error) {
		return tableChange{}, &AlteredError{Table: table, What: fmt.Sprintf(format, args...)}
	}
	find := func(name string) int {
		return slices.IndexFunc(have, func(h heldColumn) bool { return h.name == name })
	}
	if i := find(SeqColumn); i < 0 {
		return altered("its column %s is missing", SeqColumn)
	} else if have[i].typ.OID != pgtypes.Int8 {
		return altered("its column %s is %s, not bigint", SeqColumn, have[i].typeName)
	}
	for _, name := range loaded {
		if find(name) < 0 {
			return altered("its column %s is missing", name)
		}
	}
	for _, w := range want {
		i := find(w.name)
		if i < 0 {
			change.add = append(change.add, w)
			continue
		}
		switch from := have[i].typ; {
		case have[i].collation != "":
			return altered("%s", have[i].collated())
		case from == w.typ, roomier(from, w.typ):
		case catalog.Widens(from, w.typ):
			change.widen = append(change.widen, w)
		default:
			return altered("its column %s is %s, the table's is %s", w.name, have[i].typeName, w.typeName)
		}
	}
	for _, h := range have {
		ours := h.name == SeqColumn || slices.ContainsFunc(want, func(w wantedColumn) bool { return w.name == h.name })
		if h.required && !ours {
			return altered("its column %s is not Tidegate's and takes no NULL", h.name)
		}
	}
	return change, nil
}

// roomier reports whether a column of type have takes all that one of type want does, and gives it back the same.
func roomier(have, want pgtypes.Type) bool {
	return have.OID == pgtypes.Varchar && want.OID == pgtypes.Varchar && want.Typmod >= 0 && have.Typmod > want.Typmod
}

// parsed gives a column as a server names its type.
func parsed(name, typeName string, required bool) heldColumn {
	typ, err := pgtypes.Parse(typeName)
	if err != nil {
		typ = pgtypes.Of(pgtypes.Unknown)
	}
	return heldColumn{name: name, typeName: typeName, typ: typ, required: required}
}
