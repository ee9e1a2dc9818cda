package sql

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
)

// upkeepOptions are PostgreSQL's, of VACUUM and of ANALYZE.
var upkeepOptions = map[bool][]string{
	true: {
		"verbose", "skip_locked", "analyze", "freeze", "full", "disable_page_skipping", "index_cleanup", "process_toast",
		"truncate", "parallel",
	},
	false: {"verbose", "skip_locked"},
}

// upkeepNames reports whether VACUUM or ANALYZE is about temporary tables. Without a table it is about all, and others need
// none.
func (t *temporaries) upkeepNames(n *pg_query.VacuumStmt) bool {
	if len(n.Rels) == 0 {
		own, ok := t.catalog.(Temporaries)
		return ok && own.TemporarySchema() != ""
	}
	return slices.ContainsFunc(n.Rels, func(r *pg_query.Node) bool {
		v := r.GetVacuumRelation().Relation
		_, err := t.binder().relation(v)
		return t.find(v) != nil || err != nil
	})
}

// upkeep binds VACUUM and ANALYZE: there is nothing to do but to count rows for those who look at the system relations.
func (t *temporaries) upkeep(n *pg_query.VacuumStmt) error {
	t.Verb = TemporaryCount
	if n.IsVacuumcmd {
		t.Alone = "VACUUM"
	}
	analyzes := !n.IsVacuumcmd
	for _, o := range n.Options {
		option := o.GetDefElem()
		if !slices.Contains(upkeepOptions[n.IsVacuumcmd], option.Defname) {
			return t.fail(pgerr.SyntaxError, option.Location, "unrecognized %s option %q", t.stmt.Tag, option.Defname)
		}
		analyzes = analyzes || option.Defname == "analyze"
	}
	for _, r := range n.Rels {
		v := r.GetVacuumRelation()
		if len(v.VaCols) > 0 && !analyzes {
			return t.fail(pgerr.FeatureNotSupported, -1, "ANALYZE option must be specified when a column list is provided")
		}
		rel := t.find(v.Relation)
		if rel == nil {
			if _, err := t.binder().relation(v.Relation); err != nil {
				return unplacedError(err)
			}
			return t.refuse(-1, "%s of another table together with one", t.stmt.Tag)
		}
		for _, c := range v.VaCols {
			name := c.GetString_().GetSval()
			if !slices.ContainsFunc(rel.Columns, func(c Column) bool { return c.Name == name }) {
				return t.fail(pgerr.UndefinedColumn, -1, "column %q of relation %q does not exist", name, rel.Name.Table)
			}
		}
		t.Tables = append(t.Tables, rel.Name.Table)
	}
	return nil
}

// reindexes reports whether REINDEX is about a temporary table or an index of one, and nothing is left to do then.
func (t *temporaries) reindexes(n *pg_query.ReindexStmt) bool {
	switch n.Kind {
	case pg_query.ReindexObjectType_REINDEX_OBJECT_TABLE:
		if !t.names(n.Relation) {
			return false
		}
	case pg_query.ReindexObjectType_REINDEX_OBJECT_INDEX:
		if _, ok := t.findIndex(n.Relation); !ok {
			return false
		}
	default:
		return false
	}
	t.Verb = TemporaryNothing
	for _, o := range n.Params {
		if o.GetDefElem().GetDefname() == "concurrently" {
			t.Alone = "REINDEX CONCURRENTLY"
		}
	}
	return true
}
