package hotload

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/internal/engine/duck"
	"tidegate/internal/pgtypes"
)

func TestTableRefIsUnique(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ schema, table, want string }{
		{"web", "events", `hot.tidegate_hot."web__events"`},
		{"web", "site_daily", `hot.tidegate_hot."web__site_daily"`},
		{"a_b", "c", `hot.tidegate_hot."a_b__c"`},
		{`we"b`, "x", `hot.tidegate_hot."we""b__x"`},
	} {
		if got := TableRef(catalog.Name{Schema: c.schema, Table: c.table}); got != c.want {
			t.Errorf("%s.%s is %s, want %s", c.schema, c.table, got, c.want)
		}
	}
	seen := map[string]catalog.Name{}
	words := []string{"a", "_", "__", "___", "a_", "_a", "a__", "__a", "a__b", "b", "a_b", "a___b", "b__a"}
	for _, schema := range words {
		for _, table := range words {
			name := catalog.Name{Schema: schema, Table: table}
			ref := TableRef(name)
			if other, ok := seen[ref]; ok {
				t.Errorf("%s and %s are both %s", name, other, ref)
			}
			seen[ref] = name
		}
	}
}

// Ensure on a table that is as it should be must change nothing, whatever DuckDB calls the types.
func TestEnsureAgainChangesNothing(t *testing.T) {
	t.Parallel()
	db, err := duck.Open(t.Context(), duck.Options{
		Attach: []duck.Attachment{{Name: Database, Path: filepath.Join(t.TempDir(), "hot.duckdb")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	table := &catalog.Table{Name: catalog.Name{Schema: "web", Table: "types"}, Hot: &catalog.HotSpec{}}
	add := func(ty pgtypes.Type) {
		name := fmt.Sprintf("c%d", len(table.Columns))
		table.Columns = append(table.Columns, catalog.Column{Name: name, Type: ty})
		table.Hot.Columns = append(table.Hot.Columns, name)
	}
	for _, info := range pgtypes.Infos() {
		if info.DuckDB != "" {
			add(pgtypes.Of(info.OID))
		}
	}
	add(pgtypes.NumericOf(10, 2))
	add(pgtypes.VarcharOf(40))
	e := &Embedded{DB: db}
	if err := e.Ensure(t.Context(), table, nil); err != nil {
		t.Fatal(err)
	}
	s, err := db.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	have, err := held(t.Context(), s, table.Name)
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	statements, err := tableStatements(table.Name, table.Columns, have, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string(nil), statements); diff != "" {
		t.Errorf("a second Ensure would do (-want +got):\n%s", diff)
	}
	table.Columns[0].Name, table.Hot.Columns[0] = "added", "added"
	if err := e.Ensure(t.Context(), table, nil); err != nil {
		t.Errorf("add a column: %v", err)
	}
	table.Hot.Columns[0] = "nowhere"
	if err := e.Ensure(t.Context(), table, nil); err == nil {
		t.Error("a hot column that is no column was accepted")
	}
}
