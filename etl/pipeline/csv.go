package pipeline

import "strings"

// csv reads how the fields of a line are written; path is the key of what is read.
func (l *loader) csv(d *draft, path string, y *ymlSource, s *Source) {
	if !s.Tabular() {
		for _, key := range []string{".delimiter", ".null_as", ".header"} {
			if _, given := d.lines[path+key]; given && y.Format != "" {
				l.at(d, path+key, "%s is for the formats csv and tsv", path+key)
			}
		}
		return
	}
	s.CSV = CSV{Delimiter: ',', NullAs: y.NullAs, Header: y.Header == nil || *y.Header}
	if s.Format == "tsv" {
		s.CSV.Delimiter = '\t'
	}
	if at := path + ".delimiter"; d.lines[at] > 0 {
		switch {
		case s.Format == "tsv":
			l.at(d, at, "tsv has tabs between fields; for another delimiter write format: csv")
		case len(y.Delimiter) != 1 || strings.ContainsAny(y.Delimiter, "\"\r\n") || y.Delimiter[0] >= 0x80:
			l.at(d, at, "%s %q is not one ASCII character that is neither a quote nor a newline", at, y.Delimiter)
		default:
			s.CSV.Delimiter = y.Delimiter[0]
		}
	}
	if strings.ContainsAny(y.NullAs, "\"\r\n") {
		l.at(d, path+".null_as", "%s.null_as %q cannot be a field without quotes", path, y.NullAs)
	}
	if !s.CSV.Header && len(s.Fields) == 0 {
		l.at(d, path+".header", "without a header the fields of a line are those of the key fields, in its order; it is missing")
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
