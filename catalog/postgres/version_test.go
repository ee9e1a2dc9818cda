package postgres_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"tidegate/catalog"
	"tidegate/catalog/catalogtest"
	"tidegate/internal/testkit"
)

// lateAtMost is what catalog.Store's View promises of another process's commit, and what the machine may add.
const lateAtMost = 10 * time.Millisecond

// TestCommitsOfOthersAreSeen publishes in one store and reads another one, whose statements never stop asking.
func TestCommitsOfOthersAreSeen(t *testing.T) {
	t.Parallel()
	url := inSchema(testkit.Postgres(t), "seen")
	writer, reader := open(t, url), open(t, url)
	done := make(chan struct{})
	var busy sync.WaitGroup
	for range 4 {
		busy.Go(func() {
			last := int64(0)
			for {
				select {
				case <-done:
					return
				default:
				}
				v, err := reader.View(t.Context())
				if err != nil || v.Generation < last {
					t.Errorf("generation %v after %d, %v", v, last, err)
					return
				}
				last = v.Generation
			}
		})
	}
	var late []time.Duration
	for i := range int64(50) {
		r := catalogtest.Record(fmt.Sprintf("b%d", i), i+1, catalogtest.Partition{Value: "dt=2018-02-15", Rows: []int64{1}})
		g, err := writer.Publish(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		committed := time.Now()
		if v, err := writer.View(t.Context()); err != nil || v.Generation != g {
			t.Fatalf("its own process sees %v, %v after generation %d", v, err, g)
		}
		for {
			asked := time.Now()
			v, err := reader.View(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if v.Generation >= g {
				break
			}
			late = append(late, asked.Sub(committed))
		}
	}
	close(done)
	busy.Wait()
	if len(late) > 0 && slices.Max(late) > lateAtMost {
		t.Errorf("a commit was not seen %s after it", slices.Max(late))
	}
}

// TestCatalogMadeAnew drops the schema under a reader: the next catalog's generations are not the old one's.
func TestCatalogMadeAnew(t *testing.T) {
	t.Parallel()
	cluster := testkit.Postgres(t)
	url := inSchema(cluster, "anew")
	reader := open(t, url)
	for i, rows := range []int64{1, 2} {
		writer := open(t, url)
		r := catalogtest.Record(fmt.Sprintf("b%d", i), 1, catalogtest.Partition{Value: "dt=2018-02-15", Rows: []int64{rows}})
		if g, err := writer.Publish(t.Context(), r); err != nil || g != 1 {
			t.Fatalf("generation %d, %v", g, err)
		}
		for committed := time.Now(); ; {
			late := time.Since(committed) > lateAtMost
			v, err := reader.View(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			tv := v.Tables[catalogtest.Events()]
			if tv != nil && len(tv.Files) == 1 && tv.Files[0].Rows == rows {
				break
			}
			if late {
				t.Fatalf("catalog %d has %+v", i, tv)
			}
		}
		if _, err := cluster.Connect(t).Exec(t.Context(), `DROP SCHEMA anew CASCADE`); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkView looks whether there is something new, and takes it up.
func BenchmarkView(b *testing.B) {
	s := open(b, inSchema(testkit.Postgres(b), "bench"))
	var partitions []catalogtest.Partition
	for i := range 10_000 {
		partitions = append(partitions, catalogtest.Partition{Value: fmt.Sprintf("dt=%05d", i), Rows: []int64{1}})
	}
	publish := func(r *catalog.Record) {
		if _, err := s.Publish(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
	view := func() {
		if _, err := s.View(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	publish(catalogtest.Record("b0", 1, partitions...))
	view()
	b.Run("unchanged", func(b *testing.B) {
		for b.Loop() {
			view()
		}
	})
	b.Run("asked", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			time.Sleep(2 * time.Millisecond) // so long an answer counts
			b.StartTimer()
			view()
		}
	})
	b.Run("round trip", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Horizon(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
	seq := int64(1)
	b.Run("one more", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			seq++
			publish(catalogtest.Record(fmt.Sprintf("b%d", seq), seq, partitions[0]))
			b.StartTimer()
			view()
		}
	})
	b.Run("publish 1000 files", func(b *testing.B) {
		for b.Loop() {
			seq++
			publish(catalogtest.Record(fmt.Sprintf("b%d", seq), seq, partitions[:1000]...))
		}
	})
}
