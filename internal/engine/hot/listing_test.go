package hot_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tidegate/internal/engine/hot"
	"tidegate/internal/pgtypes"
	"tidegate/internal/testkit"
)

func TestList(t *testing.T) {
	t.Parallel()
	pg := testkit.Postgres(t)
	c, err := pgx.Connect(t.Context(), pg.DSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(t.Context()) })
	_, err = c.Exec(t.Context(), `
		create schema "My Sales";
		create type mood as enum ('good');
		create table "My Sales"."T" (id int not null, "Price" numeric(12,2), gone int, m mood, tags text[]);
		alter table "My Sales"."T" drop column gone;
		create table nothing ();
		create table line (id int default 7, other int unique, foreign key (other) references line (other), primary key (id));
		comment on table line is 'a line'; comment on column line.id is 'its number';
		create view v as select id from "My Sales"."T";
		create temp table other_session (x int);
		create index on "My Sales"."T" (id);
		create sequence s`, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	e := open(t, hot.Options{URL: pg.DSN()})
	l, err := e.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var mood pgtypes.OID
	if err := c.QueryRow(t.Context(), "select 'mood'::regtype::oid").Scan(&mood); err != nil {
		t.Fatal(err)
	}
	const int4Class = 1978
	detail := hot.IndexDetail{Method: "btree", Options: []int64{0}, Classes: []int64{int4Class}, KeyColumns: 1}
	want := &hot.Listing{
		Schemas: []string{"My Sales", "public"}, Comments: map[string]string{"public": "standard public schema"},
		Sequences: []hot.Sequence{
			{Schema: "public", Name: "s", Type: pgtypes.Int8, Start: 1, Increment: 1, Max: 1<<63 - 1, Min: 1, Cache: 1},
		},
		Relations: []*hot.Relation{
			{Schema: "My Sales", Name: "T", Indexes: []hot.Index{
				{Name: "T_id_idx", Columns: []string{"id"}, Definition: `CREATE INDEX "T_id_idx" ON "My Sales"."T" USING btree (id)`, Detail: detail},
			}, Columns: []hot.Column{
				{Name: "id", Type: pgtypes.Of(pgtypes.Int4), TypeName: "integer", NotNull: true},
				{Name: "Price", Type: pgtypes.NumericOf(12, 2), TypeName: "numeric(12,2)"},
				{Name: "m", Type: pgtypes.Of(mood), TypeName: "public.mood"},
				{Name: "tags", Type: pgtypes.Of(pgtypes.TextArray), TypeName: "text[]"},
			}},
			{
				Schema: "public", Name: "line", Description: "a line",
				Columns: []hot.Column{
					{Name: "id", Type: pgtypes.Of(pgtypes.Int4), TypeName: "integer", NotNull: true, Default: "7", Description: "its number"},
					{Name: "other", Type: pgtypes.Of(pgtypes.Int4), TypeName: "integer"},
				},
				Keys: []hot.Key{
					{
						Name: "line_other_key", Kind: "u", Columns: []string{"other"}, Definition: "UNIQUE (other)", Pretty: "UNIQUE (other)",
						NoInherit: true, Index: detail,
					},
					{
						Name: "line_pkey", Kind: "p", Columns: []string{"id"}, Definition: "PRIMARY KEY (id)", Pretty: "PRIMARY KEY (id)",
						NoInherit: true, Index: detail,
					},
					{
						Name: "line_other_fkey", Kind: "f", Columns: []string{"other"}, Refers: hot.RelationName{Schema: "public", Name: "line"},
						RefColumns: []string{"other"}, Definition: "FOREIGN KEY (other) REFERENCES public.line(other)",
						Pretty: "FOREIGN KEY (other) REFERENCES public.line(other)", OnUpdate: "a", OnDelete: "a", Match: "s", NoInherit: true,
					},
				},
			},
			{Schema: "public", Name: "nothing"},
			{
				Schema: "public", Name: "v", View: true, Definition: " SELECT \"T\".id\n   FROM \"My Sales\".\"T\";",
				Pretty: " SELECT \"T\".id\n   FROM \"My Sales\".\"T\";", Reads: []hot.RelationName{{Schema: "My Sales", Name: "T"}},
				Uses:    []hot.ColumnName{{RelationName: hot.RelationName{Schema: "My Sales", Name: "T"}, Column: "id"}},
				Columns: []hot.Column{{Name: "id", Type: pgtypes.Of(pgtypes.Int4), TypeName: "integer"}},
			},
		},
	}
	if d := cmp.Diff(want, l); d != "" {
		t.Errorf("listing: -want +got\n%s", d)
	}
}
