package sql

import (
	"strings"

	"tidegate/internal/pgtypes"
)

// spelled binds the functions whose DuckDB text depends on the value of an argument. ok is false if fn is none.
func (b *binder) spelled(fn string, args []*expr, pos int32) (e *expr, ok bool, err error) {
	switch {
	case numberTypes[fn] != 0 && len(args) == 1 && (args[0].untyped() || isNumber(args[0].typ.OID)):
		e, err = b.castCall(numberTypes[fn], args[0])
	case (fn == "extract" || fn == "date_part") && len(args) == 2:
		e, err = b.datePart(fn, args, pos)
	case fn == "date_trunc" && (len(args) == 2 || len(args) == 3):
		e, err = b.dateTrunc(args, pos)
	case fn == "timezone" && len(args) == 2:
		e, err = b.timezone(args, pos)
	case fn == "to_char" && len(args) == 2:
		e, err = b.toChar(args, pos)
	case (fn == "to_date" || fn == "to_timestamp") && len(args) == 2:
		e, err = b.toDate(fn, args, pos)
	case fn == "to_number" && len(args) == 2:
		e, err = b.toNumber(args, pos)
	case (fn == "age" || fn == "mxid_age") && len(args) == 1 && args[0].typ.OID == pgtypes.Xid:
		e = b.transactionAge(fn, args[0])
	case fn == "age" && len(args) == 1:
		e, err = b.age(args, pos)
	case fn == "make_interval":
		e, err = b.makeInterval(args, pos)
	case (fn == "round" || fn == "trunc") && len(args) == 2:
		e, err = b.roundTo(fn, args, pos)
	case fn == "concat" || fn == "concat_ws":
		e, err = b.concat(fn, args, pos)
	case fn == "format":
		e, err = b.format(args, pos)
	case (fn == "num_nulls" || fn == "num_nonnulls") && len(args) > 0:
		e, err = b.nullCount(fn, args)
	case (fn == "quote_literal" || fn == "quote_nullable") && len(args) == 1:
		if args[0], err = b.coerce(args[0], pgtypes.Text); err == nil {
			e, err = b.plainCall(fn, args, pos)
		}
	case (fn == "normalize" || fn == "is_normalized") && len(args) == 1:
		e, err = b.plainCall(fn, append(args, textConstant("NFC", pgtypes.Of(pgtypes.Text))), pos)
	case (fn == "like_escape" || fn == "similar_to_escape") && (len(args) == 1 || len(args) == 2):
		e, err = b.escapes(fn, args, pos)
	default:
		return nil, false, nil
	}
	if e != nil {
		e.pos = pos
	}
	return e, true, err
}

func (b *binder) concat(fn string, args []*expr, pos int32) (*expr, error) {
	if len(args) == 0 || fn == "concat_ws" && len(args) < 2 {
		return nil, b.noFunction(fn, args, pos)
	}
	list, err := b.outputs(args)
	if err != nil {
		return nil, err
	}
	return computed(pgtypes.Text, fn+"("+strings.Join(sqlOf(list), ", ")+")", list...), nil
}

// outputs gives the texts that the values' output functions write, which is what the functions of any arguments take.
func (b *binder) outputs(args []*expr) ([]*expr, error) {
	var list []*expr
	for _, a := range args {
		e, err := b.ofAnyType(a)
		if err == nil {
			e, err = b.outText(e)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// nullCount binds num_nulls(…) and num_nonnulls(…).
func (b *binder) nullCount(fn string, args []*expr) (*expr, error) {
	is := " IS NULL"
	if fn == "num_nonnulls" {
		is = " IS NOT NULL"
	}
	list := make([]*expr, len(args))
	texts := make([]string, len(args))
	for i, a := range args {
		var err error
		if list[i], err = b.ofAnyType(a); err != nil {
			return nil, err
		}
		texts[i] = "CAST(" + list[i].sql + is + " AS INTEGER)"
	}
	return computed(pgtypes.Int4, "("+strings.Join(texts, " + ")+")", list...), nil
}

// format binds format(text, …).
func (b *binder) format(args []*expr, pos int32) (*expr, error) {
	if len(args) == 0 || !args[0].untyped() && !postgresTables().coercible(args[0].typ.OID, pgtypes.Text) {
		return nil, b.noFunction("format", args, pos)
	}
	list, err := b.outputs(args)
	if err != nil {
		return nil, err
	}
	return computed(pgtypes.Text, "tg_format("+strings.Join(sqlOf(list), ", ")+")", list...), nil
}
