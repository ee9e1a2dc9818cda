package examples_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// tables is a catalog of the tables that pipelines made so far.
type tables map[sql.TableName]*sql.Relation

func (t tables) Relation(schema, table string) (*sql.Relation, bool) {
	r, ok := t[sql.TableName{Schema: schema, Table: table}]
	return r, ok
}

func (t tables) HasSchema(schema string) bool {
	for name := range t {
		if name.Schema == schema {
			return true
		}
	}
	return false
}

func (t tables) add(name catalog.Name, columns []catalog.Column) {
	key := sql.TableName{Schema: name.Schema, Table: name.Table}
	r := &sql.Relation{Name: key, Class: sql.ClassLake}
	for _, c := range columns {
		r.Columns = append(r.Columns, sql.Column{Name: c.Name, Type: c.Type})
	}
	t[key] = r
}

// TestColumns loads each example and binds its SELECTs: the tables are as their descriptions say.
func TestColumns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		folder string
		want   map[string][]string
	}{
		{"web/pipelines", map[string][]string{
			"web.events": {
				"event_id text", "ts timestamp with time zone", "site_id integer", "domain text", "path character varying",
				"user_id text", "referrer text", "user_agent text", "load_ms integer", "query text", "experiment text", "dt text",
			},
			"web.site_daily": {
				"dt text", "site_id integer", "pv bigint", "uu bigint", "timed bigint", "load_ms_sum bigint",
			},
		}},
		{"flights/pipelines", map[string][]string{
			"air.flights": {
				"date timestamp without time zone", "delay bigint", "distance bigint", "origin text", "destination text", "dt text",
			},
		}},
	} {
		t.Run(c.folder, func(t *testing.T) {
			t.Parallel()
			got := map[string][]string{}
			made := tables{}
			for _, p := range load(t, c.folder) {
				columns, err := p.Output(made)
				if err != nil {
					t.Fatalf("%s: %v", p.Name, err)
				}
				made.add(p.Table, columns)
				for _, column := range columns {
					got[p.Table.String()] = append(got[p.Table.String()], column.Name+" "+column.Type.String())
					if column.Description == "" && column.Name != "dt" {
						t.Errorf("%s: column %s has no description", p.Table, column.Name)
					}
					if column.Partition != (column.Name == "dt") || column.Name == "dt" && column.Type != pgtypes.Of(pgtypes.Text) {
						t.Errorf("%s: column %s: partition %t, type %s", p.Table, column.Name, column.Partition, column.Type)
					}
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
		})
	}
}

// load reads a folder's pipelines, upstream first.
func load(t *testing.T, folder string) []*pipeline.Pipeline {
	t.Helper()
	pipelines, err := pipeline.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	sorted, err := pipeline.Sort(pipelines)
	if err != nil {
		t.Fatal(err)
	}
	return sorted
}
