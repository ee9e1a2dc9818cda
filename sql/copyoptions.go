package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgencoding"
	"tidegate/internal/pgerr"
)

// CopyOptions are what a COPY TO writes, or what a COPY FROM reads.
type CopyOptions struct {
	CSV, Binary              bool
	Header                   bool
	Match, Freeze            bool   // of COPY FROM: the header must name the columns
	Encoding                 string // PostgreSQL's name of it; "" is the client's
	Delimiter, Quote, Escape byte   // the last two of CSV
	Null                     string
	ForceQuote               []string // columns; nil is none
	ForceQuoteAll            bool
	ForceNotNull, ForceNull  []string // columns, of COPY FROM
}

// CopyOptions reads the options of a COPY as ProcessCopyOptions of PostgreSQL's copy.c does, with its errors.
func (s *Statement) CopyOptions() (CopyOptions, error) {
	r := copyReader{s: s, given: map[string]*pg_query.DefElem{}}
	for _, o := range s.node.GetCopyStmt().GetOptions() {
		if err := r.option(o.GetDefElem()); err != nil {
			return CopyOptions{}, err
		}
	}
	return r.CopyOptions, r.settle()
}

// checkCopyFrom looks at each option of a COPY FROM by itself: there is nothing in it then but words that the server knows.
// How they go together, and with the table, is the server's to say.
func (s *Statement) checkCopyFrom() error {
	r := copyReader{s: s, given: map[string]*pg_query.DefElem{}}
	for _, o := range s.node.GetCopyStmt().GetOptions() {
		if err := r.option(o.GetDefElem()); err != nil {
			return err
		}
	}
	return nil
}

type copyReader struct {
	CopyOptions

	s     *Statement
	given map[string]*pg_query.DefElem
	texts map[string]string // of the options that are texts
}

func (r *copyReader) fail(code pgerr.Code, d *pg_query.DefElem, format string, args ...any) error {
	return pgerr.New(code, format, args...).At(r.s.position(d.Location))
}

// option reads one option, as far as it can be judged by itself.
func (r *copyReader) option(d *pg_query.DefElem) error {
	name := d.Defname
	if _, twice := r.given[name]; twice {
		return r.fail(pgerr.SyntaxError, d, "conflicting or redundant options")
	}
	r.given[name] = d
	switch name {
	case "format":
		return r.format(d)
	case "freeze":
		on, err := copySwitch(d)
		r.Freeze = on
		return err
	case "header":
		return r.header(d)
	case "delimiter", "null", "quote", "escape":
		text, err := copyText(d)
		if r.texts == nil {
			r.texts = map[string]string{}
		}
		r.texts[name] = text
		return err
	case "force_quote", "force_not_null", "force_null", "convert_selectively":
		return r.columns(d)
	case "encoding":
		return r.encoding(d)
	}
	return r.fail(pgerr.SyntaxError, d, "option %q not recognized", name)
}

func (r *copyReader) format(d *pg_query.DefElem) error {
	text, err := copyText(d)
	switch {
	case err != nil:
		return err
	case text == "csv":
		r.CSV = true
	case text == "binary":
		r.Binary = true
	case text != "text":
		return r.fail(pgerr.InvalidParameterValue, d, "COPY format %q not recognized", text)
	}
	return nil
}

func (r *copyReader) header(d *pg_query.DefElem) error {
	text, err := copyText(d)
	if err == nil && strings.EqualFold(text, "match") {
		if !r.s.Copy.From {
			return pgerr.New(pgerr.FeatureNotSupported, "cannot use %q with HEADER in COPY TO", text)
		}
		r.Header, r.Match = true, true
		return nil
	}
	on, err := copySwitch(d)
	if err != nil {
		return pgerr.New(pgerr.SyntaxError, `%s requires a Boolean value or "match"`, d.Defname)
	}
	r.Header = on
	return nil
}

func (r *copyReader) columns(d *pg_query.DefElem) error {
	switch x := d.Arg.GetNode().(type) {
	case *pg_query.Node_AStar:
		if d.Defname == "force_quote" {
			r.ForceQuoteAll = true
			return nil
		}
	case *pg_query.Node_List:
		lists := map[string]*[]string{"force_quote": &r.ForceQuote, "force_not_null": &r.ForceNotNull, "force_null": &r.ForceNull}
		if list, ok := lists[d.Defname]; ok {
			for _, c := range x.List.Items {
				*list = append(*list, c.GetString_().GetSval())
			}
		}
		return nil
	}
	return r.fail(pgerr.InvalidParameterValue, d, "argument to option %q must be a list of column names", d.Defname)
}

func (r *copyReader) encoding(d *pg_query.DefElem) error {
	text, err := copyText(d)
	if err != nil {
		return err
	}
	name, ok := pgencoding.Canonical(text)
	if !ok {
		return r.fail(pgerr.InvalidParameterValue, d, "argument to option %q must be a valid encoding name", d.Defname)
	}
	r.Encoding = name
	return nil
}

// settle fills in what was not said and looks at the options together, in PostgreSQL's order.
func (r *copyReader) settle() error {
	for _, name := range []string{"delimiter", "null"} {
		if _, given := r.texts[name]; given && r.Binary {
			return pgerr.New(pgerr.SyntaxError, "cannot specify %s in BINARY mode", strings.ToUpper(name))
		}
	}
	delimiter, null := "\t", `\N`
	if r.CSV {
		delimiter, null = ",", ""
	}
	delimiter, r.Null = r.text("delimiter", delimiter), r.text("null", null)
	if err := r.delimiter(delimiter); err != nil {
		return err
	}
	if r.Binary && r.Header {
		return pgerr.New(pgerr.FeatureNotSupported, "cannot specify HEADER in BINARY mode")
	}
	if err := r.quotes(); err != nil {
		return err
	}
	if err := r.forced(); err != nil {
		return err
	}
	switch {
	case strings.IndexByte(r.Null, r.Delimiter) >= 0:
		return pgerr.New(pgerr.FeatureNotSupported, "COPY delimiter must not appear in the NULL specification")
	case r.CSV && strings.IndexByte(r.Null, r.Quote) >= 0:
		return pgerr.New(pgerr.FeatureNotSupported, "CSV quote character must not appear in the NULL specification")
	}
	return nil
}

func (r *copyReader) text(name, otherwise string) string {
	if text, given := r.texts[name]; given {
		return text
	}
	return otherwise
}

func (r *copyReader) delimiter(text string) error {
	switch {
	case len(text) != 1:
		return pgerr.New(pgerr.FeatureNotSupported, "COPY delimiter must be a single one-byte character")
	case text == "\r", text == "\n":
		return pgerr.New(pgerr.InvalidParameterValue, "COPY delimiter cannot be newline or carriage return")
	case strings.ContainsAny(r.Null, "\r\n"):
		return pgerr.New(pgerr.InvalidParameterValue, "COPY null representation cannot use newline or carriage return")
	case !r.CSV && strings.ContainsAny(text, `\.abcdefghijklmnopqrstuvwxyz0123456789`):
		return pgerr.New(pgerr.InvalidParameterValue, `COPY delimiter cannot be "%s"`, text)
	}
	r.Delimiter = text[0]
	return nil
}

func (r *copyReader) quotes() error {
	quote := r.text("quote", `"`)
	escape := r.text("escape", quote)
	_, quoted := r.texts["quote"]
	_, escaped := r.texts["escape"]
	switch {
	case !r.CSV && quoted:
		return pgerr.New(pgerr.FeatureNotSupported, "COPY quote available only in CSV mode")
	case r.CSV && len(quote) != 1:
		return pgerr.New(pgerr.FeatureNotSupported, "COPY quote must be a single one-byte character")
	case r.CSV && quote[0] == r.Delimiter:
		return pgerr.New(pgerr.InvalidParameterValue, "COPY delimiter and quote must be different")
	case !r.CSV && escaped:
		return pgerr.New(pgerr.FeatureNotSupported, "COPY escape available only in CSV mode")
	case r.CSV && len(escape) != 1:
		return pgerr.New(pgerr.FeatureNotSupported, "COPY escape must be a single one-byte character")
	case r.CSV:
		r.Quote, r.Escape = quote[0], escape[0]
	}
	return nil
}

// forced looks at the options that name columns.
func (r *copyReader) forced() error {
	for _, o := range []struct {
		name, words string
		from        bool // of COPY FROM, not of COPY TO
	}{
		{"force_quote", "force quote", false},
		{"force_not_null", "force not null", true},
		{"force_null", "force null", true},
	} {
		switch _, given := r.given[o.name]; {
		case !given:
		case !r.CSV:
			return pgerr.New(pgerr.FeatureNotSupported, "COPY %s available only in CSV mode", o.words)
		case o.from && !r.s.Copy.From:
			return pgerr.New(pgerr.FeatureNotSupported, "COPY %s only available using COPY FROM", o.words)
		case !o.from && r.s.Copy.From:
			return pgerr.New(pgerr.FeatureNotSupported, "COPY %s only available using COPY TO", o.words)
		}
	}
	return nil
}

// CopyForced says which of the columns that a COPY writes are always quoted. all are those of its table or query.
func (s *Statement) CopyForced(o CopyOptions, written, all []string) ([]bool, error) {
	forced := make([]bool, len(written))
	if _, err := s.copyNames(o.ForceQuote, all); err != nil {
		return nil, err
	}
	for _, name := range o.ForceQuote {
		if !slices.Contains(written, name) {
			return nil, pgerr.New(pgerr.InvalidColumnReference, "FORCE_QUOTE column %q not referenced by COPY", name)
		}
	}
	for i, name := range written {
		forced[i] = o.ForceQuoteAll || slices.Contains(o.ForceQuote, name)
	}
	return forced, nil
}

// copyText is an option's value as a text, like defGetString.
func copyText(d *pg_query.DefElem) (string, error) {
	switch x := d.Arg.GetNode().(type) {
	case nil:
		return "", pgerr.New(pgerr.SyntaxError, "%s requires a parameter", d.Defname)
	case *pg_query.Node_Float:
		return x.Float.Fval, nil
	case *pg_query.Node_Boolean:
		if x.Boolean.Boolval {
			return "true", nil
		}
		return "false", nil
	case *pg_query.Node_TypeName:
		return operatorName(x.TypeName.Names), nil
	case *pg_query.Node_AStar:
		return "*", nil
	case *pg_query.Node_List:
		var words []string
		for _, w := range x.List.Items {
			words = append(words, w.GetString_().GetSval())
		}
		return strings.Join(words, "."), nil
	}
	a, _ := constant(d.Arg)
	return a.Text, nil
}

// copySwitch is an option's value as on or off, like defGetBoolean.
func copySwitch(d *pg_query.DefElem) (bool, error) {
	if d.Arg == nil {
		return true, nil
	}
	text, err := copyText(d)
	if err != nil {
		return false, err
	}
	if _, whole := d.Arg.GetNode().(*pg_query.Node_Integer); whole && (text == "0" || text == "1") {
		return text == "1", nil
	}
	switch strings.ToLower(text) {
	case "true", "on":
		return true, nil
	case "false", "off":
		return false, nil
	}
	return false, pgerr.New(pgerr.SyntaxError, "%s requires a Boolean value", d.Defname)
}
