package colcache

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/parquet/metadata"

	"tidegate/internal/parquetfooter"
)

// layout says where the column chunks of an object are.
type layout struct {
	footerLength int64   // of the local file, trailer included
	footerOffset int64   // where the object's metadata begins, and that of the local file
	chunks       []chunk // by offset; they do not overlap and end before footerOffset
}

// chunk is one column chunk: the unit of the cache, present whole or absent.
type chunk struct {
	column         string // top-level column, lower case
	offset, length int64
}

func (c chunk) end() int64 { return c.offset + c.length }

// of gives the chunks of the columns, by offset; a column that the file does not have has none.
func (l *layout) of(columns map[string]bool, all bool) []chunk {
	var want []chunk
	for _, c := range l.chunks {
		if all || columns[c.column] {
			want = append(want, c)
		}
	}
	return want
}

// readFooter reads the footer with which an object of size bytes ends: metadata and trailer, no more. It gives the
// layout and the footer for the local file.
//
// The local footer names no bloom filters and no page indexes. DuckDB answers the same without them, and a bloom
// filter of which a part is missing excludes values that are there, silently.
func readFooter(footer []byte, size int64) (l *layout, local []byte, err error) {
	n, err := parquetfooter.MetadataLength(footer, size)
	if err != nil {
		return nil, nil, err
	}
	md, err := parquetfooter.Decode(footer[:n])
	if err != nil {
		return nil, nil, err
	}
	l = &layout{footerOffset: size - parquetfooter.Trailer - n}
	names := map[string]string{}
	for _, group := range md.RowGroups {
		if group == nil {
			return nil, nil, fmt.Errorf("%w: a row group is missing", parquetfooter.ErrDamaged)
		}
		for _, c := range group.Columns {
			if c == nil || c.MetaData == nil || c.FilePath != nil || len(c.MetaData.PathInSchema) == 0 {
				return nil, nil, fmt.Errorf("%w: a column chunk is encrypted or in another file", parquetfooter.ErrDamaged)
			}
			c.ColumnIndexOffset, c.ColumnIndexLength, c.OffsetIndexOffset, c.OffsetIndexLength = nil, nil, nil, nil
			m := c.MetaData
			m.BloomFilterOffset, m.BloomFilterLength = nil, nil
			at := chunk{column: shared(names, m.PathInSchema[0]), offset: m.DataPageOffset, length: m.TotalCompressedSize}
			// Some writers set the offset of a dictionary that is not there to 0.
			if d := m.DictionaryPageOffset; d != nil && *d > 0 && *d < at.offset {
				at.offset = *d
			}
			l.chunks = append(l.chunks, at)
		}
	}
	if err := l.check(); err != nil {
		return nil, nil, err
	}
	local, err = serialize(md)
	l.footerLength = int64(len(local))
	return l, local, err
}

// shared gives the lower-case name of a column, the same string for every chunk.
func shared(names map[string]string, name string) string {
	if s, ok := names[name]; ok {
		return s
	}
	names[name] = strings.ToLower(name)
	return names[name]
}

// check sorts the chunks and refuses those that no file can have.
func (l *layout) check() error {
	slices.SortFunc(l.chunks, func(a, b chunk) int { return cmp.Compare(a.offset, b.offset) })
	at := int64(len(parquetfooter.Magic))
	for _, c := range l.chunks {
		if c.offset < at || c.length < 1 || c.length > l.footerOffset-c.offset {
			return fmt.Errorf("%w: a chunk of column %s has %d bytes from %d", parquetfooter.ErrDamaged, c.column, c.length, c.offset)
		}
		at = c.end()
	}
	return nil
}

// serialize gives the metadata with its trailer.
func serialize(md *metadata.FileMetaData) ([]byte, error) {
	var b bytes.Buffer
	if _, err := md.WriteTo(&b, nil); err != nil {
		return nil, fmt.Errorf("write metadata: %w", err)
	}
	footer := binary.LittleEndian.AppendUint32(b.Bytes(), uint32(b.Len()))
	return append(footer, parquetfooter.Magic...), nil
}
