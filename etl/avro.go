package etl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"tidegate/catalog"
	"tidegate/etl/avrosubset"
)

// writeAvro writes the column subset as an Avro file.
func (b *batch) writeAvro(ctx context.Context, path, from string) (err error) {
	columns := b.subsetColumns()
	rows, err := b.session.Query(ctx, storedRows(columns)+from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write the column subset: %w", err)
	}
	_, err = avrosubset.Write(ctx, f, columns, rows)
	return errors.Join(err, f.Close())
}

// storedRows is a SELECT of columns as they are in Avro, without its FROM's relation.
func storedRows(columns []catalog.Column) string {
	selected := make([]string, len(columns))
	for i, c := range columns {
		selected[i] = fmt.Sprintf("CAST(%[1]s AS %[2]s) AS %[1]s", ident(c.Name), avrosubset.Stored(c))
	}
	return "SELECT " + strings.Join(selected, ", ") + " FROM "
}

// rereadAvro gives the content of Avro files. They are read by the library's decoder, which knows nothing of how they
// were written.
func (b *batch) rereadAvro(ctx context.Context, paths []string, columns []catalog.Column) (content, error) {
	const reread = "_tg_reread"
	stored := make([]string, len(columns))
	for i, c := range columns {
		stored[i] = ident(c.Name) + " " + avrosubset.Stored(c)
	}
	if err := b.exec(ctx, fmt.Sprintf("CREATE TEMP TABLE %s (%s)", reread, strings.Join(stored, ", "))); err != nil {
		return content{}, err
	}
	into, err := b.session.Append(ctx, reread)
	if err != nil {
		return content{}, err
	}
	for _, path := range paths {
		if err == nil {
			err = readAvro(path, func(f *os.File) error { return avrosubset.Read(ctx, f, columns, into) })
		}
	}
	if err := errors.Join(err, into.Close(ctx)); err != nil {
		return content{}, err
	}
	c, err := b.contentOf(ctx, reread, columns)
	return c, errors.Join(err, b.exec(ctx, "DROP TABLE "+reread))
}

func readAvro(path string, read func(*os.File) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(read(f), f.Close())
}
