package encode

import (
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
	"tidegate/internal/testkit"
)

// TestObjectsLikePostgres sends what only results of the catalog have, in both formats.
func TestObjectsLikePostgres(t *testing.T) {
	t.Parallel()
	conn := testkit.Postgres(t).Connect(t).PgConn()
	for text, typ := range map[string]struct {
		value string // as engines give it
		oid   pgtypes.OID
	}{
		"'pg_class'::regclass":       {"1259 pg_class", pgtypes.Regclass},
		"0::regclass":                {"0 -", pgtypes.Regclass},
		"'text'::regtype":            {"25 text", pgtypes.Regtype},
		"'varchar'::regtype":         {"1043 character varying", pgtypes.Regtype},
		"'now'::regproc":             {"1299 now", pgtypes.Regproc},
		"'pg_catalog'::regnamespace": {"11 pg_catalog", pgtypes.Regnamespace},
		"'1 -2'::int2vector":         {"1 -2", pgtypes.Int2Vector},
		"'26 4294967295'::oidvector": {"26 4294967295", pgtypes.OIDVector},
		"''::oidvector":              {"", pgtypes.OIDVector},
		"pg_advisory_unlock_all()":   {"", pgtypes.Void},
	} {
		for _, format := range []int16{TextFormat, BinaryFormat} {
			want := conn.ExecParams(t.Context(), "select "+text, nil, nil, nil, []int16{format}).Read()
			if want.Err != nil {
				t.Fatal(want.Err)
			}
			if got := want.FieldDescriptions[0].DataTypeOID; got != typ.oid {
				t.Errorf("%s is of type %d", text, got)
			}
			if size := want.FieldDescriptions[0].DataTypeSize; size != pgtypes.Of(typ.oid).Len() {
				t.Errorf("%s has length %d", text, size)
			}
			column := []engine.Column{{Name: "x", Type: pgtypes.Of(typ.oid)}}
			e, err := New(column, []int16{format}, pgtypes.Style{})
			if err != nil {
				t.Fatal(err)
			}
			row, _, err := e.Rows(nil, &engine.Chunk{Rows: 1, Vectors: []engine.Vector{{Physical: engine.PhysicalText, Text: []string{typ.value}}}}, 0, 1, 1)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(hex.EncodeToString(want.Rows[0][0]), hex.EncodeToString(row[11:])); d != "" {
				t.Errorf("%s in format %d (-want +got):\n%s", text, format, d)
			}
		}
	}
}
