package pgfunc

import (
	"strings"
	"sync/atomic"
)

// remembered makes f remember its last result: of a format or a zone, which is nearly always the same for all rows.
func remembered[V any](f func(string) (V, error)) func(string) (V, error) {
	type entry struct {
		key   string
		value V
	}
	var last atomic.Pointer[entry]
	return func(key string) (V, error) {
		if e := last.Load(); e != nil && e.key == key {
			return e.value, nil
		}
		key = strings.Clone(key)
		v, err := f(key)
		if err == nil {
			last.Store(&entry{key, v})
		}
		return v, err
	}
}
