package warehouse

import (
	"context"
	"slices"
	"strconv"

	wire "github.com/jeroenrinzema/psql-wire"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// parameterTypes gives a type for each parameter that a statement names or the client declares; 0 where nobody says.
func parameterTypes(st statement, declared []uint32) []pgtypes.OID {
	n := len(declared)
	for _, t := range st.tokens {
		if t.kind == param {
			if i, err := strconv.Atoi(t.value); err == nil {
				n = max(n, min(i, maxParameters))
			}
		}
	}
	out := make([]pgtypes.OID, n)
	copy(out, declared)
	return out
}

// inferTypes fills in the types that the client left open, where the statement tells them: $1 = column, or
// VALUES ($1). The others stay open, and their values are literals that take the type of their place.
func (s *session) inferTypes(ctx context.Context, st statement, oids []pgtypes.OID) error {
	if !slices.Contains(oids, 0) || s.tx == txFailed {
		return nil
	}
	placeholders := make([]string, len(oids))
	for i, oid := range oids {
		placeholders[i] = typed("$"+strconv.Itoa(i+1), oid)
	}
	sql, err := s.rewrite(st, placeholders)
	if err != nil {
		return err
	}
	inferred, err := s.duck.ParameterTypes(ctx, sql)
	if err != nil {
		return err
	}
	for i, t := range inferred {
		if i < len(oids) && oids[i] == 0 && t.OID != pgtypes.Text {
			oids[i] = t.OID
		}
	}
	return nil
}

// maxParameters is how many parameters a statement may have in Redshift.
const maxParameters = 32767

// told is what the client is told of the types: what it did not declare is VARCHAR.
func told(oids []pgtypes.OID) []uint32 {
	out := make([]uint32, len(oids))
	for i, oid := range oids {
		out[i] = oid
		if oid == 0 || oid == pgtypes.Unknown {
			out[i] = pgtypes.Varchar
		}
	}
	return out
}

// unknownArguments stand for the parameters while a statement is only described.
func unknownArguments(oids []pgtypes.OID) []string {
	out := make([]string, len(oids))
	for i, oid := range oids {
		out[i] = typed("NULL", oid)
	}
	return out
}

// arguments gives each parameter's value as DuckDB's text.
func arguments(oids []pgtypes.OID, given []wire.Parameter) ([]string, error) {
	if len(given) != len(oids) {
		return nil, pgerr.New(pgerr.ProtocolViolation, "bind message supplies %d parameters, but the statement requires %d",
			len(given), len(oids))
	}
	out := make([]string, len(given))
	for i, p := range given {
		switch {
		case p.Value() == nil:
			out[i] = typed("NULL", oids[i])
			continue
		case p.Format() == wire.BinaryFormat && oids[i] == 0:
			return nil, pgerr.New(pgerr.InvalidBinary, "parameter $%d is binary and of unknown type", i+1)
		}
		v := string(p.Value())
		if p.Format() == wire.BinaryFormat {
			var err error
			if v, err = pgtypes.BinaryToText(oids[i], p.Value()); err != nil {
				return nil, err
			}
		}
		if _, err := pgtypes.CheckUTF8([]byte(v)); err != nil {
			return nil, err
		}
		if oids[i] == pgtypes.Numeric { // a literal keeps every digit, where a cast would choose a scale
			n, err := pgtypes.CheckNumeric(v)
			if err != nil {
				return nil, err
			}
			out[i] = "(" + n + ")"
			continue
		}
		out[i] = typed(quote(v), oids[i])
	}
	return out, nil
}

// typed casts a value to a parameter's type. Without one it stays a literal that takes the type of its place.
func typed(v string, oid pgtypes.OID) string {
	info, ok := pgtypes.Lookup(oid)
	switch {
	case !ok || oid == pgtypes.Unknown || info.DuckDB == "VARCHAR":
		return v
	case oid == pgtypes.Numeric:
		return "CAST(" + v + " AS DECIMAL(38,9))"
	}
	return "CAST(" + v + " AS " + info.DuckDB + ")"
}
