package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgtypes"
)

// setField is a column of a function that returns rows: list makes its values, with the arguments' texts for its %s; "" is no
// row.
type setField struct {
	name string
	typ  pgtypes.OID
	list string
}

// systemSets are the functions of pg_catalog that return rows and have no view.
var systemSets = map[string][]setField{
	"aclexplode": {
		{"grantor", pgtypes.OIDType, "tg_acl_grantors(%s)"},
		{"grantee", pgtypes.OIDType, "tg_acl_grantees(%s)"},
		{"privilege_type", pgtypes.Text, "tg_acl_privileges(%s)"},
		{"is_grantable", pgtypes.Bool, "tg_acl_grantable(%s)"},
	},
	// Drivers learn by it what they must quote.
	"pg_get_keywords": {
		keywordField("word", pgtypes.Text),
		keywordField("catcode", pgtypes.Char),
		keywordField("barelabel", pgtypes.Bool),
		keywordField("catdesc", pgtypes.Text),
		keywordField("baredesc", pgtypes.Text),
	},
	// There are no extensions to install, and no prepared transactions.
	"pg_available_extensions": {{"name", pgtypes.Name, ""}, {"default_version", pgtypes.Text, ""}, {"comment", pgtypes.Text, ""}},
	"pg_available_extension_versions": {
		{"name", pgtypes.Name, ""},
		{"version", pgtypes.Text, ""},
		{"superuser", pgtypes.Bool, ""},
		{"trusted", pgtypes.Bool, ""},
		{"relocatable", pgtypes.Bool, ""},
		{"schema", pgtypes.Name, ""},
		{"requires", pgtypes.NameArray, ""},
		{"comment", pgtypes.Text, ""},
	},
	"pg_prepared_xact": {
		{"transaction", pgtypes.OIDType, ""},
		{"gid", pgtypes.Text, ""},
		{"prepared", pgtypes.Timestamptz, ""},
		{"ownerid", pgtypes.OIDType, ""},
		{"dbid", pgtypes.OIDType, ""},
	},
}

func keywordField(name string, t pgtypes.OID) setField {
	return setField{name, t, "(SELECT list(" + name + " ORDER BY word) FROM pgc.pg_get_keywords())"}
}

// systemSet binds one of systemSets.
func (b *binder) systemSet(fn string, args []*expr, pos int32) (*set, error) {
	sig, args, err := b.resolve(fn, args, pos)
	if err != nil {
		return nil, err
	}
	if !b.system {
		return nil, b.catalogOnly(pos, "function %s", sig.key())
	}
	s := &set{row: true}
	for _, f := range systemSets[fn] {
		list := noneOf(pgtypes.Of(f.typ))
		if f.list != "" {
			list = f.list
			for _, a := range args {
				list = strings.Replace(list, "%s", a.sql, 1)
			}
		}
		s.columns = append(s.columns, setColumn{f.name, computed(f.typ, list, args...)})
	}
	return s, nil
}

// noneOf is the list of no values of a type.
func noneOf(t pgtypes.Type) string { return "CAST(list_value() AS " + t.DuckDB() + "[])" }

// systemViews are the functions whose rows a view of pg_catalog has, all of them and with the same columns.
var systemViews = map[string]string{
	"pg_config":                 "pg_config",
	"pg_cursor":                 "pg_cursors",
	"pg_hba_file_rules":         "pg_hba_file_rules",
	"pg_ident_file_mappings":    "pg_ident_file_mappings",
	"pg_lock_status":            "pg_locks",
	"pg_prepared_statement":     "pg_prepared_statements",
	"pg_show_all_file_settings": "pg_file_settings",
	"pg_show_all_settings":      "pg_settings",
	"pg_timezone_abbrevs":       "pg_timezone_abbrevs",
	"pg_timezone_names":         "pg_timezone_names",
}

// viewFunction binds one of systemViews in FROM.
func (b *binder) viewFunction(fn, view string, n *pg_query.RangeFunction, pos int32) (*source, error) {
	switch {
	case !b.system:
		return nil, b.catalogOnly(pos, "function %s()", fn)
	case n.Ordinality:
		return nil, b.unsupported(pos, "%s() WITH ORDINALITY", fn)
	}
	alias := n.Alias
	if alias == nil {
		alias = &pg_query.Alias{Aliasname: fn}
	}
	return b.rangeVar(&pg_query.RangeVar{Schemaname: "pg_catalog", Relname: view, Inh: true, Relpersistence: "p", Alias: alias, Location: pos}, nil)
}

// lateBinding is Redshift's function for the columns of views that are bound when they are read. PostgreSQL has none of
// that name.
const lateBinding = "pg_get_late_binding_view_cols"

// lateBindingSet binds it with the columns that the statement defines. It has no rows: pg_attribute has the columns of
// every view.
func (b *binder) lateBindingSet(definitions []*pg_query.Node, pos int32) (*set, error) {
	if !b.system {
		return nil, b.catalogOnly(pos, "function %s()", lateBinding)
	}
	s := &set{}
	for _, d := range definitions {
		t, err := b.definedType(d.GetColumnDef())
		if err != nil {
			return nil, err
		}
		e := computed(t.OID, noneOf(t))
		e.typ = t
		s.columns = append(s.columns, setColumn{d.GetColumnDef().Colname, e})
	}
	return s, nil
}
