package duck

import (
	"regexp"
	"strings"

	"tidegate/internal/pgerr"
)

// The texts of DuckDB 1.5.6 about names that mean nothing, or more than one thing.
var (
	noColumn        = regexp.MustCompile(`^Referenced column "(.+?)" (?:not found|was not found)`)
	noTableColumn   = regexp.MustCompile(`^(?:Table|Values list) "(.+?)" does not have a column named "(.+?)"`)
	noFromEntry     = regexp.MustCompile(`^Referenced table "(.+?)" not found`)
	noTable         = regexp.MustCompile(`^Table with name "?([^"\s]+)"? does not exist`)
	noSchema        = regexp.MustCompile(`^(?:Schema|Catalog) with name "?([^"\s]+)"? does not exist`)
	noFunction      = regexp.MustCompile(`^(?:\w+ )?Function with name "?([^"\s]+)"? does not exist`)
	noSignature     = regexp.MustCompile(`^No function matches the given name and argument types '(.*?)'`)
	noType          = regexp.MustCompile(`^Type with name "?([^"\s]+)"? does not exist`)
	noComparison    = regexp.MustCompile(`^Cannot compare values of type (.+?) and type (.+?) -`)
	ambiguousColumn = regexp.MustCompile(`^Ambiguous reference to column name "(.+?)"`)
	notGrouped      = regexp.MustCompile(`^column "(.+?)" must appear in the GROUP BY clause`)
)

// nameError classifies "Binder" and "Catalog".
func nameError(class, message string) *pgerr.Error {
	type rule struct {
		text   *regexp.Regexp
		code   pgerr.Code
		format string
	}
	for _, r := range []rule{
		{noColumn, pgerr.UndefinedColumn, `column "$1" does not exist`},
		{noTableColumn, pgerr.UndefinedColumn, `column $1.$2 does not exist`},
		{noFromEntry, pgerr.UndefinedTable, `missing FROM-clause entry for table "$1"`},
		{noTable, pgerr.UndefinedTable, `relation "$1" does not exist`},
		{noSchema, pgerr.InvalidSchemaName, `schema "$1" does not exist`},
		{noFunction, pgerr.UndefinedFunction, `function $1 does not exist`},
		{noSignature, pgerr.UndefinedFunction, `function $1 does not exist`},
		{noType, pgerr.UndefinedObject, `type "$1" does not exist`},
		{noComparison, pgerr.UndefinedFunction, `values of type $1 and $2 cannot be compared`},
		{ambiguousColumn, pgerr.AmbiguousColumn, `column reference "$1" is ambiguous`},
		{notGrouped, pgerr.GroupingError, `column "$1" must appear in the GROUP BY clause or be used in an aggregate function`},
	} {
		if m := r.text.FindStringSubmatchIndex(message); m != nil {
			return &pgerr.Error{Code: r.code, Message: string(r.text.ExpandString(nil, r.format, message, m))}
		}
	}
	switch {
	case strings.HasPrefix(message, "Could not choose a best candidate function"):
		return pgerr.New(pgerr.AmbiguousFunction, "%s", plain(message))
	case strings.Contains(message, "aggregate"):
		return pgerr.New(pgerr.GroupingError, "%s", plain(message))
	case strings.HasPrefix(message, "Cannot mix values of type"):
		return pgerr.New(pgerr.DatatypeMismatch, "%s", plain(message))
	case strings.Contains(message, "already exists"):
		return pgerr.New(codeDuplicateTable, "%s", plain(message))
	case isFileDamage(message):
		return fileError(message)
	case class == "Catalog":
		return pgerr.New(pgerr.UndefinedObject, "%s", plain(message))
	}
	return pgerr.New(codeSyntaxOrAccessRule, "%s", plain(message))
}
