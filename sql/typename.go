package sql

import (
	"errors"
	"strconv"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
)

// typeName is a type as the text writes it.
type typeName struct {
	schema, name string
	mods         []int
	array        bool
	pos          int32
}

func (n typeName) full() string {
	if n.schema == "" {
		return n.name
	}
	return n.schema + "." + n.name
}

// readTypeName takes a type's name apart. The grammar has already turned int into pg_catalog.int4.
func (b *binder) readTypeName(t *pg_query.TypeName) (typeName, error) {
	n := typeName{pos: t.Location, array: len(t.ArrayBounds) > 0}
	if t.Setof || t.PctType || len(t.Names) > 2 {
		return n, b.unsupported(t.Location, "this form of a type name")
	}
	for i, part := range t.Names {
		if i == len(t.Names)-1 {
			n.name = part.GetString_().GetSval()
		} else {
			n.schema = part.GetString_().GetSval()
		}
	}
	for _, m := range t.Typmods {
		v, ok := constant(m)
		k, err := strconv.Atoi(v.Text)
		if !ok || err != nil {
			return n, b.fail(pgerr.InvalidParameterValue, t.Location, "type modifiers must be simple constants")
		}
		n.mods = append(n.mods, k)
	}
	return n, nil
}

func asError(err error) (*pgerr.Error, bool) { return errors.AsType[*pgerr.Error](err) }

func message(err error) string {
	if p, ok := asError(err); ok {
		return p.Message
	}
	return err.Error()
}
