package sql

import "testing"

// FuzzCopyOptions reads options of COPY in both spellings. What is taken is complete.
func FuzzCopyOptions(f *testing.F) {
	for _, options := range []string{
		"", "csv header", "with delimiter as '|' null as ''", "(format csv, force_quote (a), delimiter ',', quote '\"', escape '\\')",
		"binary", "(format binary)", "(encoding 'utf8', freeze, header 1)", "csv quote '''' force quote *", "(force_null *)", "(nope a.b)",
	} {
		f.Add(options)
	}
	f.Fuzz(func(t *testing.T, options string) {
		statements, err := Parse("copy (select 1 as a) to stdout " + options)
		if err != nil || statements[0].Copy == nil {
			return
		}
		o, err := statements[0].CopyOptions()
		if err != nil {
			return
		}
		if o.Delimiter == 0 && o.CSV == o.Binary || o.CSV && (o.Quote == 0 || o.Escape == 0 || o.Quote == o.Delimiter) {
			t.Errorf("%q gives %+v", options, o)
		}
		if _, err := statements[0].CopyForced(o, []string{"a"}, []string{"a"}); err == nil && len(o.ForceQuote) > 1 {
			t.Errorf("%q quotes a column twice", options)
		}
	})
}
