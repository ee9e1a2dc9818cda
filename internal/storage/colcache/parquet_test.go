package colcache

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// makeParquet gives a file with the columns a, b, c (bigint) and Name (text) in row groups, with bloom filters and
// page indexes, uncompressed.
func makeParquet(t *testing.T, seed uint64, groups, rows int) []byte {
	t.Helper()
	var fields schema.FieldList
	for _, name := range []string{"a", "b", "c"} {
		fields = append(fields, schema.NewInt64Node(name, parquet.Repetitions.Required, -1))
	}
	fields = append(fields, schema.NewByteArrayNode("Name", parquet.Repetitions.Required, -1))
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, fields, -1)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := file.NewParquetWriter(&out, root, file.WithWriterProps(parquet.NewWriterProperties(
		parquet.WithDictionaryDefault(false), parquet.WithBloomFilterEnabled(true),
		parquet.WithBloomFilterNDV(1000), parquet.WithPageIndexEnabled(true))))
	random := rand.New(rand.NewPCG(seed, 0))
	for range groups {
		g, err := w.AppendRowGroupChecked()
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			values := make([]int64, rows)
			for i := range values {
				values[i] = random.Int64()
			}
			writeColumn(t, g, func(c file.ColumnChunkWriter) error {
				_, err := c.(*file.Int64ColumnChunkWriter).WriteBatch(values, nil, nil)
				return err
			})
		}
		names := make([]parquet.ByteArray, rows)
		for i := range names {
			names[i] = fmt.Appendf(nil, "name %x", random.Uint64())
		}
		writeColumn(t, g, func(c file.ColumnChunkWriter) error {
			_, err := c.(*file.ByteArrayColumnChunkWriter).WriteBatch(names, nil, nil)
			return err
		})
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func writeColumn(t *testing.T, g file.SerialRowGroupWriter, write func(file.ColumnChunkWriter) error) {
	t.Helper()
	c, err := g.NextColumn()
	if err == nil {
		err = errors.Join(write(c), c.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// truth is what arrow-go says of a file, read in another way than the cache does.
type truth struct {
	footer int64 // bytes, trailer included
	chunks []chunk
}

func truthOf(t *testing.T, body []byte) truth {
	t.Helper()
	r, err := file.NewParquetReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var got truth
	got.footer = int64(r.MetaData().Size()) + 8
	for g := range r.NumRowGroups() {
		for i := range r.RowGroup(g).NumColumns() {
			c, err := r.MetaData().RowGroup(g).ColumnChunk(i)
			if err != nil {
				t.Fatal(err)
			}
			offset := c.DataPageOffset()
			if c.HasDictionaryPage() {
				offset = c.DictionaryPageOffset()
			}
			got.chunks = append(got.chunks, chunk{column: c.PathInSchema()[0], offset: offset, length: c.TotalCompressedSize()})
		}
	}
	return got
}

func (tr truth) bytes(columns ...string) int64 {
	var n int64
	for _, c := range tr.chunks {
		for _, name := range columns {
			if c.column == name {
				n += c.length
			}
		}
	}
	return n
}
