package adopt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"tidegate/catalog"
	"tidegate/internal/storage"
)

const (
	magic     = "PAR1"
	encrypted = "PARE"
	// trailer is the length of the metadata (little-endian) and the magic bytes.
	trailer = 8
	// tailGuess is what is read first of an object: most footers are smaller.
	tailGuess = 64 << 10
)

// errNoParquet says that an object is not what it should be.
var errNoParquet = errors.New("not a sound Parquet file")

// footer is what a file says of itself.
type footer struct {
	rows, sizeBytes int64 // the footer's size, trailer included
	columns         []fileColumn
	stats           []catalog.ColumnStats // of the columns that can be read, in the same order
}

// readFooter reads an object's footer with one ranged read, or two if it is large.
func readFooter(ctx context.Context, b storage.Bucket, o storage.Object) (*footer, error) {
	if o.Size < trailer+int64(len(magic)) {
		return nil, fmt.Errorf("%w: it has %d bytes", errNoParquet, o.Size)
	}
	n := min(tailGuess, o.Size)
	tail, err := readRange(ctx, b, o, o.Size-n, n)
	if err != nil {
		return nil, err
	}
	length, err := metadataLength(tail, o.Size)
	if err != nil {
		return nil, err
	}
	if missing := length + trailer - n; missing > 0 {
		head, err := readRange(ctx, b, o, o.Size-length-trailer, missing)
		if err != nil {
			return nil, err
		}
		tail = append(head, tail...)
	}
	md, err := decodeMetadata(tail[int64(len(tail))-length-trailer : len(tail)-trailer])
	if err != nil {
		return nil, err
	}
	f := &footer{rows: md.NumRows, sizeBytes: length + trailer}
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

func metadataLength(tail []byte, size int64) (int64, error) {
	switch end := string(tail[len(tail)-4:]); end {
	case magic:
	case encrypted:
		return 0, fmt.Errorf("%w: it is encrypted", errNoParquet)
	default:
		return 0, fmt.Errorf("%w: it does not end with %s", errNoParquet, magic)
	}
	n := int64(binary.LittleEndian.Uint32(tail[len(tail)-trailer:]))
	if n == 0 || n > size-trailer-int64(len(magic)) {
		return 0, fmt.Errorf("%w: metadata of %d bytes in an object of %d", errNoParquet, n, size)
	}
	return n, nil
}

// decodeMetadata turns arrow-go's panics into errors: it has one for a schema whose counts are not true.
func decodeMetadata(b []byte) (md *metadata.FileMetaData, err error) {
	defer func() {
		if r := recover(); r != nil {
			md, err = nil, fmt.Errorf("%w: read metadata: %v", errNoParquet, r)
		}
	}()
	if md, err = metadata.NewFileMetaData(b, nil); err != nil {
		return nil, fmt.Errorf("%w: read metadata: %w", errNoParquet, err)
	}
	return md, nil
}

// read takes the columns and their statistics.
func (f *footer) read(md *metadata.FileMetaData) error {
	var counted int64
	for _, g := range md.RowGroups {
		counted += g.NumRows
	}
	if counted != f.rows {
		return fmt.Errorf("%w: %d rows, but its row groups have %d", errNoParquet, f.rows, counted)
	}
	f.readSchema(md)
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
		c := columnOf(node, md.FileMetaData.Schema[element].LogicalType != nil)
		c.name = strings.ToLower(node.Name())
		begin := leaf
		for leaf < md.Schema.NumColumns() && md.Schema.ColumnRoot(leaf) == node {
			leaf++
		}
		if c.why == nil {
			c.leaf = begin
		}
		f.columns = append(f.columns, c)
		element += elements(node)
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
		if c.leaf >= len(g.Columns) || g.Columns[c.leaf].MetaData == nil || g.Columns[c.leaf].FilePath != nil {
			return catalog.ColumnStats{}, fmt.Errorf("%w: a chunk of column %s is encrypted, missing or in another file", errNoParquet, c.name)
		}
		chunk := g.Columns[c.leaf].MetaData
		s := chunkStats{rows: g.NumRows, sizeBytes: chunk.TotalCompressedSize}
		if st := chunk.Statistics; st != nil {
			s.nulls, s.low, s.high, s.oldLow, s.oldHigh = st.NullCount, st.MinValue, st.MaxValue, st.Min, st.Max
			s.exact = st.IsMinValueExact != nil && *st.IsMinValueExact && st.IsMaxValueExact != nil && *st.IsMaxValueExact
		}
		united.add(s)
	}
	return united.result(), nil
}
