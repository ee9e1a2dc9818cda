package warehouse

import "testing"

// FuzzStatements reads any text as a client may send it: it must not panic, and tokens must lie within the text.
func FuzzStatements(f *testing.F) {
	for _, s := range []string{
		"copy e (a, b) from 's3://b/k' iam_role default format as parquet manifest", "select $1, $$x$$, 'a\\'b', \"Q\" -- end",
		"unload ('select 1') to 's3://b/k' credentials 'aws_iam_role=x' csv delimiter '|'", "/* /* */ */ ;;", "numeric(12,2)",
		"copy e from 's3://b' access_key_id 'a' csv quote as '\"' null as '\\0' ignoreheader 1", "'\\", "$", "1e", "\"\"", "varchar(",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		statements, err := split(sql)
		if err != nil {
			return
		}
		for _, st := range statements {
			at := 0
			for _, token := range st.tokens {
				if token.start < at || token.stop <= token.start || token.stop > len(sql) {
					t.Fatalf("token %+v after offset %d of %d", token, at, len(sql))
				}
				at = token.stop
			}
			parsers := []func(c *cursor) error{
				func(c *cursor) error { _, err := c.copyOptions(); return err },
				func(c *cursor) error { _, err := c.unloadOptions(); return err },
				func(c *cursor) error { _, err := c.typeName(); return err },
			}
			for _, parse := range parsers {
				whole, rest := st.cursor(), st.cursor()
				rest.next()
				for _, c := range []*cursor{whole, rest} {
					if err := parse(c); err != nil && err.Error() == "" {
						t.Fatal("an error without a text")
					}
				}
			}
		}
	})
}
