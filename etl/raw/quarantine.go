package raw

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"

	"tidegate/catalog"
)

// Reject is one record that is in no table, and why.
type Reject struct {
	Object string
	ETag   string
	Line   int64 // record of the object from 1, blank ones counted; the line, unless one line holds several
	Offset int64 // bytes before it in the decompressed object
	Reason string
	Raw    []byte // its text without the newline; the beginning of it if Size is set
	Size   int64  // bytes of the record if Raw is not all of it; else 0
	// Header is the text of the object's header, without which a CSV record says nothing; "" of other formats.
	Header string
	// Modified is the LastModified of the object; zero for a row of a second stage.
	Modified time.Time
}

// QuarantinePath is the key of a batch's quarantine file in the lake.
func QuarantinePath(table catalog.Name, batch string) string {
	return QuarantineFolder(table) + batch + quarantineSuffix
}

// QuarantineRoot has the folders of all tables, QuarantineFolder the quarantine files of one.
const QuarantineRoot = "_quarantine/"

const quarantineSuffix = ".ndjson.gz"

// QuarantineFolder has a table's quarantine files.
func QuarantineFolder(table catalog.Name) string { return QuarantineRoot + table.String() + "/" }

// ParseQuarantinePath undoes QuarantinePath; ok is false of what lies elsewhere below QuarantineRoot. What is no table's
// name gives the zero Name.
func ParseQuarantinePath(key string) (table catalog.Name, batch string, ok bool) {
	parts := strings.Split(key, "/")
	if len(parts) != 3 {
		return table, "", false
	}
	table, _ = catalog.ParseName(parts[1])
	return table, strings.TrimSuffix(parts[2], quarantineSuffix), true
}

// rejectLine is a Reject in the file: one JSON object a line, in gzip, possibly of several members.
type rejectLine struct {
	Object   string `json:"object"`
	ETag     string `json:"etag"`
	Line     int64  `json:"line"`
	Offset   int64  `json:"offset"`
	Reason   string `json:"reason"`
	Raw      string `json:"raw"`
	Encoding string `json:"encoding,omitempty"` // "base64" if the text is no UTF-8
	Size     int64  `json:"size,omitempty"`
	Header   string `json:"header,omitempty"`
	Modified string `json:"modified,omitempty"` // RFC 3339
}

// QuarantineWriter writes a quarantine file. It makes the file with the first record: no record, no file.
// The same records give the same bytes. It is not safe for concurrent use.
type QuarantineWriter struct {
	path  string
	flags int
	file  *os.File
	gz    *gzip.Writer
	json  *json.Encoder
}

// CreateQuarantine begins the local file path anew.
func CreateQuarantine(path string) *QuarantineWriter {
	return &QuarantineWriter{path: path, flags: os.O_CREATE | os.O_TRUNC | os.O_WRONLY}
}

// AppendQuarantine goes on with the local file path, which need not exist.
func AppendQuarantine(path string) *QuarantineWriter {
	return &QuarantineWriter{path: path, flags: os.O_CREATE | os.O_APPEND | os.O_WRONLY}
}

// Write adds one record.
func (w *QuarantineWriter) Write(r Reject) error {
	if w.file == nil {
		f, err := os.OpenFile(w.path, w.flags, 0o644)
		if err != nil {
			return fmt.Errorf("write quarantine: %w", err)
		}
		w.file, w.gz = f, gzip.NewWriter(f)
		w.json = json.NewEncoder(w.gz)
		w.json.SetEscapeHTML(false)
	}
	line := rejectLine{Object: r.Object, ETag: r.ETag, Line: r.Line, Offset: r.Offset, Reason: r.Reason, Size: r.Size, Header: r.Header}
	if !r.Modified.IsZero() {
		line.Modified = r.Modified.UTC().Format(time.RFC3339Nano)
	}
	if utf8.Valid(r.Raw) {
		line.Raw = string(r.Raw)
	} else {
		line.Raw, line.Encoding = base64.StdEncoding.EncodeToString(r.Raw), "base64"
	}
	if err := w.json.Encode(line); err != nil {
		return fmt.Errorf("write quarantine: %w", err)
	}
	return nil
}

// Close ends the file and gives its path, "" if nothing was written.
func (w *QuarantineWriter) Close() (path string, err error) {
	if w.file == nil {
		return "", nil
	}
	if err := errors.Join(w.gz.Close(), w.file.Close()); err != nil {
		return "", fmt.Errorf("write quarantine: %w", err)
	}
	return w.path, nil
}

// ReadQuarantine reads a quarantine file. It ends with the first error.
func ReadQuarantine(r io.Reader) iter.Seq2[Reject, error] {
	return func(yield func(Reject, error) bool) {
		gz, err := gzip.NewReader(r)
		if err != nil {
			yield(Reject{}, fmt.Errorf("read quarantine: %w", err))
			return
		}
		lines := bufio.NewReaderSize(gz, 64<<10)
		for n := 1; ; n++ {
			text, err := lines.ReadBytes('\n')
			if errors.Is(err, io.EOF) && len(text) == 0 {
				return
			}
			var reject Reject
			if err == nil || errors.Is(err, io.EOF) {
				reject, err = parseReject(text)
			}
			if err != nil {
				yield(Reject{}, fmt.Errorf("read quarantine, line %d: %w", n, err))
				return
			}
			if !yield(reject, nil) {
				return
			}
		}
	}
}

func parseReject(text []byte) (Reject, error) {
	var l rejectLine
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&l); err != nil {
		return Reject{}, err
	}
	r := Reject{Object: l.Object, ETag: l.ETag, Line: l.Line, Offset: l.Offset, Reason: l.Reason, Raw: []byte(l.Raw), Size: l.Size, Header: l.Header}
	if l.Modified != "" {
		at, err := time.Parse(time.RFC3339Nano, l.Modified)
		if err != nil {
			return Reject{}, err
		}
		r.Modified = at
	}
	switch l.Encoding {
	case "":
	case "base64":
		raw, err := base64.StdEncoding.DecodeString(l.Raw)
		if err != nil {
			return Reject{}, err
		}
		r.Raw = raw
	default:
		return Reject{}, fmt.Errorf("unknown encoding %q", l.Encoding)
	}
	return r, nil
}
