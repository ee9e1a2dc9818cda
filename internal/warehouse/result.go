package warehouse

import (
	"context"
	"database/sql/driver"
	"regexp"

	"github.com/jackc/pgx/v5/pgtype"
	wire "github.com/jeroenrinzema/psql-wire"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// sentTypes are the types that results have.
func sentTypes() []pgtypes.OID {
	var out []pgtypes.OID
	for _, i := range pgtypes.Infos() {
		out = append(out, i.OID)
	}
	return out
}

// wireColumns describes a result to psql-wire. Text is VARCHAR: Redshift has no other.
func wireColumns(columns []engine.Column) wire.Columns {
	out := make(wire.Columns, len(columns))
	for i, c := range columns {
		t := c.Type
		if _, known := pgtypes.Lookup(t.OID); !known || t.OID == pgtypes.Text || t.OID == pgtypes.JSON {
			t = pgtypes.Of(pgtypes.Varchar)
		}
		out[i] = wire.Column{
			Name: outputName(c.Name), Oid: t.OID, Width: t.Len(),
			Table: t.Typmod, // conn.Write moves it to its place
		}
	}
	return out
}

var (
	callName = regexp.MustCompile(`^(?:\w+\.)?"?(\w+)"?\(.*\)$`)
	castName = regexp.MustCompile(`(?s)^CAST\((?:\w+\.)?(\w+) AS .*\)$`)
	plain    = regexp.MustCompile(`^[\pL_#][\pL\pN_$#]*$`)
)

// outputName gives the name that PostgreSQL gives an expression without an alias, where DuckDB gives its text.
func outputName(name string) string {
	if name == "count_star()" {
		return "count"
	}
	if m := castName.FindStringSubmatch(name); m != nil && plain.MatchString(m[1]) {
		return m[1]
	}
	if m := callName.FindStringSubmatch(name); m != nil && m[1] != "CAST" {
		return m[1]
	}
	if plain.MatchString(name) {
		return name
	}
	return "?column?"
}

// codec sends a value that is there in text form already.
type codec struct{}

// FormatSupported says yes: what has no binary form fails when it is written.
func (codec) FormatSupported(int16) bool { return true }

// PreferredFormat is text.
func (codec) PreferredFormat() int16 { return pgtype.TextFormatCode }

// PlanEncode gives the writer of one value.
func (codec) PlanEncode(_ *pgtype.Map, oid uint32, format int16, _ any) pgtype.EncodePlan {
	return plan{oid: oid, binary: format == pgtype.BinaryFormatCode}
}

// PlanScan gives none: nothing is read with it.
func (codec) PlanScan(*pgtype.Map, uint32, int16, any) pgtype.ScanPlan { return nil }

// DecodeDatabaseSQLValue refuses: parameters are read by this package.
func (codec) DecodeDatabaseSQLValue(_ *pgtype.Map, oid uint32, _ int16, _ []byte) (driver.Value, error) {
	return nil, pgerr.New(pgerr.InternalError, "type %d is written only", oid)
}

// DecodeValue refuses: parameters are read by this package.
func (codec) DecodeValue(_ *pgtype.Map, oid uint32, _ int16, _ []byte) (any, error) {
	return nil, pgerr.New(pgerr.InternalError, "type %d is written only", oid)
}

type plan struct {
	oid    uint32
	binary bool
}

// Encode appends a value in the format the client asked for.
func (p plan) Encode(v any, buf []byte) ([]byte, error) {
	if !p.binary {
		return append(buf, v.(value)...), nil
	}
	return pgtypes.TextToBinary(buf, p.oid, string(v.(value)), nil)
}

// send writes a result's rows and tells how many they were.
func (s *session) send(ctx context.Context, w wire.DataWriter, rows engine.Rows) (int, error) {
	n := 0
	err := s.each(ctx, rows, func(batch [][]value) error {
		out := make([][]any, len(batch))
		for i, row := range batch {
			out[i] = make([]any, len(row))
			for c, v := range row {
				if v != nil {
					out[i][c] = v
				}
			}
		}
		n += len(batch)
		return wire.WriteRows(w, out)
	})
	return n, err
}

// sendTexts writes a result that this package made itself.
func sendTexts(w wire.DataWriter, texts [][]string) error {
	for _, row := range texts {
		out := make([]any, len(row))
		for i, t := range row {
			out[i] = value(t)
		}
		if err := w.Row(out); err != nil {
			return err
		}
	}
	return nil
}

// textColumns are columns of VARCHAR.
func textColumns(names ...string) []engine.Column {
	out := make([]engine.Column, len(names))
	for i, n := range names {
		out[i] = engine.Column{Name: n, Type: pgtypes.Of(pgtypes.Varchar)}
	}
	return out
}
