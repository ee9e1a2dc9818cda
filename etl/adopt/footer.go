package adopt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"tidegate/catalog"
	"tidegate/internal/parquetfooter"
	"tidegate/internal/storage"
)

// tailGuess is what is read first of an object: most footers are smaller.
const tailGuess = 64 << 10

// footer is what a file says of itself.
type footer struct {
	rows, sizeBytes int64 // the footer's size, trailer included
	columns         []fileColumn
	stats           []catalog.ColumnStats // of the columns that can be read, in the same order
}

// readFooter reads an object's footer with one ranged read, or two if it is large.
func readFooter(ctx context.Context, b storage.Bucket, o storage.Object) (*footer, error) {
	if o.Size < parquetfooter.Trailer+int64(len(parquetfooter.Magic)) {
		return nil, fmt.Errorf("%w: it has %d bytes", parquetfooter.ErrDamaged, o.Size)
	}
	n := min(tailGuess, o.Size)
	tail, err := readRange(ctx, b, o, o.Size-n, n)
	if err != nil {
		return nil, err
	}
	length, err := parquetfooter.MetadataLength(tail, o.Size)
	if err != nil {
		return nil, err
	}
	if missing := length + parquetfooter.Trailer - n; missing > 0 {
		head, err := readRange(ctx, b, o, o.Size-length-parquetfooter.Trailer, missing)
		if err != nil {
			return nil, err
		}
		tail = append(head, tail...)
	}
	md, err := parquetfooter.Decode(tail[int64(len(tail))-length-parquetfooter.Trailer : len(tail)-parquetfooter.Trailer])
	if err != nil {
		return nil, err
	}
	f := &footer{rows: md.NumRows, sizeBytes: length + parquetfooter.Trailer}
	if err := f.read(md); err != nil {
		return nil, err
	}
	return f, nil
}

func readRange(ctx context.Context, b storage.Bucket, o storage.Object, offset, length int64) (data []byte, err error) {
	body, err := b.GetRange(ctx, o.Key, o.ETag, offset, length)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	data = make([]byte, length)
	_, err = io.ReadFull(body, data)
	return data, err
}

// read takes the columns and their statistics.
func (f *footer) read(md *metadata.FileMetaData) error {
	var counted int64
	for _, g := range md.RowGroups {
		counted += g.NumRows
	}
	if counted != f.rows {
		return fmt.Errorf("%w: %d rows, but its row groups have %d", parquetfooter.ErrDamaged, f.rows, counted)
	}
	f.readSchema(md)
	for i := range md.Schema.NumColumns() {
		if c := md.Schema.Column(i); c.ConvertedType() == schema.ConvertedTypes.BSON || c.LogicalType().Equals(schema.BSONLogicalType{}) {
			return fmt.Errorf("column %s is BSON: DuckDB reads no file with such a column", c.Path())
		}
	}
	seen := map[string]bool{}
	for _, c := range f.columns {
		if seen[c.name] {
			return fmt.Errorf("it has two columns %s, which differ in case alone", c.name)
		}
		seen[c.name] = true
		if c.why != nil {
			continue
		}
		stats, err := foldChunks(md, c)
		if err != nil {
			return err
		}
		f.stats = append(f.stats, stats)
	}
	return nil
}

// readSchema walks the top-level columns; leaves are counted as the column chunks are, which have one each.
func (f *footer) readSchema(md *metadata.FileMetaData) {
	leaf, element := 0, 1 // the first element is the root
	root := md.Schema.Root()
	for i := range root.NumFields() {
		node := root.Field(i)
		annotated := make([]bool, elements(node))
		for j := range annotated {
			annotated[j] = md.FileMetaData.Schema[element+j].LogicalType != nil
		}
		c := columnOf(node, annotated)
		c.name = strings.ToLower(node.Name())
		c.leaf = leaf
		for leaf < md.Schema.NumColumns() && md.Schema.ColumnRoot(leaf) == node {
			leaf++
		}
		c.leaves = leaf - c.leaf
		f.columns = append(f.columns, c)
		element += len(annotated)
	}
}

// elements counts a node and what is below it, which is how the file lists its schema.
func elements(node schema.Node) int {
	n := 1
	if group, ok := node.(*schema.GroupNode); ok {
		for i := range group.NumFields() {
			n += elements(group.Field(i))
		}
	}
	return n
}

func foldChunks(md *metadata.FileMetaData, c fileColumn) (catalog.ColumnStats, error) {
	united := newFold(c)
	for _, g := range md.RowGroups {
		s := chunkStats{rows: g.NumRows}
		for leaf := c.leaf; leaf < c.leaf+c.leaves; leaf++ {
			if leaf >= len(g.Columns) || g.Columns[leaf].MetaData == nil || g.Columns[leaf].FilePath != nil {
				return catalog.ColumnStats{}, fmt.Errorf("%w: a chunk of column %s is encrypted, missing or in another file", parquetfooter.ErrDamaged, c.name)
			}
			s.sizeBytes += g.Columns[leaf].MetaData.TotalCompressedSize
		}
		// What is told of the parts of a nested value tells nothing of the value.
		if st := g.Columns[c.leaf].MetaData.Statistics; st != nil && !c.nested {
			s.nulls, s.low, s.high, s.oldLow, s.oldHigh = st.NullCount, st.MinValue, st.MaxValue, st.Min, st.Max
			s.exact = st.IsMinValueExact != nil && *st.IsMinValueExact && st.IsMaxValueExact != nil && *st.IsMaxValueExact
		}
		united.add(s)
	}
	return united.result(), nil
}
