package router

import (
	"fmt"
	"strings"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// HotOnly are the relations that the hot store has and the lake has not, as they were last found. It is safe for
// concurrent use. A table of the lake hides one of its name.
type HotOnly interface {
	// Relation finds one of class ClassHotOnly.
	Relation(schema, table string) (*sql.Relation, bool)
	// HasSchema reports whether the warehouse has a schema of the users' own.
	HasSchema(schema string) bool
	// MayCreate says why no relation of that name can be made in the schema, "" if one can. It knows nothing of the lake.
	MayCreate(schema, name string) (why string)
	// MayChange says the same of the schema as a whole.
	MayChange(schema string) (why string)
	// Down says why they cannot be read now, "" if they can. It knows nothing of the tables that Tidegate loads.
	Down() string
}

// hotOnly gives the first relation that only the hot store has; nil if there is none.
func (d *decision) hotOnly() *sql.Relation {
	for _, u := range d.req.Query.Uses {
		if u.Relation.Class == sql.ClassHotOnly {
			return u.Relation
		}
	}
	return nil
}

// hotOnlyCandidates leaves the hot way alone: together with rel a table of the lake can be read only if all that is
// asked of it is hot.
func (d *decision) hotOnlyCandidates(hot *candidate, rel *sql.Relation) []*candidate {
	cold := &candidate{route: engine.RouteCold, why: fmt.Sprintf("relation %s is hot-only", rel.Name)}
	cold.barred = pgerr.New(pgerr.FeatureNotSupported, "relation %s is hot-only: only the hot store can answer", rel.Name)
	down := d.r.o.Hot.Only.Down()
	if len(d.scans) > 0 && down == "" {
		down = d.hotDown()
	}
	if len(d.scans) > 0 {
		if why, pending := d.notHot(); why != "" {
			hot.why, hot.pending = why, pending
			hot.barred = pgerr.New(pgerr.FeatureNotSupported, "%s and hot-only %s cannot be read together: %s",
				d.scans[0].table.Table.Name, rel.Name, why).
				WithHint("name hot columns and loaded partitions only, or read the two in statements of their own")
		}
	}
	if hot.barred == nil && down != "" {
		hot.why, hot.down = "the hot store is down: "+down, true
		hot.barred = pgerr.New(pgerr.CannotConnectNow, "relation %s is hot-only and the hot store is down: %s", rel.Name, down)
	}
	return []*candidate{hot, cold}
}

// hotOnlySource is the relation itself, with its columns as they were when the statement was bound.
func (d *decision) hotOnlySource(u *sql.Use) string {
	name := u.Relation.Name
	return "(SELECT " + strings.Join(d.hotColumns(u, false), ", ") + " FROM " + quoteIdent(name.Schema) + "." + quoteIdent(name.Table) + ")"
}
