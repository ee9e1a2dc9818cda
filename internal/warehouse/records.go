package warehouse

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtext"
)

// Redshift's numbers of load errors.
const (
	errExtraColumn  = 1202
	errDateFormat   = 1205
	errTooLong      = 1204
	errTimestamp    = 1206
	errDigit        = 1207
	errBoolean      = 1210
	errMissing      = 1213
	errUTF8         = 1220
	errDelimiter    = 1203
	errInvalidInput = 1214
)

// loadError is one rejected record.
type loadError struct {
	file       string
	line       int64
	position   int64
	column     column
	raw, value string
	code       int
	reason     string
}

// record is one record of a file that is no Parquet: a text for each of the load's columns, nil for NULL.
type record struct {
	line   int64
	raw    string
	values []*string
	bad    *loadError // it cannot even be cut into fields
}

// records loads a file of JSON, Avro, CSV or delimited text. The records are cut and measured here, and staged as
// JSON; DuckDB converts them. Rejected ones are counted against MAXERROR.
func (l *load) records(ctx context.Context, o object, path string) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read %s: %w", o.url, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	staged, err := os.CreateTemp(l.s.w.o.Stage, "copy-*.json")
	if err != nil {
		return fmt.Errorf("stage %s: %w", o.url, err)
	}
	defer func() { err = errors.Join(err, os.Remove(staged.Name())) }()
	out := bufio.NewWriter(staged)
	err = l.cut(f, func(r record) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return l.stageRecord(out, o, r)
	})
	err = errors.Join(err, out.Flush(), staged.Close())
	if err != nil {
		return err
	}
	return l.convert(ctx, o, staged.Name())
}

// cut hands the file's records to f.
func (l *load) cut(r io.Reader, f func(record) error) error {
	switch l.format {
	case formatJSON:
		return l.cutJSON(r, f)
	case formatAvro:
		return l.cutAvro(r, f)
	case formatCSV:
		return l.cutCSV(r, f)
	}
	return l.cutText(r, f)
}

// stagedRecord is a line of the staged file.
type stagedRecord struct {
	Line   int64     `json:"l"`
	Raw    string    `json:"r"`
	Values []*string `json:"v"`
}

// stageRecord checks what DuckDB does not: encoding and length in bytes.
func (l *load) stageRecord(out *bufio.Writer, o object, r record) error {
	bad := r.bad
	for i, c := range l.columns {
		if bad != nil {
			break
		}
		bad = l.measure(c, r.values, i)
	}
	if bad != nil {
		bad.file, bad.line, bad.raw = o.url, r.line, pgtext.Clip(r.raw, 1024)
		return l.reject(*bad)
	}
	b, err := json.Marshal(stagedRecord{Line: r.line, Raw: pgtext.Clip(r.raw, 1024), Values: r.values})
	if err != nil {
		return fmt.Errorf("stage record %d of %s: %w", r.line, o.url, err)
	}
	_, err = out.Write(append(b, '\n'))
	return err
}

// measure applies the options to one value and tells what is wrong with it.
func (l *load) measure(c column, values []*string, i int) *loadError {
	v := values[i]
	if v == nil {
		return nil
	}
	s := *v
	switch {
	case s == l.nullAs && l.format != formatJSON && l.format != formatAvro,
		s == "" && (c.Type.Bytes == 0 || l.has("EMPTYASNULL")),
		l.has("BLANKSASNULL") && strings.TrimSpace(s) == "" && c.Type.Bytes > 0:
		values[i] = nil
		return nil
	}
	if !utf8.ValidString(s) {
		if !l.has("ACCEPTINVCHARS") {
			return &loadError{column: c, value: s, code: errUTF8, reason: "String contains invalid or unsupported UTF8 codepoints"}
		}
		s = replaceInvalid(s, l.replace)
	}
	if l.has("TRIMBLANKS") && c.Type.Bytes > 0 {
		s = strings.TrimRight(s, " ")
	}
	if c.Type.Bytes > 0 && len(s) > c.Type.Bytes {
		if !l.has("TRUNCATECOLUMNS") {
			return &loadError{column: c, value: s, code: errTooLong, position: int64(c.Type.Bytes), reason: "String length exceeds DDL length"}
		}
		s = pgtext.Clip(s, c.Type.Bytes)
	}
	values[i] = &s
	return nil
}

// replaceInvalid puts the replacement in the place of every byte that is no UTF-8.
func replaceInvalid(s, replacement string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			b.WriteString(replacement)
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// reject notes a bad record; one more than MAXERROR fails the COPY.
func (l *load) reject(e loadError) error {
	l.errors = append(l.errors, e)
	if len(l.errors) <= l.maxBad {
		return nil
	}
	return &pgerr.Error{
		Code:    codeLoad,
		Message: fmt.Sprintf("Load into table '%s' failed.  Check 'stl_load_errors' system table for details.", l.r.name),
		Detail:  fmt.Sprintf("%s line %d column %q: %s (%d)", e.file, e.line, e.column.Name, e.reason, e.code),
	}
}

// convert finds the staged records that have a value which is none of its column's type, and inserts the others.
func (l *load) convert(ctx context.Context, o object, path string) error {
	scan := "read_json(" + quote(path) + ", format = 'newline_delimited', maximum_object_size = 16777216," +
		" columns = {l: 'BIGINT', r: 'VARCHAR', v: 'VARCHAR[]'})"
	names, values, bad := make([]string, len(l.columns)), make([]string, len(l.columns)), make([]string, len(l.columns))
	for i, c := range l.columns {
		raw := fmt.Sprintf("v[%d]", i+1)
		names[i], values[i] = c.Name, l.converted(c, raw)
		bad[i] = fmt.Sprintf("%s IS NOT NULL AND %s IS NULL", raw, values[i])
		if c.NotNull {
			bad[i] = fmt.Sprintf("%s IS NULL OR %s", raw, bad[i])
		}
	}
	wrong := "(" + strings.Join(bad, ") OR (") + ")"
	if err := l.rejectConverted(ctx, o, scan, wrong, bad); err != nil {
		return err
	}
	return l.insert(ctx, names, fmt.Sprintf("SELECT %s FROM %s WHERE NOT coalesce(%s, false)", strings.Join(values, ", "), scan, wrong))
}

// converted is the expression that makes a column's value of its text, or NULL.
func (l *load) converted(c column, raw string) string {
	clock := strings.HasPrefix(c.Type.Duck, "TIMESTAMP")
	switch {
	case c.Type.Bytes > 0:
		return raw
	case clock && l.time == "epochsecs":
		return fmt.Sprintf("CAST(to_timestamp(TRY_CAST(%s AS DOUBLE)) AT TIME ZONE 'UTC' AS TIMESTAMP)%s", raw, zoned(c))
	case clock && l.time == "epochmillisecs":
		return fmt.Sprintf("make_timestamp(TRY_CAST(%s AS BIGINT) * 1000)%s", raw, zoned(c))
	case strings.HasSuffix(c.Type.Duck, "INT") || c.Type.Duck == "INTEGER":
		// A fraction is no integer, where DuckDB rounds it.
		return fmt.Sprintf(`CASE WHEN regexp_full_match(%s, '\s*[+-]?\d+\s*') THEN TRY_CAST(%s AS %s) END`, raw, raw, c.Type.Duck)
	}
	return "TRY_CAST(" + raw + " AS " + c.Type.Duck + ")"
}

func zoned(c column) string {
	if c.Type.Duck == "TIMESTAMPTZ" {
		return " AT TIME ZONE 'UTC'"
	}
	return ""
}

// rejectConverted rejects the records for which wrong holds, up to the one that is too many.
func (l *load) rejectConverted(ctx context.Context, o object, scan, wrong string, bad []string) error {
	which := make([]string, len(bad))
	for i, b := range bad {
		which[i] = fmt.Sprintf("WHEN %s THEN %d", b, i)
	}
	rows, err := l.s.read(ctx, fmt.Sprintf("SELECT l, r, CASE %s END AS n, v[n + 1] FROM %s WHERE %s ORDER BY l LIMIT %d",
		strings.Join(which, " "), scan, wrong, l.maxBad+1-len(l.errors)))
	if err != nil {
		return err
	}
	for _, row := range rows {
		e := loadError{file: o.url, raw: row[1].String(), value: row[3].String()}
		var n int
		if _, err := fmt.Sscan(row[0].String()+" "+row[2].String(), &e.line, &n); err != nil {
			return pgerr.New(pgerr.InternalError, "read rejected record: %s", err)
		}
		e.column = l.columns[n]
		e.code, e.reason = reasonOf(e.column.Type, row[3] == nil, e.value)
		if err := l.reject(e); err != nil {
			return err
		}
	}
	return nil
}

// reasonOf gives Redshift's number and words for a value that is none of the type.
func reasonOf(t columnType, null bool, v string) (code int, reason string) {
	switch {
	case null:
		return errMissing, "Missing data for not-null field"
	case t.Duck == "DATE":
		return errDateFormat, "Invalid Date Format - length must be 10 or more"
	case strings.HasPrefix(t.Duck, "TIMESTAMP"):
		return errTimestamp, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]"
	case t.Duck == "BOOLEAN":
		return errBoolean, fmt.Sprintf("Unknown boolean format, Value '%s'", pgtext.Clip(v, 64))
	}
	return errDigit, fmt.Sprintf("Invalid digit, Value '%s', Type: %s", pgtext.Clip(v, 64), t.SQL)
}
