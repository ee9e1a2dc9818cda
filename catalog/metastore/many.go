package metastore

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// keysPerQuery is how many keys one query asks for: whoever has 10,000 of them must not wait for as many answers.
const keysPerQuery = 500

// parameters gives "$3, $4, $5" for three from the third on.
func parameters(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(first + i))
	}
	return b.String()
}

// behind gives the arguments of a query that has keys behind its first parameters.
func behind(keys []string, first ...any) []any {
	for _, k := range keys {
		first = append(first, k)
	}
	return first
}

// insert adds rows, as many with one statement as the database takes, and gives how many it added or changed. into is
// "table (column, …)", otherwise what follows the values.
func (w *writer) insert(into, otherwise string, rows [][]any) (added int64, err error) {
	for some := range slices.Chunk(rows, w.db.RowsPerInsert()) {
		width := len(some[0])
		tuples := make([]string, len(some))
		for i := range some {
			tuples[i] = "(" + parameters(1+i*width, width) + ")"
		}
		n, err := w.changed(fmt.Sprintf("INSERT INTO %s VALUES %s %s", into, strings.Join(tuples, ", "), otherwise), slices.Concat(some...)...)
		if err != nil {
			return added, err
		}
		added += n
	}
	return added, nil
}

// storable is a text of people as every database takes it: UTF-8 without NUL.
func storable(text string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", "\ufffd"), "\ufffd")
}
