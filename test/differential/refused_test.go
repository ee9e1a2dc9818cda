package differential

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tidegate/test/differential/script"
	"tidegate/test/differential/surface"
)

// promised are the functions that must be answered with every argument type that Tidegate has.
var promised = []string{
	"avg", "sum", "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp", "round", "trunc", "ceil", "floor", "~", "!~", "~*", "!~*", "~~", "!~~", "~~*", "!~~*",
	"to_char", "to_date", "to_timestamp", "to_number", "date_trunc", "extract", "date_part", "age", "timezone", "date_bin", "justify_days", "justify_hours",
	"justify_interval", "make_date", "make_time", "make_timestamp", "make_timestamptz", "make_interval", "generate_series", "string_agg", "array_agg",
	"percentile_cont", "percentile_disc", "mode", "regexp_replace", "regexp_match", "regexp_matches", "regexp_split_to_array", "regexp_split_to_table",
	"regexp_count", "regexp_instr", "regexp_substr", "regexp_like", "substring", "overlay", "position", "split_part", "format", "encode", "decode",
	"json_build_object", "json_build_array", "json_agg", "jsonb_agg", "json_object_agg", "jsonb_object_agg", "row_to_json", "to_json", "to_jsonb",
	"json_each", "json_each_text", "jsonb_each", "jsonb_each_text", "json_array_elements", "json_array_elements_text", "jsonb_array_elements",
	"jsonb_array_elements_text", "json_extract_path", "json_extract_path_text", "json_array_length", "jsonb_array_length", "json_object_keys",
	"jsonb_object_keys", "json_typeof", "jsonb_typeof", "json_strip_nulls", "jsonb_strip_nulls", "jsonb_set", "->", "->>", "#>", "#>>", "@>", "?",
	"unnest", "array_length", "array_to_string", "string_to_array", "cardinality", "array_position", "array_append",
}

// redshiftWords are what the dialect adds.
var redshiftWords = []string{
	"getdate", "sysdate", "dateadd", "datediff", "nvl", "nvl2", "decode", "listagg", "convert_timezone", "len", "strtol", "median", "ratio_to_report",
	"regexp_count", "regexp_instr", "regexp_replace", "regexp_substr", "json_extract_path_text", `approximate\s+count`, "top", "minus", "qualify",
}

// TestRefused holds the list of what is refused although it was promised, testdata/refused.txt (a signature or a
// statement, two blanks, the reason), against what is refused: of the promised functions, and of the scripts of BI tools.
// The queries of TPC-H are never refused: TestTPCH.
func TestRefused(t *testing.T) {
	t.Parallel()
	reasons := refusedList(t)
	d := semantics(t)
	var answered []string
	for _, name := range promised {
		proven := false
		for _, f := range d.Findings {
			if f.Name != name || !answerable(d, f) {
				continue
			}
			proven = proven || d.Proofs.Functions[f.OID]+d.Proofs.Operators[f.OID] > 0 || f.State == surface.Refused && reasons[f.Signature()] != ""
			if f.State == surface.Refused && reasons[f.Signature()] == "" {
				t.Errorf("%s is refused: %s", f.Signature(), f.Reason)
			}
			if f.State != surface.Refused && reasons[f.Signature()] != "" {
				answered = append(answered, f.Signature())
			}
		}
		if !proven {
			t.Errorf("no statement proves %s", name)
		}
	}
	if *rewrite {
		dropRefused(t, answered)
	} else if len(answered) > 0 {
		t.Errorf("not refused any more, make golden drops them from the list: %q", answered)
	}
	for _, theme := range []string{"bi", "issue"} {
		for _, s := range scriptsOf(t, theme) {
			if s.Reason != "" && reasons[s.Text] == "" {
				t.Errorf("%s: %s is refused: %s", s.At, s.Text, s.Reason)
			}
		}
	}
	var texts strings.Builder
	for _, s := range scriptsOf(t, "redshift") {
		if s.Reason == "" {
			texts.WriteString(strings.ToLower(s.Text) + "\n")
		}
	}
	files, err := filepath.Glob("testdata/redshift/*.documented")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		for _, s := range readDocumented(t, f) {
			texts.WriteString(strings.ToLower(s.text) + "\n")
		}
	}
	for _, word := range redshiftWords {
		if !regexp.MustCompile(`\b` + word + `\b`).MatchString(texts.String()) {
			t.Errorf("no statement of Redshift's dialect has %s", word)
		}
	}
}

// answerable leaves out what has arguments of types that are not here.
func answerable(d *surface.Document, f *surface.Finding) bool {
	return !f.Internal && !slices.ContainsFunc(f.Args, func(a surface.Type) bool {
		name := strings.Trim(a.Name, `"`)
		return a.OID != 0 && !d.Answered[a.OID] && (!strings.HasPrefix(name, "any") || strings.Contains(name, "range")) && name != "record"
	})
}

func scriptsOf(t *testing.T, theme string) []*script.Statement {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", theme, "*.test"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts of %s: %v", theme, err)
	}
	var all []*script.Statement
	for _, f := range files {
		statements, err := script.Read(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, statements...)
	}
	return all
}

// dropRefused takes lines out of the list.
func dropRefused(t *testing.T, answered []string) {
	t.Helper()
	data, err := os.ReadFile(refusedPath)
	if err != nil {
		t.Fatal(err)
	}
	var kept strings.Builder
	for line := range strings.Lines(string(data)) {
		if what, _, _ := strings.Cut(strings.TrimSpace(line), "  "); !slices.Contains(answered, what) {
			kept.WriteString(line)
		}
	}
	if err := os.WriteFile(refusedPath, []byte(kept.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

const refusedPath = "testdata/refused.txt"

func refusedList(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile(refusedPath)
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if what, why, ok := strings.Cut(strings.TrimSpace(line), "  "); ok {
			reasons[what] = why
		}
	}
	return reasons
}
