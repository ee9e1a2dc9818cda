package catalog_test

import (
	"errors"
	"testing"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
)

func TestFollows(t *testing.T) {
	t.Parallel()
	column := func(name, typ string) catalog.Column {
		ty, err := pgtypes.Parse(typ)
		if err != nil {
			t.Fatal(err)
		}
		return catalog.Column{Name: name, Type: ty, Partition: name == "dt"}
	}
	table := func(version int, columns ...catalog.Column) *catalog.Table {
		return &catalog.Table{
			Name: catalog.Name{Schema: "web", Table: "events"}, SchemaVersion: version,
			Columns: columns, PartitionBy: []string{"dt"},
		}
	}
	limited := func(n int) catalog.Column {
		c := column("b", "text")
		c.MaxBytes = n
		return c
	}
	a, b, dt := column("a", "int"), column("b", "text"), column("dt", "date")
	for _, c := range []struct {
		name       string
		prev, next *catalog.Table
		ok         bool
	}{
		{"same", table(1, a, b, dt), table(1, a, b, dt), true},
		{"same with a new version", table(1, a, b, dt), table(2, a, b, dt), false},
		{"added at the end", table(1, a, b, dt), table(2, a, b, dt, column("c", "json")), true},
		{"added in the middle", table(1, a, b, dt), table(2, a, column("c", "json"), b, dt), true},
		{"added under the old version", table(1, a, dt), table(1, a, dt, b), false},
		{"added, two versions on", table(1, a, dt), table(3, a, dt, b), false},
		{"added partition column", table(1, a), table(2, a, dt), false},
		{"removed", table(1, a, b, dt), table(2, a, dt), false},
		{"swapped", table(1, a, b, dt), table(2, b, a, dt), false},
		{"widened", table(1, a, dt), table(2, column("a", "bigint"), dt), true},
		{"widened under the old version", table(1, a, dt), table(1, column("a", "bigint"), dt), false},
		{"narrowed", table(1, column("a", "bigint"), dt), table(2, a, dt), false},
		{"int to float", table(1, a, dt), table(2, column("a", "float8"), dt), false},
		{"varchar longer", table(1, column("a", "varchar(4)"), dt), table(2, column("a", "varchar(5)"), dt), true},
		{"varchar to text", table(1, column("a", "varchar(4)"), dt), table(2, column("a", "text"), dt), true},
		{"varchar shorter", table(1, column("a", "varchar(5)"), dt), table(2, column("a", "varchar(4)"), dt), false},
		{"text to varchar(n)", table(1, b, dt), table(2, column("b", "varchar(4)"), dt), false},
		{"numeric wider", table(1, column("a", "numeric(10,2)"), dt), table(2, column("a", "numeric(12,3)"), dt), true},
		{"numeric fewer whole digits", table(1, column("a", "numeric(10,2)"), dt), table(2, column("a", "numeric(10,3)"), dt), false},
		{"limit grows", table(1, a, limited(10), dt), table(1, a, limited(11), dt), true},
		{"limit goes", table(1, a, limited(10), dt), table(1, a, b, dt), true},
		{"limit shrinks", table(1, a, limited(10), dt), table(1, a, limited(9), dt), false},
		{"limit comes", table(1, a, b, dt), table(1, a, limited(9), dt), false},
		{"limit shrinks beside a new column", table(1, limited(10)), table(2, limited(9), a), false},
		{"limit of a new column", table(1, a, dt), table(2, a, limited(9), dt), true},
		{"partition column's type", table(1, a, dt), table(2, a, catalog.Column{Name: "dt", Type: b.Type, Partition: true}), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := catalog.Follows(c.prev, c.next)
			if (err == nil) != c.ok || err != nil && !errors.Is(err, catalog.ErrConflict) {
				t.Errorf("got %v, want ok = %t", err, c.ok)
			}
		})
	}
	other := table(1, a, dt)
	other.PartitionBy = []string{"dt", "a"}
	if err := catalog.Follows(table(1, a, dt), other); !errors.Is(err, catalog.ErrConflict) {
		t.Errorf("other partitioning: %v", err)
	}
}
