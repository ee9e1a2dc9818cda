package sql

import (
	"slices"

	"tidegate/internal/pgtypes"
)

// concrete gives the types that a signature's arguments and result have in a call with arguments of the given types
// (0 is unknown): the polymorphic ones become what the call says they are. ok is false if it says two things; the result
// is unknown if it says nothing.
//
// anyelement, anyarray and anynonarray are of one type; what is "anycompatible" has the common type, as CASE does.
func (p *postgres) concrete(c *signature, args []pgtypes.OID) (types []pgtypes.OID, result pgtypes.OID, ok bool) {
	if c.poly == 0 {
		return c.args, c.result, true
	}
	var same, compatible []pgtypes.OID
	for i, a := range args {
		if typeIs(c.args[i], oidAnyArray, oidAnyCompArray) && a != 0 {
			if a = p.elementOf(a); a == 0 {
				return c.args, c.result, c.args[i] == args[i] // a column of pg_statistic, whose type is anyarray
			}
		}
		switch c.args[i] {
		case oidAnyElement, oidAnyArray, oidAnyNonArray:
			same = append(same, a)
		case oidAnyCompatible, oidAnyCompArray, oidAnyCompNonArray:
			compatible = append(compatible, a)
		}
	}
	element, one := theOne(same)
	common, fits := p.common(compatible)
	switch {
	case !one || !fits:
		return nil, 0, false
	case len(same) > 0 && element == 0:
		return c.args, pgtypes.Unknown, true
	}
	types = slices.Clone(c.args)
	for i, t := range types {
		types[i] = p.instead(t, element, common)
	}
	result = p.instead(c.result, element, common)
	return types, result, !slices.Contains(types, pgtypes.OID(0)) && result != 0
}

// instead gives the type that stands for a polymorphic one, 0 for an array of what has no arrays.
func (p *postgres) instead(t, element, common pgtypes.OID) pgtypes.OID {
	switch t {
	case oidAnyElement, oidAnyNonArray:
		return element
	case oidAnyCompatible, oidAnyCompNonArray:
		return common
	case oidAnyArray:
		return p.types[element].array
	case oidAnyCompArray:
		return p.types[common].array
	}
	return t
}

// theOne gives the type that all known types are, 0 if none is known.
func theOne(types []pgtypes.OID) (t pgtypes.OID, ok bool) {
	for _, a := range types {
		if a != 0 && t != 0 && a != t {
			return 0, false
		}
		if a != 0 {
			t = a
		}
	}
	return t, true
}

// elementOf gives the type of an array's elements, 0 for what is no array.
func (p *postgres) elementOf(array pgtypes.OID) pgtypes.OID {
	if p.category(array) != 'A' {
		return 0
	}
	return p.types[array].element
}

func isPolymorphic(t pgtypes.OID) bool {
	return typeIs(t, oidAnyElement, oidAnyArray, oidAnyNonArray, oidAnyCompatible, oidAnyCompArray, oidAnyCompNonArray)
}
