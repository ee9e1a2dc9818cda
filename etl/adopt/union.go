package adopt

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
)

// union makes one schema of the table's and that of every new file.
type union struct {
	prev    *catalog.Table // nil: the table is new
	typed   map[string]pgtypes.Type
	columns []catalog.Column  // of the files
	keys    []catalog.Column  // of the folders
	firstOf map[string]string // URL of the file that gave a new column its type
	left    map[string]string // columns that cannot be read, with the reason
	inBoth  map[string]bool   // columns of files that the folders have too
}

// newUnion begins with the table as it is.
func newUnion(prev *catalog.Table, typed map[string]pgtypes.Type) *union {
	u := &union{prev: prev, typed: typed, firstOf: map[string]string{}, left: map[string]string{}, inBoth: map[string]bool{}}
	if prev != nil {
		for _, c := range prev.Columns {
			if !c.Partition {
				u.columns = append(u.columns, c)
			}
		}
	}
	return u
}

func (u *union) previous(name string) (catalog.Column, bool) {
	if u.prev == nil {
		return catalog.Column{}, false
	}
	return u.prev.Column(name)
}

// add unites a file's columns. The error names the file and the column.
func (u *union) add(url string, f *footer) error {
	var errs []error
	for _, c := range f.columns {
		if slices.ContainsFunc(u.keys, func(k catalog.Column) bool { return k.Name == c.name }) {
			u.inBoth[c.name] = true
			continue
		}
		i := slices.IndexFunc(u.columns, func(have catalog.Column) bool { return have.Name == c.name })
		switch {
		case c.why != nil && i >= 0:
			errs = append(errs, fmt.Errorf("%s: column %s: %w; it is %s in %s", url, c.name, c.why, u.columns[i].Type, u.origin(c.name)))
		case c.why != nil:
			u.left[c.name] = c.why.Error()
		case u.left[c.name] != "":
			errs = append(errs, fmt.Errorf("%s: column %s is %s; in another file: %s", url, c.name, c.typ, u.left[c.name]))
		case i < 0:
			u.columns = append(u.columns, catalog.Column{Name: c.name, Type: c.typ, FileType: c.fileType})
			u.firstOf[c.name] = url
		case c.fileType != u.columns[i].FileType:
			errs = append(errs, fmt.Errorf("%s: column %s is %s, and %s in %s; its values must be nested alike in all files", url, c.name,
				cmp.Or(c.fileType, c.typ.String()), cmp.Or(u.columns[i].FileType, u.columns[i].Type.String()), u.origin(c.name)))
		case catalog.Widens(c.typ, u.columns[i].Type):
		case catalog.Widens(u.columns[i].Type, c.typ):
			u.columns[i].Type, u.firstOf[c.name] = c.typ, url
		default:
			errs = append(errs, fmt.Errorf("%s: column %s is %s, and %s in %s; neither holds the other's values",
				url, c.name, c.typ, u.columns[i].Type, u.origin(c.name)))
		}
	}
	return errors.Join(errs...)
}

func (u *union) origin(column string) string {
	if url, ok := u.firstOf[column]; ok {
		return url
	}
	return "the table"
}

// table gives the definition: the files' columns, then the folders'.
func (u *union) table() (*catalog.Table, error) {
	t := &catalog.Table{SchemaVersion: 1, Columns: slices.Concat(u.columns, u.keys)}
	for _, k := range u.keys {
		t.PartitionBy = append(t.PartitionBy, k.Name)
	}
	if len(u.columns) == 0 {
		return nil, errors.New("its files have no column that can be read")
	}
	if u.prev == nil {
		return t, nil
	}
	t.SchemaVersion = u.prev.SchemaVersion
	if !slices.EqualFunc(t.Columns, u.prev.Columns, func(a, b catalog.Column) bool { return a.Name == b.Name && a.Type == b.Type }) {
		t.SchemaVersion++
	}
	return t, nil
}

// notes says which columns are not as somebody might expect them.
func (u *union) notes() []string {
	var notes []string
	for name, why := range u.left {
		notes = append(notes, fmt.Sprintf("column %s is left out: %s", name, why))
	}
	for name := range u.inBoth {
		notes = append(notes, fmt.Sprintf("column %s is in the files and in their folders' names: the folders' count", name))
	}
	slices.SortFunc(notes, strings.Compare)
	return notes
}
