package pgfloat

// Sum adds floats of one width, in that width. Its zero value is the sum of no values.
type Sum[T float32 | float64] struct {
	sum T
	any bool
}

// Add adds a value. It returns 22003 if finite ones have an infinite sum.
func (s *Sum[T]) Add(x T) error {
	if !s.any {
		s.sum, s.any = x, true // not 0 + x, which is never -0
		return nil
	}
	var err error
	s.sum, err = checked(s.sum+x, s.sum, x)
	return err
}

// Merge adds the values of another part.
func (s *Sum[T]) Merge(o *Sum[T]) error {
	if !o.any {
		return nil
	}
	return s.Add(o.sum)
}

// Total gives the sum; ok is false, for NULL, if there are no values.
func (s *Sum[T]) Total() (r T, ok bool) { return s.sum, s.any }
