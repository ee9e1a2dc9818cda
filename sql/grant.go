package sql

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// Grant is the right to read relations, as GRANT words it.
type Grant struct {
	// Schema is "" for every relation that there is.
	Schema string
	// Table is "" for every relation of the schema.
	Table string
	// Columns are those that may be read; nil is all.
	Columns []string
}

// everything is the one grant that PostgreSQL's grammar has no words for.
const everything = "select on all tables"

// ParseGrant reads what stands between GRANT and TO: SELECT ON SCHEMA web, SELECT ON ALL TABLES IN SCHEMA web, SELECT ON
// web.events, SELECT (ts, site_id) ON web.events, and SELECT ON ALL TABLES for all schemas. Names fold as in a statement.
func ParseGrant(text string) ([]Grant, error) {
	if strings.EqualFold(strings.Join(strings.Fields(text), " "), everything) {
		return []Grant{{}}, nil
	}
	parsed, err := pg_query.Parse("GRANT " + text + " TO public")
	if err != nil {
		return nil, fmt.Errorf("%q is no grant: %w", text, err)
	}
	if len(parsed.Stmts) != 1 || parsed.Stmts[0].Stmt.GetGrantStmt() == nil {
		return nil, fmt.Errorf("%q is no grant on schemas, tables or columns", text)
	}
	g := parsed.Stmts[0].Stmt.GetGrantStmt()
	columns, err := grantedColumns(g)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	grants, err := grantedOn(g, columns)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	return grants, nil
}

// grantedColumns gives the columns of SELECT (…), nil of SELECT.
func grantedColumns(g *pg_query.GrantStmt) ([]string, error) {
	if g.GrantOption || g.Grantor != nil || len(g.Grantees) != 1 || g.Grantees[0].GetRoleSpec().GetRoletype() != pg_query.RoleSpecType_ROLESPEC_PUBLIC {
		return nil, errors.New("who is granted is the role it stands under")
	}
	if len(g.Privileges) == 0 {
		return nil, errors.New("ALL cannot be granted: write SELECT")
	}
	var columns []string
	whole := false
	for _, n := range g.Privileges {
		p := n.GetAccessPriv()
		if p.GetPrivName() != "select" {
			return nil, fmt.Errorf("%s cannot be granted: SELECT can, and warehouse_write", strings.ToUpper(p.GetPrivName()))
		}
		whole = whole || len(p.Cols) == 0
		for _, c := range p.Cols {
			columns = append(columns, c.GetString_().GetSval())
		}
	}
	if whole {
		return nil, nil
	}
	slices.Sort(columns)
	return slices.Compact(columns), nil
}

// grantedOn gives a grant for every schema or table that is named.
func grantedOn(g *pg_query.GrantStmt, columns []string) ([]Grant, error) {
	var grants []Grant
	switch {
	case g.Objtype == pg_query.ObjectType_OBJECT_SCHEMA || g.Targtype == pg_query.GrantTargetType_ACL_TARGET_ALL_IN_SCHEMA && g.Objtype == pg_query.ObjectType_OBJECT_TABLE:
		if columns != nil {
			return nil, errors.New("columns are of a table")
		}
		for _, n := range g.Objects {
			grants = append(grants, Grant{Schema: n.GetString_().GetSval()})
		}
	case g.Objtype == pg_query.ObjectType_OBJECT_TABLE && g.Targtype == pg_query.GrantTargetType_ACL_TARGET_OBJECT:
		for _, n := range g.Objects {
			v := n.GetRangeVar()
			if v.GetSchemaname() == "" || v.GetCatalogname() != "" {
				return nil, errors.New("a table is named with its schema, as web.events")
			}
			grants = append(grants, Grant{Schema: v.Schemaname, Table: v.Relname, Columns: columns})
		}
	default:
		return nil, errors.New("only schemas, tables and columns can be granted")
	}
	return grants, nil
}
