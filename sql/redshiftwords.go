package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// ownWords spells calls that were respelled in Redshift's own words again. Until the text is whole they stand in it by
// names that begin with the marker: the deparser has no words for them.
type ownWords struct{ marker string }

// newOwnWords takes a marker that the user's text does not hold.
func newOwnWords(source string) ownWords {
	w := ownWords{}
	for try := 0; w.marker == "" || strings.Contains(source, w.marker); try++ {
		w.marker = "tidegate_call" + itoa(try) + "x_"
	}
	return w
}

// callWords are the words of names for what a call is more than its name says.
var callWords = map[string]string{
	callQualify: "q", callApproximate: "a", callIgnoreNulls: "i", callDistinct: "d", callExtract: "e", callDatePart: "p", callDecode: "c",
}

// mark gives a respelled call its name.
func (w ownWords) mark(f *pg_query.FuncCall) {
	kind := respelledAs(f)
	f.Funcname = names(w.marker + callWords[kind] + "_" + operatorName(f.Funcname))
	f.Funcformat = pg_query.CoercionForm_COERCE_EXPLICIT_CALL
}

// call takes a name apart; kind is "" for one that has no mark.
func (w ownWords) call(name string) (kind, fn string) {
	rest, ok := strings.CutPrefix(name, w.marker)
	if !ok || w.marker == "" {
		return "", name
	}
	for word, letter := range callWords {
		if fn, ok := strings.CutPrefix(rest, letter+"_"); ok {
			return word, fn
		}
	}
	return "", name
}

// spell replaces the names of a whole text.
func (w ownWords) spell(text string) string {
	if w.marker == "" {
		return text
	}
	for {
		at := strings.LastIndex(text, w.marker)
		if at < 0 {
			return text
		}
		open := at + strings.IndexByte(text[at:], '(')
		kind, fn := w.call(text[at:open])
		before, args := text[:at], text[open+1:]
		switch kind {
		case callQualify:
			before = strings.TrimSuffix(strings.TrimSuffix(before, "HAVING "), "AND ")
			text = before + "QUALIFY (" + args
		case callApproximate:
			text = before + "APPROXIMATE " + fn + "(" + args
		case callDistinct:
			text = before + fn + "(DISTINCT " + args
		case callIgnoreNulls:
			end := closing(args)
			text = before + fn + "(" + args[:end+1] + " IGNORE NULLS" + args[end+1:]
		case callExtract:
			// The field is a text: 'day', …
			field, rest, _ := strings.Cut(args, "', ")
			text = before + "EXTRACT(" + strings.TrimPrefix(field, "'") + " FROM " + rest
		default:
			text = before + map[string]string{callDatePart: "date_part", callDecode: "decode"}[kind] + "(" + args
		}
	}
}

// closing finds the parenthesis that ends a call's arguments.
func closing(args string) int {
	depth := 0
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case '(':
			depth++
		case ')':
			if depth == 0 {
				return i
			}
			depth--
		case '\'':
			i = stringEnd(args, i)
		case '"':
			i += 1 + strings.IndexByte(args[i+1:], '"')
		}
	}
	return len(args) - 1
}
