package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgtypes"
)

// keywords binds pg_get_keywords, by which drivers learn what they must quote.
func (b *binder) keywords(args []*expr, pos int32) (*set, error) {
	if _, _, err := b.resolve("pg_get_keywords", args, pos); err != nil {
		return nil, err
	}
	if !b.system {
		return nil, b.catalogOnly(pos, "function pg_get_keywords()")
	}
	s := &set{row: true}
	for _, c := range []struct {
		name string
		typ  pgtypes.OID
	}{{"word", pgtypes.Text}, {"catcode", pgtypes.Char}, {"barelabel", pgtypes.Bool}, {"catdesc", pgtypes.Text}, {"baredesc", pgtypes.Text}} {
		s.columns = append(s.columns, setColumn{c.name, computed(c.typ, "(SELECT list("+c.name+" ORDER BY word) FROM pgc.pg_get_keywords())")})
	}
	return s, nil
}

// explodedACL binds aclexplode, whose rows are the privileges that an ACL holds.
func (b *binder) explodedACL(args []*expr, pos int32) (*set, error) {
	_, args, err := b.resolve("aclexplode", args, pos)
	if err != nil {
		return nil, err
	}
	if !b.system {
		return nil, b.catalogOnly(pos, "function aclexplode(aclitem[])")
	}
	s := &set{row: true}
	for _, c := range []struct {
		name, list string
		typ        pgtypes.OID
	}{
		{"grantor", "tg_acl_grantors", pgtypes.OIDType},
		{"grantee", "tg_acl_grantees", pgtypes.OIDType},
		{"privilege_type", "tg_acl_privileges", pgtypes.Text},
		{"is_grantable", "tg_acl_grantable", pgtypes.Bool},
	} {
		s.columns = append(s.columns, setColumn{c.name, computed(c.typ, c.list+"("+args[0].sql+")", args...)})
	}
	return s, nil
}

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

// emptySets are the functions of what there is none of here: extensions to install, prepared transactions.
var emptySets = map[string][]setShape{
	"pg_available_extensions": {{"name", pgtypes.Name}, {"default_version", pgtypes.Text}, {"comment", pgtypes.Text}},
	"pg_available_extension_versions": {
		{"name", pgtypes.Name},
		{"version", pgtypes.Text},
		{"superuser", pgtypes.Bool},
		{"trusted", pgtypes.Bool},
		{"relocatable", pgtypes.Bool},
		{"schema", pgtypes.Name},
		{"requires", pgtypes.NameArray},
		{"comment", pgtypes.Text},
	},
	"pg_prepared_xact": {{"transaction", pgtypes.OIDType}, {"gid", pgtypes.Text}, {"prepared", pgtypes.Timestamptz}, {"ownerid", pgtypes.OIDType}, {"dbid", pgtypes.OIDType}},
}

type setShape struct {
	name string
	typ  pgtypes.OID
}

// emptySet binds one of emptySets.
func (b *binder) emptySet(fn string, args []*expr, pos int32) (*set, error) {
	if _, _, err := b.resolve(fn, args, pos); err != nil {
		return nil, err
	}
	if !b.system {
		return nil, b.catalogOnly(pos, "function %s()", fn)
	}
	s := &set{row: true}
	for _, c := range emptySets[fn] {
		s.columns = append(s.columns, setColumn{c.name, computed(c.typ, "CAST(list_value() AS "+pgtypes.Of(c.typ).DuckDB()+"[])")})
	}
	return s, nil
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
		e := computed(t.OID, "CAST(list_value() AS "+t.DuckDB()+"[])")
		e.typ = t
		s.columns = append(s.columns, setColumn{d.GetColumnDef().Colname, e})
	}
	return s, nil
}
