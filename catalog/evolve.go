package catalog

import (
	"fmt"
	"slices"

	"tidegate/internal/pgtypes"
)

// Follows reports whether next may be the definition of a table that is prev today, with data in its files:
// columns may be added anywhere and widened, everything else about columns and partitions stays, and so does who
// writes the files. MaxBytes may grow or go, and never shrink: files that are there may hold longer values. The version
// must be equal when names and types of the columns are, and one more when they are not. The error is ErrConflict and
// says what differs.
func Follows(prev, next *Table) error {
	if prev.Name != next.Name {
		return fmt.Errorf("%w: %s does not follow from %s", ErrConflict, next.Name, prev.Name)
	}
	if !slices.Equal(prev.PartitionBy, next.PartitionBy) {
		return fmt.Errorf("%w: %s is partitioned by %q, not by %q; a new partitioning needs a new table",
			ErrConflict, next.Name, prev.PartitionBy, next.PartitionBy)
	}
	if (prev.Adopt == nil) != (next.Adopt == nil) {
		return fmt.Errorf("%w: %s cannot turn from a table that a pipeline makes into an adopted one, or back",
			ErrConflict, next.Name)
	}
	same := len(prev.Columns) == len(next.Columns)
	at := 0
	for _, old := range prev.Columns {
		i := slices.IndexFunc(next.Columns[at:], func(c Column) bool { return c.Name == old.Name })
		if i < 0 {
			return fmt.Errorf("%w: column %s of %s is missing or moved before a column that it followed",
				ErrConflict, old.Name, next.Name)
		}
		column := next.Columns[at+i]
		if column.Partition != old.Partition || (old.Partition && column.Type != old.Type) {
			return fmt.Errorf("%w: partition columns of %s cannot change, and %s does", ErrConflict, next.Name, old.Name)
		}
		if old.FileType != column.FileType {
			return fmt.Errorf("%w: values of column %s of %s are %q in the files and cannot become %q; make a new column",
				ErrConflict, old.Name, next.Name, old.FileType, column.FileType)
		}
		if !Widens(old.Type, column.Type) {
			return fmt.Errorf("%w: column %s of %s is %s and cannot become %s; make a new column",
				ErrConflict, old.Name, next.Name, old.Type, column.Type)
		}
		if WiderLimit(old.MaxBytes, column.MaxBytes) != column.MaxBytes {
			return fmt.Errorf("%w: column %s of %s may hold values of %s, which cannot become %s",
				ErrConflict, old.Name, next.Name, limitText(old.MaxBytes), limitText(column.MaxBytes))
		}
		same = same && i == 0 && column.Type == old.Type
		at += i + 1
	}
	for _, c := range next.Columns {
		if _, ok := prev.Column(c.Name); !ok && c.Partition {
			return fmt.Errorf("%w: partition column %s cannot be added to %s", ErrConflict, c.Name, next.Name)
		}
	}
	want := prev.SchemaVersion
	if !same {
		want++
	}
	if next.SchemaVersion != want {
		return fmt.Errorf("%w: schema version %d of %s should be %d after %d",
			ErrConflict, next.SchemaVersion, next.Name, want, prev.SchemaVersion)
	}
	return nil
}

// WiderLimit gives the MaxBytes of a column whose values keep one of two limits; 0 is none.
func WiderLimit(a, b int) int {
	if a == 0 || b == 0 {
		return 0
	}
	return max(a, b)
}

func limitText(maxBytes int) string {
	if maxBytes == 0 {
		return "any length"
	}
	return fmt.Sprintf("%d bytes", maxBytes)
}

// Widens reports whether every value of the type from is one of the type to, read from the same files.
func Widens(from, to pgtypes.Type) bool {
	if from == to {
		return true
	}
	switch from.OID {
	case pgtypes.Int2:
		return to.OID == pgtypes.Int4 || to.OID == pgtypes.Int8
	case pgtypes.Int4:
		return to.OID == pgtypes.Int8
	case pgtypes.Float4:
		return to.OID == pgtypes.Float8
	case pgtypes.Varchar:
		return to == pgtypes.Of(pgtypes.Text) ||
			to.OID == pgtypes.Varchar && (to.Typmod < 0 || from.Typmod >= 0 && to.Typmod > from.Typmod)
	case pgtypes.Text:
		return to == pgtypes.Of(pgtypes.Varchar)
	case pgtypes.Numeric:
		p1, s1, ok1 := from.PrecisionScale()
		p2, s2, ok2 := to.PrecisionScale()
		return ok1 && ok2 && s2 >= s1 && p2-s2 >= p1-s1
	}
	return false
}
