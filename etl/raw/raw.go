// Package raw turns raw objects into validated records: it discovers objects that were not read yet, reads JSON,
// CSV and Avro (gzip, zstd or plain), checks every record before DuckDB sees it, hands over the good ones as chunks of columns and
// writes the others, with object, line, offset, reason and text, into a quarantine file.
//
// The files of flow: discover.go, object.go (bytes), record.go (what a record is), window.go, split.go and scan.go (JSON),
// csv.go, avro.go, convert.go with values.go,
// decimal.go and instant.go (fields), part.go and ingest.go (a batch), quarantine.go, source.go (DuckDB's columns).
package raw
