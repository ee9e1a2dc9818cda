package pipeline

import (
	"slices"

	"tidegate/internal/pgtypes"
)

// SourceFields gives the columns of `source`: the declared fields, then the undeclared ones that the SELECT names, in
// the order of its text, as json, or as text where the format has no other. It is nil for a second stage.
func (p *Pipeline) SourceFields() []Field {
	if p.Source == nil {
		return nil
	}
	fields := slices.Clone(p.Source.Fields)
	if p.Statement == nil {
		return fields
	}
	undeclared := pgtypes.Of(pgtypes.JSON)
	if p.Source.Tabular() {
		undeclared = pgtypes.Of(pgtypes.Text)
	}
	for _, name := range p.Statement.SourceColumns(p.lookupTables()...) {
		if name == RestField && p.Source.CollectUnknown {
			fields = append(fields, Field{Name: name, Type: pgtypes.Of(pgtypes.JSON)})
			continue
		}
		if !slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name }) {
			fields = append(fields, Field{Name: name, Type: undeclared})
		}
	}
	return fields
}
