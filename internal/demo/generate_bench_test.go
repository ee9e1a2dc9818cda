package demo

import (
	"path/filepath"
	"testing"
)

// BenchmarkGenerate makes 200,000 records per turn.
func BenchmarkGenerate(b *testing.B) {
	for b.Loop() {
		truth, err := Generate(b.Context(), filepath.Join(b.TempDir(), "raw"), Options{Records: 200_000})
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(truth.Bytes)
	}
}
