package pipeline

import "strings"

// csv reads how the fields of a line are written.
func (l *loader) csv(d *draft) {
	s := d.yml.Source
	if !d.Source.Tabular() {
		for _, key := range []string{"source.delimiter", "source.null_as", "source.header"} {
			if _, given := d.lines[key]; given && s.Format != "" {
				l.at(d, key, "%s is for the formats csv and tsv", key)
			}
		}
		return
	}
	d.Source.CSV = CSV{Delimiter: ',', NullAs: s.NullAs, Header: s.Header == nil || *s.Header}
	if s.Format == "tsv" {
		d.Source.CSV.Delimiter = '\t'
	}
	if _, given := d.lines["source.delimiter"]; given {
		switch {
		case s.Format == "tsv":
			l.at(d, "source.delimiter", "tsv has tabs between fields; for another delimiter write format: csv")
		case len(s.Delimiter) != 1 || strings.ContainsAny(s.Delimiter, "\"\r\n") || s.Delimiter[0] >= 0x80:
			l.at(d, "source.delimiter", "source.delimiter %q is not one ASCII character that is neither a quote nor a newline", s.Delimiter)
		default:
			d.Source.CSV.Delimiter = s.Delimiter[0]
		}
	}
	if strings.ContainsAny(s.NullAs, "\"\r\n") {
		l.at(d, "source.null_as", "source.null_as %q cannot be a field without quotes", s.NullAs)
	}
	if !d.Source.CSV.Header && len(d.Source.Fields) == 0 {
		l.at(d, "source.header", "without a header the fields of a line are those of the key fields, in its order; it is missing")
	}
}

// onlyGiven complains of fields that the SELECT or required names and no line can have.
func (l *loader) onlyGiven(d *draft) {
	if d.Source == nil || !d.Source.Tabular() || d.Source.CSV.Header {
		return
	}
	given := map[string]bool{}
	for _, f := range d.Source.Fields {
		given[f.Name] = true
	}
	for _, f := range d.SourceFields() {
		if d.Source.Collects(f) {
			continue
		}
		if !given[f.Name] {
			l.fail(d, d.SQLFile, 1, "the SELECT reads field %s; without a header the fields are those of the key fields in %s", f.Name, d.YMLFile)
		}
	}
	for _, name := range d.Source.Required {
		if !given[name] {
			l.at(d, "source.required", "required field %s is not among the key fields, and there is no header", name)
		}
	}
}
