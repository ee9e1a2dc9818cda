package pgcatalog

import (
	"slices"
	"strconv"
	"strings"

	"tidegate/internal/pgerr"
)

// privileges are those that PostgreSQL knows of each kind of object.
var privileges = map[string][]string{
	"table":      {"select", "insert", "update", "delete", "truncate", "references", "trigger", "rule"},
	"column":     {"select", "insert", "update", "references"},
	"schema":     {"create", "usage"},
	"database":   {"create", "temporary", "temp", "connect"},
	"function":   {"execute"},
	"type":       {"usage"},
	"tablespace": {"create"},
}

// asks reports whether one of the privileges that a list names is allowed.
func asks(kind, list string, allowed ...string) (bool, error) {
	known, any := privileges[kind], false
	for item := range strings.SplitSeq(list, ",") {
		text := strings.Trim(item, " ")
		word, grant := strings.CutSuffix(strings.ToLower(text), " with grant option")
		if !slices.Contains(known, word) {
			return false, pgerr.New(pgerr.InvalidParameterValue, "unrecognized privilege type: \"%s\"", text)
		}
		any = any || !grant && slices.Contains(allowed, word)
	}
	return any, nil
}

// What may be done with a relation, first what reads it. Nothing is made anew: a tool asks for every table at once.
var (
	allRights  = []string{"select", "insert", "update", "delete", "truncate", "references", "trigger"}
	readRights = allRights[:1]
	putRights  = allRights[1:]
)

// rights are what whoever looks may do with a relation, or with one of its columns that is there.
func (r *relationName) rights(column bool) []string {
	reads := column || !r.part
	switch {
	case reads && r.writable:
		return allRights
	case r.writable:
		return putRights
	case reads:
		return readRights
	}
	return nil
}

// TablePrivilege reports whether the relation may be used so; ok is false if there is none.
func (n *Names) TablePrivilege(oid uint32, list string) (has, ok bool, err error) {
	r := n.relation(oid)
	if r == nil {
		return false, false, nil
	}
	has, err = asks("table", list, r.rights(false)...)
	return has, true, err
}

// AnyColumnPrivilege reports whether some column of the relation may be used so; ok is false if there is no relation.
func (n *Names) AnyColumnPrivilege(oid uint32, list string) (has, ok bool, err error) {
	r := n.relation(oid)
	if r == nil {
		return false, false, nil
	}
	has, err = asks("column", list, r.rights(true)...)
	return has, true, err
}

// ColumnPrivilege reports whether a column, by name or number, may be used so; ok is false if there is no relation, or no
// column of that number.
func (n *Names) ColumnPrivilege(oid uint32, column, list string) (has, ok bool, err error) {
	r := n.relation(oid)
	if r == nil {
		return false, false, nil
	}
	if i, err := strconv.Atoi(column); err == nil {
		if i < 1 || i > len(r.attributes) {
			return false, false, nil
		}
	} else if !slices.Contains(r.attributes, column) {
		return false, false, pgerr.New(pgerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", column, r.name)
	}
	has, err = asks("column", list, r.rights(true)...)
	return has, true, err
}

// ObjectPrivilege reports whether a schema, a function, a type or a database may be used so, the last by its name or number;
// ok is false if there is none.
func (n *Names) ObjectPrivilege(kind, object, list string) (has, ok bool, err error) {
	oid, _ := number(object)
	found := first(n.tables(), func(t *nameTable) (bool, bool) {
		ok := map[string]bool{
			"schema": t.schemas[oid] != "", "function": t.functions[oid] != nil, "type": t.types[oid] != nil, "database": t.databases[object],
		}[kind]
		return ok, ok
	})
	if !found {
		return false, false, nil
	}
	has, err = asks(kind, list, map[string]string{"schema": "usage", "function": "execute", "type": "usage", "database": "connect"}[kind])
	return has, true, err
}
