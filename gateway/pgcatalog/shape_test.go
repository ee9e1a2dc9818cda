package pgcatalog_test

import (
	"context"
	"errors"
	"iter"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/gateway/pgcatalog"
	"tidegate/internal/engine"
	"tidegate/internal/engine/duck"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// TestEveryRelation asks every relation of the two schemas for its columns: they are those that the binder is told.
func TestEveryRelation(t *testing.T) {
	t.Parallel()
	db, c := openCatalog(t)
	names, err := query(t.Context(), db, `
		SELECT n.nspname, c.relname, c.relnatts FROM pgc.pg_class c JOIN pgc.pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname IN ('pg_catalog', 'information_schema') ORDER BY ALL`)
	if err != nil {
		t.Fatal(err)
	}
	if len(names) < 200 {
		t.Fatalf("%d system relations, PostgreSQL 15 has more than 200", len(names))
	}
	names = append(names, redshiftRelations(t)...)
	for _, name := range names {
		r, ok := c.Relation(name[0], name[1])
		if !ok {
			t.Fatalf("pg_class has %s.%s, Relation does not", name[0], name[1])
		}
		if got := strconv.Itoa(len(r.Columns)); got != name[2] {
			t.Errorf("%s: %s columns, pg_class says %s", r.Name, got, name[2])
		}
		source, err := c.Source(&sql.Use{Relation: r}, engine.Asker{})
		if err != nil {
			t.Fatal(err)
		}
		columns, err := db.Describe(t.Context(), engine.Statement{SQL: "SELECT * FROM " + source})
		if err != nil {
			t.Errorf("%s: %v", r.Name, err)
			continue
		}
		if diff := cmp.Diff(shape(engineColumns(r.Columns)), shape(columns)); diff != "" {
			t.Errorf("%s (-told +DuckDB):\n%s", r.Name, diff)
		}
	}
}

// redshiftRelations gives the relations that are Redshift's, as TestEveryRelation has those of PostgreSQL.
func redshiftRelations(t *testing.T) [][]string {
	t.Helper()
	data, err := os.ReadFile("data/_redshift.csv")
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string]int{}
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n")[1:] {
		name, _, _ := strings.Cut(line, ",")
		columns[name]++
	}
	var names [][]string
	for name, n := range columns {
		names = append(names, []string{"pg_catalog", name, strconv.Itoa(n)})
	}
	return names
}

// shape writes columns by name and by what kind of value DuckDB gives.
func shape(columns []engine.Column) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		kind := "type " + strconv.FormatUint(uint64(c.Type.OID), 10)
		switch c.Type.OID {
		case pgtypes.Char, pgtypes.Name, pgtypes.Text, pgtypes.Varchar:
			kind = "text"
		case pgtypes.TextArray, pgtypes.NameArray, pgtypes.CharArray, pgtypes.ACLItemArray:
			kind = "list of text"
		case pgtypes.OIDType, pgtypes.Int8, pgtypes.Regproc, pgtypes.Regtype, pgtypes.Xid:
			kind = "number"
		case pgtypes.OIDArray, pgtypes.Int8Array, pgtypes.OIDVector:
			kind = "list of numbers"
		case pgtypes.Int2Vector, pgtypes.Int2Array:
			kind = "list of small numbers"
		}
		out[i] = c.Name + " " + kind
	}
	return out
}

func engineColumns(columns []sql.Column) []engine.Column {
	out := make([]engine.Column, len(columns))
	for i, c := range columns {
		out[i] = engine.Column{Name: c.Name, Type: c.Type}
	}
	return out
}

func TestUnknownRelation(t *testing.T) {
	t.Parallel()
	_, c := openCatalog(t)
	for _, name := range []sql.TableName{{Schema: "pg_catalog", Table: "_relation"}, {Schema: "pgc", Table: "pg_class"}, {Table: "pg_class"}, {Schema: "web", Table: "events"}} {
		if r, ok := c.Relation(name.Schema, name.Table); ok {
			t.Errorf("Relation(%q, %q) = %v, want none", name.Schema, name.Table, r.Name)
		}
		if _, err := c.Source(&sql.Use{Relation: &sql.Relation{Name: name}}, engine.Asker{}); err == nil {
			t.Errorf("Source(%v) gave no error", name)
		}
	}
	if c.HasSchema("web") || !c.HasSchema("pg_catalog") || !c.HasSchema("information_schema") {
		t.Error("HasSchema knows other schemas than its two")
	}
}

const ownOIDs = `
	SELECT 'class', relname, oid FROM pgc.pg_class WHERE oid >= 16384
	UNION ALL SELECT 'type', typname, oid FROM pgc.pg_type WHERE oid >= 16384
	UNION ALL SELECT 'schema', nspname, oid FROM pgc.pg_namespace WHERE oid >= 16384
	UNION ALL SELECT 'role', rolname, oid FROM pgc.pg_authid WHERE oid >= 16384
	UNION ALL SELECT 'database', datname, oid FROM pgc.pg_database
	ORDER BY ALL`

// TestOIDsStay compares two instances whose tables arrive in another order.
func TestOIDsStay(t *testing.T) {
	t.Parallel()
	first, _ := openCatalog(t)
	second, c := openCatalog(t)
	turned := webContents()
	turned.Tables[0], turned.Tables[2] = turned.Tables[2], turned.Tables[0]
	if err := c.Refresh(t.Context(), 2, turned); err != nil {
		t.Fatal(err)
	}
	want, err := query(t.Context(), first, ownOIDs)
	if err != nil {
		t.Fatal(err)
	}
	got, err := query(t.Context(), second, ownOIDs)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 10 {
		t.Errorf("OIDs of %d objects moved:\n%s", len(want), diff)
	}
}

func TestRefreshFollowsVersion(t *testing.T) {
	t.Parallel()
	db, c := openCatalog(t)
	tables := func() string {
		rows, err := query(t.Context(), db, "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pgc.pg_class WHERE oid >= 16384")
		if err != nil {
			t.Fatal(err)
		}
		return rows[0][0]
	}
	less := webContents()
	less.Tables = less.Tables[:1]
	if err := c.Refresh(t.Context(), 1, less); err != nil {
		t.Fatal(err)
	}
	if got, want := tables(), "events site_daily tiers"; got != want {
		t.Errorf("same version: tables %q, want %q", got, want)
	}
	if err := c.Refresh(t.Context(), 2, less); err != nil {
		t.Fatal(err)
	}
	if got, want := tables(), "events"; got != want {
		t.Errorf("next version: tables %q, want %q", got, want)
	}
}

// failingDB fails the load of one table, after others were loaded.
type failingDB struct {
	*duck.DB
	table string
}

var errLoad = errors.New("no more memory")

func (f *failingDB) Replace(ctx context.Context, schema, table string, columns []engine.LoadColumn, rows iter.Seq[[]any]) error {
	if table == f.table {
		return errLoad
	}
	return f.DB.Replace(ctx, schema, table, columns, rows)
}

// TestRefreshFails sees the old catalog whole after a refresh that failed half way, and the new one after the next.
func TestRefreshFails(t *testing.T) {
	t.Parallel()
	names := new(pgcatalog.Names)
	db := &failingDB{DB: openDuck(t, names)}
	c, err := pgcatalog.New(t.Context(), db, names, pgcatalog.Live{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Refresh(t.Context(), 1, webContents()); err != nil {
		t.Fatal(err)
	}
	const counts = `SELECT (SELECT count(*) FROM pgc.pg_class WHERE oid >= 16384), (SELECT count(*) FROM pgc.pg_attribute WHERE attrelid >= 16384), (SELECT count(*) FROM pgc.pg_namespace)`
	before, err := query(t.Context(), db.DB, counts)
	if err != nil {
		t.Fatal(err)
	}
	db.table = "pg_description"
	none := &pgcatalog.Contents{Database: "tidegate"}
	if err := c.Refresh(t.Context(), 2, none); !errors.Is(err, errLoad) {
		t.Fatalf("Refresh: %v, want %v", err, errLoad)
	}
	after, err := query(t.Context(), db.DB, counts)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("a failed refresh changed the catalog:\n%s", diff)
	}
	db.table = ""
	if err := c.Refresh(t.Context(), 2, none); err != nil {
		t.Fatal(err)
	}
	if after, err = query(t.Context(), db.DB, counts); err != nil || after[0][0] != "0" {
		t.Errorf("after the next refresh: %v, %v, want no tables of ours", after, err)
	}
}

// TestMacroArguments gives macros unqualified columns: oid must mean the statement's column, not one of a subquery
// inside the macro.
func TestMacroArguments(t *testing.T) {
	t.Parallel()
	db, _ := openCatalog(t)
	rows, err := query(t.Context(), db, `
		SELECT relname, pgc.format_type(reltype, -1), pgc.regclass(oid), pgc.pg_get_userbyid(relowner), pgc.obj_description(oid, 'pg_class'),
			pgc.pg_table_is_visible(oid), pgc.pg_table_size(oid), pgc.regnamespace(relnamespace), pgc.has_table_privilege(oid, 'select'),
			pgc.pg_get_viewdef(oid), pgc.pg_relation_is_publishable(oid)
		FROM pgc.pg_class WHERE oid >= 16384 ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"events", "web.events", "web.events", "tidegate", "Page views, one row per event", "f", "8192", "web", "t", "∅", "t"},
		{"site_daily", "web.site_daily", "web.site_daily", "tidegate", "∅", "f", "0", "web", "t", "∅", "t"},
		{"tiers", "tidegate.tiers", "tidegate.tiers", "tidegate", "∅", "f", "0", "tidegate", "t", " SELECT ''::text AS table_name,\n    ''::text AS tier,\n    0 AS columns,\n    0::bigint AS rows;", "f"},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
}

func TestRegclass(t *testing.T) {
	t.Parallel()
	db, _ := openCatalog(t)
	for _, c := range []struct{ expression, want string }{
		{`pgc.regclass('pg_class')`, "pg_class"},
		{`pgc.regclass('pg_catalog.pg_class')`, "pg_class"},
		{`pgc.regclass_oid('pg_class')`, "1259"},
		{`pgc.regclass_oid(1259)`, "1259"},
		{`pgc.regclass('1259')`, "pg_class"},
		{`pgc.regclass('-')`, "-"},
		{`pgc.regclass(0)`, "-"},
		{`pgc.regclass(77)`, "77"},
		{`pgc.regclass(NULL)`, "∅"},
		{`pgc.regclass('web.events')`, "web.events"},
		{`pgc.regclass('WEB."events"')`, "web.events"},
		{`pgc.regclass('tidegate.web.events')`, "web.events"},
		{`pgc.regclass('events', ['pg_catalog', 'web'])`, "events"},
		{`pgc.to_regclass('nothing')`, "∅"},
		{`pgc.regclass('events')`, `42P01: relation "events" does not exist`},
		{`pgc.regclass('web.nothing')`, `42P01: relation "web.nothing" does not exist`},
		{`pgc.regtype('int4')`, "integer"},
		{`pgc.regtype('integer')`, "integer"},
		{`pgc.regtype('int4[]')`, "integer[]"},
		{`pgc.regtype('_int4')`, "integer[]"},
		{`pgc.regtype('character varying')`, "character varying"},
		{`pgc.regtype('pg_catalog.text')`, "text"},
		{`pgc.regtype(1184)`, "timestamp with time zone"},
		{`pgc.regtype_oid('bool')`, "16"},
		{`pgc.regtype('nothing')`, `42704: type "nothing" does not exist`},
		{`pgc.regproc_oid('array_in')`, "750"},
		{`pgc.regproc_oid('pg_catalog.array_recv')`, "2400"},
		{`pgc.regproc(750)`, "array_in"},
		{`pgc.regnamespace('pg_catalog')`, "pg_catalog"},
		{`pgc.regnamespace(11)`, "pg_catalog"},
		{`pgc.regnamespace('nothing')`, `3F000: schema "nothing" does not exist`},
		{`pgc.regrole(10)`, "tidegate"},
	} {
		rows, err := query(t.Context(), db, "SELECT "+c.expression)
		if err != nil {
			if !strings.HasPrefix(err.Error(), c.want+":") {
				t.Errorf("%s: error %q, want %q", c.expression, err, c.want)
			}
			continue
		}
		if got := rows[0][0]; got != c.want {
			t.Errorf("%s = %s, want %s", c.expression, got, c.want)
		}
	}
}

// TestRefreshWhileReading reads whole catalogs, old or new, while they are replaced.
func TestRefreshWhileReading(t *testing.T) {
	t.Parallel()
	db, c := openCatalog(t)
	less := webContents()
	less.Tables = less.Tables[1:]
	done := make(chan error, 1)
	go func() {
		for version := int64(2); version < 12; version++ {
			next := webContents()
			if version%2 == 0 {
				next = less
			}
			if err := c.Refresh(t.Context(), version, next); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for reads := 0; ; reads++ {
		rows, err := query(t.Context(), db, `
			SELECT c.relname, c.relnatts - count(a.attname), min(pgc.format_type(a.atttypid, a.atttypmod)) IS NULL, min(n.nspname)
			FROM pgc.pg_class c LEFT JOIN pgc.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pgc.pg_attribute a ON a.attrelid = c.oid
			WHERE c.oid >= 16384 GROUP BY c.relname, c.relnatts ORDER BY 1`)
		if err != nil {
			t.Fatalf("read %d: %v", reads, err)
		}
		want := [][]string{{"events", "0", "f", "web"}, {"site_daily", "0", "f", "web"}, {"tiers", "0", "f", "tidegate"}}
		if len(rows) == 2 {
			want = want[1:]
		}
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Fatalf("read %d:\n%s", reads, diff)
		}
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			return
		default:
		}
	}
}
