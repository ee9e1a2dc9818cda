// Package parquetfooter reads what a Parquet file ends with, for those who have the bytes and no file: the metadata's
// length, the metadata, and values in the encoding of its statistics.
package parquetfooter

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/parquet/metadata"
)

// Magic is what a file begins and ends with.
const Magic = "PAR1"

// encrypted is what a file with an encrypted footer ends with.
const encrypted = "PARE"

// Trailer is the length of the metadata's length (little-endian) and the magic bytes.
const Trailer = 8

// ErrDamaged says that an object is no Parquet file that can be read.
var ErrDamaged = errors.New("not a sound Parquet file")

// MetadataLength reads the trailer that an object of size bytes ends with.
func MetadataLength(tail []byte, size int64) (int64, error) {
	if len(tail) >= Trailer && string(tail[len(tail)-len(encrypted):]) == encrypted {
		return 0, fmt.Errorf("%w: it is encrypted", ErrDamaged)
	}
	if len(tail) < Trailer || string(tail[len(tail)-len(Magic):]) != Magic {
		return 0, fmt.Errorf("%w: it does not end with %s", ErrDamaged, Magic)
	}
	n := int64(binary.LittleEndian.Uint32(tail[len(tail)-Trailer:]))
	if n == 0 || n > size-Trailer-int64(len(Magic)) {
		return 0, fmt.Errorf("%w: metadata of %d bytes in an object of %d", ErrDamaged, n, size)
	}
	return n, nil
}

// Decode reads the metadata. It turns arrow-go's panics into errors: it has one for a schema whose counts are not true.
func Decode(b []byte) (md *metadata.FileMetaData, err error) {
	defer func() {
		if r := recover(); r != nil {
			md, err = nil, fmt.Errorf("%w: read metadata: %v", ErrDamaged, r)
		}
	}()
	if md, err = metadata.NewFileMetaData(b, nil); err != nil {
		return nil, fmt.Errorf("%w: read metadata: %w", ErrDamaged, err)
	}
	return md, nil
}
