package raw

import (
	"io"

	"tidegate/etl/pipeline"
	"tidegate/internal/storage"
)

// Reasons why a record is rejected, beside those that name a field: missing_field(f), bad_type(f), future_time(f).
const (
	ReasonInvalidJSON = "invalid_json"
	ReasonInvalidCSV  = "invalid_csv"       // a quote that is not closed, or text behind one that is
	ReasonFieldCount  = "wrong_field_count" // not as many fields as the header has
	ReasonNotObject   = "not_an_object"
	ReasonUTF8        = "invalid_utf8"   // bytes that are no UTF-8, or half a surrogate pair as an escape
	ReasonTooLarge    = "too_large"      // longer than MaxRecord
	ReasonTooDeep     = "too_deep"       // nested deeper than 1000
	ReasonHeader      = "invalid_header" // of CSV; nothing of the object can be told
	ReasonTruncated   = "truncated_object"
	ReasonCorrupt     = "corrupt_object" // the compressed data is broken; what follows the break is lost
)

// reader cuts decompressed objects into records, one object after the other.
type reader interface {
	// reset starts on an object.
	reset(r io.Reader)
	// next reads the next record, or returns io.EOF. Any other error is that of reading.
	next(r *record) error
}

// newReader gives the reader of a pipeline's format.
func newReader(p *pipeline.Pipeline) reader {
	switch {
	case p.Source.Tabular():
		return newCSVReader(p)
	case p.Source.Format == "avro":
		return &avroReader{}
	}
	return &splitter{}
}

// record is one record of an object as it was read. Its slices are valid until the next call of reader.next.
type record struct {
	raw     []byte
	members []member
	line    int64 // from 1: how many records came before, or lines if a record can have several
	offset  int64 // of raw in the decompressed object
	size    int64 // of the record; more than len(raw) if it is too large
	blank   bool
	reason  string // "" for a well-formed record of UTF-8
	header  []byte // of the object, as it is written; nil where the format has none
}

// rejected is the record as the quarantine has it.
func (r *record) rejected(obj storage.Object, reason string) Reject {
	reject := Reject{
		Object: obj.Key, ETag: obj.ETag, Modified: obj.LastModified, Line: r.line, Offset: r.offset, Reason: reason,
		Raw: r.raw, Header: string(r.header),
	}
	if r.size > int64(len(r.raw)) {
		reject.Size = r.size
	}
	return reject
}

// member is a field of a record: the member of a JSON object, or what a field of another format is as JSON.
type member struct {
	key     []byte // between the quotes
	value   []byte
	escaped bool // key holds an escape
}
