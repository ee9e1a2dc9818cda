package sql_test

import (
	"strings"
	"time"

	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// tables is a catalog of a few relations, written as "schema.table column type, column type".
type tables map[string]*sql.Relation

func newTables(list ...string) tables {
	t := tables{}
	for _, l := range list {
		full, columns, _ := strings.Cut(l, " ")
		schema, table, _ := strings.Cut(full, ".")
		r := &sql.Relation{Name: sql.TableName{Schema: schema, Table: table}}
		if schema == "pg_catalog" {
			r.Class = sql.ClassSystem
		}
		for c := range strings.SplitSeq(columns, ", ") {
			name, typ, _ := strings.Cut(c, " ")
			r.Columns = append(r.Columns, sql.Column{Name: name, Type: typeNamed(typ)})
		}
		t[full] = r
	}
	return t
}

func typeNamed(s string) pgtypes.Type {
	switch s {
	case "text[]", "aclitem[]":
		return pgtypes.Of(1009)
	case "oid[]":
		return pgtypes.Of(1028)
	case "int2vector":
		return pgtypes.Of(22)
	}
	t, err := pgtypes.Parse(s)
	if err != nil {
		panic(err)
	}
	if s == "char" {
		t = pgtypes.Of(pgtypes.Char)
	}
	return t
}

func (t tables) Relation(schema, table string) (*sql.Relation, bool) {
	r, ok := t[schema+"."+table]
	return r, ok
}

func (t tables) HasSchema(schema string) bool {
	for full := range t {
		if strings.HasPrefix(full, schema+".") {
			return true
		}
	}
	return false
}

const eventColumns = "event_id text, ts timestamptz, site_id int, domain varchar(40), path text, user_id bigint, load_ms int, amount numeric(12,2), ratio float8, ok bool, query json, dt date, seen timestamp"

func testTables() tables {
	return newTables(
		"web.events "+eventColumns,
		"web.sites site_id int, name text, opened date",
		"public.numbers i int2, j int, k bigint, n numeric(10,3), f float8, r float4, t text, b bool, d date, s timestamp, z timestamptz",
	)
}

func testEnv() sql.Env {
	return sql.Env{
		SearchPath: []string{"$user", "public", "web"}, Database: "tidegate", User: "demo", BackendPID: 7, Version: "PostgreSQL 15.20 (Tidegate)",
		Settings: func(name string) (string, bool) {
			if name == "server_version_num" {
				return "150020", true
			}
			return "", false
		},
		Now: time.Date(2018, 2, 15, 3, 4, 5, 600000000, time.UTC), Statement: time.Date(2018, 2, 15, 3, 4, 6, 0, time.UTC), Zone: time.UTC,
	}
}
