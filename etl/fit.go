package etl

import (
	"context"
	"fmt"
	"strings"

	"tidegate/catalog"
	"tidegate/etl/fit"
	"tidegate/internal/logkey"
	"tidegate/internal/pgtypes"
)

// A partition's value is the name of a folder, percent-encoded behind the column's name. A file's system takes 255 bytes
// of a name, S3 1024 of a whole key.
const (
	folderBytes = 255
	pathBytes   = 700
)

// limit is how long a column's values may be, and whether a longer one is cut, not its row rejected.
type limit struct {
	fit.Length
	cut bool
}

// limitOf gives the limit of a text or json column.
func (b *batch) limitOf(c catalog.Column) limit {
	var l limit
	if r, ok := b.refinement(c.Name); ok {
		l = limit{fit.Length{Bytes: r.MaxBytes}, r.OnOverflow == "truncate"}
	}
	if b.isHot(c) {
		l.Length = fit.OfHot(l.Bytes, b.table.Hot.Limit(c.Name))
	}
	return l
}

// shortened cuts a text to the limit.
func (l limit) shortened(text string) string {
	if l.Chars > 0 {
		text = fmt.Sprintf("left(%s, %d)", text, l.Chars)
	}
	if l.Bytes > 0 {
		text = truncated(text, l.Bytes)
	}
	return text
}

func (b *batch) isHot(c catalog.Column) bool {
	return b.table.Hot != nil && b.table.Hot.MayHave(c.Name)
}

// fitRules reject rows with a value that its column cannot have.
func (b *batch) fitRules() []rule {
	var rules []rule
	var long []string
	for _, c := range b.table.Columns {
		name := ident(c.Name)
		switch c.Type.OID {
		case pgtypes.Text, pgtypes.Varchar:
			rules = append(rules, b.textRules(c)...)
		case pgtypes.JSON:
			if l := b.limitOf(c); l.Limited() {
				rules = append(rules, rule{l.Exceeded("CAST(" + name + " AS VARCHAR)"), "too_long(" + c.Name + ")"})
			}
		}
		outOfRange, ok := fit.OutOfRange(name, c.Type)
		if b.isHot(c) && b.table.Hot.Format == catalog.FormatAvro {
			outOfRange, ok = fit.OutOfTextRange(name, c.Type)
		}
		if ok && (b.isHot(c) || b.isTime(c)) {
			rules = append(rules, rule{outOfRange, "out_of_range(" + c.Name + ")"})
		}
		if b.isHot(c) && fit.IsText(c.Type) {
			long = append(long, fmt.Sprintf("coalesce(strlen(CAST(%s AS VARCHAR)), 0)", name))
		}
	}
	if len(long)*catalog.HotMaxBytes > fit.RowBytes {
		rules = append(rules, rule{fmt.Sprintf("%s > %d", strings.Join(long, " + "), fit.RowBytes), "row_too_long"})
	}
	return rules
}

// isTime reports whether c is the table's time: its range is asked of it everywhere, because dt is made from it.
func (b *batch) isTime(c catalog.Column) bool {
	return b.table.Time != nil && b.table.Time.Column == c.Name
}

// textRules are those of a text column. U+0000 is in no text of PostgreSQL: a client would see the text end there.
func (b *batch) textRules(c catalog.Column) []rule {
	name := ident(c.Name)
	rules := []rule{{fmt.Sprintf("contains(%s, chr(0))", name), "nul_character(" + c.Name + ")"}}
	tooLong := "too_long(" + c.Name + ")"
	if l := b.limitOf(c); l.Limited() && !l.cut {
		rules = append(rules, rule{l.Exceeded(name), tooLong})
	}
	if c.Partition {
		// Each character of hive.Escape becomes three.
		encoded := fmt.Sprintf(`strlen(regexp_replace(%s, '[\x00-\x1f\x7f"#%%''*/:=?\\{}\[\]^]', '%%00', 'g'))`, name)
		most := min(folderBytes-len(c.Name)-len("="), pathBytes/len(b.table.PartitionBy))
		// The length first: it is cheap, and most values are short.
		rules = append(rules, rule{fmt.Sprintf("3 * strlen(%s) > %d AND %s > %d", name, most, encoded, most), tooLong})
	}
	return rules
}

// refined gives an output in its column's type and within its length, where that cuts. A varchar(n) is cut to n
// characters, as PostgreSQL's explicit cast does. cut is the condition under which something was cut off; "" if nothing
// can be.
func (b *batch) refined(position string, c catalog.Column) (expression, cut string) {
	whole := fmt.Sprintf("CAST(%s AS %s)", position, c.Type.DuckDB())
	if pgtypes.ClassOf(c.Type.OID) != pgtypes.ClassText {
		return whole, ""
	}
	expression = whole
	if c.Type.OID == pgtypes.Varchar && c.Type.Typmod >= 4 {
		expression = fmt.Sprintf("left(%s, %d)", expression, c.Type.Typmod-4)
	}
	if l := b.limitOf(c); l.cut {
		expression = l.shortened(expression)
	}
	if expression != whole {
		cut = fmt.Sprintf("coalesce(strlen(%s) < strlen(%s), false)", expression, whole)
	}
	if c.Partition {
		// A Hive folder has no empty value.
		expression = "nullif(" + expression + ", '')"
	}
	return expression, cut
}

// truncated cuts a text to at most n bytes without cutting a character: if the byte after the cut continues one, the
// cut moves to before it. (DuckDB's decode(…, 'ignore') leaves the first byte of a cut character.)
func truncated(text string, n int) string {
	continues := func(at int) string {
		return fmt.Sprintf("hex(array_slice(encode(%s), %d, %d)) BETWEEN '80' AND 'BF'", text, at, at)
	}
	return fmt.Sprintf(`CASE WHEN strlen(%[1]s) <= %[2]d THEN %[1]s ELSE decode(array_slice(encode(%[1]s), 1,
		CASE WHEN NOT %[3]s THEN %[2]d WHEN NOT %[4]s THEN %[2]d - 1 WHEN NOT %[5]s THEN %[2]d - 2 ELSE %[2]d - 3 END)) END`,
		text, n, continues(n+1), continues(n), continues(n-1))
}

// cutColumn says in b.rows whether the nth of b.cuts was cut in a row.
func cutColumn(n int) string { return fmt.Sprintf("_tg_cut%d", n) }

// countTruncated counts the rows that will be written, in which something was cut, and per column.
func (b *batch) countTruncated(ctx context.Context) error {
	if len(b.cuts) == 0 {
		return nil
	}
	var any, counts []string
	for i := range b.cuts {
		any = append(any, cutColumn(i))
		counts = append(counts, fmt.Sprintf("(count(*) FILTER (%s))::BIGINT", cutColumn(i)))
	}
	query := fmt.Sprintf("SELECT count(*)::BIGINT, %s FROM %s WHERE %s",
		strings.Join(counts, ", "), b.rows, strings.Join(any, " OR "))
	err := each(ctx, b.session, query, func(row []cell) error {
		b.counts.Truncated = row[0].i
		for i, c := range b.cuts {
			if n := row[i+1].i; n > 0 {
				b.truncated[c] = n
			}
		}
		return nil
	})
	if err == nil && b.counts.Truncated > 0 {
		b.log.WarnContext(ctx, "values were cut to their columns' lengths", logkey.Rows, b.counts.Truncated, logkey.Reason, summary(b.truncated))
	}
	return err
}
