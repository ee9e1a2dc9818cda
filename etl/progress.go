package etl

// Progress is told how far a backfill is, by several goroutines.
type Progress interface {
	// Expect says that so many batches more are to be made, of objects of so many bytes.
	Expect(batches int, bytes int64)
	// Read says that records of an object were read, of so many bytes.
	Read(records, bytes int64)
	// Done says that a batch is made or failed, whose objects have so many bytes.
	Done(bytes int64)
}

type noProgress struct{}

func (noProgress) Expect(int, int64) {}
func (noProgress) Read(_, _ int64)   {}
func (noProgress) Done(int64)        {}
