// Package pgcatalog is what clients see of PostgreSQL's own schemas: the relations of pg_catalog and
// information_schema, filled from PostgreSQL 15's constant rows and from our own schemas, tables and roles. What Redshift
// has beside them in pg_catalog is here too; pg_class does not list it.
//
// They live in a small DuckDB of their own: pg_catalog as schema pgc, information_schema as schema pgi.
// Names that begin with an underscore are for our macros and are never given to a client.
package pgcatalog

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// DB is the DuckDB that holds the catalogs. Nobody else may use it.
type DB interface {
	engine.Loader
	// Session gives a private connection.
	Session(ctx context.Context) (engine.Session, error)
}

// Catalog is the system relations. It is safe for concurrent use.
type Catalog struct {
	db     DB
	data   *dataset
	live   Live
	names  *Names
	tables map[sql.TableName]*sql.Relation // immutable

	mu      sync.Mutex
	loaded  bool     // guarded by mu
	version int64    // guarded by mu; of the contents that are loaded
	shown   *builder // guarded by mu; of the contents that are loaded, without its rows
	removed int      // guarded by mu; objects that were taken away since the rows were last written anew
}

// The SQL that makes the parts which no CSV file can hold, statements separated by a line that holds only "--".
var (
	//go:embed lookups.sql
	lookupsSQL string
	//go:embed functions.sql
	functionsSQL string
	//go:embed views.sql
	viewsSQL string
	//go:embed information_schema.sql
	informationSchemaSQL string
	//go:embed redshift.sql
	redshiftSQL string
	//go:embed macros.sql
	macrosSQL string
	//go:embed macros_object.sql
	objectMacrosSQL string
	//go:embed macros_privilege.sql
	privilegeMacrosSQL string
	//go:embed macros_statistics.sql
	statisticsMacrosSQL string
)

// New fills db with everything that does not depend on our own tables. Until the first Refresh, the relations
// show PostgreSQL's own objects only. Names has answered statements of no other Catalog, and db has the functions that ask it.
func New(ctx context.Context, db DB, names *Names, live Live) (*Catalog, error) {
	data, err := readDataset()
	if err != nil {
		return nil, fmt.Errorf("read the catalog data: %w", err)
	}
	c := &Catalog{db: db, data: data, live: live, names: names, tables: make(map[sql.TableName]*sql.Relation, len(data.byName))}
	for name, r := range data.byName {
		c.tables[name] = r.describe()
	}
	s, err := db.Session(ctx)
	if err != nil {
		return nil, fmt.Errorf("open the catalog database: %w", err)
	}
	defer s.Close()
	if err := c.build(ctx, s); err != nil {
		return nil, err
	}
	return c, nil
}

// build makes the schemas, one empty table for every relation that is no view of ours, the constant rows, and the
// views and macros over them.
func (c *Catalog) build(ctx context.Context, s engine.Session) error {
	views := viewBodies(viewsSQL + "\n--\n" + informationSchemaSQL)
	script := []string{"CREATE SCHEMA pgc", "CREATE SCHEMA pgi"}
	for _, r := range c.data.relations {
		if _, ours := views[r.source()]; !ours {
			script = append(script, r.ddl())
		}
	}
	if err := execAll(ctx, s, script); err != nil {
		return err
	}
	script = nil
	for _, table := range c.data.constant() {
		r := c.data.relation("pg_catalog", table)
		if err := c.db.Replace(ctx, "pgc", table, r.loadColumns(), slices.Values(c.data.rows[table])); err != nil {
			return fmt.Errorf("load %s: %w", table, err)
		}
	}
	if err := c.db.Replace(ctx, "pgc", keywordTable, keywordColumns, slices.Values(c.data.keywords)); err != nil {
		return fmt.Errorf("load the key words: %w", err)
	}
	system := newBuilder(c.data, &Contents{}).system()
	if err := c.stage(ctx, fixedSchema, system); err != nil {
		return err
	}
	fixed := newNameTable()
	fixed.fill(c.data, system, nil)
	fixed.fillFunctions(c.data)
	fixed.fillUnlisted(c.data)
	c.names.fixed.Store(fixed)
	for _, table := range append([]string{extraTable}, changing()...) {
		script = append(script, fmt.Sprintf("CREATE OR REPLACE TABLE pgc.%s AS FROM %s.%[1]s", table, fixedSchema))
	}
	c.shown = newBuilder(c.data, &Contents{})
	c.names.own.Store(newNameTable())
	start := fmt.Sprintf("CREATE MACRO pgc.pg_postmaster_start_time() AS make_timestamptz(%d)", time.Now().UnixMicro())
	if err := execAll(ctx, s, append(script, start)); err != nil {
		return err
	}
	for _, text := range []string{lookupsSQL, functionsSQL, macrosSQL, objectMacrosSQL, privilegeMacrosSQL, statisticsMacrosSQL, viewsSQL, informationSchemaSQL, redshiftSQL} {
		if err := execAll(ctx, s, statements(text)); err != nil {
			return err
		}
	}
	return nil
}

// Relation finds a system relation. Schema "" does not find any: the search path is the caller's.
func (c *Catalog) Relation(schema, name string) (*sql.Relation, bool) {
	r, ok := c.tables[sql.TableName{Schema: schema, Table: name}]
	return r, ok
}

// HasSchema reports whether schema is one of those whose relations are here.
func (c *Catalog) HasSchema(schema string) bool {
	return schema == "pg_catalog" || schema == "information_schema"
}

// Source gives the FROM item, without alias, that holds the rows of u's relation.
func (c *Catalog) Source(u *sql.Use, asker engine.Asker) (string, error) {
	if text, ok, err := c.live.source(u.Relation.Name, asker); ok || err != nil {
		return text, err
	}
	r := c.data.relation(u.Relation.Name.Schema, u.Relation.Name.Table)
	if r == nil {
		return "", pgerr.New(pgerr.UndefinedTable, "relation \"%s\" does not exist", u.Relation.Name)
	}
	return r.source(), nil
}

// statements splits one of our own SQL files.
func statements(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, "\n--\n") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// viewBodies gives what follows AS in the views that a file of ours creates, by the views' names.
func viewBodies(text string) map[string]string {
	bodies := map[string]string{}
	for _, s := range statements(text) {
		if rest, ok := strings.CutPrefix(s, "CREATE VIEW "); ok {
			name, body, _ := strings.Cut(rest, " AS\n")
			body = strings.NewReplacer("pgc.", "", "pgi.", "information_schema.").Replace(body)
			bodies[name] = " " + body + ";"
		}
	}
	return bodies
}

func execAll(ctx context.Context, s engine.Session, script []string) error {
	for _, text := range script {
		if _, err := s.Exec(ctx, text); err != nil {
			first, _, _ := strings.Cut(text, "\n")
			return fmt.Errorf("build the catalog: %s: %w", first, err)
		}
	}
	return nil
}

// inTransaction runs f between BEGIN and COMMIT, or takes back what it did.
func inTransaction(ctx context.Context, s engine.Session, f func() error) error {
	if _, err := s.Exec(ctx, "BEGIN"); err != nil {
		return err
	}
	err := f()
	if err == nil {
		_, err = s.Exec(ctx, "COMMIT")
		return err
	}
	_, rollback := s.Exec(context.WithoutCancel(ctx), "ROLLBACK")
	return errors.Join(err, rollback)
}
