package colcache

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"strconv"
)

// Beside each local file lies its record: lines of eight hex digits, the CRC-32C of the rest of the line, a blank and
// a JSON object. The first says which object it is and where the local footer lies, the others name one present
// chunk each; of two for one chunk the later holds. A line is written after what it names is durable. A line that does
// not fit its checksum ends the record: that is where a process died.

const recordFormat = 1

const (
	dataSuffix   = ".parquet"
	recordSuffix = ".units"
)

type recordHead struct {
	Format       int    `json:"format"`
	Location     string `json:"location"`
	Key          string `json:"key"`
	ETag         string `json:"etag"`
	Size         int64  `json:"size"`
	FooterOffset int64  `json:"footer_offset"`
	FooterLength int64  `json:"footer_length"`
	FooterCRC    uint32 `json:"footer_crc"`
}

type recordUnit struct {
	Column string `json:"column"`
	Offset int64  `json:"offset"`
	Length int64  `json:"length"`
	CRC    uint32 `json:"crc"`
}

var errNoRecord = errors.New("record has no sound first line")

// appendLine adds a line of the record to b.
func appendLine(b []byte, v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write record: %w", err)
	}
	b = fmt.Appendf(b, "%08x ", crc32.Checksum(text, castagnoli()))
	b = append(b, text...)
	return append(b, '\n'), nil
}

// readRecord gives what a record holds up to its first broken line, and how many bytes that is.
func readRecord(text []byte) (head recordHead, units []recordUnit, sound int64, err error) {
	lines := bufio.NewReader(bytes.NewReader(text))
	for first := true; ; first = false {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break // the last line is whole, or it is none
		}
		var u recordUnit
		if first {
			err = readLine(line, &head)
		} else {
			err = readLine(line, &u)
		}
		if err != nil {
			break
		}
		if !first {
			units = append(units, u)
		}
		sound += int64(len(line))
	}
	if sound == 0 || head.Format != recordFormat {
		return head, nil, 0, errNoRecord
	}
	return head, units, sound, nil
}

func readLine(line []byte, v any) error {
	digits, text, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	if !ok {
		return errNoRecord
	}
	sum, err := strconv.ParseUint(string(digits), 16, 32)
	if err != nil || uint32(sum) != crc32.Checksum(text, castagnoli()) {
		return errNoRecord
	}
	return json.Unmarshal(text, v)
}

// appendRecord writes lines behind what the record holds and makes them durable.
func appendRecord(path string, lines []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(lines)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
