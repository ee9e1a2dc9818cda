package sql

import (
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// informationDomain is a domain of information_schema: clients are told its base type.
type informationDomain struct {
	base       pgtypes.Type
	constraint string // "": there is none
	check      string // DuckDB's text that is true of what the domain takes, after the value
}

// informationDomainOf finds the domain that a type's name is; ok is false if it is none.
func informationDomainOf(n typeName) (d informationDomain, ok bool) {
	if n.schema != "information_schema" || n.array || len(n.mods) > 0 {
		return d, false
	}
	switch n.name {
	case "character_data":
		return informationDomain{base: pgtypes.Of(pgtypes.Varchar)}, true
	case "sql_identifier":
		return informationDomain{base: pgtypes.Of(pgtypes.Name)}, true
	case "time_stamp":
		return informationDomain{base: pgtypes.Type{OID: pgtypes.Timestamptz, Typmod: 2}}, true
	case "cardinal_number":
		return informationDomain{base: pgtypes.Of(pgtypes.Int4), constraint: "cardinal_number_domain_check", check: " >= 0"}, true
	case "yes_or_no":
		return informationDomain{base: pgtypes.Type{OID: pgtypes.Varchar, Typmod: 3 + 4}, constraint: "yes_or_no_check", check: " IN ('YES', 'NO')"}, true
	}
	return d, false
}

// domainCast casts to a domain of information_schema.
func (b *binder) domainCast(e *expr, n typeName, d informationDomain) (*expr, error) {
	if !b.system {
		return nil, b.catalogOnly(n.pos, "type %s in a query of tables", n.full())
	}
	cast, err := b.cast(e, d.base)
	if err != nil {
		return nil, err
	}
	checked := *cast
	if d.check != "" && !cast.isNull() {
		failure := pgerr.New(pgerr.CheckViolation, "value for domain %s violates check constraint \"%s\"", n.full(), d.constraint)
		checked = *computed(d.base.OID, "CASE WHEN ("+cast.sql+d.check+") IS NOT FALSE THEN "+cast.sql+" ELSE "+errorText(failure)+" END", cast)
	}
	checked.typ, checked.origin, checked.domain = d.base, Origin{}, n.full()
	return &checked, nil
}
