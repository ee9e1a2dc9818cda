package pgcatalog_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/gateway/pgcatalog"
	"tidegate/internal/pgtypes"
)

// manyTables is a warehouse of n tables of 50 columns, each with a key.
func manyTables(n int) *pgcatalog.Contents {
	types := []pgtypes.Type{pgtypes.Of(pgtypes.Int4), pgtypes.Of(pgtypes.Text), pgtypes.NumericOf(12, 2), pgtypes.Of(pgtypes.Timestamptz)}
	c := &pgcatalog.Contents{Database: "tidegate", Roles: []pgcatalog.Role{{Name: "tidegate", Login: true}}}
	for i := range n {
		t := pgcatalog.Table{Schema: "shop", Name: fmt.Sprintf("t%05d", i), Description: fmt.Sprintf("table %d", i), Rows: -1}
		for k := range 50 {
			t.Columns = append(t.Columns, pgcatalog.Column{Name: fmt.Sprintf("c%d", k), Type: types[k%len(types)], NotNull: k == 0})
		}
		t.Keys = []pgcatalog.Key{{Name: t.Name + "_pkey", Kind: pgcatalog.PrimaryKey, Columns: []string{"c0"}}}
		c.Tables = append(c.Tables, t)
	}
	return c
}

func BenchmarkRefresh(b *testing.B) {
	for _, all := range []bool{true, false} {
		b.Run(map[bool]string{true: "all", false: "one"}[all], func(b *testing.B) {
			_, c := openCatalog(b)
			version := int64(1)
			refresh := func(contents *pgcatalog.Contents) {
				version++
				if err := c.Refresh(b.Context(), version, contents); err != nil {
					b.Fatal(err)
				}
			}
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				contents := manyTables(5000)
				before := manyTables(5000)
				if all {
					before.Tables = nil
				}
				refresh(before)
				contents.Tables[i].Columns[7].Name = "other"
				b.StartTimer()
				refresh(contents)
			}
		})
	}
}

// TestRefreshOfWhatChanged changes a catalog step by step, and compares it after each with one that never had anything else.
func TestRefreshOfWhatChanged(t *testing.T) {
	t.Parallel()
	db, c := openCatalog(t)
	steps := []func(c *pgcatalog.Contents){
		func(c *pgcatalog.Contents) { c.Tables = c.Tables[1:] },
		func(c *pgcatalog.Contents) { c.Tables[0].Columns[1].Name, c.Tables[0].Description = "renamed", "" },
		func(c *pgcatalog.Contents) {
			c.Tables = append(c.Tables, pgcatalog.Table{Schema: "new", Name: "t00001"})
		},
		func(c *pgcatalog.Contents) { c.Comments = map[string]string{"new": "a schema"} },
		func(c *pgcatalog.Contents) { // items refers to orders: its rows have the number of the column
			for i := range c.Tables {
				if c.Tables[i].Name == "orders" {
					c.Tables[i].Columns = append([]pgcatalog.Column{{Name: "first", Type: pgtypes.Of(pgtypes.Text)}}, c.Tables[i].Columns...)
				}
			}
		},
		func(c *pgcatalog.Contents) {
			c.Tables = slices.DeleteFunc(c.Tables, func(x pgcatalog.Table) bool { return x.Name == "orders" })
		},
		func(c *pgcatalog.Contents) { c.Tables = c.Tables[:2] },
	}
	contents := shopContents()
	contents.Tables = append(contents.Tables, manyTables(20).Tables...)
	for i := range len(steps) + 1 {
		if err := c.Refresh(t.Context(), int64(i+2), contents); err != nil {
			t.Fatal(err)
		}
		fresh, other := openCatalog(t)
		if err := other.Refresh(t.Context(), 2, contents); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{
			"pg_class", "pg_attribute", "pg_type", "pg_description", "pg_constraint", "pg_index", "pg_attrdef", "pg_depend", "pg_namespace", "_extra",
		} {
			text := "FROM pgc." + table + " ORDER BY ALL"
			if table == "pg_class" {
				text = "SELECT *, pgc.regclass(oid), pgc.obj_description(oid), pgc.pg_table_is_visible(oid), pgc.format_type(reltype, -1) FROM pgc.pg_class ORDER BY ALL"
			}
			want, err := query(t.Context(), fresh, text)
			if err != nil {
				t.Fatal(err)
			}
			got, err := query(t.Context(), db, text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("step %d: %s (-fresh +changed):\n%s", i, table, clip(diff))
			}
		}
		if i < len(steps) {
			contents = copied(contents)
			steps[i](contents)
		}
	}
}

// copied is a copy to change.
func copied(c *pgcatalog.Contents) *pgcatalog.Contents {
	next := *c
	next.Tables = slices.Clone(c.Tables)
	for i := range next.Tables {
		next.Tables[i].Columns = slices.Clone(next.Tables[i].Columns)
	}
	return &next
}
