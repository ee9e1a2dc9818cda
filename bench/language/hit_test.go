package language

import (
	"testing"

	"tidegate/router"
	"tidegate/sql"
)

// BenchmarkPlanHit recalls the BI query from the plan cache; for profiles.
func BenchmarkPlanHit(b *testing.B) {
	r := router.New(router.Options{Views: newTables()})
	env := environment()
	for range 3 {
		statements, err := sql.Parse(biQuery)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := r.Bind(b.Context(), 0, statements[0], env); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := r.Recall(b.Context(), 0, biQueryAgain, env); !ok {
			b.Fatal("not known")
		}
	}
}
