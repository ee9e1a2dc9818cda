package trial

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"tidegate/catalog"
	"tidegate/etl/raw"
	"tidegate/internal/engine/parquetscan"
	"tidegate/internal/pgtypes"
)

// wanted is the table of the rows that are wanted, beside that of the pipeline.
var wanted = catalog.Name{Schema: "tidegate", Table: "want"}

// most is how many differences of a kind are told one by one.
const most = 10

// compare says in what the rows and the rejected records are not what is wanted.
func (t *try) compare(ctx context.Context) ([]string, error) {
	rows, err := t.compareRows(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		rows, err = []string{fmt.Sprintf("there is no %s; etl test --update writes it as the table is now", wantFile)}, nil
	}
	if err != nil {
		return nil, err
	}
	rejects, err := t.compareRejects(ctx)
	return append(rows, rejects...), err
}

func (t *try) compareRows(ctx context.Context) ([]string, error) {
	_, columns, err := t.made(t.files.Pipeline.Table)
	if err != nil {
		return nil, err
	}
	names, err := header(filepath.Join(t.files.Dir, wantFile))
	if err != nil {
		return nil, err
	}
	var compared []catalog.Column
	for _, c := range columns {
		if slices.Contains(names, c.Name) {
			c.Partition = false
			compared = append(compared, c)
		}
	}
	p, err := t.ofCSV(wanted, columns, wantFile)
	if err != nil {
		return nil, err
	}
	if err := t.load(ctx, p, wantFile); err != nil {
		return nil, err
	}
	want, err := t.rows(ctx, wanted, compared)
	if err != nil {
		return nil, err
	}
	got, err := t.rows(ctx, t.files.Pipeline.Table, compared)
	if err != nil {
		return nil, err
	}
	missing, err := t.csvOf(ctx, want+" EXCEPT ALL "+got, compared)
	if err != nil {
		return nil, err
	}
	unexpected, err := t.csvOf(ctx, got+" EXCEPT ALL "+want, compared)
	if err != nil || len(missing)+len(unexpected) == 0 {
		return nil, err
	}
	differences := []string{fmt.Sprintf("%s: %d rows are missing, %d are not expected; columns %s",
		wantFile, len(missing), len(unexpected), strings.Join(columnNames(compared), ", "))}
	return append(differences, told(missing, unexpected)...), nil
}

// told gives lines of what is missing and of what is too much.
func told(missing, unexpected []string) (lines []string) {
	for i, of := range [][]string{missing, unexpected} {
		for _, line := range of[:min(len(of), most)] {
			lines = append(lines, "-+"[i:i+1]+" "+line)
		}
		if len(of) > most {
			lines = append(lines, fmt.Sprintf("%s and %d more", "-+"[i:i+1], len(of)-most))
		}
	}
	return lines
}

func columnNames(columns []catalog.Column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}

// rows is a SELECT of columns of a table of the try, in brackets.
func (t *try) rows(ctx context.Context, table catalog.Name, columns []catalog.Column) (string, error) {
	view, err := t.store.View(ctx)
	if err != nil {
		return "", err
	}
	var files []parquetscan.ParquetFile
	if live, ok := view.Tables[table]; ok {
		for _, f := range live.Files {
			files = append(files, parquetscan.ParquetFile{Path: t.lake.LocalPath(f.Path), Partition: f.Partition})
		}
		for i, c := range columns {
			if have, ok := live.Table.Column(c.Name); ok {
				columns[i].Partition = have.Partition
			}
		}
	}
	scanned := make([]parquetscan.SourceColumn, len(columns))
	for i, c := range columns {
		scanned[i] = parquetscan.SourceColumn{Name: c.Name, DuckDBType: c.Type.DuckDB(), Partition: c.Partition}
	}
	return "(SELECT * FROM " + parquetscan.ParquetSource(files, scanned) + ")", nil
}

// csvOf gives the rows of a query as lines of CSV, newlines in values as \\n.
func (t *try) csvOf(ctx context.Context, query string, columns []catalog.Column) (lines []string, err error) {
	path := filepath.Join(t.dir, "work", "rows.csv")
	if err := t.writeCSV(ctx, query, columns, path, "replace(%s, chr(10), '\\n')", false); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
	return lines, nil
}

// writeCSV writes the rows of a query in order of all columns. each is what is made of each value's text.
func (t *try) writeCSV(ctx context.Context, query string, columns []catalog.Column, path, each string, header bool) (err error) {
	session, err := t.Engine.Session(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	if _, err := session.Exec(ctx, "SET TimeZone = 'UTC'"); err != nil {
		return err
	}
	order, texts := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		name := quoted(c.Name)
		order[i] = "of_type." + name
		texts[i] = fmt.Sprintf(each, valueText(c.Type, order[i])) + " AS " + name
	}
	_, err = session.Exec(ctx, fmt.Sprintf("COPY (SELECT %s FROM (%s) of_type ORDER BY %s) TO '%s' (FORMAT csv, HEADER %t)",
		strings.Join(texts, ", "), query, strings.Join(order, ", "), strings.ReplaceAll(path, "'", "''"), header))
	return err
}

// valueText is the text of a value as a record of a source has it: DuckDB says nan and inf.
func valueText(t pgtypes.Type, value string) string {
	text := "CAST(" + value + " AS VARCHAR)"
	if t.OID == pgtypes.Float4 || t.OID == pgtypes.Float8 {
		return fmt.Sprintf("CASE %s WHEN 'nan' THEN 'NaN' WHEN 'inf' THEN 'Infinity' WHEN '-inf' THEN '-Infinity' ELSE %[1]s END", text)
	}
	return text
}

// compareRejects compares the rejected records by the columns that the file names, without it with none.
func (t *try) compareRejects(ctx context.Context) ([]string, error) {
	want, columns, err := t.wantedRejects()
	if err != nil {
		return nil, err
	}
	all, err := t.rejects(ctx, t.files.Pipeline.Table)
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	for _, w := range want {
		count[csvLine(w)]++
	}
	var missing, unexpected []string
	for _, r := range all {
		line := csvLine(chosen(r, columns))
		if count[line]--; count[line] < 0 {
			unexpected = append(unexpected, line)
		}
	}
	for _, w := range want {
		if line := csvLine(w); count[line] > 0 {
			count[line]--
			missing = append(missing, line)
		}
	}
	if len(missing)+len(unexpected) == 0 {
		return nil, nil
	}
	return append([]string{fmt.Sprintf("%s: %d records are missing, %d are not expected; columns %s",
		rejectsFile, len(missing), len(unexpected), strings.Join(columns, ", "))}, told(missing, unexpected)...), nil
}

// rejectColumns are those of want.rejects.csv, in the order of try.rejects.
func rejectColumns() []string { return []string{"object", "line", "reason"} }

// chosen gives those values of a rejected record that are compared.
func chosen(r, columns []string) []string {
	values := make([]string, len(columns))
	for i, c := range columns {
		values[i] = r[slices.Index(rejectColumns(), c)]
	}
	return values
}

// wantedRejects gives the records of want.rejects.csv and the names of their columns.
func (t *try) wantedRejects() (records [][]string, columns []string, err error) {
	f, err := os.Open(filepath.Join(t.files.Dir, rejectsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, []string{"line", "reason"}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	records, err = csvReader(f).ReadAll()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	if len(records) == 0 {
		return nil, nil, fmt.Errorf("%s is empty; its first line names columns: line,reason", f.Name())
	}
	for _, c := range records[0] {
		if !slices.Contains(rejectColumns(), c) {
			return nil, nil, fmt.Errorf("%s: column %s is none of %s", f.Name(), c, strings.Join(rejectColumns(), ", "))
		}
	}
	return records[1:], records[0], nil
}

// rejects gives object, line and reason of the records that a table's batches rejected, in this order.
func (t *try) rejects(ctx context.Context, table catalog.Name) (all [][]string, err error) {
	paths, err := filepath.Glob(filepath.Join(t.lake.LocalPath(strings.TrimSuffix(raw.QuarantineFolder(table), "/")), "*"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		if all, err = appendRejects(all, path); err != nil {
			return nil, err
		}
	}
	return all, ctx.Err()
}

func appendRejects(all [][]string, path string) (_ [][]string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for r, err := range raw.ReadQuarantine(f) {
		if err != nil {
			return nil, err
		}
		all = append(all, []string{r.Object, strconv.FormatInt(r.Line, 10), r.Reason})
	}
	return all, nil
}

// csvLine is a record of CSV.
func csvLine(values []string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(values) // a Builder has no errors
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}

// update writes what came out as what is wanted.
func (t *try) update(ctx context.Context) error {
	_, columns, err := t.made(t.files.Pipeline.Table)
	if err != nil {
		return err
	}
	got, err := t.rows(ctx, t.files.Pipeline.Table, columns)
	if err != nil {
		return err
	}
	made := filepath.Join(t.dir, "work", wantFile)
	if err := t.writeCSV(ctx, got, columns, made, "%s", true); err != nil {
		return err
	}
	text, err := os.ReadFile(made)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(t.files.Dir, wantFile), text, 0o644); err != nil {
		return err
	}
	return t.updateRejects(ctx)
}

func (t *try) updateRejects(ctx context.Context) error {
	path := filepath.Join(t.files.Dir, rejectsFile)
	all, err := t.rejects(ctx, t.files.Pipeline.Table)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	columns := rejectColumns()
	if len(t.files.in) < 2 {
		columns = columns[1:]
	}
	lines := []string{csvLine(columns)}
	for _, r := range all {
		lines = append(lines, csvLine(chosen(r, columns)))
	}
	return os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o644)
}
